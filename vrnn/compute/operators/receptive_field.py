"""Which pixels of the input each position of a tensor can depend on, and how views carry that on.

Rows and columns are told apart and each is one line: position i sees the pixels step·i + low to
step·i + high. Whatever does not fit such a line is widened, never narrowed. For convolutions this
is the arithmetic of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
Networks", Distill 2019; here a tensor's axes are followed too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import NamedTuple

import torch


class WindowSpan(NamedTuple):
    """Position o of a result takes the positions gain·o + low to gain·o + high, low ≤ high."""

    step: float
    low: float
    high: float


IDENTITY_SPAN = WindowSpan(1, 0, 0)
"""Each position takes the one it came from."""


class AxisInterval(NamedTuple):
    """One side of a field. Position i sees the pixels step·i + low to step·i + high, both with.

    Of these only first to last count: no position of the whole tensor sees any other, as windows
    that reach into padding see nothing there. step ≥ 0.
    """

    step: float
    low: float
    high: float
    first: float
    last: float

    def windowed(self, span: WindowSpan, count: int) -> AxisInterval:
        """The line of a result with so many positions, each of which takes a span of this."""
        low, high = self.low + self.step * span.low, self.high + self.step * span.high
        return AxisInterval(self.step * span.step, low, high, self.first, self.last).clipped(count)

    def clipped(self, count: int) -> AxisInterval:
        """The same with first and last brought in to what so many positions can see."""
        first = max(self.first, self.low)
        last = min(self.last, self.step * (count - 1) + self.high)
        return AxisInterval(self.step, self.low, self.high, first, last)

    def as_global(self) -> AxisInterval:
        """All that any position sees, for each."""
        return AxisInterval(0, self.first, self.last, self.first, self.last)


class PixelField(NamedTuple):
    """Rows and columns of the input that a tensor's positions see.

    axes: of the tensor, along which rows and columns run, counted from its end (-1 is the last);
    None: each position sees the same. grid: where both run along the same axis, row by row behind
    some extra tokens: how many of these, height, width.
    """

    rows: AxisInterval
    columns: AxisInterval
    axes: tuple[int | None, int | None]
    grid: tuple[int, int, int] | None = None

    def as_global(self) -> PixelField:
        """All that any position sees, for each position."""
        return PixelField(self.rows.as_global(), self.columns.as_global(), (None, None))


def mix_along(field: PixelField, axes: Sequence[int]) -> PixelField:
    """The field after every position along these axes (counted from the end) saw all others."""
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
    """The field of a result of this shape whose positions take spans along some axes."""
    if field.grid:
        changed = any(
            axis == field.axes[0] and span != IDENTITY_SPAN for axis, span in spans.items()
        )
        return field.as_global() if changed else field
    row, column = field.axes
    rows, columns = field.rows, field.columns
    if row is not None and row in spans:
        rows = rows.windowed(spans[row], shape[row])
    if column is not None and column in spans:
        columns = columns.windowed(spans[column], shape[column])
    return PixelField(rows, columns, field.axes)


def broadcast_field(field: PixelField, old: Sequence[int], new: Sequence[int]) -> PixelField:
    """The field after broadcasting from the old shape to the new one, its last axes aligned."""
    if tuple(old) == tuple(new):
        return field
    lines, axes = [field.rows, field.columns], list(field.axes)
    for side, axis in enumerate(field.axes):
        if axis is None or (-axis <= len(new) and old[axis] == new[axis]):
            continue
        line, axes[side] = lines[side], None
        lines[side] = _at(line, 0) if old[axis] == 1 else line.as_global()
    if field.grid and None in axes:
        return field.as_global()
    return PixelField(lines[0], lines[1], (axes[0], axes[1]), field.grid)


def join_fields(fields: Sequence[PixelField], shape: Sequence[int]) -> PixelField:
    """All that any of these fields of a tensor of this shape sees."""
    first = fields[0]
    if all(field == first for field in fields):
        return first
    if any(field.grid != first.grid for field in fields):
        fields = [field.as_global() if field.grid else field for field in fields]
    elif first.grid:
        if any(field.axes != first.axes for field in fields):
            return join_fields([field.as_global() for field in fields], shape)
        rows = _join([field.rows for field in fields], first.grid[1])
        columns = _join([field.columns for field in fields], first.grid[2])
        return PixelField(rows, columns, first.axes, first.grid)
    rows, row = _side([(field.rows, field.axes[0]) for field in fields], shape)
    columns, column = _side([(field.columns, field.axes[1]) for field in fields], shape)
    return PixelField(rows, columns, (row, column))


def _side(
    lines: Sequence[tuple[AxisInterval, int | None]], shape: Sequence[int]
) -> tuple[AxisInterval, int | None]:
    axis = lines[0][1]
    if axis is not None and all(other == axis for _, other in lines):
        return _join([line for line, _ in lines], shape[axis]), axis
    flat = [line if axis is None else line.as_global() for line, axis in lines]
    return _join(flat, 1), None


def _join(lines: Sequence[AxisInterval], count: int) -> AxisInterval:
    """One line around several. Differences of lines are greatest at an end."""
    step = max(line.step for line in lines)
    ends = (0, count - 1)
    return AxisInterval(
        step,
        min((line.step - step) * i + line.low for line in lines for i in ends),
        max((line.step - step) * i + line.high for line in lines for i in ends),
        min(line.first for line in lines),
        max(line.last for line in lines),
    )


def _at(line: AxisInterval, index: float) -> AxisInterval:
    """What one position sees."""
    shift = line.step * index
    return AxisInterval(0, line.low + shift, line.high + shift, line.first, line.last).clipped(1)


@dataclass(frozen=True)
class Geometry:
    """Where a tensor's numbers lie in a storage: strides and offset in elements."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @staticmethod
    def of(tensor: torch.Tensor) -> Geometry:
        """Of a strided tensor."""
        return Geometry(tuple(tensor.shape), tensor.stride(), int(tensor.storage_offset()))

    @staticmethod
    def contiguous(shape: Sequence[int]) -> Geometry:
        """Of numbers in row-major order."""
        strides, step = [], 1
        for size in reversed(shape):
            strides.append(step)
            step *= max(size, 1)
        return Geometry(tuple(shape), tuple(reversed(strides)))

    def permuted(self, order: Sequence[int]) -> Geometry:
        """With its axes in another order."""
        shape, strides = (tuple(t[i] for i in order) for t in (self.shape, self.strides))
        return replace(self, shape=shape, strides=strides)

    def narrowed(self, axis: int, start: int, size: int) -> Geometry:
        """A part along one axis."""
        shape = (*self.shape[:axis], size, *self.shape[axis + 1 :])
        return Geometry(shape, self.strides, self.offset + start * self.strides[axis])


class _Steps(NamedTuple):
    """How a view walks through what it looks at.

    at: index where it starts, for each axis of the old tensor; moves: for each axis of the old
    tensor the axes of the view that step along it, and by how much; carried: chains of old axes,
    innermost first, among which a view's axis runs over from one to the next.
    """

    at: dict[int, int]
    moves: dict[int, list[tuple[int, int]]]
    carried: list[list[int]]


def _steps(old: Geometry, new: Geometry) -> _Steps | None:
    """A view taken apart into steps along single axes; None: it cannot be."""
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
    at: dict[int, int] = {}
    for d in reversed(order):
        at[d], rest = divmod(rest, old.strides[d])
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
    carried: list[list[int]] = []
    over, chain = 0, list[int]()
    for place, d in enumerate(order):
        end = over + at[d] + sum(step * (new.shape[axis] - 1) for axis, step in moves[d])
        over = end // old.shape[d]
        if chain or over:
            chain.append(d)
        if not over and chain:
            carried.append(chain)
            chain = []
        if over:
            outer = order[place + 1] if place + 1 < len(order) else None
            if outer is None or old.strides[outer] != old.strides[d] * old.shape[d]:
                return None
    return _Steps(at, moves, carried)


def push_through_view(field: PixelField, old: Geometry, new: Geometry) -> PixelField:
    """The field of a view: slices, exchanged axes, reshapes, windows that overlap."""
    if field.axes == (None, None):
        return field
    steps = _steps(old, new)
    if steps is None:
        return field.as_global()
    if field.grid:
        return _grid_through(field, steps, old, new)
    row, column = (None if axis is None else axis + len(old.shape) for axis in field.axes)
    whole = _merged(field, steps, old, new, row, column)
    if whole is not None:
        return whole
    rows, row_axis = _line_through(field.rows, row, {column}, steps, old, new)
    columns, column_axis = _line_through(field.columns, column, {row}, steps, old, new)
    return PixelField(rows, columns, (row_axis, column_axis))


def _line_through(
    line: AxisInterval,
    axis: int | None,
    others: set[int | None],
    steps: _Steps,
    old: Geometry,
    new: Geometry,
) -> tuple[AxisInterval, int | None]:
    """One side of a view's field and its axis there."""
    if axis is None:
        return line, None
    if axis not in steps.moves:  # a single position
        return _at(line, 0), None
    dims = len(new.shape)
    chain = next((chain for chain in steps.carried if axis in chain), None)
    if chain is not None:
        walks = [move for d in chain for move in steps.moves[d]]
        alone = len(walks) == 1 and not any(steps.at[d] for d in chain)
        if not alone or chain[-1] != axis or others & set(chain):
            return line.as_global(), None
        # An axis without pixels runs inside this one: several positions in turn have the same.
        to, _ = walks[0]
        each = old.strides[axis] // new.strides[to]
        if old.strides[axis] % new.strides[to]:
            return line.as_global(), None
        return line.windowed(WindowSpan(1 / each, -(each - 1) / each, 0), new.shape[to]), to - dims
    moves = sorted(steps.moves[axis], key=lambda move: (move[1], new.shape[move[0]]))
    start = steps.at[axis]
    if not moves:
        return _at(line, start), None
    to, step = moves.pop()
    end = start + sum(small * (new.shape[a] - 1) for a, small in moves)
    return line.windowed(WindowSpan(step, start, end), new.shape[to]), to - dims


def _merged(
    field: PixelField,
    steps: _Steps,
    old: Geometry,
    new: Geometry,
    row: int | None,
    column: int | None,
) -> PixelField | None:
    """Rows and columns that became one axis, row by row: a picture turned to tokens."""
    if row is None or column is None or [column, row] not in steps.carried:
        return None
    walks = steps.moves[column] + steps.moves[row]
    if len(walks) != 1 or steps.at[column] or steps.at[row]:
        return None
    to, step = walks[0]
    height, width = old.shape[row], old.shape[column]
    if step != 1 or walks != steps.moves[column] or new.shape[to] != height * width:
        return None
    axis = to - len(new.shape)
    return PixelField(field.rows, field.columns, (axis, axis), (0, height, width))


def _grid_through(field: PixelField, steps: _Steps, old: Geometry, new: Geometry) -> PixelField:
    """Tokens that stay in their order, or become a picture again."""
    assert field.grid is not None
    assert field.axes[0] is not None
    extra, height, width = field.grid
    axis, dims = field.axes[0] + len(old.shape), len(new.shape)
    if axis not in steps.moves or any(axis in chain for chain in steps.carried):
        return field.as_global()
    start, moves = steps.at[axis], steps.moves[axis]
    if len(moves) == 1 and moves[0][1] == 1:
        to = moves[0][0] - dims
        return field._replace(axes=(to, to), grid=(extra - start, height, width))
    sizes = {(step, new.shape[a]): a - dims for a, step in moves}
    down, along = sizes.get((width, height)), sizes.get((1, width))
    if len(moves) == 2 and start == extra and down is not None and along is not None:
        return PixelField(field.rows, field.columns, (down, along))
    return field.as_global()


def lies_within(view: Geometry, base: Geometry) -> bool:
    """Whether a view is a part of what another one sees, each of its axes along one of that one."""
    steps = _steps(base, view)
    return steps is not None and not steps.carried


def pull_back(field: PixelField, view: Geometry, base: Geometry) -> PixelField:
    """The field of what a view lies within, from what was written through the view.

    It says nothing of positions outside the view, but holds for those too where lines run on.
    """
    steps = _steps(base, view)
    if steps is None or steps.carried:
        return field.as_global()
    dims = len(base.shape)
    back = {a - len(view.shape): (d, step) for d in steps.moves for a, step in steps.moves[d]}
    if field.grid:
        d, step = back.get(field.axes[0] or 0, (0, 0))
        if step != 1 or len(steps.moves[d]) != 1:
            return field.as_global()
        extra, height, width = field.grid
        return field._replace(axes=(d - dims, d - dims), grid=(extra + steps.at[d], height, width))
    lines, axes = [field.rows, field.columns], list(field.axes)
    for side, axis in enumerate(field.axes):
        if axis is None:
            continue
        d, step = back.get(axis, (0, 0))
        if not step or len(steps.moves[d]) != 1:
            lines[side], axes[side] = lines[side].as_global(), None
            continue
        # Not cut: first and last are those of the view.
        line, start = lines[side], steps.at[d] / step
        low, high = line.low - line.step * start, line.high - line.step * start
        lines[side] = AxisInterval(line.step / step, low, high, line.first, line.last)
        axes[side] = d - dims
    return PixelField(lines[0], lines[1], (axes[0], axes[1]))


def rounding_slack(*fractions: Fraction) -> float:
    """How far rounding down brings sums of whole multiples of these fractions, at most.

    torch counts with single precision, which is exact for powers of two only: others may end a
    whole number below.
    """
    divisor = lcm(*(fraction.denominator for fraction in fractions))
    return 1 - 1 / divisor if divisor & (divisor - 1) == 0 else 1.0
