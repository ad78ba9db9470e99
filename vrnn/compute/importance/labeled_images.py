"""The images of a data set as a model takes them, each with the number of its class."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from vrnn.compute.analysis.image_runner import can_batch
from vrnn.compute.analysis.skipped_images import skip_reason
from vrnn.compute.embedding.image_features import chosen_images
from vrnn.compute.importance.scaled_pass import class_scores, find_class_output
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import Inputs, join_samples
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.results import Ablation

MAX_IMAGES = 4096
"""Images of a data set that are taken at most; of a larger one so many, spread evenly."""
MAX_BYTES = 1 << 30
"""Bytes of prepared images, at most."""
MAX_BATCH = 128
ACTIVATION_BYTES = 1 << 28
"""Bytes of the layers' results of one pass; a pass with a way back keeps about three times that."""
TOLERANCE = 1e-3
"""Of scores in a batch beside those alone, as a part of the largest."""


@dataclass(frozen=True, eq=False)
class LabeledImages:
    """Images that a model can take and whose class it knows.

    Attributes:
        output: Id of the node that holds the class scores.
        classes: Number of classes.
        inputs: (N,) the model's arguments, of one sample each.
        numbers: (N,) int64, in the data set.
        labels: (N,) int64, numbers of the model's classes.
        batch: How many go into one pass.
        skipped: Number of each image that is left out, and why.
        known_answers: (N,) classes that are answered where all channels of some nodes are set to
            zero, by the ids of these; () for none.
    """

    output: int
    classes: int
    inputs: tuple[Inputs, ...]
    numbers: np.ndarray
    labels: np.ndarray
    batch: int
    skipped: tuple[tuple[int, str], ...]
    known_answers: dict[tuple[int, ...], np.ndarray] = field(default_factory=dict)

    def batches(self, chosen: np.ndarray) -> list[tuple[Inputs, np.ndarray]]:
        """Return inputs of several samples, each with (B,) which images are in it.

        Args:
            chosen: (M,) indices of the images.
        """
        parts = [chosen[i : i + self.batch] for i in range(0, len(chosen), self.batch)]
        return [(self.joined(part), part) for part in parts]

    def joined(self, chosen: np.ndarray) -> Inputs:
        """Return the inputs of a batch.

        Args:
            chosen: (B,) indices of its images.
        """
        several = [self.inputs[i] for i in chosen.tolist()]
        return several[0] if len(several) == 1 else join_samples(several)


def read_labeled_images(
    model: LoadedModel, dataset: ImageSet
) -> Generator[tuple[int, int], None, LabeledImages]:
    """Prepare the images of a data set. Images without a class of the model's are left out.

    Args:
        model: The model.
        dataset: The images.

    Yields:
        How many are done, and how many there are.

    Raises:
        VrnnError: The model has no classes, or no image has one of them.
    """
    output = find_class_output(model)
    classes = model.view.map_layouts[output].shape[0]
    find_class = _class_finder(model, dataset, classes)
    chosen = chosen_images(dataset, MAX_IMAGES)
    if len(chosen) and find_class is not None:
        chosen = _fitting(model, dataset, chosen)
    inputs: list[Inputs] = []
    numbers, labels = [], []
    skipped: list[tuple[int, str]] = []
    for done, index in enumerate(chosen.tolist()):
        label = -1 if find_class is None else find_class[dataset.label(index)]
        if label < 0:
            skipped.append((index, "its class is not one of the model's"))
        else:
            try:
                inputs.append(model.source.prepare(dataset.image(index)).inputs)
            except Exception as error:  # whatever a data set raises
                skipped.append((index, skip_reason(error)))
            else:
                numbers.append(index)
                labels.append(label)
        yield done + 1, len(chosen)
    if not inputs:
        reason = skipped[0][1] if skipped else "it is empty"
        raise VrnnError(
            f"no image of the data set can be used for {model.source.title}: {reason}; choose a "
            "folder with a subfolder for each class with --data"
        )
    found = LabeledImages(
        output, classes, tuple(inputs), np.array(numbers), np.array(labels), 1, tuple(skipped)
    )
    return replace(found, batch=_find_batch(model, found))


class _Classes(dict[int, int]):
    """The model's class for each class of a data set; −1 for none."""

    def __missing__(self, label: int) -> int:
        return -1


def _class_finder(model: LoadedModel, dataset: ImageSet, classes: int) -> _Classes | None:
    """By name where both have names, else by number; None where no name is shared."""
    names: Sequence[str] = model.source.class_names
    if not names or not dataset.names:
        return _Classes((i, i) for i in range(classes))
    folded = {name.casefold(): i for i, name in reversed(list(enumerate(names[:classes])))}
    pairs = [
        (i, folded[name.casefold()])
        for i, name in enumerate(dataset.names)
        if name.casefold() in folded
    ]
    return _Classes(pairs) if pairs else None


def _fitting(model: LoadedModel, dataset: ImageSet, chosen: np.ndarray) -> np.ndarray:
    """As many images, spread evenly, as fit into the memory that they may take."""
    size = sum(t.numel() * t.element_size() for t in tensors_in(model.inputs))
    most = max(MAX_BYTES // max(size, 1), 1)
    return chosen if len(chosen) <= most else chosen_images(dataset, most)


def _find_batch(model: LoadedModel, images: LabeledImages) -> int:
    """How many samples a pass takes: 1 where a batch gives something else than each alone."""
    view = model.view
    several = min(len(images.inputs), 3)
    if several < 2 or not can_batch(view, images.output, model.inputs):
        return 1
    try:
        joined = answer(model, images, np.arange(several))
        alone = answer(model, images, np.array([several - 1]))
    except Exception:  # whatever it is, alone they may run; if not, it is told then
        return 1
    peak = float(np.abs(alone[np.isfinite(alone)]).max(initial=1e-6))
    if joined.shape[0] != several or not np.allclose(
        joined[-1:], alone, rtol=0, atol=TOLERANCE * peak, equal_nan=True
    ):
        return 1
    size = sum(4 * int(np.prod(r.shape)) for r in view.records.values())
    return int(min(max(ACTIVATION_BYTES // max(size, 1), 1), MAX_BATCH))


def batch_view(view: GraphView, count: int) -> GraphView:
    """Return a view of a pass of several samples.

    Args:
        view: That of a pass of one sample.
        count: Number of samples.
    """
    if count == 1:
        return view
    records = {
        node: replace(r, shape=view.map_layouts[node].batch_shape(r.shape, count))
        for node, r in view.records.items()
    }
    return replace(view, records=records)


def answer(
    model: LoadedModel, images: LabeledImages, chosen: np.ndarray,
    ablations: Sequence[Ablation] = (),
) -> np.ndarray:  # fmt: skip
    """Return the scores (B, K) float32 of some images in one pass.

    Args:
        model: The model.
        images: All images.
        chosen: (B,) indices of those that are run.
        ablations: What is ablated in the pass.

    Raises:
        GraphChanged: The model took another way than when it was traced.
    """
    model.use_default_dtype()
    nodes = [ablation.layer for ablation in ablations]
    view = batch_view(model.view, len(chosen))
    view = replace(view, records={n: view.records[n] for n in nodes if isinstance(n, int)})
    replay = Replay(model.source.model, view)
    result = replay.run(images.joined(chosen), lambda node, tensor: None, ablations)
    scores = class_scores(model, images.output, result)
    if scores.shape[0] != len(chosen):
        raise GraphChanged("the class scores are of another number of images")
    if scores.is_complex():
        scores = scores.abs()
    values: np.ndarray = scores.detach().to(torch.float32).cpu().numpy()
    return values
