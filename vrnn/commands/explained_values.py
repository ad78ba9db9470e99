"""Why this value: a position of a layer, such as a token, as what is explained."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.commands.base import Command, UndoableCommand, layer_name, operation_key, require_layer
from vrnn.commands.context import CommandContext
from vrnn.commands.explain import ExplainTarget, target_text
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import map_shape
from vrnn.scene.map_areas import pointed_area
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.world import World


@command(
    "explain.value",
    "Explain the value at the pointer",
    menu=Menu.LAYER,
    pointer="Relevance panel",
    controller="board: Relevance",
)
@dataclass(frozen=True)
class ExplainValue(UndoableCommand):
    """Explain one value of a layer, such as the score of a class at a pixel, or at a token.

    Attributes:
        layer: Its name, or a part that only one layer's name has.
        channel: The channel; −1 for all of them.
        row: Row of the position, 0 of a token.
        column: Column of the position, or number of the token.
        network: The number of its network, from 0.
    """

    layer: str
    channel: int = -1
    row: int = 0
    column: int = 0
    network: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state with it explained."""
        network, name = operation_key(world, self.network, self.layer)
        node = world.networks[network].network.by_id[world.networks[network].node_ids[name]]
        channels, rows, columns = map_shape(node.shape)
        is_there = self.channel < channels and 0 <= self.row < rows and 0 <= self.column < columns
        if not is_there or self.channel < -1:
            raise VrnnError(
                f"'{name}' has channels 0 to {channels - 1}, rows 0 to {rows - 1} and columns 0 to "
                f"{columns - 1}, so there is no channel {self.channel} at {self.row},{self.column}"
            )
        channel = f" #{self.channel}" if self.channel >= 0 else ""
        place = f" @{self.row},{self.column}" if rows * columns > 1 else ""
        return ExplainTarget(f"layer {name}{channel}{place}", network).apply(state, world)

    def message(self, context: CommandContext) -> str:
        """Say what is explained."""
        return f"relevance for {target_text(context.world, context.world.state.relevance)}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Explain the value that is pointed at; from afar all channels at that position."""
        hit = require_layer(hit, "a value of a layer to explain it")
        if pointed_area(context.world, hit) is None:
            raise VrnnError("point at one value of the layer, from near, or at its picture")
        name = layer_name(context.world, hit)
        return cls(name, hit.channel, hit.row, hit.column, hit.slot)
