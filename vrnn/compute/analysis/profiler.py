"""What each layer costs: multiply-adds and time of one pass, and what its weights are like."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vrnn.compute.operators.macs import macs
from vrnn.compute.passes.replay import GraphChanged, after_each_module
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tracer import evaluation_mode, tensors_in
from vrnn.network.results import Histogram, LayerProfile
from vrnn.network.statistics import array_histogram

Costs = dict[int, tuple[int, float]]
"""Multiply-adds and seconds by node id."""


def layer_profiles(
    view: GraphView, costs: Sequence[Costs], weights: Mapping[int, Histogram | None]
) -> dict[int, LayerProfile]:
    """What was found of each node. costs: of one pass or several, of which the fastest counts:
    other programs make a pass slower, never faster. weights: see `weight_histograms`."""
    best = min(costs, key=lambda cost: sum(seconds for _, seconds in cost.values()))
    return {
        node.id: LayerProfile(*best[node.id], node.parameters, weights[node.id])
        for node in view.network.nodes
    }


def weight_histograms(view: GraphView) -> Iterator[tuple[int, Histogram | None]]:
    """Of the parameters that belong to each node, one after another; None for a node without."""
    for node, members in view.members.items():
        own = [parameter for record in members for parameter in record.own_parameters]
        yield node, array_histogram(_values(own)) if own else None


def _values(parameters: Iterable[nn.Parameter]) -> np.ndarray:
    """(N,) float32: all of them in a row; of complex ones their size."""
    with torch.no_grad():
        real = [p.abs() if p.is_complex() else p.detach() for p in parameters]
        return torch.cat([p.float().reshape(-1).cpu() for p in real]).numpy()


def measure_pass(model: nn.Module, view: GraphView, inputs: tuple[Any, ...]) -> Costs:
    """Multiply-adds and seconds of each node in one pass on these inputs.

    Everything that happens counts for the next operation that a node stands for: a view for what
    takes it, the last steps for the last node. So the seconds add up to those of the pass. On a GPU
    it is waited for after each of these operations. Raises GraphChanged.
    """
    clock = _PassClock(view, next(tensors_in(inputs)).device)
    timing = _Timing(clock)
    with (
        evaluation_mode(model),
        after_each_module(model, clock.module_done),
        torch.no_grad(),
        timing,
    ):
        clock.start()
        model(*inputs)
        clock.stop()
    if timing.position != view.trace.call_count:
        raise GraphChanged(f"{timing.position} calls instead of {view.trace.call_count}")
    return {node.id: (clock.work[node.id], clock.seconds[node.id]) for node in view.network.nodes}


class _PassClock:
    """Whose time it is."""

    def __init__(self, view: GraphView, device: torch.device) -> None:
        self.seconds = {node.id: 0.0 for node in view.network.nodes}
        self.work = {node.id: 0 for node in view.network.nodes}
        self._device = device
        self._at: dict[int, int] = {}
        self._modules: dict[tuple[str, int], int] = {}
        for node, members in view.members.items():
            for record in members:
                if record.call_index >= 0:
                    self._at[record.call_index] = node
                elif record.operation != "input":
                    self._modules[record.module, record.module_call] = node
        self._last: int | None = None
        self._since, self._pending = 0.0, 0

    def start(self) -> None:
        self._since = self._now()

    def called(self, position: int, work: int) -> None:
        """A function call has ended."""
        self._pending += work
        node = self._at.get(position)
        if node is not None:
            self._give(node)

    def module_done(self, path: str, call: int, result: Any) -> None:
        """A module has ended."""
        node = self._modules.get((path, call))
        if node is not None:
            self._give(node)

    def stop(self) -> None:
        if self._last is not None:
            self._give(self._last)

    def _give(self, node: int) -> None:
        now = self._now()
        self.seconds[node] += now - self._since
        self.work[node] += self._pending
        self._last, self._since, self._pending = node, now, 0

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter()


class _Timing(TorchFunctionMode):
    def __init__(self, clock: _PassClock) -> None:
        super().__init__()
        self.position = 0
        self._clock = clock

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        self._clock.called(self.position, macs(func, args, kwargs, result))
        self.position += 1
        return result
