"""Which axes of a tensor hold channels, rows and columns, and how it is read as feature maps.

An `AxisLayout` is carried along from operation to operation while a model is traced. For a tensor
that is shown, it decides on a `MapLayout`: how the tensor becomes (C, H, W) maps, and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any, Literal

import torch

from vrnn.compute.operators import catalog

MAX_PREFIX_TOKENS = 8
"""Most class and register tokens that are looked for before a grid of patch tokens."""


@dataclass(frozen=True)
class AxisLayout:
    """What is known of a tensor's axes.

    Attributes:
        channel_axis: The axis that holds channels; None if unknown.
        grid: (height, width) of the map that its tokens came from; None if unknown.
    """

    channel_axis: int | None = None
    grid: tuple[int, int] | None = None


@dataclass(frozen=True)
class MapLayout:
    """How a tensor is read as feature maps.

    Attributes:
        shape: (C, H, W) as shown.
        order: Order of the axes once the batch axis is removed:
            `chw`: any shape, reshaped to (C, H, W) in row-major order;
            `hwc`: (…, C), channels last, the others folded to H and W;
            `tokens`: (T, C), the prefix tokens first, then H·W tokens row by row.
        prefix_tokens: Number of class and register tokens before the grid.
        batch_axis: Index of the batch axis, of which the first sample is shown; None if there is
            none.
    """

    shape: tuple[int, int, int]
    order: Literal["chw", "hwc", "tokens"] = "chw"
    prefix_tokens: int = 0
    batch_axis: int | None = 0


def to_maps(tensor: torch.Tensor, layout: MapLayout) -> torch.Tensor:
    """Read a tensor as the flattened maps of all its samples.

    Args:
        tensor: Any tensor that the layout describes.
        layout: How to read it.

    Returns:
        (N, C, K + H·W): for each sample and channel the K prefix tokens, then the map row by row.
        A view of the tensor where possible. N is 1 if the layout has no batch axis.
    """
    samples = tensor[None] if layout.batch_axis is None else tensor.movedim(layout.batch_axis, 0)
    if layout.order != "chw":
        samples = samples.movedim(-1, 1)
    return samples.reshape(len(samples), layout.shape[0], -1)


def from_maps(maps: torch.Tensor, layout: MapLayout, like: torch.Tensor) -> torch.Tensor:
    """Undo `to_maps`.

    Args:
        maps: (N, C, K + H·W).
        layout: The layout that `to_maps` used.
        like: A tensor of the shape to return.
    """
    batch_axis = layout.batch_axis
    samples = like[None] if batch_axis is None else like.movedim(batch_axis, 0)
    if layout.order == "chw":
        restored = maps.reshape(samples.shape)
    else:
        restored = maps.reshape(len(samples), layout.shape[0], *samples.shape[1:-1]).movedim(1, -1)
    return restored[0] if batch_axis is None else restored.movedim(0, batch_axis)


def layout_after_operation(
    operation: str,
    shape: Sequence[int],
    sources: Sequence[tuple[Sequence[int], AxisLayout]],
    is_attention_map: bool = False,
) -> AxisLayout:
    """Find the axis layout of an operation's result.

    Args:
        operation: Canonical name of the operation.
        shape: Shape of the result.
        sources: Shape and layout of each tensor that it took, in order.
        is_attention_map: Whether the result is (N, heads, queries, keys) attention weights.
    """
    grid = next((layout.grid for _, layout in sources if layout.grid), None)
    channels = catalog.lookup(operation).channels
    if channels == "first" and len(shape) >= 2:
        axis = 1 if len(shape) >= 3 else len(shape) - 1
        return AxisLayout(axis, (shape[-2], shape[-1]) if len(shape) == 4 else grid)
    if channels == "last" and shape:
        return AxisLayout(len(shape) - 1, _channels_last_grid(shape) or grid)
    if is_attention_map:
        return AxisLayout(None, grid)
    same_shape = [layout for old, layout in sources if tuple(old) == tuple(shape)]
    known = next((layout for layout in same_shape if layout.channel_axis is not None), None)
    if known is not None:
        return AxisLayout(known.channel_axis, known.grid or grid)
    same_dims = [layout for old, layout in sources if len(old) == len(shape)]
    known = next((layout for layout in same_dims if layout.channel_axis is not None), None)
    return AxisLayout(known.channel_axis if known else None, grid)


def _channels_last_grid(shape: Sequence[int]) -> tuple[int, int] | None:
    return (shape[1], shape[2]) if len(shape) == 4 and shape[0] == 1 else None


def layout_after_view(
    operation: str, args: Sequence[Any], old: Sequence[int], new: Sequence[int], layout: AxisLayout
) -> AxisLayout:
    """Find the axis layout of a view.

    Args:
        operation: Canonical name of the view operation.
        args: Its positional arguments without the tensor.
        old: Shape of the tensor.
        new: Shape of the view.
        layout: Layout of the tensor.
    """
    axis, grid = layout.channel_axis, layout.grid
    if axis is not None and len(old) == 4 and axis in (1, 3) and old[0] == 1:
        grid = (old[2], old[3]) if axis == 1 else (old[1], old[2])
    if axis is None:
        return AxisLayout(None, grid)
    order = _axis_order(operation, args, len(old))
    if order is not None:
        return AxisLayout(order.index(axis), grid)
    if tuple(old) == tuple(new):
        return AxisLayout(axis, grid)
    return AxisLayout(_axis_after_reshape(axis, old, new), grid)


def _axis_order(operation: str, args: Sequence[Any], dims: int) -> list[int] | None:
    """The old axis of each new one, for a call that permutes axes; else None."""
    axes = list(range(dims))
    if operation == "permute":
        order = args[0] if len(args) == 1 and not isinstance(args[0], int) else args
        return [int(a) % dims for a in order] if len(order) == dims else None
    if operation in ("transpose", "swapaxes", "swapdims") and len(args) == 2:
        a, b = (int(i) % dims for i in args)
        axes[a], axes[b] = axes[b], axes[a]
        return axes
    if operation in ("t", "adjoint") and dims >= 2:
        axes[-1], axes[-2] = axes[-2], axes[-1]
        return axes
    return None


def _axis_after_reshape(axis: int, old: Sequence[int], new: Sequence[int]) -> int | None:
    """The new axis of the same size with as many elements before or after it."""
    if old[axis] == 1:
        return None
    before, after = prod(old[:axis]), prod(old[axis + 1 :])
    for new_axis, size in enumerate(new):
        same_before = prod(new[:new_axis]) == before
        if size == old[axis] and (same_before or prod(new[new_axis + 1 :]) == after):
            return new_axis
    if prod(new) == prod(old) and len(new) <= 2 and new and new[-1] == old[axis] * after:
        return len(new) - 1  # flattened for a linear layer
    return None


def infer_map_layout(
    shape: Sequence[int], layout: AxisLayout, is_attention: bool = False, batch_size: int = 1
) -> MapLayout:
    """Decide how a tensor is shown as feature maps.

    Args:
        shape: Its shape, batch included.
        layout: What is known of its axes.
        is_attention: Whether it holds attention weights, of which each head is a map.
        batch_size: Number of samples in the batch.
    """
    batch, rest, axis = _split_batch(list(shape), layout.channel_axis, batch_size)
    if is_attention and len(rest) >= 3:
        return MapLayout((prod(rest[:-2]), rest[-2], rest[-1]), "chw", 0, batch)
    if len(rest) == 0:
        return MapLayout((1, 1, 1), "chw", 0, batch)
    if len(rest) == 1:
        return MapLayout((rest[0], 1, 1), "chw", 0, batch)
    is_grid_known = layout.grid is not None and layout.grid[0] * layout.grid[1] in rest
    if len(rest) == 2 and axis is None and not is_grid_known:
        return MapLayout((1, rest[0], rest[1]), "chw", 0, batch)
    if len(rest) == 2:
        return _token_layout(rest, axis, layout.grid, batch)
    if axis == len(rest) - 1:
        return MapLayout((rest[-1], prod(rest[:-2]), rest[-2]), "hwc", 0, batch)
    return MapLayout((rest[0], prod(rest[1:-1]), rest[-1]), "chw", 0, batch)


def _split_batch(
    shape: list[int], axis: int | None, size: int
) -> tuple[int | None, list[int], int | None]:
    """The batch axis, the shape without it, and the channel axis in that."""
    for batch in (0, 1):
        if len(shape) > batch + 1 and shape[batch] == size and batch != axis:
            rest = shape[:batch] + shape[batch + 1 :]
            return batch, rest, axis - (axis > batch) if axis is not None else None
    if len(shape) == 1 and shape[0] == size:
        return 0, [], None
    return None, shape, axis


def _token_layout(
    rest: list[int], axis: int | None, grid: tuple[int, int] | None, batch: int | None
) -> MapLayout:
    """The layout of (T, C) or (C, T): a known or square grid of tokens, else a single row."""
    if axis != 1:
        channels, length = rest
        if grid is not None and grid[0] * grid[1] == length:
            return MapLayout((channels, *grid), "chw", 0, batch)
        return MapLayout((channels, 1, length), "chw", 0, batch)
    length, channels = rest
    sizes = [grid] if grid else []
    for prefix in range(MAX_PREFIX_TOKENS + 1):
        side = isqrt(max(length - prefix, 0))
        if side > 1 and side * side == length - prefix:
            sizes.append((side, side))
    for height, width in sizes:
        prefix = length - height * width
        if 0 <= prefix <= MAX_PREFIX_TOKENS:
            return MapLayout((channels, height, width), "tokens", prefix, batch)
    return MapLayout((channels, 1, length), "tokens", 0, batch)
