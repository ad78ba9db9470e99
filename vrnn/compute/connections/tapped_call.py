"""One call of a layer as it was made: its arguments, and what it and the calls behind it gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.operators import catalog
from vrnn.compute.operators.tensor_layout import MapLayout, to_maps
from vrnn.compute.passes.capture_mode import (
    CaptureMode,
    NodeRecords,
    OnOutput,
    tensor_of_record,
)
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import plain_tensor
from vrnn.compute.tracing.trace import OpRecord
from vrnn.errors import VrnnError
from vrnn.network.results import Ablation


@dataclass(frozen=True, eq=False)
class CallSource:
    """What one of a call's tensors comes from.

    Attributes:
        record: The record of that tensor.
        node: The node that it belongs to, or the nearest one before it; -1 for none.
        maps: (C, K) float32: that node's maps with all their tokens; None without a node.
    """

    record: OpRecord
    node: int
    maps: np.ndarray | None


@dataclass(frozen=True, eq=False)
class TappedCall:
    """A call that sums over maps.

    Attributes:
        name: Of the layer.
        operation: Canonical name of what it does.
        args: Its positional arguments: copies as they were before the call.
        kwargs: Its keyword arguments.
        arguments: The same by name.
        tensors: All tensors among them, in order, and whether each is a parameter.
        record: Its record.
        sources: What the record's sources are.
        results: Record and tensor of it and of the layer's calls behind it.
    """

    name: str
    operation: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    arguments: Mapping[str, Any]
    tensors: Sequence[tuple[torch.Tensor, bool]]
    record: OpRecord
    sources: Sequence[CallSource]
    results: Sequence[tuple[OpRecord, torch.Tensor]]

    @property
    def result(self) -> torch.Tensor:
        """What the call itself gave."""
        return self.results[0][1]

    @property
    def source(self) -> CallSource | None:
        """What the first of its tensors comes from; None where it depends on no input."""
        return self.sources[0] if self.sources else None

    def sources_of_tensors(self) -> list[CallSource | None]:
        """Return what each of its tensors comes from; None for constants and parameters."""
        live = [not is_parameter for _, is_parameter in self.tensors]
        if len(self.tensors) == len(self.sources):
            return list(self.sources)
        if sum(live) == len(self.sources):
            waiting = iter(self.sources)
            return [next(waiting) if one else None for one in live]
        left = list(self.sources)
        found: list[CallSource | None] = []
        for (tensor, _), is_live in zip(self.tensors, live, strict=True):
            size = tensor.numel()
            fits = [s for s in left if is_live and prod(s.record.shape) == size]
            if fits:
                left.remove(fits[0])
            found.append(fits[0] if fits else None)
        return found


class _Found:
    """What the pass has shown so far."""

    def __init__(self) -> None:
        self.operation = ""
        self.args: Any = ()
        self.kwargs: Any = {}
        self.arguments: dict[str, Any] = {}
        self.tensors: list[tuple[torch.Tensor, bool]] = []
        self.results: list[tuple[OpRecord, torch.Tensor]] = []


def tap_call(
    model: LoadedModel, node: int, is_wanted: Callable[[str], bool],
    ablations: Sequence[Ablation] = (), check_stop: Callable[[], None] = lambda: None,
) -> TappedCall | None:  # fmt: skip
    """Run the model's newest input once more and look at one layer.

    Args:
        model: The model.
        node: The layer.
        is_wanted: Whether an operation, by its canonical name, is the one to look at.
        ablations: What is ablated in the pass.
        check_stop: Raises what is to end it.

    Returns:
        The first call of the layer that is wanted; None if it has none.

    Raises:
        GraphChanged: The model took another way than when it was traced.
    """
    view = model.view
    members = view.members[node]
    place = next((i for i, record in enumerate(members) if is_wanted(record.operation)), None)
    if place is None:
        return None
    head, found = members[place], _Found()
    if head.call_index < 0:
        raise VrnnError(
            f"{view.network.by_id[node].name} runs inside a module that torch does not show, so "
            "its weights cannot be read; open the model from its Python code"
        )

    def make_mode(by_call: dict[int, NodeRecords], on_output: OnOutput) -> CaptureMode:
        return _TapMode(by_call, on_output, members[place:], found, check_stop)

    records = {record.id: record for record in view.trace.records}
    nodes = [_node_of(view, records, i) for i in head.sources]
    maps: dict[int, np.ndarray] = {}

    def on_node(number: int, tensor: torch.Tensor) -> None:
        if number in nodes and number >= 0:
            maps[number] = all_maps(tensor, view.map_layouts[number])

    with torch.no_grad():
        model.use_default_dtype()
        model.replay.run(model.inputs, on_node, ablations, make_mode=make_mode)
    sources = [
        CallSource(records[i], n, maps.get(n)) for i, n in zip(head.sources, nodes, strict=True)
    ]
    return TappedCall(
        view.network.by_id[node].name, found.operation, found.args, found.kwargs, found.arguments,
        found.tensors, head, sources, found.results,
    )  # fmt: skip


def all_maps(tensor: torch.Tensor, layout: MapLayout) -> np.ndarray:
    """Return the maps of the first sample with all their tokens and slices, (C, K) float32."""
    return float_array(to_maps(_plain_numbers(tensor), layout)[0])


def float_array(tensor: torch.Tensor) -> np.ndarray:
    """Return the numbers of a tensor as float32 that nobody can change; no copy where possible.

    Raises:
        VrnnError: They are complex.
    """
    plain = _plain_numbers(tensor)
    if plain.is_complex():
        raise VrnnError(
            "complex numbers have no sign for the colors of connections; choose another layer"
        )
    array = plain.to("cpu", torch.float32).numpy()
    array.flags.writeable = False
    return array


def _plain_numbers(tensor: torch.Tensor) -> torch.Tensor:
    plain = plain_tensor(tensor).detach()
    if plain.layout != torch.strided:
        plain = plain.to_dense()
    return plain.dequantize() if plain.is_quantized else plain


class _TapMode(CaptureMode):
    """Keeps what one call takes, and what some calls give."""

    def __init__(
        self, by_call: dict[int, NodeRecords], on_output: OnOutput, members: Sequence[OpRecord],
        found: _Found, check_stop: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(by_call, on_output)
        self._head = members[0].call_index
        self._members = {record.call_index: record for record in members}
        self._found, self._check_stop = found, check_stop

    def run_call(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Do a call, and keep copies where it is of the layer."""
        self._check_stop()
        record = self._members.get(self.call_count)
        if record is None:
            return super().run_call(func, args, kwargs)
        if self.call_count == self._head:
            found = self._found
            found.args, found.kwargs = _copied((args, kwargs or {}), found.tensors)
            found.operation, found.arguments = catalog.identify(func, found.args, found.kwargs)
        result = super().run_call(func, args, kwargs)
        tensor = tensor_of_record(result, record, args)
        self._found.results.append((record, plain_tensor(tensor).detach().clone()))
        return result


def _copied(value: Any, tensors: list[tuple[torch.Tensor, bool]]) -> Any:
    """The same arguments with activations copied, as the call may write over them."""
    if isinstance(value, torch.Tensor):
        plain = plain_tensor(value).detach()
        is_parameter = isinstance(value, torch.nn.Parameter)
        copy = plain if is_parameter else plain.clone()
        tensors.append((copy, is_parameter))
        return copy
    if isinstance(value, dict):
        return {name: _copied(one, tensors) for name, one in value.items()}
    if isinstance(value, list | tuple):
        copied = [_copied(one, tensors) for one in value]
        return copied if isinstance(value, list) else tuple(copied)
    return value


def _node_of(view: GraphView, records: Mapping[int, OpRecord], start: int) -> int:
    """The node that a record belongs to, or the nearest one before it; -1 for none."""
    owner = {member.id: node for node, members in view.members.items() for member in members}
    waiting, seen = [start], set[int]()
    while waiting:
        record = waiting.pop(0)
        if record in owner:
            return owner[record]
        if record not in seen:
            seen.add(record)
            waiting += records[record].sources
    return -1


def packed_weights_error(layer: str) -> VrnnError:
    """Return the error of a layer whose weights are no plain numbers."""
    return VrnnError(
        f"the weights of {layer} are packed for another kind of arithmetic; open the model in "
        "floating point to see its connections"
    )
