"""How views carry the pixels that positions depend on along, from their strides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from vrnn.compute.operators.receptive_field import (
    AxisInterval,
    PixelField,
    WindowSpan,
    at_position,
)


@dataclass(frozen=True)
class Geometry:
    """Where a tensor's elements lie in a storage.

    Attributes:
        shape: The tensor's shape.
        strides: Its strides in elements.
        offset: The storage offset in elements.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @staticmethod
    def of(tensor: torch.Tensor) -> Geometry:
        """Return the geometry of a strided tensor."""
        return Geometry(tuple(tensor.shape), tensor.stride(), int(tensor.storage_offset()))

    @staticmethod
    def contiguous(shape: Sequence[int]) -> Geometry:
        """Return the geometry of elements in row-major order."""
        strides, step = [], 1
        for size in reversed(shape):
            strides.append(step)
            step *= max(size, 1)
        return Geometry(tuple(shape), tuple(reversed(strides)))

    def permuted(self, order: Sequence[int]) -> Geometry:
        """Return the geometry with axes in another order."""
        shape, strides = (tuple(t[i] for i in order) for t in (self.shape, self.strides))
        return replace(self, shape=shape, strides=strides)

    def narrowed(self, axis: int, start: int, size: int) -> Geometry:
        """Return the geometry of a part along one axis."""
        shape = (*self.shape[:axis], size, *self.shape[axis + 1 :])
        return Geometry(shape, self.strides, self.offset + start * self.strides[axis])

    def unflattened(self, axis: int, sizes: Sequence[int]) -> Geometry:
        """Return the geometry with one axis split into several, the outermost first."""
        strides, step = [], self.strides[axis]
        for size in reversed(sizes):
            strides.append(step)
            step *= size
        return replace(
            self,
            shape=(*self.shape[:axis], *sizes, *self.shape[axis + 1 :]),
            strides=(*self.strides[:axis], *reversed(strides), *self.strides[axis + 1 :]),
        )


class _ViewSteps(NamedTuple):
    """How a view steps through the tensor it is of.

    Attributes:
        start: Index at which it starts, for each axis of the old tensor.
        moves: For each axis of the old tensor the view's axes that step along it, and by how much.
        chains: Runs of old axes, innermost first, among which an axis of the view runs over from
            one into the next.
    """

    start: dict[int, int]
    moves: dict[int, list[tuple[int, int]]]
    chains: list[list[int]]


def _steps_of_view(old: Geometry, new: Geometry) -> _ViewSteps | None:
    """Take a view apart into steps along single axes; None if that is not possible."""
    order = [d for d in range(len(old.shape)) if old.shape[d] > 1]
    order.sort(key=lambda d: old.strides[d])
    reach = 0
    for d in order:
        if old.strides[d] <= reach:
            return None  # it overlaps itself
        reach += old.strides[d] * (old.shape[d] - 1)
    rest = new.offset - old.offset
    if rest < 0:
        return None
    start: dict[int, int] = {}
    for d in reversed(order):
        start[d], rest = divmod(rest, old.strides[d])
    if rest:
        return None
    moves: dict[int, list[tuple[int, int]]] = {d: [] for d in order}
    for axis, (size, stride) in enumerate(zip(new.shape, new.strides, strict=True)):
        if size == 1 or stride == 0:
            continue
        below = [d for d in order if old.strides[d] <= stride]
        if not below or stride % old.strides[below[-1]]:
            return None
        moves[below[-1]].append((axis, stride // old.strides[below[-1]]))
    chains: list[list[int]] = []
    carry, chain = 0, list[int]()
    for index, d in enumerate(order):
        end = carry + start[d] + sum(step * (new.shape[axis] - 1) for axis, step in moves[d])
        carry = end // old.shape[d]
        if chain or carry:
            chain.append(d)
        if not carry and chain:
            chains.append(chain)
            chain = []
        if carry:
            outer = order[index + 1] if index + 1 < len(order) else None
            if outer is None or old.strides[outer] != old.strides[d] * old.shape[d]:
                return None
    return _ViewSteps(start, moves, chains)


def push_through_view(field: PixelField, old: Geometry, new: Geometry) -> PixelField:
    """Return the field of a view: a slice, permuted axes, a reshape, overlapping windows.

    Args:
        field: The field of the tensor that is viewed.
        old: That tensor's geometry.
        new: The view's geometry in the same storage.
    """
    if field.axes == (None, None):
        return field
    steps = _steps_of_view(old, new)
    if steps is None:
        return field.as_global()
    if field.grid:
        return _grid_through_view(field, steps, old, new)
    row, column = (None if axis is None else axis + len(old.shape) for axis in field.axes)
    tokens = _flattened_to_tokens(field, steps, old, new, row, column)
    if tokens is not None:
        return tokens
    rows, row_axis = _interval_through_view(field.rows, row, {column}, steps, old, new)
    columns, column_axis = _interval_through_view(field.columns, column, {row}, steps, old, new)
    return PixelField(rows, columns, (row_axis, column_axis))


def _interval_through_view(
    interval: AxisInterval,
    axis: int | None,
    others: set[int | None],
    steps: _ViewSteps,
    old: Geometry,
    new: Geometry,
) -> tuple[AxisInterval, int | None]:
    """The rows, or the columns, of a view's field, and their axis there.

    others: the old axis of the other side.
    """
    if axis is None:
        return interval, None
    if axis not in steps.moves:  # a single position
        return at_position(interval, 0), None
    dims = len(new.shape)
    chain = next((chain for chain in steps.chains if axis in chain), None)
    if chain is not None:
        moves = [move for d in chain for move in steps.moves[d]]
        is_single = len(moves) == 1 and not any(steps.start[d] for d in chain)
        if not is_single or chain[-1] != axis or others & set(chain):
            return interval.as_global(), None
        # An axis without pixels runs inside this one: several positions in turn see the same.
        new_axis, _ = moves[0]
        repeats = old.strides[axis] // new.strides[new_axis]
        if old.strides[axis] % new.strides[new_axis]:
            return interval.as_global(), None
        span = WindowSpan(1 / repeats, -(repeats - 1) / repeats, 0)
        return interval.windowed(span, new.shape[new_axis]), new_axis - dims
    moves = sorted(steps.moves[axis], key=lambda move: (move[1], new.shape[move[0]]))
    start = steps.start[axis]
    if not moves:
        return at_position(interval, start), None
    new_axis, step = moves.pop()
    end = start + sum(small * (new.shape[a] - 1) for a, small in moves)
    return interval.windowed(WindowSpan(step, start, end), new.shape[new_axis]), new_axis - dims


def _flattened_to_tokens(
    field: PixelField,
    steps: _ViewSteps,
    old: Geometry,
    new: Geometry,
    row: int | None,
    column: int | None,
) -> PixelField | None:
    """The field of a map flattened to tokens: rows and columns became one axis, row by row."""
    if row is None or column is None or [column, row] not in steps.chains:
        return None
    moves = steps.moves[column] + steps.moves[row]
    if len(moves) != 1 or steps.start[column] or steps.start[row]:
        return None
    new_axis, step = moves[0]
    height, width = old.shape[row], old.shape[column]
    if step != 1 or moves != steps.moves[column] or new.shape[new_axis] != height * width:
        return None
    axis = new_axis - len(new.shape)
    return PixelField(field.rows, field.columns, (axis, axis), (0, height, width))


def _grid_through_view(
    field: PixelField, steps: _ViewSteps, old: Geometry, new: Geometry
) -> PixelField:
    """The field of tokens that keep their order, or become a map again."""
    assert field.grid is not None
    assert field.axes[0] is not None
    prefix, height, width = field.grid
    axis, dims = field.axes[0] + len(old.shape), len(new.shape)
    if axis not in steps.moves or any(axis in chain for chain in steps.chains):
        return field.as_global()
    start, moves = steps.start[axis], steps.moves[axis]
    if len(moves) == 1 and moves[0][1] == 1:
        new_axis = moves[0][0] - dims
        return field._replace(axes=(new_axis, new_axis), grid=(prefix - start, height, width))
    axis_by_step = {(step, new.shape[a]): a - dims for a, step in moves}
    row, column = axis_by_step.get((width, height)), axis_by_step.get((1, width))
    if len(moves) == 2 and start == prefix and row is not None and column is not None:
        return PixelField(field.rows, field.columns, (row, column))
    return field.as_global()


def lies_within(view: Geometry, base: Geometry) -> bool:
    """Return whether a view is a part of another, each of its axes along one of the other's."""
    steps = _steps_of_view(base, view)
    return steps is not None and not steps.chains


def pull_back(field: PixelField, view: Geometry, base: Geometry) -> PixelField:
    """Return the field of a tensor of which a part was written through a view.

    It says nothing of positions outside the view, but holds for those too if the linear functions
    are continued.

    Args:
        field: The field of what was written.
        view: Geometry of the view.
        base: Geometry of the tensor that it lies within.
    """
    steps = _steps_of_view(base, view)
    if steps is None or steps.chains:
        return field.as_global()
    dims = len(base.shape)
    base_axes = {a - len(view.shape): (d, step) for d in steps.moves for a, step in steps.moves[d]}
    if field.grid:
        d, step = base_axes.get(field.axes[0] or 0, (0, 0))
        if step != 1 or len(steps.moves[d]) != 1:
            return field.as_global()
        prefix, height, width = field.grid
        grid = (prefix + steps.start[d], height, width)
        return field._replace(axes=(d - dims, d - dims), grid=grid)
    intervals, axes = [field.rows, field.columns], list(field.axes)
    for side, axis in enumerate(field.axes):
        if axis is None:
            continue
        d, step = base_axes.get(axis, (0, 0))
        if not step or len(steps.moves[d]) != 1:
            intervals[side], axes[side] = intervals[side].as_global(), None
            continue
        # Not clipped: first and last are those of the view.
        old, start = intervals[side], steps.start[d] / step
        low, high = old.low - old.step * start, old.high - old.step * start
        intervals[side] = AxisInterval(old.step / step, low, high, old.first, old.last)
        axes[side] = d - dims
    return PixelField(intervals[0], intervals[1], (axes[0], axes[1]))
