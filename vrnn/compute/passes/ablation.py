"""Ablation inside a pass: channels of a node set to zero or to their mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from vrnn.compute.operators.attention import compute_head_weights, replace_head_weights
from vrnn.compute.operators.tensor_layout import MapLayout, from_maps, to_maps
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network, Node
from vrnn.network.results import ABLATION_VALUES, Ablation


def group_by_node(network: Network, ablations: Iterable[Ablation]) -> dict[int, list[Ablation]]:
    """Sort ablations by the id of their node.

    Args:
        network: The network that they are meant for.
        ablations: The ablations.

    Raises:
        VrnnError: One does not fit the network.
    """
    ablations = tuple(ablations)
    if not ablations:  # as in nearly every pass
        return {}
    nodes = {node.name: node for node in network.nodes}
    by_node: dict[int, list[Ablation]] = {}
    for ablation in ablations:
        layer = ablation.layer
        node = nodes.get(layer) if isinstance(layer, str) else network.by_id.get(layer)
        if node is None:
            raise VrnnError(
                f"{network.name} has no layer '{layer}' to ablate; `vrnn graph` lists its layers"
            )
        _check(node, ablation)
        by_node.setdefault(node.id, []).append(ablation)
    return by_node


def _check(node: Node, ablation: Ablation) -> None:
    channels, height, width = map_shape(node.shape)
    start = f"'{node.name}' cannot be ablated"
    if ablation.value not in ABLATION_VALUES:
        raise VrnnError(
            f"{start} with '{ablation.value}'; choose one of {', '.join(ABLATION_VALUES)}"
        )
    for channel in ablation.channels:
        if not 0 <= channel < channels:
            raise VrnnError(f"{start} in channel {channel}; it has channels 0…{channels - 1}")
    if ablation.position is not None:
        row, column = ablation.position
        if not (0 <= row < height and 0 <= column < width):
            raise VrnnError(
                f"{start} at row {row}, column {column}; its maps have {height} rows and "
                f"{width} columns"
            )


def apply_ablations(
    tensor: torch.Tensor, layout: MapLayout, ablations: Iterable[Ablation]
) -> torch.Tensor:
    """Return an ablated copy of a node's tensor, all samples of it.

    Args:
        tensor: The node's tensor.
        layout: How it is read as maps.
        ablations: What is ablated in it.

    Returns:
        A tensor of the same shape and memory format.
    """
    if tensor.is_quantized:  # torch makes no other tensor like one
        plain = apply_ablations(tensor.dequantize(), layout, ablations)
        scale, zero_point = tensor.q_scale(), tensor.q_zero_point()
        return torch.quantize_per_tensor(plain, scale, zero_point, tensor.dtype)
    ablations = list(ablations)
    axis = _channel_axis(tensor, layout)
    if axis is not None and all(a.value == "zero" and a.position is None for a in ablations):
        # As pruning does many times over: one copy instead of three.
        dropped = {c for a in ablations for c in (a.channels or range(layout.shape[0]))}
        which = torch.tensor(sorted(dropped), device=tensor.device)
        return tensor.index_fill(axis, which, 0)
    maps = to_maps(tensor, layout).clone()
    _, height, width = layout.shape
    extra_tokens = maps.shape[-1] - layout.positions
    for ablation in ablations:
        channels = list(ablation.channels) if ablation.channels else slice(None)
        fill: Any = 0
        if ablation.value == "mean":
            grid = maps[:, channels, extra_tokens:]
            is_real = grid.is_floating_point() or grid.is_complex()
            fill = (grid if is_real else grid.float()).mean(-1, keepdim=True).to(maps.dtype)
        if ablation.position is None:
            maps[:, channels] = fill
        else:
            first = extra_tokens + ablation.position[0] * width + ablation.position[1]
            # Boolean masks and lists of channels do not go together with steps in one index.
            maps[..., first :: height * width][:, channels] = fill
    # Kernels, and with them the last bits, depend on how a tensor lies in memory.
    return torch.empty_like(tensor).copy_(from_maps(maps, layout, tensor))


def _channel_axis(tensor: torch.Tensor, layout: MapLayout) -> int | None:
    """The axis of a tensor whose indices are its channels; None where no single one is."""
    if len(layout.channels) != 1 or layout.grid is not None or tensor.dim() != len(layout.sizes):
        return None
    axis = layout.channels[0]
    is_unfolded = all(n in (-1, size) for n, size in zip(layout.sizes, tensor.shape, strict=True))
    return axis if is_unfolded and tensor.shape[axis] == layout.shape[0] else None


def apply_attention_ablations(
    result: Any, arguments: Mapping[str, Any], layout: MapLayout, ablations: Iterable[Ablation]
) -> tuple[Any, torch.Tensor] | None:
    """Ablate the attention weights inside a fused attention function.

    Args:
        result: What the function returned.
        arguments: Its arguments by name, see `catalog.bind_arguments`.
        layout: How the weights are read as maps, one for each head.
        ablations: What is ablated in them.

    Returns:
        What the function would have returned, and the changed weights (N, heads, Tq, Tk), see
        `head_weights_shape`. None if the weights cannot be computed.
    """
    weights = compute_head_weights(arguments)
    if weights is None:
        return None
    changed = apply_ablations(weights, layout, ablations)
    return replace_head_weights(result, arguments, weights, changed), changed
