"""Channels set to zero or to their mean, so that everything after them changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vrnn.commands.base import (
    Command,
    UndoableCommand,
    check_choice,
    layer_name,
    operation_key,
    require_layer,
)
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, RadialEntry, Ring, command
from vrnn.errors import VrnnError
from vrnn.network.positions import single_column
from vrnn.network.results import ABLATION_VALUES
from vrnn.scene.picking import Hit
from vrnn.scene.state import AblationState, AblationValue, State
from vrnn.scene.world import World


def _count(context: CommandContext) -> str:
    count = len(context.world.state.ablations)
    if not count:
        return "all channels on"
    return "1 ablation" if count == 1 else f"{count} ablations"


@command(
    "layer.ablate",
    "Ablate channel",
    menu=Menu.LAYER,
    key="X",
    help="ablate the channel you point at, or restore it; with Shift, one position",
    radial=RadialEntry(Ring.LAYER, "ablate", 5),
    pointer="Layer panel",
    controller="point at a map, menu: ablate; board: Layer",
    former_name="switch_off",
    former_key="switch",
)
@dataclass(frozen=True)
class Ablate(UndoableCommand):
    """Set channels, a position in all of them, or the whole layer to zero or to their mean; the
    same again takes it back.

    Attributes:
        layer: Its name, or a part that only one layer's name has.
        network: The number of its network, from 0.
        channels: Which, from 0; () for all.
        position: Row and column; None for all.
        value: `zero` or `mean`.
    """

    layer: str
    network: int = 0
    channels: tuple[int, ...] = ()
    position: tuple[int, int] | None = None
    value: AblationValue = "zero"

    def apply(self, state: State, world: World) -> State:
        """Give the state with the ablation added, or taken back."""
        check_choice("value", self.value, ABLATION_VALUES)
        network, layer = operation_key(world, self.network, self.layer)
        node = world.networks[network].node_ids[layer]
        count, *_ = world.networks[network].network.by_id[node].shape
        wrong = [c for c in self.channels if not 0 <= c < count]
        if wrong:
            raise VrnnError(f"'{layer}' has channels 0 to {count - 1}, no channel {wrong[0]}")
        ablation = AblationState(network, layer, self.channels, self.position, self.value)
        if ablation in state.ablations:
            others = tuple(other for other in state.ablations if other != ablation)
            return replace(state, ablations=others)
        return replace(state, ablations=(*state.ablations, ablation))

    def message(self, context: CommandContext) -> str:
        """Say how many there are."""
        return _count(context)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Ablate the channel that is pointed at; precisely: the position in all channels."""
        hit = require_layer(hit, "a channel to ablate it, or to take that back")
        channels = (hit.channel,) if hit.channel >= 0 else ()
        node = context.world.visible_node(hit.slot, hit.node)
        choices = context.world.state.choices.get(hit.slot, ())
        column = single_column(node, hit.column, choices)
        position = (hit.row, column) if precise else None
        return cls(layer_name(context.world, hit), hit.slot, channels, position)


@command(
    "layer.remove_ablation",
    "All channels on",
    menu=Menu.LAYER,
    pointer="Predictions panel",
    controller="menu: ablate, once more; board: Predictions",
    former_name="switch_on",
)
@dataclass(frozen=True)
class RemoveAblation(UndoableCommand):
    """Take an ablation back, by its number in the list from 1; 0: all of them."""

    number: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state without it."""
        count = len(state.ablations)
        if not 0 <= self.number <= count:
            raise VrnnError(f"{count} ablations are in place; there is no {self.number}")
        others = (a for i, a in enumerate(state.ablations, 1) if self.number and i != self.number)
        return replace(state, ablations=tuple(others))

    def message(self, context: CommandContext) -> str:
        """Say how many are left."""
        return _count(context)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Take all ablations back."""
        if not context.world.state.ablations:
            raise VrnnError("no channel is ablated")
        return cls()

    @classmethod
    def variants(cls) -> Iterator[tuple[str, RemoveAblation]]:
        """Yield the one that takes all back."""
        yield "All channels on", cls()
