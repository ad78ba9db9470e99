"""Which input pixels each position of a tensor can depend on, and how views carry that along.

Rows and columns are separate, and each is linear: position i sees the pixels step·i + low to
step·i + high. What is not linear is widened until it is, never narrowed. For convolutions this is
the arithmetic of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
Networks", Distill 2019; here a tensor's axes are followed as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import NamedTuple


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
        intervals[side] = at_position(interval, 0) if old[axis] == 1 else interval.as_global()
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


def at_position(interval: AxisInterval, index: float) -> AxisInterval:
    """Return what the position at an index sees, as the interval of a single one."""
    shift = interval.step * index
    low, high = interval.low + shift, interval.high + shift
    return AxisInterval(0, low, high, interval.first, interval.last).clipped(1)


def rounding_slack(*fractions: Fraction) -> float:
    """Return how far rounding down can lower a sum of whole multiples of these fractions.

    torch computes with single precision, which is exact for powers of two only: other fractions
    may end a whole number lower.
    """
    divisor = lcm(*(fraction.denominator for fraction in fractions))
    return 1 - 1 / divisor if divisor & (divisor - 1) == 0 else 1.0
