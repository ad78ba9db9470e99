"""From the axes of a traced tensor to what people are told of them, and to its maps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import prod
from typing import NamedTuple

from vrnn.compute.operators.axis_factors import (
    Axes,
    AxisFactor,
    Evidence,
    FactoredAxis,
    axis_size,
    new_axes,
)
from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.network.axes import CHOICE_ROLES, Axis, AxisRole, Certainty, Presentation

MAX_EXTRA_TOKENS = 16
"""Most class and register tokens beside a grid; with more all stand in a line."""
CERTAINTIES: dict[Evidence, Certainty] = {
    Evidence.NONE: "assumed", Evidence.ASSUMED: "assumed", Evidence.MEASURED: "measured",
    Evidence.LIKELY: "derived", Evidence.CERTAIN: "derived", Evidence.GIVEN: "given",
}  # fmt: skip


class Grid(NamedTuple):
    """A grid among tokens.

    Attributes:
        units: Its rows and columns.
        prefix: Number of tokens before it.
        suffix: Number of tokens behind it.
    """

    units: tuple[AxisUnit, ...]
    prefix: int
    suffix: int


@dataclass(frozen=True, eq=False)
class AxisUnit:
    """An axis, or one of several folded into it, with the role that it has in one tensor.

    Attributes:
        factor: What it is.
        place: Number of the tensor's axis that it is folded into.
        role: What it holds; None if unknown.
        evidence: The reason for the role.
        grid: The grid that lies among its tokens; None if there is none.
    """

    factor: AxisFactor
    place: int
    role: AxisRole | None
    evidence: Evidence
    grid: Grid | None = None

    @property
    def size(self) -> int:
        """Its length."""
        return self.factor.size


@dataclass(frozen=True, eq=False)
class TensorReading:
    """How a tensor is read.

    Attributes:
        axes: Its axes, as people are told.
        presentation: How its maps are read.
        choices: Numbers of the axes of which one index is shown.
        layout: How it becomes maps; its choices are in the order of `choices`.
    """

    axes: tuple[Axis, ...]
    presentation: Presentation
    choices: tuple[int, ...]
    layout: MapLayout


def units_of(axes: Axes) -> list[AxisUnit]:
    """Return what the axes of a tensor consist of, in the tensor's order.

    What is 1 long is left out where it is folded with something else.
    """
    units: list[AxisUnit] = []
    for place, axis in enumerate(axes):
        found = [unit for factor in axis for unit in _units_of_factor(factor.root, place)]
        units += (
            [unit for unit in found if unit.size != 1]
            or found[:1]
            or [AxisUnit(AxisFactor(1), place, None, Evidence.NONE)]
        )
    return units


def _units_of_factor(factor: AxisFactor, place: int) -> list[AxisUnit]:
    role, evidence = factor.settled
    is_whole = factor.roles.role == "channel" and evidence >= Evidence.LIKELY
    if factor.parts and not is_whole and evidence < Evidence.GIVEN:
        return [unit for part in factor.parts for unit in _units_of_factor(part.root, place)]
    if factor.segments and role != "channel":
        grid = _grid_among(factor, place)
        if grid is not None:
            return [AxisUnit(factor, place, "token", max(evidence, Evidence.LIKELY), grid)]
    return [AxisUnit(factor, place, role, evidence)]


def _grid_among(factor: AxisFactor, place: int) -> Grid | None:
    """The only grid among the parts that tokens were concatenated from."""
    position, grids = 0, []
    for segment in _flat_segments(factor):
        size = prod(part.size for part in segment)
        found = [u for part in segment for u in _units_of_factor(part.root, place) if u.size > 1]
        if {"height", "width"} <= {unit.role for unit in found}:
            grids.append((position, size, tuple(found)))
        position += size
    if len(grids) != 1 or factor.size - grids[0][1] > MAX_EXTRA_TOKENS:
        return None
    start, size, units = grids[0]
    return Grid(units, start, factor.size - start - size)


def _flat_segments(factor: AxisFactor) -> list[FactoredAxis]:
    segments: list[FactoredAxis] = []
    for segment in factor.segments:
        if len(segment) == 1 and segment[0].root.segments:
            segments += _flat_segments(segment[0].root)
        else:
            segments.append(segment)
    return segments


def places_of_axes(axes: Axes) -> tuple[int | None, int | None]:
    """Return a tensor's axes of rows and columns, counted from the end; None where it has none."""
    layout = read_tensor(axes).layout
    units = units_of(axes)
    found = []
    for numbers in (layout.rows, layout.columns):
        places = {units[n].place for n in numbers} if layout.grid is None else set()
        found.append(places.pop() - len(axes) if len(places) == 1 else None)
    return found[0], found[1]


class _Item(NamedTuple):
    """Units side by side in one axis that hold the same: what people see as one axis."""

    role: AxisRole
    certainty: Certainty
    place: int
    units: list[AxisUnit]
    is_in_grid: bool = False  # frames within the tokens of another item

    @property
    def size(self) -> int:
        return prod(unit.size for unit in self.units)

    def with_role(self, role: AxisRole) -> _Item:
        """The same, with the role that the user gives."""
        return self if role == self.role else self._replace(role=role, certainty="given")


def read_tensor(
    axes: Axes, is_attention: bool = False, roles: Sequence[AxisRole] = ()
) -> TensorReading:
    """Decide how a tensor is shown.

    If what is known of its axes contradicts itself, nothing of it is used, and all is assumed.

    Args:
        axes: Its axes.
        is_attention: Whether it holds attention weights of queries, the axis before the last, for
            keys, the last one.
        roles: What the user says that the axes hold, as many as `TensorReading.axes` has without
            it; any other number is ignored.
    """
    try:
        return _read(axes, is_attention, roles)
    except _CONTRADICTIONS:
        return _read(new_axes(axis_size(axis) for axis in axes), False, roles)


_CONTRADICTIONS = (TypeError, ValueError, LookupError, ArithmeticError, AssertionError)


def _read(axes: Axes, is_attention: bool, roles: Sequence[AxisRole]) -> TensorReading:
    units = units_of(axes)
    items = _items(units, is_attention or _compares_places(units, len(axes)), len(axes))
    frames = sum(len(_frames_of(item)) for item in items)
    if len(roles) not in (len(items), len(items) + frames):
        return _Reader(items).read()
    items = [item.with_role(role) for item, role in zip(items, roles, strict=False)]
    return _Reader(items, roles[len(items) :]).read()


def _compares_places(units: Sequence[AxisUnit], dims: int) -> bool:
    """Whether each place of a map or sequence is compared with each of another."""
    long = [unit for unit in units if unit.size > 1]
    if dims < 2 or any(unit.role == "channel" for unit in long):
        return False
    sides = [{unit.role for unit in long if unit.place == place} for place in (dims - 2, dims - 1)]
    return all(side and side <= {"height", "width", "token"} for side in sides) and bool(
        sides[0] & sides[1]
    )


def _items(units: Sequence[AxisUnit], is_attention: bool, dims: int) -> list[_Item]:
    items: list[_Item] = []
    has_samples = any(unit.role == "batch" for unit in units)
    for unit in units:
        role = unit.role or "other"
        if unit.role is None and unit.size == 1 and unit.place == 0 and dims > 1:
            role = "other" if has_samples else "batch"
        if role == "batch" and any(i.role == "batch" and i.place != unit.place for i in items):
            role = "other"  # such as each image by each text: only one of them is chosen
        if is_attention:
            role = _role_in_attention(unit, dims)
        certainty = CERTAINTIES[unit.evidence]
        if is_attention and role in ("query", "key"):
            certainty = "derived"
        last = items[-1] if items else None
        if last is not None and last.place == unit.place and _are_alike(last, role, unit):
            if last.role == "head":
                items[-1] = last._replace(role=role)
            items[-1].units.append(unit)
            continue
        items.append(_Item(role, certainty, unit.place, [unit]))
    return items


def _are_alike(item: _Item, role: AxisRole, unit: AxisUnit) -> bool:
    if unit.grid is not None or item.units[-1].grid is not None:
        return False
    return item.role == role or (item.role == "head" and role == "channel")


def _role_in_attention(unit: AxisUnit, dims: int) -> AxisRole:
    if unit.place == dims - 2:
        return "query"
    if unit.place == dims - 1:
        return "key"
    if unit.role in ("batch", "head"):
        return unit.role
    return "head" if unit.role == "channel" or unit.place == dims - 3 else "other"


def _frames_of(item: _Item) -> list[AxisUnit]:
    """What a grid among tokens has besides rows and columns, as a video has frames."""
    grid = item.units[0].grid
    units = () if grid is None else grid.units
    return [unit for unit in units if unit.size > 1 and unit.role not in ("height", "width")]


class _Reader:
    """Chooses channels, rows, columns and choices among a tensor's axes."""

    def __init__(self, items: Sequence[_Item], frame_roles: Sequence[AxisRole] = ()) -> None:
        self._items, self._frame_roles = list(items), frame_roles
        self._rows: list[int] = []  # numbers of items, as are the others
        self._columns: list[int] = []
        self._presentation: Presentation = "vector"

    def read(self) -> TensorReading:
        """Return how the tensor is read."""
        channels = self._with_role("channel", "head")
        self._choose_places()
        grid_item = next((i for i, item in enumerate(self._items) if item.units[0].grid), None)
        if grid_item is not None and grid_item in self._columns:
            self._presentation = "image" if len(self._columns) == 1 else "sequence"
        if not channels and not self._is_all_shown():
            channels = self._places_as_channels()
        used = {*channels, *self._rows, *self._columns}
        choices = [i for i, item in enumerate(self._items) if i not in used and item.size > 1]
        if grid_item in self._columns and self._presentation == "image":
            assert grid_item is not None
            frames = _frames_of(self._items[grid_item])
            for unit, given in zip_longest(frames, self._frame_roles[: len(frames)]):
                certainty = CERTAINTIES[unit.evidence]
                item = _Item(unit.role or "other", certainty, unit.place, [unit], True)
                choices.append(len(self._items))
                self._items.append(item.with_role(given) if given else item)
        for i in choices:
            if self._items[i].role not in CHOICE_ROLES:
                self._items[i] = self._items[i]._replace(role="other")
        if self._presentation == "image" and any(self._items[i].role == "depth" for i in choices):
            self._presentation = "volume"
        axes = tuple(Axis(i.role, i.size, i.certainty) for i in self._items)
        layout = self._layout(channels, choices)
        return TensorReading(axes, self._presentation, tuple(choices), layout)

    def _with_role(self, *roles: AxisRole) -> list[int]:
        return [i for i, item in enumerate(self._items) if item.role in roles]

    def _of_last_map(self, role: AxisRole) -> list[int]:
        """Those of one map where there are several, as where each pixel has a map of its own."""
        found = self._with_role(role)
        tops = [_path(self._items[i].units[0].factor)[0] for i in found]
        seen: set[int] = set()
        for i in found:
            factors = {id(unit.factor.root) for unit in self._items[i].units}
            if factors & seen:
                return [found[-1]]
            seen |= factors
        return [i for i, top in zip(found, tops, strict=True) if top == tops[-1]]

    def _long(self, *roles: AxisRole) -> list[int]:
        """The same, without axes of length 1 where there are others."""
        found = self._with_role(*roles)
        return [i for i in found if self._items[i].size > 1] or found

    def _choose_places(self) -> None:
        queries, keys = self._with_role("query"), self._with_role("key")
        if queries and keys:
            self._rows, self._columns, self._presentation = queries, keys, "attention"
            return
        height, width = self._of_last_map("height"), self._of_last_map("width")
        time, tokens = self._long("time"), self._long("token", "query", "key")
        nodes = self._long("node")
        if height and not width and time:
            width = time[-1:]
        if height and width:
            self._rows, self._columns, self._presentation = height, width, "image"
            return
        line = tokens or nodes or height or width
        if line:
            places = {self._items[i].place for i in line}
            if len(places) > 1 and len(line) > 1:
                self._rows, self._columns, self._presentation = line[:-1], line[-1:], "image"
                return
            self._columns = line
            self._presentation = "nodes" if nodes and not tokens else "sequence"
        elif time:
            self._columns, self._presentation = time[-1:], "curve"
        elif depth := self._long("depth"):
            self._columns, self._presentation = depth[-1:], "sequence"
        else:
            other = [i for i in self._with_role("other") if self._items[i].size > 1]
            if other:
                longest = max(other, key=lambda i: self._items[i].size)
                self._columns, self._presentation = [longest], "sequence"

    def _is_all_shown(self) -> bool:
        rest = set(range(len(self._items))) - {*self._rows, *self._columns}
        return not any(
            self._items[i].size > 1 and self._items[i].role in ("token", "node", "query", "key")
            for i in rest
        )

    def _places_as_channels(self) -> list[int]:
        """Masks of queries, each a map: there are no other channels."""
        rest = [i for i in self._with_role("token", "node", "query", "key")
                if i not in self._rows and i not in self._columns]  # fmt: skip
        return rest[:1]

    def _layout(self, channels: Sequence[int], choices: Sequence[int]) -> MapLayout:
        numbered: list[AxisUnit] = []
        numbers: dict[int, list[tuple[int, AxisUnit]]] = {}
        grid: Grid | None = None
        grid_axes: tuple[int, int] | None = None
        for index, item in enumerate(self._items):
            for unit in () if item.is_in_grid else item.units:
                first = len(numbered)
                is_map = unit.grid is not None and index in self._columns
                if is_map and self._presentation in ("image", "volume"):
                    assert unit.grid is not None
                    grid, numbered = unit.grid, [*numbered, *unit.grid.units]
                    grid_axes = first, len(numbered)
                else:
                    numbered.append(unit)
                    numbers.setdefault(index, []).append((first, unit))
        rows, columns = (
            _in_order(pair for i in items for pair in numbers.get(i, ()))
            for items in (self._rows, self._columns)
        )
        if grid is not None and grid_axes is not None:
            inside = [(grid_axes[0] + n, unit) for n, unit in enumerate(grid.units)]
            rows += _in_order(p for p in inside if p[1].role == "height")
            columns += _in_order(p for p in inside if p[1].role == "width")
            for index, item in enumerate(self._items):
                if item.is_in_grid:
                    numbers[index] = [p for p in inside if p[1] is item.units[0]]
        chosen = [tuple(n for n, _ in numbers.get(i, ())) for i in choices]
        own_channels = [n for i in channels for n, _ in numbers.get(i, ())]
        sizes = [unit.size for unit in numbered]
        shape = tuple(prod(sizes[n] for n in part) for part in (own_channels, rows, columns))
        sample = _sample_axis(numbered)
        if sample is not None and sample not in (*own_channels, *rows, *columns):
            sizes[sample] = -1
        else:
            sample = None
        return MapLayout(
            (shape[0], shape[1], shape[2]), tuple(sizes), tuple(own_channels), tuple(rows),
            tuple(columns), tuple(chosen), grid_axes,
            grid.prefix if grid else 0, grid.suffix if grid else 0,
            None if sample is None else numbered[sample].place,
        )  # fmt: skip


def _sample_axis(units: Sequence[AxisUnit]) -> int | None:
    """The axis that has as many samples as go into the model."""
    batch = [n for n, unit in enumerate(units) if unit.role == "batch"]
    own = [n for n in batch if units[n].factor.source >= 0]
    return own[-1] if own else batch[-1] if batch else None


def _in_order(pairs: Iterable[tuple[int, AxisUnit]]) -> list[int]:
    """Numbers of axes, the parts of what was split in the order in which they were split off."""
    pairs = list(pairs)
    if len(pairs) < 2:
        return [n for n, _ in pairs]
    paths = {n: _path(unit.factor) for n, unit in pairs}
    tops: dict[int, int] = {}
    for n, _ in pairs:
        tops.setdefault(paths[n][0], len(tops))
    return sorted(paths, key=lambda n: (tops[paths[n][0]], paths[n][1:]))


def _path(factor: AxisFactor) -> tuple[int, ...]:
    """Where a factor lies in what it was split from: that by `id`, then numbers of parts."""
    path: list[int] = []
    root = factor.root
    while root.parent is not None:
        path.append([part.root for part in root.parent.parts].index(root))
        root = root.parent.root
    return (id(root), *reversed(path))
