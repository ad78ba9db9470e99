"""Layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vrnn.errors import VrnnError
from vrnn.features.settings import FeatureVisSettings
from vrnn.scene.state import (
    FORMS,
    ORDERS,
    PIN_KINDS,
    AblationState,
    LayerState,
    Pin,
    State,
)

if TYPE_CHECKING:
    from vrnn.scene.world import World
from vrnn.commands.base import LayerCommand, UndoableCommand, _between, _one_of, layer_key

MIN_LAYER_SCALE, MAX_LAYER_SCALE = 0.1, 10.0
"""Times its own size that a layer can be scaled to."""


# One layer.


@dataclass(frozen=True)
class MoveLayer(LayerCommand):
    """Move a layer by meters (right, up, toward the viewer)."""

    by: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        x, y, z = (a + b for a, b in zip(layer.offset, self.by, strict=True))
        return replace(layer, offset=(x, max(y, -20.0), z))


@dataclass(frozen=True)
class ScaleLayer(LayerCommand):
    """Make a layer this many times larger than it is now."""

    by: float = 1.0

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        if not self.by > 0:
            raise VrnnError(f"a layer cannot be scaled by {self.by:g}; give a number above 0")
        return replace(layer, size=min(MAX_LAYER_SCALE, max(MIN_LAYER_SCALE, layer.size * self.by)))


@dataclass(frozen=True)
class ArrangeMaps(LayerCommand):
    """How a layer's maps stand and in what order; None leaves it. See `LayerState`."""

    form: str | None = None
    spread: float | None = None
    order: str | None = None
    most: int | None = None

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        names = ("form", "spread", "order", "most")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        _one_of("form", given.get("form", "grid"), FORMS)
        _one_of("order", given.get("order", "index"), ORDERS)
        _between("spread", given.get("spread", 1.0), 1.0, 4.0)
        if given.get("most", 0) < 0:
            raise VrnnError("the number of maps to show cannot be negative; 0 shows all")
        return replace(layer, **given)


@dataclass(frozen=True)
class ShowFeatureVisualization(LayerCommand):
    """Show pictures of what a layer's channels look for in place of its maps, made so; settings
    none: its maps again. See docs/features.md for the settings."""

    settings: FeatureVisSettings | None = None

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        return replace(layer, features=self.settings, folded=False)


@dataclass(frozen=True)
class ResetLayer(LayerCommand):
    """Put a layer back as it was at first."""

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        return LayerState()


@dataclass(frozen=True)
class PinLayer(UndoableCommand):
    """Stand a double of a layer beside a layer (itself where none is named). See `Pin`."""

    layer: str
    network: int = 0
    beside: str = ""
    kind: str = "kept"

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        _one_of("kind of double", self.kind, PIN_KINDS)
        network, layer = layer_key(world, self.network, self.layer)
        beside = layer_key(world, self.network, self.beside)[1] if self.beside else layer
        number = max((pin.number for pin in state.pins), default=0) + 1
        pin = Pin(number, network, layer, beside, self.kind)
        return replace(state, pins=(*(p for p in state.pins if p.beside != beside), pin))


@dataclass(frozen=True)
class UnpinLayer(UndoableCommand):
    """Take a double away; 0: all."""

    number: int = 0

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        pins = tuple(p for p in state.pins if self.number and p.number != self.number)
        return replace(state, pins=pins)


@dataclass(frozen=True)
class Ablate(UndoableCommand):
    """Switch channels, a position in all of them, or the whole layer off; what is off already is
    switched on again. See `AblationState`."""

    layer: str
    network: int = 0
    channels: tuple[int, ...] = ()
    position: tuple[int, int] | None = None
    value: str = "zero"

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        _one_of("value", self.value, ("zero", "mean"))
        network, layer = layer_key(world, self.network, self.layer)
        node = world.networks[network].node_ids[layer]
        count, *_ = world.networks[network].network.by_id[node].shape
        wrong = [c for c in self.channels if not 0 <= c < count]
        if wrong:
            raise VrnnError(f"'{layer}' has channels 0 to {count - 1}, no channel {wrong[0]}")
        one = AblationState(network, layer, self.channels, self.position, self.value)
        if one in state.ablations:
            return replace(state, ablations=tuple(o for o in state.ablations if o != one))
        return replace(state, ablations=(*state.ablations, one))


@dataclass(frozen=True)
class RemoveAblation(UndoableCommand):
    """Switch something on again, by its number in the list from 1; 0: everything."""

    number: int = 0

    def change(self, state: State, world: World) -> State:
        """The state afterwards."""
        if not 0 <= self.number <= len(state.ablations):
            raise VrnnError(
                f"{len(state.ablations)} things are switched off; there is no {self.number}"
            )
        off = tuple(o for i, o in enumerate(state.ablations, 1) if self.number and i != self.number)
        return replace(state, ablations=off)
