"""Which images of a data set excite each channel of a layer most, and where in the map."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from vrnn.compute.cache import load_top_images, save_top_images, top_images_key
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.user_traceback import explain_error
from vrnn.compute.operators.tensor_layout import to_maps
from vrnn.compute.passes.replay import GraphChanged, Replay
from vrnn.compute.tracing.simplify import GraphView
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.results import TopImages

MEASURES = ("max", "mean")
STEP_SECONDS = 0.1
"""How long a batch may take: after each one the thread is free for something else."""
MOST_AT_ONCE = 32
SAME = 1e-3
"""Of a layer's peak: an image in a batch must give what it gives alone, to within rounding."""

Measured = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Of N images and C channels: largest value, mean (both (N, C) float32), and where the largest lies
(N, C) int64, counted through the rows."""


def find_top_activations(
    model: LoadedModel,
    dataset: ImageSet,
    node: int,
    k: int = 9,
    measure: str = "max",
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> TopImages | None:
    """All of `top_images_in_steps` at once.

    progress: called with how many images are done and how many there are; ends the work by
    returning False, and then the result is None, or by raising.
    """
    steps = top_activation_steps(model, dataset, node, k, measure)
    try:
        while True:
            if progress(*next(steps)) is False:
                return None
    except StopIteration as end:
        found: TopImages = end.value
        return found
    finally:
        steps.close()


def top_activation_steps(
    model: LoadedModel, dataset: ImageSet, node: int, k: int, measure: str
) -> Generator[tuple[int, int], None, TopImages]:
    """Runs the data set through the model up to one node, and keeps the k best of each channel.

    Between batches it yields how many images are done, and how many there are. An image that cannot
    be read or run is left out and listed. What was found before is taken from the user's cache.
    Raises VrnnError when there is no such node or measure, or when no image at all could be run.
    """
    view = model.view
    _check(view, node, k, measure)
    total = len(dataset)
    key = yield from _while_at(0, total, top_images_key(model, dataset, node, k))
    cached = load_top_images(key, measure, total)
    if cached is not None:
        return cached
    search = _Search(model, dataset, node)
    tables = {name: _Best(k) for name in MEASURES}
    done = 0
    while done < total:
        numbers = range(done, min(done + search.at_once, total))
        largest, mean, place = search.run(numbers)
        for name, values in (("max", largest), ("mean", mean)):
            tables[name].add(np.array(search.ran), values, place)
        done += len(numbers)
        yield done, total
    if not tables["max"].seen:
        reason = search.skipped[0][1] if search.skipped else "it is empty"
        raise VrnnError(
            f"no image of the data set can be run: {reason}; choose another with --data"
        )
    width = view.map_layouts[node].shape[2]
    skipped = tuple(search.skipped)
    found = {name: table.result(node, name, width, skipped) for name, table in tables.items()}
    # What cannot be kept for the next time is no loss now.
    with suppress(VrnnError):
        save_top_images(key, found.values())
    return found[measure]


def _check(view: GraphView, node: int, k: int, measure: str) -> None:
    if node not in view.records:
        raise VrnnError(f"{view.network.name} has no layer number {node}; `vrnn graph` lists them")
    if measure not in MEASURES:
        raise VrnnError(f"no measure '{measure}'; choose one of {', '.join(MEASURES)}")
    if k < 1:
        raise VrnnError(f"the best {k} images; ask for at least 1")


def _while_at(
    done: int, total: int, steps: Generator[None, None, str]
) -> Generator[tuple[int, int], None, str]:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            key: str = end.value
            return key
        yield done, total


class _Enough(Exception):
    """The node has its tensor: what comes behind it is not needed."""


class _Search:
    """Runs images up to one node, several at once where that gives the same.

    ran: numbers of the images in the last result; skipped: numbers of those left out, and why.
    """

    def __init__(self, model: LoadedModel, dataset: ImageSet, node: int) -> None:
        self.ran: list[int] = []
        self.skipped: list[tuple[int, str]] = []
        self.at_once = 1
        self._source, self._dataset, self._node = model.source, dataset, node
        self._view = replace(model.view, records={node: model.view.records[node]})
        self._form = model.view.map_layouts[node]
        self._alone = Replay(model.source.model, self._view)
        self._batches = _takes_batches(self._view, node, model.inputs)
        self._proven = False

    def run(self, numbers: range) -> Measured:
        """Measures of these images, in their order, without those that cannot be run."""
        inputs = []
        self.ran = []
        for number in numbers:
            try:
                inputs.append(self._source.prepare(self._dataset.image(number))[0])
                self.ran.append(number)
            except Exception as error:
                self._skip(number, error)
        started = time.perf_counter()
        measured = self._together(inputs) if len(inputs) > 1 else None
        if measured is None:
            measured = self._one_by_one(inputs)
        if inputs and self._batches:
            self._pace((time.perf_counter() - started) / len(inputs))
        return measured

    def _pace(self, seconds: float) -> None:
        """As many at once as fit a step, at most twice as many as before."""
        fitting = int(STEP_SECONDS / max(seconds, 1e-6))
        self.at_once = max(1, min(fitting, 2 * self.at_once, MOST_AT_ONCE))

    def _skip(self, number: int, error: Exception) -> None:
        reason = str(error) if isinstance(error, VrnnError) else explain_error(error)
        if isinstance(error, GraphChanged):
            reason = "the model takes another way for this image"
        self.skipped.append((number, reason))

    def _one_by_one(self, inputs: list[tuple[Any, ...]]) -> Measured:
        found, ran = [], []
        for number, given in zip(self.ran, inputs, strict=True):
            try:
                found.append(self._measured(self._alone, given))
                ran.append(number)
            except Exception as error:
                self._skip(number, error)
        self.ran = ran
        if not found:
            none = np.zeros((0, self._form.shape[0]), np.float32)
            return none, none, none.astype(np.int64)
        largest, mean, place = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return largest, mean, place

    def _together(self, inputs: list[tuple[Any, ...]]) -> Measured | None:
        """In one pass; None when the model does not take that, or gives something else then."""
        if not self._batches:
            return None
        count = len(inputs)
        record = self._view.records[self._node]
        shape = list(record.shape)
        shape[self._form.batch_axis or 0] = count
        view = replace(self._view, records={self._node: replace(record, shape=tuple(shape))})
        batch = tuple(torch.cat(parts) for parts in zip(*inputs, strict=True))
        try:
            found = self._measured(Replay(self._source.model, view), batch)
            good = len(found[0]) == count
            if good and not self._proven:
                last = self._measured(self._alone, inputs[-1])
                good = all(_same(a[-1:], b) for a, b in zip(found[:2], last[:2], strict=True))
                self._proven = good
        except Exception:  # whatever it is, alone they may run; if not, it is told then
            good = False
        if not good:
            self._batches, self.at_once = False, 1
            return None
        return found

    def _measured(self, runner: Replay, inputs: tuple[Any, ...]) -> Measured:
        found: list[Measured] = []

        def keep(node: int, tensor: torch.Tensor) -> None:
            found.append(_measures(tensor, self._form))
            raise _Enough

        with suppress(_Enough):
            runner.run(inputs, keep)
        if not found:
            raise GraphChanged("the layer did not run")
        return found[0]


def _takes_batches(view: GraphView, node: int, inputs: tuple[Any, ...]) -> bool:
    """Whether it is worth trying: plain inputs of one sample, and a result of one."""
    record, form = view.records[node], view.map_layouts[node]
    plain = all(isinstance(t, torch.Tensor) and t.dim() > 1 and len(t) == 1 for t in inputs)
    single = form.batch_axis is not None and record.shape[form.batch_axis] == 1
    fused = record.is_attention and record.operation == "attention"  # told of the first sample only
    return plain and single and not fused


def _measures(tensor: torch.Tensor, form: Any) -> Measured:
    """Class and register tokens do not count: they have no place. What is not finite does not."""
    maps = to_maps(tensor.detach(), form)
    maps = maps.abs() if maps.is_complex() else maps
    area = form.shape[1] * form.shape[2]
    maps = maps[..., maps.shape[-1] - area :].float()
    finite = torch.isfinite(maps)
    largest, place = maps.masked_fill(~finite, -torch.inf).max(-1)
    mean = maps.masked_fill(~finite, 0).sum(-1) / finite.sum(-1).clamp_min(1)
    mean = mean.masked_fill(~finite.any(-1), -torch.inf)
    return largest.cpu().numpy(), mean.cpu().numpy(), place.cpu().numpy()


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return False
    peak = np.abs(b[np.isfinite(b)]).max(initial=0.0)
    return bool(np.allclose(a, b, rtol=0, atol=SAME * peak))


class _Best:
    """The k best of all images added so far."""

    def __init__(self, k: int) -> None:
        self.seen = 0
        self._k = k
        self._values: np.ndarray | None = None
        self._images = self._places = np.zeros((0, 0), np.int64)

    def add(self, numbers: np.ndarray, values: np.ndarray, places: np.ndarray) -> None:
        """numbers: (N,); values: (N, C); places: (N, C). Of equal ones the first added stays."""
        if not len(numbers):
            return
        self.seen += len(numbers)
        images = np.broadcast_to(numbers[:, None], values.shape)
        if self._values is not None:
            values = np.concatenate([self._values, values])
            images = np.concatenate([self._images, images])
            places = np.concatenate([self._places, places])
        best = np.argsort(-values, axis=0, kind="stable")[: self._k]
        self._values = np.take_along_axis(values, best, 0)
        self._images = np.take_along_axis(images, best, 0)
        self._places = np.take_along_axis(places, best, 0)

    def result(
        self, node: int, measure: str, width: int, skipped: tuple[tuple[int, str], ...]
    ) -> TopImages:
        """Once something was added. width: of the map, in which places are counted."""
        assert self._values is not None
        places = np.stack(np.divmod(self._places.T, width), -1).astype(np.int32)
        return TopImages(
            node,
            measure,
            np.ascontiguousarray(self._images.T, np.int32),
            np.ascontiguousarray(self._values.T, np.float32),
            places,
            self.seen,
            skipped,
        )
