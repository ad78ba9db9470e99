"""Which images of a data set activate each channel of a layer most, and where in the map."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import torch

from vrnn.compute.analysis import top_activation_cache
from vrnn.compute.analysis.dataset_job import Progress, report_progress
from vrnn.compute.analysis.image_runner import ImageRunner
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.operators.tensor_layout import MapLayout, to_maps
from vrnn.compute.tracing.simplify import GraphView
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.results import TopImages

MEASURES = ("max", "mean")


class Measures(NamedTuple):
    """Measures of N images in C channels.

    Attributes:
        maximum: (N, C) float32, the largest value of the map.
        mean: (N, C) float32.
        position: (N, C) int64, where the largest value is, counted row by row.
    """

    maximum: np.ndarray
    mean: np.ndarray
    position: np.ndarray


def top_activation_steps(
    model: LoadedModel, dataset: ImageSet, node: int, k: int, measure: str
) -> Generator[Progress, None, TopImages]:
    """Run a data set through a model up to a node, and keep the k best images of each channel.

    An image that cannot be read or run is skipped and listed. What was found before is taken from
    the user's cache.

    Args:
        model: The model.
        dataset: The images.
        node: Id of the node.
        k: Images for each channel.
        measure: `max` or `mean` of a map.

    Yields:
        Between batches, how many images are done and how many there are.

    Returns:
        The top activations.

    Raises:
        VrnnError: There is no such node or measure, or no image at all could be run.
    """
    view = model.view
    _check_arguments(view, node, k, measure)
    total = len(dataset)
    key = yield from report_progress(
        (0, total), top_activation_cache.cache_key(model, dataset, node, k)
    )
    cached = top_activation_cache.load(key, measure, total)
    if cached is not None:
        return cached
    layout = view.map_layouts[node]
    runner = ImageRunner(model, dataset, (node,), lambda _, tensor: _measure(tensor, layout))
    tables = {name: TopTable(k) for name in MEASURES}
    done = 0
    while done < total:
        indices = range(done, min(done + runner.batch_size, total))
        measured = runner.run(indices)
        if measured:
            measures = Measures(*measured[node])
            run_indices = np.array(runner.run_indices)
            tables["max"].add(run_indices, measures.maximum, measures.position)
            tables["mean"].add(run_indices, measures.mean, measures.position)
        done += len(indices)
        yield done, total
    if not tables["max"].image_count:
        reason = runner.skipped[0][1] if runner.skipped else "it is empty"
        raise VrnnError(
            f"no image of the data set can be run: {reason}; choose another with --data"
        )
    width = view.map_layouts[node].shape[2]
    skipped = tuple(runner.skipped)
    top = {name: table.result(node, name, width, skipped) for name, table in tables.items()}
    # What cannot be cached for the next time is no loss now.
    with suppress(VrnnError):
        top_activation_cache.save(key, top.values())
    return top[measure]


def _check_arguments(view: GraphView, node: int, k: int, measure: str) -> None:
    if node not in view.records:
        raise VrnnError(f"{view.network.name} has no layer number {node}; `vrnn graph` lists them")
    if measure not in MEASURES:
        raise VrnnError(f"no measure '{measure}'; choose one of {', '.join(MEASURES)}")
    if k < 1:
        raise VrnnError(f"the best {k} images; ask for at least 1")


def _measure(tensor: torch.Tensor, layout: MapLayout) -> Measures:
    """Measure all samples of a node's tensor.

    Class and register tokens do not count, as they have no position, nor does what is not finite.
    """
    maps = to_maps(tensor.detach(), layout)
    maps = maps.abs() if maps.is_complex() else maps
    maps = maps[..., maps.shape[-1] - layout.positions :].float()
    finite = torch.isfinite(maps)
    maximum, position = maps.masked_fill(~finite, -torch.inf).max(-1)
    position %= max(layout.shape[1] * layout.shape[2], 1)  # of any slice
    mean = maps.masked_fill(~finite, 0).sum(-1) / finite.sum(-1).clamp_min(1)
    mean = mean.masked_fill(~finite.any(-1), -torch.inf)
    return Measures(maximum.cpu().numpy(), mean.cpu().numpy(), position.cpu().numpy())


class TopTable:
    """The k best of all images added so far, in each channel.

    Attributes:
        image_count: How many were added.
    """

    def __init__(self, k: int) -> None:
        self.image_count = 0
        self._k = k
        self._values: np.ndarray | None = None
        self._images = self._positions = np.zeros((0, 0), np.int64)

    def add(self, indices: np.ndarray, values: np.ndarray, positions: np.ndarray) -> None:
        """Add images; of equal values the one that was added first stays.

        Args:
            indices: (N,) their numbers in the data set.
            values: (N, C) what they are compared by.
            positions: (N, C) where the maximum of the map is.
        """
        if not len(indices):
            return
        self.image_count += len(indices)
        images = np.broadcast_to(indices[:, None], values.shape)
        if self._values is not None:
            values = np.concatenate([self._values, values])
            images = np.concatenate([self._images, images])
            positions = np.concatenate([self._positions, positions])
        best = np.argsort(-values, axis=0, kind="stable")[: self._k]
        self._values = np.take_along_axis(values, best, 0)
        self._images = np.take_along_axis(images, best, 0)
        self._positions = np.take_along_axis(positions, best, 0)

    def result(
        self, node: int, measure: str, width: int, skipped: tuple[tuple[int, str], ...]
    ) -> TopImages:
        """Return the table once something was added.

        Args:
            node: Id of the node.
            measure: What the values are.
            width: Width of the map, by which positions are counted.
            skipped: Numbers of the images that were skipped, and why.
        """
        assert self._values is not None
        positions = np.stack(np.divmod(self._positions.T, width), -1).astype(np.int32)
        return TopImages(
            node,
            measure,
            np.ascontiguousarray(self._images.T, np.int32),
            np.ascontiguousarray(self._values.T, np.float32),
            positions,
            self.image_count,
            skipped,
        )
