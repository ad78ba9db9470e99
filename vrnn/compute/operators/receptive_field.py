"""Which input pixels each position of a tensor can depend on, and how views carry that along.

Rows and columns are separate, and each is linear: position i sees the pixels step·i + low to
step·i + high. What is not linear is widened until it is, never narrowed. For convolutions this is
the arithmetic of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
Networks", Distill 2019; here a tensor's axes are followed as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import NamedTuple

import torch


class WindowSpan(NamedTuple):
    """The window of an operation along an axis.

    Position o of the result takes the positions step·o + low to step·o + high; low ≤ high.

    Attributes:
        step: Positions from one window to the next; a fraction where the result is larger.
        low: First position of window 0.
        high: Last position of window 0.
    """

    step: float
    low: float
    high: float


IDENTITY_SPAN = WindowSpan(1, 0, 0)
"""The span of an operation that works position by position."""


class AxisInterval(NamedTuple):
    """The rows, or the columns, of the input that the positions along one axis see.

    Position i sees the pixels step·i + low to step·i + high, both included. Of these only first to
    last count: no position of the whole tensor sees any other, as windows that reach into padding
    see nothing there.

    Attributes:
        step: Pixels from one position's interval to the next, at least 0.
        low: First pixel that position 0 sees, before the cut at `first`.
        high: Last pixel that position 0 sees, before the cut at `last`.
        first: First pixel that any position sees.
        last: Last pixel that any position sees.
    """

    step: float
    low: float
    high: float
    first: float
    last: float

    def windowed(self, span: WindowSpan, count: int) -> AxisInterval:
        """Return the interval of a result whose positions each take a window of this axis.

        Args:
            span: The window.
            count: Positions of the result along the axis.
        """
        low, high = self.low + self.step * span.low, self.high + self.step * span.high
        return AxisInterval(self.step * span.step, low, high, self.first, self.last).clipped(count)

    def clipped(self, count: int) -> AxisInterval:
        """Return the interval with `first` and `last` narrowed to what `count` positions see."""
        first = max(self.first, self.low)
        last = min(self.last, self.step * (count - 1) + self.high)
        return AxisInterval(self.step, self.low, self.high, first, last)

    def as_global(self) -> AxisInterval:
        """Return the interval in which each position sees all that any position sees."""
        return AxisInterval(0, self.first, self.last, self.first, self.last)


class PixelField(NamedTuple):
    """Rows and columns of the input that a tensor's positions see.

    Attributes:
        rows: The rows they see.
        columns: The columns they see.
        axes: The tensor's axes along which rows and columns run, counted from its end (-1 is the
            last); None where each position sees the same.
        grid: (prefix, height, width) where both run along the same axis, row by row behind that
            many prefix tokens; None else.
    """

    rows: AxisInterval
    columns: AxisInterval
    axes: tuple[int | None, int | None]
    grid: tuple[int, int, int] | None = None

    def as_global(self) -> PixelField:
        """Return the field in which each position sees all that any position sees."""
        return PixelField(self.rows.as_global(), self.columns.as_global(), (None, None))


def mix_along(field: PixelField, axes: Sequence[int]) -> PixelField:
    """Return the field after each position has seen all others along some axes.

    Args:
        field: The field before.
        axes: The axes, counted from the end.
    """
    if field.grid:
        return field.as_global() if field.axes[0] in axes else field
    row, column = field.axes
    if row in axes:
        field = field._replace(rows=field.rows.as_global(), axes=(None, column))
    if column in axes:
        field = field._replace(columns=field.columns.as_global(), axes=(field.axes[0], None))
    return field


def apply_windows(
    field: PixelField, spans: Mapping[int, WindowSpan], shape: Sequence[int]
) -> PixelField:
    """Return the field of a result whose positions take windows along some axes.

    Args:
        field: The field of what it takes.
        spans: The windows by axis, counted from the end.
        shape: Shape of the result.
    """
    if field.grid:
        is_changed = any(
            axis == field.axes[0] and span != IDENTITY_SPAN for axis, span in spans.items()
        )
        return field.as_global() if is_changed else field
    row, column = field.axes
    rows, columns = field.rows, field.columns
    if row is not None and row in spans:
        rows = rows.windowed(spans[row], shape[row])
    if column is not None and column in spans:
        columns = columns.windowed(spans[column], shape[column])
    return PixelField(rows, columns, field.axes)


def broadcast_field(field: PixelField, old: Sequence[int], new: Sequence[int]) -> PixelField:
    """Return the field after broadcasting from shape `old` to shape `new`, last axes aligned."""
    if tuple(old) == tuple(new):
        return field
    intervals, axes = [field.rows, field.columns], list(field.axes)
    for side, axis in enumerate(field.axes):
        if axis is None or (-axis <= len(new) and old[axis] == new[axis]):
            continue
        interval, axes[side] = intervals[side], None
        intervals[side] = _at_position(interval, 0) if old[axis] == 1 else interval.as_global()
    if field.grid and None in axes:
        return field.as_global()
    return PixelField(intervals[0], intervals[1], (axes[0], axes[1]), field.grid)


def join_fields(fields: Sequence[PixelField], shape: Sequence[int]) -> PixelField:
    """Return a field that contains several fields of a tensor of this shape."""
    first = fields[0]
    if all(field == first for field in fields):
        return first
    if any(field.grid != first.grid for field in fields):
        fields = [field.as_global() if field.grid else field for field in fields]
    elif first.grid:
        if any(field.axes != first.axes for field in fields):
            return join_fields([field.as_global() for field in fields], shape)
        rows = _join_intervals([field.rows for field in fields], first.grid[1])
        columns = _join_intervals([field.columns for field in fields], first.grid[2])
        return PixelField(rows, columns, first.axes, first.grid)
    rows, row = _join_sides([(field.rows, field.axes[0]) for field in fields], shape)
    columns, column = _join_sides([(field.columns, field.axes[1]) for field in fields], shape)
    return PixelField(rows, columns, (row, column))


def _join_sides(
    sides: Sequence[tuple[AxisInterval, int | None]], shape: Sequence[int]
) -> tuple[AxisInterval, int | None]:
    """Join the rows, or the columns, of several fields. Each side is its interval and its axis."""
    axis = sides[0][1]
    if axis is not None and all(other == axis for _, other in sides):
        return _join_intervals([interval for interval, _ in sides], shape[axis]), axis
    without_axis = [interval if axis is None else interval.as_global() for interval, axis in sides]
    return _join_intervals(without_axis, 1), None


def _join_intervals(intervals: Sequence[AxisInterval], count: int) -> AxisInterval:
    """One interval around several. Linear functions differ most at an end of the axis."""
    step = max(interval.step for interval in intervals)
    ends = (0, count - 1)
    return AxisInterval(
        step,
        min((interval.step - step) * i + interval.low for interval in intervals for i in ends),
        max((interval.step - step) * i + interval.high for interval in intervals for i in ends),
        min(interval.first for interval in intervals),
        max(interval.last for interval in intervals),
    )


def _at_position(interval: AxisInterval, index: float) -> AxisInterval:
    """What a single position sees."""
    shift = interval.step * index
    low, high = interval.low + shift, interval.high + shift
    return AxisInterval(0, low, high, interval.first, interval.last).clipped(1)


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
        return _at_position(interval, 0), None
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
        return _at_position(interval, start), None
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


def rounding_slack(*fractions: Fraction) -> float:
    """Return how far rounding down can lower a sum of whole multiples of these fractions.

    torch computes with single precision, which is exact for powers of two only: other fractions
    may end a whole number lower.
    """
    divisor = lcm(*(fraction.denominator for fraction in fractions))
    return 1 - 1 / divisor if divisor & (divisor - 1) == 0 else 1.0
