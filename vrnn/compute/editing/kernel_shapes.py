"""Which kernels the layers of a traced model have, and whether they can be edited."""

from __future__ import annotations

from torch import nn

from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.trace import OpRecord
from vrnn.network.graph import Node
from vrnn.network.kernel_edits import KernelShape
from vrnn.network.layer_kinds import layer_kind

WEIGHTED = ("convolution", "linear")
"""Kinds of layers that have kernels."""


def kernel_shapes(view: GraphView) -> dict[int, KernelShape]:
    """Return the kernels of each convolution and linear layer, by node id.

    Args:
        view: The graph.
    """
    users: dict[int, list[str]] = {}
    for node in view.network.nodes:
        for record in _weighted(view, node.id):
            if record.weight is not None:
                users.setdefault(id(record.weight), []).append(node.name)
    found = {}
    for node in view.network.nodes:
        records = _weighted(view, node.id)
        if records:
            found[node.id] = _shape_of(node, records, users)
    return found


def kernel_record(view: GraphView, node: int) -> OpRecord | None:
    """Return the operation that uses the kernels of a layer; None where it has no plain ones."""
    records = _weighted(view, node)
    if len(records) != 1 or records[0].weight is None or _unfit(records[0].weight):
        return None
    return records[0]


def _weighted(view: GraphView, node: int) -> list[OpRecord]:
    return [r for r in view.members[node] if layer_kind(r.operation) in WEIGHTED]


def _shape_of(node: Node, records: list[OpRecord], users: dict[int, list[str]]) -> KernelShape:
    start = f"the kernels of {node.name} cannot be edited"
    if len(records) > 1:
        return KernelShape(refusal=f"{start}: it stands for several layers; open it with more "
                           "--detail")  # fmt: skip
    record = records[0]
    weight = record.weight
    if weight is None:
        reason = "they are packed by quantization, or no parameter; edit the model they came from"
        if record.parameters:
            reason = (
                "they are made anew of other parameters in each pass, as weight norm and pruning "
                "do; make them plain first, as torch.nn.utils.parametrize does with "
                "remove_parametrizations"
            )
        return KernelShape(refusal=f"{start}: {reason}")
    if reason := _unfit(weight):
        return KernelShape(refusal=f"{start}: {reason}")
    outputs, inputs = weight.shape[:2]
    if record.is_transposed:
        outputs, inputs = inputs * record.groups, outputs // record.groups
    others = tuple(dict.fromkeys(name for name in users[id(weight)] if name != node.name))
    return KernelShape(outputs, inputs, tuple(weight.shape[2:]), others)


def _unfit(weight: nn.Parameter) -> str:
    """Why a parameter cannot be edited; '' if it can."""
    if weight.is_quantized or not (weight.is_floating_point() or weight.is_complex()):
        return "they are quantized; edit the model that was quantized"
    if weight.is_complex():
        return "they are complex numbers; edit real ones"
    if weight.is_sparse or weight.dim() < 2:
        return "they are no dense kernels; edit another layer"
    return ""
