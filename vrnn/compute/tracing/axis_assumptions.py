"""Roles for axes of which nothing is known: guesses from the shape alone, told as such."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vrnn.compute.operators.axis_factors import Axes, AxisFactor, Evidence
from vrnn.compute.tracing.input_places import looks_channels_last
from vrnn.compute.tracing.map_layouts import AxisUnit, units_of
from vrnn.network.axes import AxisRole

PLACES: tuple[tuple[AxisRole, ...], ...] = (
    (),
    ("token",),
    ("height", "width"),
    ("depth", "height", "width"),
    ("time", "depth", "height", "width"),
)
"""Roles of so many axes that are neither samples nor channels."""

FRAMES: tuple[AxisRole, ...] = ("time",)
NEIGHBORS: tuple[AxisRole, ...] = ("node",)


def unknown_units(axes: Axes) -> list[AxisUnit]:
    """Return what has no role yet and is longer than 1."""
    if not any(_may_be_unknown(factor.root) for axis in axes for factor in axis):
        return []
    return [unit for unit in units_of(axes) if unit.role is None and unit.size > 1]


def _may_be_unknown(factor: AxisFactor) -> bool:
    return bool(factor.parts) or (factor.size > 1 and factor.role is None)


def assume_roles(tensors: Iterable[Axes]) -> None:
    """Guess what is unknown, tensor by tensor: what one says holds for all that follow.

    Args:
        tensors: The axes of each tensor, the inputs first.
    """
    settled: set[int] = set()  # of several tensors with the same axes one is looked at
    for axes in tensors:
        if id(axes) in settled:
            continue
        unknown = unknown_units(axes)
        if unknown:
            _assume(axes, unknown)
        else:
            settled.add(id(axes))


def _assume(axes: Axes, unknown: Sequence[AxisUnit]) -> None:
    units = _joined(units_of(axes), axes)
    known = {unit.role for unit in units}
    rest = _joined(unknown, axes)
    is_first = any(unit.factor.source >= 0 for unit in rest)
    if "batch" not in known and len(units) > 1:
        first = units[0]
        if first.role is None and not _is_last_chance_for_channels(units, known):
            if first.size > 1:
                rest = [unit for unit in rest if unit.factor.root is not first.factor.root]
            first.factor.claim("batch", Evidence.ASSUMED)
    if not known & {"channel", "head"} and rest:
        chosen = _channel_among(axes, rest, is_first)
        if chosen is not None:
            chosen.factor.claim("channel", Evidence.ASSUMED)
            rest = [unit for unit in rest if unit.factor.root is not chosen.factor.root]
    _assume_places(rest, known)


def _joined(units: Sequence[AxisUnit], axes: Axes) -> list[AxisUnit]:
    """The units, where nothing is known of the parts of an input's axis the whole in their place.

    An image that is cut into patches has rows and columns, whatever its patches consist of.
    """
    joined: list[AxisUnit] = []
    for unit in units:
        whole = axes[unit.place][0].root
        is_split = len(axes[unit.place]) == 1 and whole.source >= 0 and bool(whole.parts)
        if not is_split or any(u.role is not None for u in units_of((axes[unit.place],))):
            joined.append(unit)
        elif not joined or joined[-1].factor is not whole:
            joined.append(AxisUnit(whole, unit.place, None, Evidence.NONE))
    return joined


def _is_last_chance_for_channels(units: Sequence[AxisUnit], known: set[AxisRole | None]) -> bool:
    """Whether the first axis has channels: all others are places."""
    return "channel" not in known and all(
        unit.role in ("height", "width", "depth", "time") for unit in units[1:]
    )


def _channel_among(axes: Axes, rest: Sequence[AxisUnit], is_first: bool) -> AxisUnit | None:
    """Which of the unknown axes has channels: the last one, of images that before the rows."""
    if len(rest) == 1:
        return rest[0]
    sizes = [unit.size for unit in rest]
    if len(axes) >= 4 and is_first and not looks_channels_last(sizes[-3:]):
        return rest[0]
    if (
        len(rest) == 2
        and len(axes) == 3
        and abs(sizes[0] - sizes[1]) <= sizes[0] // 2
        and (min(sizes) >= 16)
    ):
        return None  # a gray image without an axis for its channel
    return rest[-1]


def _assume_places(rest: Sequence[AxisUnit], known: set[AxisRole | None]) -> None:
    roles = PLACES[min(len(rest), len(PLACES) - 1)]
    if {"height", "width"} <= known:
        roles = FRAMES * len(rest)
    elif "node" in known:  # neighbors of each
        roles = NEIGHBORS * len(rest)
    for unit, role in zip(reversed(rest), reversed(roles), strict=False):
        unit.factor.claim(role, Evidence.ASSUMED)
