"""Runs the images of a data set up to some nodes, several at once where that gives the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import torch

from vrnn.compute.analysis.skipped_images import skip_reason
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import Inputs, join_samples, leaves_in
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.simplify import GraphView
from vrnn.media.image_set import ImageSet

STEP_SECONDS = 0.1
"""Seconds that a batch may take: after each one the thread is free for something else."""
MAX_BATCH = 32
"""Most images in a batch."""
TOLERANCE = 1e-3
"""Part of a layer's peak: an image in a batch must give what it gives alone, to within this."""

Measured = tuple[np.ndarray, ...]
"""What is measured of a node's tensor: arrays whose first axis is that of the images."""
Measure = Callable[[int, torch.Tensor], Measured]
"""Takes a node's id and its tensor."""


class _Captured(Exception):
    """All nodes have their tensors: what comes behind them is not needed."""


class ImageRunner:
    """Measures the tensors of nodes for images of a data set.

    Attributes:
        run_indices: Numbers of the images in the last result.
        skipped: Numbers of the images that were skipped, and why.
        batch_size: Images to run next.
    """

    def __init__(
        self, model: LoadedModel, dataset: ImageSet, nodes: Sequence[int], measure: Measure,
        on_seen: Callable[[int, np.ndarray], None] | None = None,
    ) -> None:  # fmt: skip
        """Prepare to run images.

        Args:
            model: The model.
            dataset: The images.
            nodes: Ids of the nodes.
            measure: Called with each of their tensors.
            on_seen: Takes the number of an image and (H, W, 3) uint8, what the model sees of it.
        """
        self.run_indices: list[int] = []
        self.skipped: list[tuple[int, str]] = []
        self.batch_size = 1
        self._source, self._dataset, self._measure = model.source, dataset, measure
        self._on_seen = on_seen
        self._view = replace(model.view, records={n: model.view.records[n] for n in nodes})
        self._layouts = {node: model.view.map_layouts[node] for node in nodes}
        self._single = Replay(model.source.model, self._view)
        self._can_batch = all(can_batch(self._view, node, model.inputs) for node in nodes)
        self._is_verified = False

    def run(self, indices: Sequence[int]) -> Mapping[int, Measured]:
        """Measure images, in their order, without those that cannot be run.

        Returns:
            What was measured, by node; nothing where no image could be run.
        """
        inputs: list[Inputs] = []
        self.run_indices = []
        for index in indices:
            try:
                prepared, seen, _ = self._source.prepare(self._dataset.image(index))
                inputs.append(prepared)
                self.run_indices.append(index)
                if self._on_seen is not None:
                    self._on_seen(index, seen)
            except Exception as error:
                self._skip(index, error)
        started = time.perf_counter()
        measured = self._run_batch(inputs) if len(inputs) > 1 else None
        if measured is None:
            measured = self._run_one_by_one(inputs)
        if inputs and self._can_batch:
            self._adapt_batch_size((time.perf_counter() - started) / len(inputs))
        return measured

    def _adapt_batch_size(self, seconds: float) -> None:
        """As many as fit a step, at most twice as many as before. seconds: for an image."""
        fitting = int(STEP_SECONDS / max(seconds, 1e-6))
        self.batch_size = max(1, min(fitting, 2 * self.batch_size, MAX_BATCH))

    def _skip(self, index: int, error: Exception) -> None:
        self.skipped.append((index, skip_reason(error)))

    def _run_one_by_one(self, inputs: list[Inputs]) -> Mapping[int, Measured]:
        several, run_indices = [], []
        for index, one_input in zip(self.run_indices, inputs, strict=True):
            try:
                several.append(self.measure(one_input))
                run_indices.append(index)
            except Exception as error:
                self._skip(index, error)
        self.run_indices = run_indices
        if not several:
            return {}
        return {
            node: tuple(
                np.concatenate(parts) for parts in zip(*(one[node] for one in several), strict=True)
            )
            for node in several[0]
        }

    def measure(self, inputs: Inputs) -> Mapping[int, Measured]:
        """Measure one image alone.

        Args:
            inputs: The model's arguments.

        Raises:
            GraphChanged: The model took another way than when it was traced.
        """
        return self._replay(self._single, inputs)

    def _run_batch(self, inputs: list[Inputs]) -> Mapping[int, Measured] | None:
        """In one pass; None if the model does not take that, or gives something else then."""
        if not self._can_batch:
            return None
        count = len(inputs)
        records = {
            node: replace(record, shape=self._layouts[node].batch_shape(record.shape, count))
            for node, record in self._view.records.items()
        }
        try:
            batch = join_samples(inputs)
            view = replace(self._view, records=records)
            found = self._replay(Replay(self._source.model, view), batch)
            is_right = all(len(part) == count for parts in found.values() for part in parts)
            if is_right and not self._is_verified:
                alone = self._replay(self._single, inputs[-1])
                is_right = all(_are_close(found[node], alone[node]) for node in alone)
                self._is_verified = is_right
        except Exception:  # whatever it is, alone they may run; if not, it is told then
            is_right = False
        if not is_right:
            self._can_batch, self.batch_size = False, 1
            return None
        return found

    def _replay(self, replay: Replay, inputs: Inputs) -> Mapping[int, Measured]:
        captured: dict[int, Measured] = {}

        def on_output(node: int, tensor: torch.Tensor) -> None:
            captured[node] = self._measure(node, tensor)
            if len(captured) == len(self._layouts):
                raise _Captured

        with suppress(_Captured):
            replay.run(inputs, on_output)
        if len(captured) < len(self._layouts):
            raise GraphChanged("the layer did not run")
        return captured


def can_batch(view: GraphView, node: int, inputs: Inputs) -> bool:
    """Whether a batch is worth trying: plain inputs of one sample, and a result of one.

    Args:
        view: The graph.
        node: Whose result it is.
        inputs: Of the traced pass.
    """
    record, layout = view.records[node], view.map_layouts[node]
    leaves = leaves_in(inputs)
    is_plain = all(isinstance(t, torch.Tensor) and t.dim() > 1 and len(t) == 1 for t in leaves)
    is_single = layout.sample_place is not None and layout.sample_count(record.shape) == 1
    # The weights of fused attention are computed for the first sample only where they are many.
    is_fused = record.is_attention and record.operation == "attention"
    return is_plain and is_single and not is_fused


def _are_close(batch: Measured, alone: Measured) -> bool:
    """Whether the last of a batch gives what it gives alone; whole numbers may be places."""
    return all(
        _is_close(several[-1:], one)
        for several, one in zip(batch, alone, strict=True)
        if np.issubdtype(one.dtype, np.floating)
    )


def _is_close(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return False
    peak = np.abs(b[np.isfinite(b)]).max(initial=0.0)
    return bool(np.allclose(a, b, rtol=0, atol=TOLERANCE * peak))
