"""What subcommands without a window begin and end with: a model, its data, what was left out."""

from __future__ import annotations

from collections.abc import Sequence

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.model_spec import ModelSpec
from vrnn.storage.log import logger


def open_model(spec: ModelSpec, detail: str, *, named: bool = False) -> LoadedModel:
    """Open a model and log its notes.

    Args:
        spec: The model.
        detail: How finely its graph is shown.
        named: Whether each note begins with the model's title.

    Raises:
        VrnnError: The model is wrong.
    """
    model = LoadedModel(open_source(spec), detail)
    for note in model.source.notes:
        logger.warning(f"{model.source.title}: {note}" if named else note)
    return model


def only_spec(specs: Sequence[ModelSpec], use: str) -> ModelSpec:
    """Return the one model that is given.

    Args:
        specs: What `--model` gives.
        use: What is done with it, such as `one is scored`.

    Raises:
        VrnnError: There are several.
    """
    if len(specs) > 1:
        raise VrnnError(f"--model is given {len(specs)} times, but {use}; give it once")
    return specs[0]


def dataset_of(model: LoadedModel) -> ImageSet:
    """Return the data set of a model.

    Raises:
        VrnnError: It has none.
    """
    dataset = model.source.dataset
    if dataset is None:
        raise VrnnError(f"{model.source.title} has no data set; give one with --data FOLDER")
    return dataset


def tell_skipped(skipped: Sequence[tuple[int, str]]) -> None:
    """Log how many images are left out, and why the first of them is.

    Args:
        skipped: The number of each, and the reason.
    """
    if not skipped:
        return
    number, reason = skipped[0]
    if len(skipped) == 1:
        logger.warning(f"image {number} is left out: {reason}")
    else:
        logger.warning(f"{len(skipped)} images are left out, such as image {number}: {reason}")
