"""The strongest sources and targets of a channel: lit up through all layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vrnn.commands.base import Command, UndoableCommand, check_choice, layer_name, operation_key
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.channel_paths import PATH_VALUES, PathValues
from vrnn.scene.path_state import PathState, Strongest
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.world import World

NEEDS_PATHS = "light up the sources and targets of a channel first, with Ctrl+D"


@command(
    "paths.show",
    "Strongest sources and targets of a channel",
    menu=Menu.DISPLAY,
    key="CONTROL+D",
    help="light up the strongest sources and targets of the channel you point at, in all layers",
    pointer="point at a channel; Layer menu",
    controller="point at a map; board: Display menu",
)
@dataclass(frozen=True)
class ShowChannelPaths(UndoableCommand):
    """Light up the strongest sources and targets of the channel that is pointed at, and dim others.

    Attributes:
        layer: Name of the layer of a channel, or a part that only one layer's name has: what is
            shown while none is pointed at; '' for none.
        channel: That channel.
        network: The number of its network, from 0.
        on: Whether they light up; none for the other way round.
    """

    layer: str = ""
    channel: int = 0
    network: int = 0
    on: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.paths
        shown = (bool(self.layer) or not now.shown) if self.on is None else self.on
        if not shown:
            return replace(state, paths=replace(now, shown=False))
        network, layer = self.network, self.layer
        if layer:
            network, layer = operation_key(world, network, layer)
            node = world.networks[network].node_ids[layer]
            count = world.networks[network].network.by_id[node].shape[0]
            if not 0 <= self.channel < count:
                raise VrnnError(
                    f"'{layer}' has channels 0 to {count - 1}, no channel {self.channel}"
                )
        paths = replace(now, shown=True, network=network, layer=layer, channel=self.channel)
        return replace(state, paths=paths)

    def message(self, context: CommandContext) -> str:
        """Say what is shown."""
        now = context.world.state.paths
        if not now.shown:
            return "all channels as usual"
        return f"strongest sources and targets by {now.values}: point at a channel"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Light them up for the channel that is pointed at, or show all as usual."""
        if context.world.state.paths.shown:
            return cls(on=False)
        if hit is None or hit.layer is None or hit.channel < 0:
            return cls(on=True)
        return cls(layer_name(context.world, hit), hit.channel, hit.slot)


@command(
    "paths.display",
    "What sources and targets are measured by",
    pointer="palette",
    controller="board: palette",
)
@dataclass(frozen=True)
class SetPathDisplay(UndoableCommand):
    """Set what links are measured by, and how many channels light up; what is left out stays.

    Attributes:
        values: `weight` or `weight × activation`.
        strongest: How many channels of each layer light up, 1 to 20.
    """

    values: PathValues | None = None
    strongest: Strongest | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        if not state.paths.shown:
            raise VrnnError(NEEDS_PATHS)
        if self.values is not None:
            check_choice("values", self.values, PATH_VALUES)
        given = {name: value for name, value in vars(self).items() if value is not None}
        paths: PathState = replace(state.paths, **given)
        return replace(state, paths=paths)

    def message(self, context: CommandContext) -> str:
        """Say what they are measured by."""
        return f"sources and targets by {context.world.state.paths.values}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Measure them by the other one."""
        now = context.world.state.paths
        if not now.shown:
            raise VrnnError(NEEDS_PATHS)
        return cls(values=PATH_VALUES[1 - PATH_VALUES.index(now.values)])

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetPathDisplay]]:
        """Yield both."""
        for values in PATH_VALUES:
            yield f"Sources and targets by {values}", cls(values=values)
