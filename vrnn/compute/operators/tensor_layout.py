"""How a tensor is read as feature maps: which of its axes are channels, rows, columns and choices.

A `MapLayout` tells how a tensor becomes (C, H, W) maps, and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch


@dataclass(frozen=True)
class MapLayout:
    """How a tensor is read as feature maps.

    The tensor's axes are unfolded first: tokens that came from a map into its rows and columns,
    frames folded into the batch into samples and frames. All numbers of axes count these.

    Attributes:
        shape: (C, H, W) as shown, for one index of each choice.
        sizes: Length of each unfolded axis; -1 for that of the samples, of which a batch may have
            any number.
        channels: The axes that make up C, the outermost first.
        rows: Those that make up H; () if there are no rows.
        columns: Those that make up W; () if there are no columns.
        choices: For each choice, such as the frame, its axes, the outermost first. Of an axis that
            is named nowhere the first index is shown.
        grid: First and last axis, the latter excluded, of a grid that lies among tokens in one axis
            of the tensor; None if there is no such axis.
        prefix_tokens: Number of class and register tokens before that grid.
        suffix_tokens: Number of tokens behind it.
        sample_place: The axis of the tensor itself that the samples are in; None without any.
    """

    shape: tuple[int, int, int]
    sizes: tuple[int, ...]
    channels: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    choices: tuple[tuple[int, ...], ...] = ()
    grid: tuple[int, int] | None = None
    prefix_tokens: int = 0
    suffix_tokens: int = 0
    sample_place: int | None = None

    @staticmethod
    def plain(shape: tuple[int, int, int]) -> MapLayout:
        """Return the layout of an (N, C, H, W) tensor."""
        return MapLayout(shape, (-1, *shape), (1,), (2,), (3,), sample_place=0)

    @property
    def batch_axis(self) -> int | None:
        """The unfolded axis of the samples; None if there is none."""
        return self.sizes.index(-1) if -1 in self.sizes else None

    @cached_property
    def is_plain(self) -> bool:
        """Whether it is (N, C, H, W), and N is 1 or holds samples of which none is chosen."""
        axes = (*self.channels, *self.rows, *self.columns)
        sizes = (-1, *self.shape)
        return self.grid is None and not self.choices and axes == (1, 2, 3) and self.sizes == sizes

    @cached_property
    def slices(self) -> tuple[int, ...]:
        """The axes beside samples, channels, rows and columns."""
        used = {*self.channels, *self.rows, *self.columns, self.batch_axis}
        return tuple(axis for axis in range(len(self.sizes)) if axis not in used)

    @property
    def extra_tokens(self) -> int:
        """Number of tokens that have no place in the maps."""
        return self.prefix_tokens + self.suffix_tokens

    @property
    def slice_count(self) -> int:
        """Number of maps that each channel of a sample has."""
        return prod(self.sizes[axis] for axis in self.slices)

    @property
    def positions(self) -> int:
        """Number of values that each channel of a sample has, class and register tokens aside."""
        return self.slice_count * self.shape[1] * self.shape[2]

    def sample_count(self, shape: Sequence[int]) -> int:
        """Return how many samples a tensor of a shape has."""
        fixed = prod(size for size in self.folded_sizes if size != -1)
        if not fixed:
            return 1 if self.sample_place is None else shape[self.sample_place]
        return prod(shape) // fixed

    def batch_shape(self, shape: Sequence[int], count: int) -> tuple[int, ...]:
        """Return the shape of the tensor in a pass of several samples.

        Args:
            shape: Its shape in a pass of one sample.
            count: Number of samples.
        """
        return tuple(
            size * count if place == self.sample_place else size for place, size in enumerate(shape)
        )

    @cached_property
    def folded_sizes(self) -> tuple[int, ...]:
        """Length of each axis while the grid and the tokens around it are still one axis."""
        if self.grid is None:
            return self.sizes
        first, last = self.grid
        tokens = prod(self.sizes[first:last]) + self.extra_tokens
        return (*self.sizes[:first], tokens, *self.sizes[last:])


def unfold_tensor(
    tensor: torch.Tensor, layout: MapLayout
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Unfold a tensor's axes.

    Args:
        tensor: Any tensor that the layout describes.
        layout: How to read it.

    Returns:
        A tensor with the axes `layout.sizes`, and the tokens around the grid, with one axis in its
        place; None if there are none. Views where possible.
    """
    sizes = layout.folded_sizes
    folded = tensor
    if -1 in sizes or tuple(tensor.shape) != sizes:
        known = [layout.sample_count(tensor.shape) if n == -1 else n for n in sizes]
        folded = tensor if list(tensor.shape) == known else tensor.reshape(known)
    if layout.grid is None:
        return folded, None
    first, last = layout.grid
    count = prod(layout.sizes[first:last])
    grid = folded.narrow(first, layout.prefix_tokens, count)
    grid = grid.unflatten(first, layout.sizes[first:last])
    if not layout.extra_tokens:
        return grid, None
    before = folded.narrow(first, 0, layout.prefix_tokens)
    if not layout.suffix_tokens:
        return grid, before
    after = folded.narrow(first, layout.prefix_tokens + count, layout.suffix_tokens)
    return grid, torch.cat([before, after], first)


def _extra_axes(layout: MapLayout) -> tuple[list[int], list[int]]:
    """Axes of the channels and of all else but the samples, where tokens have one axis."""
    assert layout.grid is not None
    first, last = layout.grid
    renumbered = {
        axis: axis if axis < first else axis - (last - first) + 1
        for axis in range(len(layout.sizes))
        if not first <= axis < last
    }
    channels = [renumbered[axis] for axis in layout.channels]
    slices = [renumbered[axis] for axis in layout.slices if axis in renumbered]
    return channels, [*slices, first]


def to_maps(tensor: torch.Tensor, layout: MapLayout) -> torch.Tensor:
    """Read a tensor as the flattened maps of all its samples.

    Args:
        tensor: Any tensor that the layout describes.
        layout: How to read it.

    Returns:
        (N, C, K + S·H·W): for each sample and channel the class and register tokens, then each
        slice or frame, row by row. A view of the tensor where possible. N is 1 if the layout has
        no samples.
    """
    grid, extra = unfold_tensor(tensor, layout)
    batch = () if layout.batch_axis is None else (layout.batch_axis,)
    places = (*layout.slices, *layout.rows, *layout.columns)
    maps = _read(grid, batch, layout.channels, places, layout)
    if extra is None:
        return maps
    channels, tokens = _extra_axes(layout)
    sample = [i for i, size in enumerate(layout.folded_sizes) if size == -1]
    return torch.cat([_read(extra, sample, channels, tokens, layout), maps], -1)


def _read(
    tensor: torch.Tensor, batch: Sequence[int], channels: Sequence[int], places: Sequence[int],
    layout: MapLayout,
) -> torch.Tensor:  # fmt: skip
    """(N, C, …)."""
    order = (*batch, *channels, *places)
    if order != tuple(range(tensor.dim())):
        tensor = tensor.permute(order)
    samples = tensor.shape[0] if batch else 1
    count = prod(tensor.shape[len(batch) + len(channels) :])
    return tensor.reshape(samples, layout.shape[0], count)


def from_maps(maps: torch.Tensor, layout: MapLayout, like: torch.Tensor) -> torch.Tensor:
    """Undo `to_maps`.

    Args:
        maps: (N, C, K + S·H·W).
        layout: The layout that `to_maps` used.
        like: A tensor of the shape to return.
    """
    result = maps.new_empty(like.shape)
    grid, _ = unfold_tensor(result, layout)
    batch = () if layout.batch_axis is None else (layout.batch_axis,)
    order = (*batch, *layout.channels, *layout.slices, *layout.rows, *layout.columns)
    target = grid.permute(order)
    positions = maps[..., maps.shape[-1] - layout.positions :]
    target.copy_(positions.reshape(target.shape))
    if layout.extra_tokens:
        _write_extra_tokens(maps[..., : maps.shape[-1] - layout.positions], layout, result)
    return result


def _write_extra_tokens(tokens: torch.Tensor, layout: MapLayout, result: torch.Tensor) -> None:
    """Write the (N, C, K) tokens around the grid to their places in the tensor."""
    assert layout.grid is not None
    channels, places = _extra_axes(layout)
    sample = [i for i, size in enumerate(layout.folded_sizes) if size == -1]
    known = list(layout.folded_sizes)
    if sample:
        known[sample[0]] = len(tokens)
    folded = result.view(known)
    first, count = layout.grid[0], prod(layout.sizes[slice(*layout.grid)])
    order = (*sample, *channels, *places)
    shape = [folded.shape[axis] for axis in order[:-1]]
    values = tokens.reshape(*shape, layout.extra_tokens)
    before, after = values.split([layout.prefix_tokens, layout.suffix_tokens], -1)
    folded.narrow(first, 0, layout.prefix_tokens).permute(order).copy_(before)
    start = layout.prefix_tokens + count
    folded.narrow(first, start, layout.suffix_tokens).permute(order).copy_(after)


def select_maps(
    tensor: torch.Tensor, layout: MapLayout, indices: Sequence[int | None]
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Read the maps of one sample, frame or slice.

    Args:
        tensor: Any tensor that the layout describes.
        layout: How to read it.
        indices: The index of each choice; None for all of them side by side.

    Returns:
        (C, H, W) maps, wider if several are side by side, and (K, C) class and register tokens;
        None without any. Views where possible. Of a tensor without samples, maps of NaN.
    """
    if layout.is_plain and tensor.shape[1:] == layout.shape:  # most are, and there are many
        return tensor[0], None
    grid, extra = unfold_tensor(tensor, layout)
    chosen: dict[int, int] = {}
    side_by_side: list[int] = []
    for axes, index in zip(layout.choices, indices, strict=True):
        if index is None:
            side_by_side += axes
            continue
        for axis in reversed(axes):
            index, chosen[axis] = divmod(index, max(1, grid.shape[axis]))
    kept = (*layout.channels, *layout.rows, *side_by_side, *layout.columns)
    order = (*(axis for axis in range(grid.dim()) if axis not in kept), *kept)
    maps = grid if order == tuple(range(grid.dim())) else grid.permute(order)
    channels, height, width = layout.shape
    for axis in side_by_side:
        width *= grid.shape[axis]
    first = order[: grid.dim() - len(kept)]
    if 0 in [grid.shape[axis] for axis in first]:  # such as boxes where nothing was found
        is_real = tensor.is_floating_point() or tensor.is_complex()
        none = tensor if is_real else tensor.float()
        return none.new_full((channels, height, width), torch.nan), None
    maps = maps[tuple(chosen.get(axis, 0) for axis in first)]
    maps = maps.reshape(channels, height, width)
    if extra is None:
        return maps, None
    return maps, _selected_tokens(extra, layout, chosen)


def _selected_tokens(
    extra: torch.Tensor, layout: MapLayout, chosen: dict[int, int]
) -> torch.Tensor:
    """(K, C) tokens around the grid, of the index that is shown."""
    assert layout.grid is not None
    first, last = layout.grid
    channels, _ = _extra_axes(layout)
    index: list[int | slice] = [0] * extra.dim()
    for axis, at in chosen.items():
        if not first <= axis < last:
            index[axis if axis < first else axis - (last - first) + 1] = at
    for axis in (*channels, first):
        index[axis] = slice(None)
    tokens = extra[tuple(index)]
    if not channels:
        return tokens[:, None]
    place = sorted((*channels, first)).index(first)
    return tokens.movedim(place, 0).reshape(layout.extra_tokens, layout.shape[0])
