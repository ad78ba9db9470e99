"""What was read of a call, and how its results become maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from vrnn.compute.connections.tapped_call import CallSource, float_array
from vrnn.compute.operators.tensor_layout import MapLayout, select_maps
from vrnn.compute.tracing.map_layouts import read_tensor
from vrnn.compute.tracing.trace import OpRecord
from vrnn.network.connections import ConnectionKind, ConnectionPart


@dataclass(frozen=True, eq=False)
class Reading:
    """What connects maps in a call.

    Attributes:
        kind: What it does.
        parts: What each input gives.
        bias: What is added, see `LayerConnections.bias`.
        read_result: Makes (C, …) float32 maps of a result of the layer.
        first_steps: Names and maps that stand before the results.
        mask: See `LayerConnections.mask`.
        is_own_result: Whether the call's own result is what is summed.
    """

    kind: ConnectionKind
    parts: tuple[ConnectionPart, ...]
    bias: np.ndarray | None
    read_result: Callable[[OpRecord, torch.Tensor], np.ndarray]
    first_steps: tuple[tuple[str, np.ndarray], ...] = ()
    mask: np.ndarray | None = None
    is_own_result: bool = True


def samples_first(tensor: torch.Tensor, axes: int) -> torch.Tensor:
    """Return a tensor of maps with an axis of samples, where it has none."""
    return tensor[None] if tensor.dim() == axes + 1 else tensor


def layout_of(record: OpRecord) -> MapLayout:
    """Return how a record's tensor is read as maps."""
    return read_tensor(record.axes, record.is_attention).layout


def first_maps(tensor: torch.Tensor, layout: MapLayout) -> np.ndarray:
    """Return the maps of the first sample and the first of each choice, (C, H, W) float32."""
    maps, _ = select_maps(tensor, layout, (0,) * len(layout.choices))
    return float_array(maps)


def layout_with_channels(layout: MapLayout, count: int) -> MapLayout | None:
    """Return the layout of a tensor that differs only in its number of channels.

    Args:
        layout: Of the other tensor.
        count: Number of channels.

    Returns:
        The layout; None where several axes make up the channels.
    """
    if len(layout.channels) != 1:
        return None
    axis = layout.channels[0]
    sizes = tuple(count if i == axis else size for i, size in enumerate(layout.sizes))
    return replace(layout, shape=(count, *layout.shape[1:]), sizes=sizes)


def node_of(source: CallSource | None) -> int:
    """Return the node that a tensor comes from, -1 for none."""
    return -1 if source is None else source.node
