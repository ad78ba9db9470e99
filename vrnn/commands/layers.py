"""How one layer stands: moved, scaled, its maps arranged, doubled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from vrnn.commands.base import (
    Command,
    LayerCommand,
    UndoableCommand,
    check_choice,
    check_range,
    layer_name,
    operation_key,
    require_layer,
)
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, RadialEntry, Ring, command
from vrnn.errors import VrnnError
from vrnn.network.channel_groups import CHANNEL_SOURCES, MAX_GROUPS, ChannelSource
from vrnn.scene.layout.map_grid import FORMS, MapForm
from vrnn.scene.picking import Hit
from vrnn.scene.state import (
    ORDERS,
    PIN_KINDS,
    LayerKey,
    LayerState,
    MapOrder,
    Pin,
    PinKind,
    State,
)
from vrnn.scene.world import World

MAX_OFFSET = 1e4
"""Meters in each direction that a layer can be moved from its place."""
MAX_MAPS = 10**9
"""Maps of a layer that can be asked for."""
MIN_LAYER_SCALE, MAX_LAYER_SCALE = 0.1, 10.0
"""Times its own size that a layer can be scaled to."""


@command(
    "layer.move",
    "Move layer",
    pointer="drag the layer's name",
    controller="grip on the layer, the stick pushes; trigger on its name",
    former_name="move",
)
@dataclass(frozen=True)
class MoveLayer(LayerCommand):
    """Move a layer by meters (right, up, toward the viewer)."""

    by: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def changed(self, layer: LayerState) -> LayerState:
        """Give the layer moved."""
        x, y, z = (a + b for a, b in zip(layer.offset, self.by, strict=True))
        for meters in (x, y, z):
            check_range("how far a layer is moved", meters, -MAX_OFFSET, MAX_OFFSET)
        return replace(layer, offset=(x, max(y, -20.0), z))

    @property
    def moved_layer(self) -> LayerKey:
        """This layer."""
        return self.network, self.layer

    def outline(self, placement: np.ndarray) -> np.ndarray:
        """The panel moved."""
        return placement + np.array([*self.by, 0.0, 0.0], placement.dtype)


@command(
    "layer.scale",
    "Scale layer",
    pointer="drag the layer's lower right corner",
    controller="both grips on the layer; trigger on its corner",
    former_name="scale",
)
@dataclass(frozen=True)
class ScaleLayer(LayerCommand):
    """Make a layer this many times larger than it is now."""

    by: float = 1.0

    def changed(self, layer: LayerState) -> LayerState:
        """Give the layer scaled."""
        if not 0 < self.by < inf:
            raise VrnnError(f"a layer cannot be scaled by {self.by:g}; give a number above 0")
        size = min(MAX_LAYER_SCALE, max(MIN_LAYER_SCALE, layer.size * self.by))
        return replace(layer, size=size)

    @property
    def moved_layer(self) -> LayerKey:
        """This layer."""
        return self.network, self.layer

    def outline(self, placement: np.ndarray) -> np.ndarray:
        """The panel scaled."""
        return placement * np.array([1.0, 1.0, 1.0, self.by, self.by], placement.dtype)


@command(
    "layer.arrange_maps",
    "Arrange maps",
    pointer="Layer panel",
    controller="board: Layer",
    former_name="form",
)
@dataclass(frozen=True)
class ArrangeMaps(LayerCommand):
    """Set how a layer's maps stand and in what order; what is left out stays. See `LayerState`.

    Attributes:
        form: `grid`, `line` or `ring`.
        spread: Distance between maps, times the usual, 1 to 4.
        order: What they are ordered by.
        most: How many are shown; 0 for all.
        compared_over: What `variation` and `correlation` are of: `image` or `data set`.
        groups: How many groups by correlation there are; 0 for as many as the tree suggests.
    """

    form: MapForm | None = None
    spread: float | None = None
    order: MapOrder | None = None
    most: int | None = None
    compared_over: ChannelSource | None = None
    groups: int | None = None

    def changed(self, layer: LayerState) -> LayerState:
        """Give the layer arranged."""
        names = ("form", "spread", "order", "most", "compared_over", "groups")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        check_choice("form", given.get("form", "grid"), FORMS)
        check_choice("order", given.get("order", "index"), ORDERS)
        check_choice("comparison over", given.get("compared_over", "image"), CHANNEL_SOURCES)
        check_range("the number of groups", given.get("groups", 0), 0, MAX_GROUPS)
        check_range("spread", given.get("spread", 1.0), 1.0, 4.0)
        if given.get("most", 0) < 0:
            raise VrnnError("the number of maps to show cannot be negative; 0 shows all")
        check_range("the number of maps to show", given.get("most", 0), 0, MAX_MAPS)
        return replace(layer, **given)


@command(
    "layer.reset",
    "Reset layer",
    menu=Menu.LAYER,
    radial=RadialEntry(Ring.LAYER, "reset", 3),
    pointer="Layer panel",
    controller="menu: reset; board: Layer",
    former_name="reset",
)
@dataclass(frozen=True)
class ResetLayer(LayerCommand):
    """Put a layer back as it was at first."""

    def changed(self, layer: LayerState) -> LayerState:
        """Give the layer untouched."""
        return LayerState()

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Reset the layer that is pointed at, or the folded module."""
        hit = require_layer(hit, "a layer to reset it")
        return cls(context.world.visible_node(hit.slot, hit.node).name, hit.slot)


@command(
    "layer.pin",
    "Pin a copy",
    menu=Menu.LAYER,
    key="P",
    help="pin a copy of the layer you point at; again: the difference from it; again: none",
    radial=RadialEntry(Ring.LAYER, "pin a copy", 7),
    pointer="Layer panel",
    controller="menu: pin a copy; board: Layer",
    former_name="pin_layer",
    former_key="pin",
)
@dataclass(frozen=True)
class PinLayer(UndoableCommand):
    """Stand a pinned copy of a layer beside a layer. See `Pin`.

    Attributes:
        layer: Its name, or a part that only one layer's name has.
        network: The number of its network, from 0.
        beside: The layer that it stands beside; '' for itself.
        kind: `live` (as the layer is now), `kept` (as it was when pinned) or `difference`.
    """

    layer: str
    network: int = 0
    beside: str = ""
    kind: PinKind = "kept"

    def apply(self, state: State, world: World) -> State:
        """Give the state with the copy, in place of one that stood there."""
        check_choice("kind of pinned copy", self.kind, PIN_KINDS)
        network, layer = operation_key(world, self.network, self.layer)
        beside = operation_key(world, self.network, self.beside)[1] if self.beside else layer
        number = max((pin.number for pin in state.pins), default=0) + 1
        pin = Pin(number, network, layer, beside, self.kind)
        others = (p for p in state.pins if (p.network, p.beside) != (network, beside))
        return replace(state, pins=(*others, pin))

    def run(self, context: CommandContext) -> None:
        """Pin the copy, and bring it into view."""
        super().run(context)
        context.workspace.reveal_layer(self.network, self.beside or self.layer)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Pin a copy of the layer that is pointed at; then the difference to it; then none."""
        hit = require_layer(hit, "a layer to pin a copy of it as it is now")
        name = layer_name(context.world, hit)
        pins = context.world.state.pins
        mine = [pin for pin in pins if (pin.network, pin.beside) == (hit.slot, name)]
        if not mine:
            return cls(name, hit.slot)
        if mine[0].kind == "kept":
            return cls(name, hit.slot, kind="difference")
        return UnpinLayer(mine[0].number)


@command(
    "layer.unpin",
    "Remove all pinned copies",
    menu=Menu.LAYER,
    pointer="click the copy; Layer panel",
    controller="trigger on the copy; board: Layer",
    former_name="unpin",
)
@dataclass(frozen=True)
class UnpinLayer(UndoableCommand):
    """Remove a pinned copy, by its number; 0: all."""

    number: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state without it."""
        pins = tuple(p for p in state.pins if self.number and p.number != self.number)
        return replace(state, pins=pins)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Remove all copies."""
        if not context.world.state.pins:
            raise VrnnError("there are no pinned copies")
        return cls()

    @classmethod
    def variants(cls) -> Iterator[tuple[str, UnpinLayer]]:
        """Yield the one that removes all."""
        yield "Remove all pinned copies", cls()
