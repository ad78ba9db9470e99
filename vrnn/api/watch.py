"""A training watched: by hand, or by a trainer's callback."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrnn.api.sources import prepare

if TYPE_CHECKING:
    from vrnn.compute.training.watcher import Watcher


def watch(
    model: Any,
    example: Any = None,
    *,
    every: int = 10,
    names: str = "*",
    folder: str | Path | None = None,
    source: Any = "",
    window: bool = True,
    budget_mb: float | None = None,
    gradients: bool = True,
) -> Watcher:
    """Watch a model while it is trained: it is recorded, and a window shows how it learns.

        watcher = vrnn.watch(model, example=images[:1], every=20)
        ...
        watcher.log(loss=loss, accuracy=accuracy)

    The steps of its optimizer are seen by themselves. Training never waits: where writing takes
    longer than the steps, the newest of them is written. What goes wrong with the recording ends it
    with one sentence, and the training goes on. In a training of several processes the first one
    records.

    Args:
        model: The `nn.Module` that is trained.
        example: What goes in in the window: a tensor with a batch, a tuple of those that the model
            takes, or a list of images. Several images are kept beside the recording, up to 64 of
            64 MB: the Training panel has the answers to all, and says which is shown. None for
            what the first pass of the training takes: of a batch of images the first 8, of
            anything else the first sample.
        every: A step in so many is kept.
        names: A pattern that names of weights fit, such as `layer4.*`: only these are kept again
            after the first step.
        folder: Of the recording; None for a new one in `recordings`.
        source: Anything that `vrnn --model` takes and that opens this model in the window; '' for
            the class of the model, where its file can be imported without training, or the
            library that it is of. Where neither opens it, the training is recorded alone.
        window: Whether a window opens, in a process of its own, where there is a screen.
        budget_mb: About how many megabytes the recording may take: when it is larger, ever fewer of
            its later steps are kept. None for 24 times the weights, from 16 to 1024.
        gradients: Whether gradients of kernels are recorded too, of large layers a part.

    Returns:
        The watcher, for `log` and `close`; it also works in a `with`.

    Raises:
        VrnnError: The model has no weights, the folder cannot be written, or an argument is wrong.
    """
    from vrnn.compute.training.watch import watch_model

    prepare()
    return watch_model(
        model, example, every=every, names=names, source=source, folder=folder, window=window,
        budget_mb=budget_mb, gradients=gradients,
    )  # fmt: skip


def lightning_callback(**settings: Any) -> Any:
    """Return a callback that watches the model of Lightning's trainer.

        trainer = lightning.Trainer(callbacks=[vrnn.lightning_callback(every=20)])

    Args:
        **settings: As for `watch`, all but the model.

    Raises:
        VrnnError: Lightning is not installed.
    """
    from vrnn.compute.training.trainer_callbacks import lightning_callback as make

    prepare()
    return make(**settings)


def transformers_callback(**settings: Any) -> Any:
    """Return a callback that watches the model of Transformers' trainer.

        trainer = transformers.Trainer(..., callbacks=[vrnn.transformers_callback(every=20)])

    Args:
        **settings: As for `watch`, all but the model.

    Raises:
        VrnnError: Transformers is not installed.
    """
    from vrnn.compute.training.trainer_callbacks import transformers_callback as make

    prepare()
    return make(**settings)
