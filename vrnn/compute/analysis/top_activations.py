"""Which images of a data set activate each channel of a layer most, and where in the map."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from vrnn.compute.analysis import top_activation_cache
from vrnn.compute.analysis.dataset_job import Progress, report_progress
from vrnn.compute.analysis.skipped_images import skip_reason
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import Inputs, join_samples, leaves_in
from vrnn.compute.operators.tensor_layout import MapLayout, to_maps
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.simplify import GraphView
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.results import TopImages

MEASURES = ("max", "mean")
STEP_SECONDS = 0.1
"""Seconds that a batch may take: after each one the thread is free for something else."""
MAX_BATCH = 32
"""Most images in a batch."""
TOLERANCE = 1e-3
"""Part of a layer's peak: an image in a batch must give what it gives alone, to within this."""


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
    runner = _ImageRunner(model, dataset, node)
    tables = {name: TopTable(k) for name in MEASURES}
    done = 0
    while done < total:
        indices = range(done, min(done + runner.batch_size, total))
        measures = runner.run(indices)
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


class _Captured(Exception):
    """The node has its tensor: what comes behind it is not needed."""


class _ImageRunner:
    """Runs images up to one node, several at once where that gives the same.

    Attributes:
        run_indices: Numbers of the images in the last result.
        skipped: Numbers of the images that were skipped, and why.
        batch_size: Images to run next.
    """

    def __init__(self, model: LoadedModel, dataset: ImageSet, node: int) -> None:
        self.run_indices: list[int] = []
        self.skipped: list[tuple[int, str]] = []
        self.batch_size = 1
        self._source, self._dataset, self._node = model.source, dataset, node
        self._view = replace(model.view, records={node: model.view.records[node]})
        self._layout = model.view.map_layouts[node]
        self._single = Replay(model.source.model, self._view)
        self._can_batch = _can_batch(self._view, node, model.inputs)
        self._is_verified = False

    def run(self, indices: range) -> Measures:
        """Measure images, in their order, without those that cannot be run."""
        inputs: list[Inputs] = []
        self.run_indices = []
        for index in indices:
            try:
                inputs.append(self._source.prepare(self._dataset.image(index))[0])
                self.run_indices.append(index)
            except Exception as error:
                self._skip(index, error)
        started = time.perf_counter()
        measures = self._run_batch(inputs) if len(inputs) > 1 else None
        if measures is None:
            measures = self._run_one_by_one(inputs)
        if inputs and self._can_batch:
            self._adapt_batch_size((time.perf_counter() - started) / len(inputs))
        return measures

    def _adapt_batch_size(self, seconds: float) -> None:
        """As many as fit a step, at most twice as many as before. seconds: for an image."""
        fitting = int(STEP_SECONDS / max(seconds, 1e-6))
        self.batch_size = max(1, min(fitting, 2 * self.batch_size, MAX_BATCH))

    def _skip(self, index: int, error: Exception) -> None:
        self.skipped.append((index, skip_reason(error)))

    def _run_one_by_one(self, inputs: list[Inputs]) -> Measures:
        measured, run_indices = [], []
        for index, one_input in zip(self.run_indices, inputs, strict=True):
            try:
                measured.append(self._replay(self._single, one_input))
                run_indices.append(index)
            except Exception as error:
                self._skip(index, error)
        self.run_indices = run_indices
        if not measured:
            none = np.zeros((0, self._layout.shape[0]), np.float32)
            return Measures(none, none, none.astype(np.int64))
        return Measures(*(np.concatenate(parts) for parts in zip(*measured, strict=True)))

    def _run_batch(self, inputs: list[Inputs]) -> Measures | None:
        """In one pass; None if the model does not take that, or gives something else then."""
        if not self._can_batch:
            return None
        count = len(inputs)
        record = self._view.records[self._node]
        shape = self._layout.batch_shape(record.shape, count)
        view = replace(self._view, records={self._node: replace(record, shape=shape)})
        batch = join_samples(inputs)
        try:
            measures = self._replay(Replay(self._source.model, view), batch)
            is_right = len(measures.maximum) == count
            if is_right and not self._is_verified:
                alone = self._replay(self._single, inputs[-1])
                is_right = _is_close(measures.maximum[-1:], alone.maximum) and _is_close(
                    measures.mean[-1:], alone.mean
                )
                self._is_verified = is_right
        except Exception:  # whatever it is, alone they may run; if not, it is told then
            is_right = False
        if not is_right:
            self._can_batch, self.batch_size = False, 1
            return None
        return measures

    def _replay(self, replay: Replay, inputs: Inputs) -> Measures:
        captured: list[Measures] = []

        def on_output(node: int, tensor: torch.Tensor) -> None:
            captured.append(_measure(tensor, self._layout))
            raise _Captured

        with suppress(_Captured):
            replay.run(inputs, on_output)
        if not captured:
            raise GraphChanged("the layer did not run")
        return captured[0]


def _can_batch(view: GraphView, node: int, inputs: Inputs) -> bool:
    """Whether a batch is worth trying: plain inputs of one sample, and a result of one."""
    record, layout = view.records[node], view.map_layouts[node]
    leaves = leaves_in(inputs)
    is_plain = all(isinstance(t, torch.Tensor) and t.dim() > 1 and len(t) == 1 for t in leaves)
    is_single = layout.sample_place is not None and layout.sample_count(record.shape) == 1
    # The weights of fused attention are computed for the first sample only where they are many.
    is_fused = record.is_attention and record.operation == "attention"
    return is_plain and is_single and not is_fused


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


def _is_close(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return False
    peak = np.abs(b[np.isfinite(b)]).max(initial=0.0)
    return bool(np.allclose(a, b, rtol=0, atol=TOLERANCE * peak))


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
