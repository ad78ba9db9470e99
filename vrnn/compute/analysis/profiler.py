"""What each layer costs: MACs and time of one pass, and what its weights are like."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vrnn.compute.model_inputs import Inputs, call_model, own_inputs
from vrnn.compute.operators.catalog import lookup
from vrnn.compute.operators.macs import macs
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.replay import after_each_module
from vrnn.compute.tracing.calls import watch_calls
from vrnn.compute.tracing.evaluation_mode import evaluation_mode
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.network.results import Histogram, LayerProfile
from vrnn.network.statistics import array_histogram

Costs = dict[int, tuple[int, float]]
"""MACs and seconds by node id."""


def layer_profiles(
    view: GraphView, costs: Sequence[Costs], histograms: Mapping[int, Histogram | None]
) -> dict[int, LayerProfile]:
    """Combine what was measured.

    Args:
        view: The graph.
        costs: Of one pass or several, of which the fastest counts: other programs make a pass
            slower, never faster.
        histograms: Of each node's weights, see `weight_histograms`.

    Returns:
        The profiles by node id.
    """
    fastest = min(costs, key=lambda cost: sum(seconds for _, seconds in cost.values()))
    return {
        node.id: LayerProfile(*fastest[node.id], node.parameters, histograms[node.id])
        for node in view.network.nodes
    }


def weight_histograms(view: GraphView) -> Iterator[tuple[int, Histogram | None]]:
    """Yield each node's id with the histogram of its weights; None for a node without any.

    The gains and shifts of norms that are part of a layer are left out: gains lie around one, far
    from the weights, which would be a thin line beside them.
    """
    for node, members in view.members.items():
        having = [record for record in members if record.own_parameters]
        others = [record for record in having if lookup(record.operation).role != "norm"]
        parameters = [p for record in others or having for p in record.own_parameters]
        yield node, array_histogram(_flat_values(parameters)) if parameters else None


def _flat_values(parameters: Iterable[nn.Parameter]) -> np.ndarray:
    """(N,) float32: all of them in a row; of complex ones the magnitude."""
    with torch.no_grad():
        real = [p.abs() if p.is_complex() else p.detach() for p in parameters]
        return torch.cat([p.float().reshape(-1).cpu() for p in real]).numpy()


def measure_pass(model: nn.Module, view: GraphView, inputs: Inputs) -> Costs:
    """Measure MACs and seconds of each node in one pass.

    Everything that happens counts for the next operation that a node stands for: a view for what
    takes it, the last steps for the last node. So the seconds add up to those of the pass. On a GPU
    it is waited for after each of these operations.

    Args:
        model: The model.
        view: The graph of it.
        inputs: Its arguments.

    Raises:
        GraphChanged: The model took another way than when it was traced.
    """
    clock = _PassClock(view, next(tensors_in(inputs)).device)
    inputs = own_inputs(inputs, view.trace.changes_inputs)
    mode = _TimingMode(clock)
    with (
        evaluation_mode(model),
        after_each_module(model, clock.on_module),
        torch.set_grad_enabled(view.trace.gradients),
        watch_calls(mode, view.trace.inside_scripts),
    ):
        clock.start()
        call_model(model, inputs)
        clock.stop()
    if mode.call_count != view.trace.call_count:
        raise GraphChanged(f"{mode.call_count} calls instead of {view.trace.call_count}")
    return {node.id: (clock.macs[node.id], clock.seconds[node.id]) for node in view.network.nodes}


class _PassClock:
    """Gives the time and the MACs of a pass to nodes.

    Attributes:
        seconds: By node id.
        macs: By node id.
    """

    def __init__(self, view: GraphView, device: torch.device) -> None:
        self.seconds = {node.id: 0.0 for node in view.network.nodes}
        self.macs = {node.id: 0 for node in view.network.nodes}
        self._device = device
        self._node_of_call: dict[int, int] = {}
        self._node_of_module: dict[tuple[str, int], int] = {}
        for node, members in view.members.items():
            for record in members:
                if record.is_argument:
                    continue
                if record.call_index >= 0:
                    self._node_of_call[record.call_index] = node
                elif record.operation != "input":
                    self._node_of_module[record.module, record.module_call] = node
        self._last_node: int | None = None
        self._since, self._pending_macs = 0.0, 0

    def start(self) -> None:
        """Begin a pass."""
        self._since = self._now()

    def on_call(self, call_index: int, macs: int) -> None:
        """Note that a function call has ended."""
        self._pending_macs += macs
        node = self._node_of_call.get(call_index)
        if node is not None:
            self._assign(node)

    def on_module(self, path: str, call: int, result: Any) -> None:
        """Note that a module has ended."""
        node = self._node_of_module.get((path, call))
        if node is not None:
            self._assign(node)

    def stop(self) -> None:
        """End the pass."""
        if self._last_node is not None:
            self._assign(self._last_node)

    def _assign(self, node: int) -> None:
        """Give what has passed since the last node to a node."""
        now = self._now()
        self.seconds[node] += now - self._since
        self.macs[node] += self._pending_macs
        self._last_node, self._since, self._pending_macs = node, now, 0

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter()


class _TimingMode(TorchFunctionMode):
    """Tells a clock of each function call.

    Attributes:
        call_count: Function calls so far.
    """

    def __init__(self, clock: _PassClock) -> None:
        super().__init__()
        self.call_count = 0
        self._clock = clock

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        self._clock.on_call(self.call_count, macs(func, args, kwargs, result))
        self.call_count += 1
        return result
