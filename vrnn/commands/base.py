"""Everything that a person can do, as plain commands: keys, mouse, controllers and scripts issue
the same ones.

An `UndoableCommand` makes another `State` of the world and can be undone; the others (looking,
saving, taking pictures) change nothing that could be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.errors import VrnnError
from vrnn.scene.state import (
    LayerState,
    State,
)
from vrnn.scene.viewpoints import find_layer

if TYPE_CHECKING:
    from vrnn.scene.world import World


@dataclass(frozen=True)
class Command:
    """Something to do."""


@dataclass(frozen=True)
class UndoableCommand(Command):
    """Something that can be undone."""

    def change(self, state: State, world: World) -> State:
        """The state afterwards. Raises VrnnError when it cannot be done."""
        raise NotImplementedError

    @property
    def said(self) -> str:
        """What was done, for the list of what can be undone."""
        return type(self).__name__


@dataclass(frozen=True)
class LayerCommand(UndoableCommand):
    """A change of one layer. layer: its name, or a part that only one has."""

    layer: str
    network: int = 0

    def change(self, state: State, world: World) -> State:
        """The state with this layer otherwise."""
        key = layer_key(world, self.network, self.layer)
        return state.with_layer(key, self.changed(state.layer(key)))

    def changed(self, layer: LayerState) -> LayerState:
        """The layer afterwards."""
        raise NotImplementedError


def layer_key(world: World, network: int, name: str) -> tuple[int, str]:
    """Network and full name of a layer, also of a folded module. Raises VrnnError."""
    if network not in world.networks:
        raise VrnnError(f"there is no network {network}; they are numbered from 0")
    seen = [node.name for node in world.placement_frame(network).placement.network.nodes]
    if name in seen:
        return network, name
    slot, node = find_layer(world, name, network)
    return slot, world.networks[slot].network.by_id[node].name


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise VrnnError(f"no {what} '{value}': choose one of {', '.join(known)}")


def _between(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise VrnnError(f"{what} should lie between {low:g} and {high:g}, not {value:g}")
