"""Features of each image of a data set at some layers, in one pass each."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vrnn.compute.analysis.image_runner import ImageRunner, can_batch
from vrnn.compute.embedding.pooled_features import Position, pixel_features, pooled_features
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.cut_layers import cut_layers
from vrnn.network.image_cloud import PIXELS, UNKNOWN, CloudImages
from vrnn.network.predictions import ClassScores

MAX_IMAGES = 200_000
"""Images of a data set that are run at most; of a larger one so many, spread evenly."""
MAX_FEATURE_BYTES = 1 << 30
"""Bytes of features of further layers that are collected in the same pass."""
MAX_WIDTH = 4096
"""Channels of a further layer, at most."""


@dataclass(frozen=True, eq=False)
class ImageFeatures:
    """Features of images.

    Attributes:
        images: The images that could be run.
        pixels: (N, P) uint8, see `pixel_features`.
        layers: (N, C) float32 by name of the layer; rows may be not finite.
    """

    images: CloudImages
    pixels: np.ndarray
    layers: Mapping[str, np.ndarray]

    def table(self, layer: str) -> np.ndarray:
        """Return the features of a layer, or the pixels 0…1 as uint8 of their 255 parts."""
        return self.pixels if is_pixels(layer, self.layers) else self.layers[layer]


def is_pixels(layer: str, layers: Mapping[str, object]) -> bool:
    """Tell whether a name means the pixels: a layer of that name comes first."""
    return layer == PIXELS and layer not in layers


def find_nodes(model: LoadedModel, layers: Sequence[str]) -> dict[str, int]:
    """Return the node of each layer by its name; the pixels have none.

    Raises:
        VrnnError: There is no such layer.
    """
    by_name = {node.name: node.id for node in model.network.nodes}
    found = {}
    for layer in layers:
        if layer in by_name:
            found[layer] = by_name[layer]
        elif layer != PIXELS:
            raise VrnnError(
                f"{model.source.title} has no layer '{layer}'; `vrnn graph` lists its layers, and "
                f"'{PIXELS}' stands for the pixels"
            )
    return found


def chosen_images(dataset: ImageSet, most: int = MAX_IMAGES) -> np.ndarray:
    """Return the numbers of the images that are run: all, or so many spread evenly."""
    count = len(dataset)
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).astype(np.int64))


def further_layers(model: LoadedModel, count: int) -> dict[str, int]:
    """Return layers that are worth collecting in the same pass, as one may go there next.

    Args:
        model: The model.
        count: Number of images.
    """
    chosen: dict[str, int] = {}
    room = MAX_FEATURE_BYTES
    for node in reversed(cut_layers(model.network)):
        size = 4 * count * model.view.map_layouts[node.id].shape[0]
        fits = size <= room and model.view.map_layouts[node.id].shape[0] <= MAX_WIDTH
        if fits and can_batch(model.view, node.id, model.inputs):
            chosen[node.name] = node.id
            room -= size
    return chosen


class FeatureCollector:
    """Runs images, and keeps their features as they come.

    Attributes:
        skipped: Number of each image that could not be run, and why.
    """

    def __init__(
        self, model: LoadedModel, dataset: ImageSet, nodes: Mapping[str, int],
        position: Position | None = None,
    ) -> None:  # fmt: skip
        """Prepare to run images.

        Args:
            model: The model.
            dataset: The images.
            nodes: Ids of the nodes by name of the layer.
            position: Where in the maps; None for their means.
        """
        self._model, self._dataset, self._nodes = model, dataset, dict(nodes)
        self._seen: dict[int, np.ndarray] = {}
        self._rows: list[tuple[np.ndarray, ...]] = []
        layouts = model.view.map_layouts
        self._answers = _AnswerReader(model)
        answer_node = self._answers.node
        wanted = {*nodes.values(), *(() if answer_node is None else (answer_node,))}
        order = [node.id for node in model.network.nodes if node.id in wanted]

        def measure(node: int, tensor: torch.Tensor) -> tuple[np.ndarray, ...]:
            means = pooled_features(tensor, layouts[node], position)
            if node != answer_node:
                return (means,)
            whole = pooled_features(tensor, layouts[node]) if position is not None else means
            return means, whole

        self._runner = ImageRunner(model, dataset, order, measure, self._keep_seen)
        self._measures_nothing = not order

    @property
    def skipped(self) -> tuple[tuple[int, str], ...]:
        """Number of each image that could not be run, and why."""
        return tuple(sorted(self._runner.skipped))

    def _keep_seen(self, index: int, seen: np.ndarray) -> None:
        self._seen[index] = pixel_features(seen)

    def steps(
        self, numbers: np.ndarray
    ) -> Generator[tuple[int, int], None, None]:  # fmt: skip
        """Run images. Yields between batches how many are done and how many there are.

        Args:
            numbers: (N,) of the images.
        """
        done = 0
        while done < len(numbers):
            indices = numbers[done : done + self._runner.batch_size].tolist()
            self._run(indices)
            done += len(indices)
            yield done, len(numbers)

    def _run(self, indices: Sequence[int]) -> None:
        measured = self._runner.run(indices)
        run = self._runner.run_indices
        if not run or not (measured or self._measures_nothing):
            return
        layers = [measured[node][0] for node in self._nodes.values()]
        answers = self._answers.read(measured, len(run))
        labels = [self._dataset.label(index) for index in run]
        pixels = np.stack([self._seen[index] for index in run])
        self._rows.append((np.array(run), np.array(labels), answers, pixels, *layers))
        self._seen.clear()

    def collected(self) -> ImageFeatures:
        """Return what has come so far.

        Raises:
            VrnnError: No image could be run.
        """
        if not self._rows:
            reason = self.skipped[0][1] if self.skipped else "it is empty"
            raise VrnnError(
                f"no image of the data set can be run: {reason}; choose another with --data"
            )
        joined = [np.concatenate(parts) for parts in zip(*self._rows, strict=True)]
        self._rows = [tuple(joined)]
        numbers, labels, answers, pixels, *layers = joined
        images = CloudImages(
            numbers.astype(np.int64), labels.astype(np.int32), answers.astype(np.int32),
            len(self._dataset), self.skipped,
        )  # fmt: skip
        return ImageFeatures(images, pixels, dict(zip(self._nodes, layers, strict=True)))


class _AnswerReader:
    """Finds which class a model answers for each image of a batch.

    Attributes:
        node: Id of the node that holds the scores; None without any.
    """

    def __init__(self, model: LoadedModel) -> None:
        self.node: int | None = None
        size = (1, 1)
        if model.source.takes_images:
            inputs, seen, _ = model.source.prepare(None)
            size = (seen.shape[0], seen.shape[1])
            outputs = model.predict(inputs, size)
        else:
            outputs = model.predict(model.inputs, size)
        for output in outputs:
            layout = model.view.map_layouts.get(output.node)
            is_vector = layout is not None and layout.positions <= 1
            if isinstance(output, ClassScores) and layout is not None and is_vector:
                self.node = output.node if layout.shape[0] == len(output.logits) else None
                break

    def read(self, measured: Mapping[int, tuple[np.ndarray, ...]], count: int) -> np.ndarray:
        """Return the class of each of so many images, (N,); UNKNOWN where it is not finite."""
        if self.node is None:
            return np.full(count, UNKNOWN)
        scores = measured[self.node][-1]
        best = np.where(np.isfinite(scores), scores, -np.inf).argmax(1)
        return np.where(np.isfinite(scores).any(1), best, UNKNOWN)
