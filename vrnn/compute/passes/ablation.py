"""Channels switched off inside a pass: which of them, in which node, and what is put there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from vrnn.compute.operators.attention import compute_head_weights, replace_head_weights
from vrnn.compute.operators.tensor_layout import MapLayout, from_maps, to_maps
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network, Node
from vrnn.network.results import FILL_VALUES, Ablation


def group_by_node(network: Network, ablations: Iterable[Ablation]) -> dict[int, list[Ablation]]:
    """Ablations by the id of their node. Raises VrnnError when one does not fit the network."""
    several = tuple(ablations)
    if not several:  # as in nearly every pass
        return {}
    named = {node.name: node for node in network.nodes}
    found: dict[int, list[Ablation]] = {}
    for ablation in several:
        layer = ablation.layer
        node = named.get(layer) if isinstance(layer, str) else network.by_id.get(layer)
        if node is None:
            raise VrnnError(
                f"{network.name} has no layer '{layer}' to switch off; `vrnn graph` lists them"
            )
        _check(node, ablation)
        found.setdefault(node.id, []).append(ablation)
    return found


def _check(node: Node, ablation: Ablation) -> None:
    channels, height, width = map_shape(node.shape)
    where = f"'{node.name}' cannot be switched off"
    if ablation.value not in FILL_VALUES:
        raise VrnnError(f"{where} by '{ablation.value}'; choose one of {', '.join(FILL_VALUES)}")
    for channel in ablation.channels:
        if not 0 <= channel < channels:
            raise VrnnError(f"{where} in channel {channel}; it has the channels 0…{channels - 1}")
    if ablation.position is not None:
        row, column = ablation.position
        if not (0 <= row < height and 0 <= column < width):
            raise VrnnError(
                f"{where} at row {row}, column {column}; its maps have {height} rows and "
                f"{width} columns"
            )


def apply_ablations(
    tensor: torch.Tensor, form: MapLayout, ablations: Iterable[Ablation]
) -> torch.Tensor:
    """A changed copy of a node's tensor, all samples of it, that lies in memory as it does."""
    maps = to_maps(tensor, form).clone()
    _, height, width = form.shape
    extra = maps.shape[-1] - height * width
    for ablation in ablations:
        chosen = list(ablation.channels) if ablation.channels else slice(None)
        filling: Any = 0
        if ablation.value == "mean":
            grid = maps[:, chosen, extra:]
            real = grid if grid.is_floating_point() or grid.is_complex() else grid.float()
            filling = real.mean(-1, keepdim=True).to(maps.dtype)
        if ablation.position is None:
            maps[:, chosen] = filling
        else:
            at = extra + ablation.position[0] * width + ablation.position[1]
            maps[:, chosen, at : at + 1] = filling
    # Kernels, and with them the last bits, depend on how a tensor lies in memory.
    return torch.empty_like(tensor).copy_(from_maps(maps, form, tensor))


def apply_attention_ablations(
    result: Any, arguments: Mapping[str, Any], form: MapLayout, ablations: Iterable[Ablation]
) -> tuple[Any, torch.Tensor] | None:
    """What a fused attention function gives when the weights of its heads are changed, and these
    weights (1, heads, Tq, Tk), both of the first sample.

    result, arguments: of the call, see `ops.named`. None when its weights cannot be told.
    """
    weights = compute_head_weights(arguments)
    if weights is None:
        return None
    changed = apply_ablations(weights[None], form, ablations)
    return replace_head_weights(result, arguments, weights, changed[0]), changed
