"""A tensor as the maps of all its samples, and back to the shape that the model knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any

import torch

from vrnn.compute.operators import catalog as ops


def to_maps(tensor: torch.Tensor, form: MapLayout) -> torch.Tensor:
    """(N, C, K + H·W): every sample's maps, before them the K class and register tokens.

    A view of the tensor where there can be one. N is 1 where the form knows no batch axis.
    """
    samples = tensor[None] if form.batch_axis is None else tensor.movedim(form.batch_axis, 0)
    if form.order != "chw":
        samples = samples.movedim(-1, 1)
    return samples.reshape(len(samples), form.shape[0], -1)


def from_maps(maps: torch.Tensor, form: MapLayout, like: torch.Tensor) -> torch.Tensor:
    """What `to_maps` was made of. maps: (N, C, K + H·W); like: a tensor of the shape to return."""
    samples = like[None] if form.batch_axis is None else like.movedim(form.batch_axis, 0)
    if form.order == "chw":
        back = maps.reshape(samples.shape)
    else:
        back = maps.reshape(len(samples), form.shape[0], *samples.shape[1:-1]).movedim(1, -1)
    return back[0] if form.batch_axis is None else back.movedim(0, form.batch_axis)


@dataclass(frozen=True)
class MapLayout:
    """How one result is read as maps.

    shape: (C, H, W) as shown. order: of the axes once the batch axis is taken away:
        `chw`: any shape, read as it lies and reshaped to (C, H, W);
        `hwc`: (…, C), the channels last, the others folded to H, W;
        `tokens`: (T, C), of which the first `extra` are class or register tokens, then H·W in rows.
    batch: index of the batch axis (the first sample is shown); None: there is no such axis.
    """

    shape: tuple[int, int, int]
    order: str = "chw"
    prefix_tokens: int = 0
    batch_axis: int | None = 0


MAX_PREFIX_TOKENS = 8
"""Class and register tokens before a grid."""


@dataclass(frozen=True)
class AxisLayout:
    """What is known of a tensor. channels: its axis, None: unknown; grid: (height, width) its
    tokens came from."""

    channel_axis: int | None = None
    grid: tuple[int, int] | None = None


def layout_after_operation(
    operation: str,
    shape: Sequence[int],
    sources: Sequence[tuple[Sequence[int], AxisLayout]],
    is_attention_map: bool = False,
) -> AxisLayout:
    """Layout of a result. sources: shape and layout of each tensor taken, the first one first."""
    grid = next((layout.grid for _, layout in sources if layout.grid), None)
    if operation in ops.CHANNELS_FIRST and len(shape) >= 2:
        at = 1 if len(shape) >= 3 else len(shape) - 1
        return AxisLayout(at, (shape[-2], shape[-1]) if len(shape) == 4 else grid)
    if operation in ops.CHANNELS_LAST and shape:
        return AxisLayout(len(shape) - 1, _grid_of_last(shape) or grid)
    if is_attention_map:
        return AxisLayout(None, grid)
    same = [layout for old, layout in sources if tuple(old) == tuple(shape)]
    known = next((layout for layout in same if layout.channel_axis is not None), None)
    if known is not None:
        return AxisLayout(known.channel_axis, known.grid or grid)
    near = [layout for old, layout in sources if len(old) == len(shape)]
    kept = next((layout for layout in near if layout.channel_axis is not None), None)
    return AxisLayout(kept.channel_axis if kept else None, grid)


def _grid_of_last(shape: Sequence[int]) -> tuple[int, int] | None:
    return (shape[1], shape[2]) if len(shape) == 4 and shape[0] == 1 else None


def layout_after_view(
    operation: str, args: Sequence[Any], old: Sequence[int], new: Sequence[int], layout: AxisLayout
) -> AxisLayout:
    """Layout of the same numbers seen in another shape."""
    axis, grid = layout.channel_axis, layout.grid
    if axis is not None and len(old) == 4 and axis in (1, 3) and old[0] == 1:
        grid = (old[2], old[3]) if axis == 1 else (old[1], old[2])
    if axis is None:
        return AxisLayout(None, grid)
    order = _order(operation, args, len(old))
    if order is not None:
        return AxisLayout(order.index(axis), grid)
    if tuple(old) == tuple(new):
        return AxisLayout(axis, grid)
    return AxisLayout(_moved(axis, old, new), grid)


def _order(operation: str, args: Sequence[Any], dims: int) -> list[int] | None:
    """Old axis of each new one, for a call that exchanges axes."""
    axes = list(range(dims))
    if operation == "permute":
        wanted = args[0] if len(args) == 1 and not isinstance(args[0], int) else args
        return [int(a) % dims for a in wanted] if len(wanted) == dims else None
    if operation in ("transpose", "swapaxes", "swapdims") and len(args) == 2:
        a, b = (int(i) % dims for i in args)
        axes[a], axes[b] = axes[b], axes[a]
        return axes
    if operation in ("t", "adjoint") and dims >= 2:
        axes[-1], axes[-2] = axes[-2], axes[-1]
        return axes
    return None


def _moved(axis: int, old: Sequence[int], new: Sequence[int]) -> int | None:
    """The axis of the same size at the same place among the numbers."""
    if old[axis] == 1:
        return None
    before, after = prod(old[:axis]), prod(old[axis + 1 :])
    for at, size in enumerate(new):
        if size == old[axis] and (prod(new[:at]) == before or prod(new[at + 1 :]) == after):
            return at
    if prod(new) == prod(old) and len(new) <= 2 and new and new[-1] == old[axis] * after:
        return len(new) - 1  # flattened for a linear layer
    return None


def infer_map_layout(
    shape: Sequence[int], layout: AxisLayout, attention: bool = False, batch_size: int = 1
) -> MapLayout:
    """How a result of this shape (with its batch) is shown."""
    batch, rest, axis = _without_batch(list(shape), layout.channel_axis, batch_size)
    if attention and len(rest) >= 3:
        return MapLayout((prod(rest[:-2]), rest[-2], rest[-1]), "chw", 0, batch)
    if len(rest) == 0:
        return MapLayout((1, 1, 1), "chw", 0, batch)
    if len(rest) == 1:
        return MapLayout((rest[0], 1, 1), "chw", 0, batch)
    known = layout.grid is not None and layout.grid[0] * layout.grid[1] in rest
    if len(rest) == 2 and axis is None and not known:
        return MapLayout((1, rest[0], rest[1]), "chw", 0, batch)
    if len(rest) == 2:
        return _tokens(rest, axis, layout.grid, batch)
    if axis == len(rest) - 1:
        return MapLayout((rest[-1], prod(rest[:-2]), rest[-2]), "hwc", 0, batch)
    return MapLayout((rest[0], prod(rest[1:-1]), rest[-1]), "chw", 0, batch)


def _without_batch(
    shape: list[int], axis: int | None, size: int
) -> tuple[int | None, list[int], int | None]:
    for batch in (0, 1):
        if len(shape) > batch + 1 and shape[batch] == size and batch != axis:
            rest = shape[:batch] + shape[batch + 1 :]
            return batch, rest, axis - (axis > batch) if axis is not None else None
    if len(shape) == 1 and shape[0] == size:
        return 0, [], None
    return None, shape, axis


def _tokens(
    rest: list[int], axis: int | None, grid: tuple[int, int] | None, batch: int | None
) -> MapLayout:
    if axis != 1:
        channels, length = rest
        if grid is not None and grid[0] * grid[1] == length:
            return MapLayout((channels, *grid), "chw", 0, batch)
        return MapLayout((channels, 1, length), "chw", 0, batch)
    length, channels = rest
    sizes = [grid] if grid else []
    for extra in range(MAX_PREFIX_TOKENS + 1):
        side = isqrt(max(length - extra, 0))
        if side > 1 and side * side == length - extra:
            sizes.append((side, side))
    for height, width in sizes:
        extra = length - height * width
        if 0 <= extra <= MAX_PREFIX_TOKENS:
            return MapLayout((channels, height, width), "tokens", extra, batch)
    return MapLayout((channels, 1, length), "tokens", 0, batch)
