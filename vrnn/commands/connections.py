"""What connects a layer with those that feed it: ribbons, opened level by level."""

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
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.connection_sums import CONNECTION_VALUES, ConnectionValues
from vrnn.scene.connection_state import LEVELS, MAX_LEVEL, ConnectionState
from vrnn.scene.picking import Hit
from vrnn.scene.ribbon_picking import PointedRibbon
from vrnn.scene.state import State
from vrnn.scene.visuals.connections import stepped
from vrnn.scene.world import World
from vrnn.style.connection_colors import CONNECTION_PALETTES, ConnectionPalette

NEEDS_CONNECTIONS = "show the connections of a layer first, with Ctrl+L at the layer"


def _chosen_layer(
    state: State, world: World, network: int, layer: str
) -> tuple[int, str, tuple[int, ...]]:
    """Network, name and shape of a layer; of the one whose connections are shown for ''."""
    slot, name = state.connections.network, state.connections.layer
    if layer:
        slot, name = operation_key(world, network, layer)
    if not name:
        raise VrnnError(NEEDS_CONNECTIONS)
    node = world.node_id(slot, name)
    return slot, name, () if node is None else world.networks[slot].network.by_id[node].shape


@command(
    "connections.show",
    "Connections: what feeds this layer",
    menu=Menu.LAYER,
    key="CONTROL+L",
    help="connections: ribbons from the maps that feed the layer at the pointer; again: hide them",
    pointer="Connections panel",
    controller="board: Connections",
)
@dataclass(frozen=True)
class ShowConnections(UndoableCommand):
    """Show what connects a layer with those that feed it; the same again, or no layer, hides it.

    Attributes:
        layer: Its name, or a part that only one layer's name has; '' for none.
        network: The number of its network, from 0.
    """

    layer: str = ""
    network: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.connections
        if not self.layer:
            return replace(state, connections=replace(now, shown=False, running=False))
        slot, name = operation_key(world, self.network, self.layer)
        if (now.network, now.layer) == (slot, name):
            return replace(state, connections=replace(now, shown=not now.shown, running=False))
        opened = replace(
            now, shown=True, network=slot, layer=name, channel=0, row=0, column=0, running=False
        )
        return replace(state, connections=opened)

    def message(self, context: CommandContext) -> str:
        """Say what is shown."""
        now = context.world.state.connections
        if not now.shown:
            return "connections hidden"
        return f"what feeds {now.layer}; Ctrl+K expands it"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show those of the layer that is pointed at, or hide them."""
        if (hit is None or hit.layer is None) and context.world.state.connections.shown:
            return cls()
        hit = require_layer(hit, "a layer to see what feeds it")
        return cls(layer_name(context.world, hit), hit.slot)


@command(
    "connections.open",
    "Expand connections",
    menu=Menu.LAYER,
    key="CONTROL+K",
    help="connections: one center, map to map, one filter, one position with its calculations",
    pointer="Connections panel",
    controller="board: Connections",
)
@dataclass(frozen=True)
class OpenConnections(UndoableCommand):
    """Open connections to a level: 0 one center, 1 map to map, 2 one filter, 3 one position.

    Attributes:
        level: From 0 to 3, also between two of them.
    """

    level: float = 1.0

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        if not 0 <= self.level <= MAX_LEVEL:
            raise VrnnError(f"connections open from 0 to {MAX_LEVEL}, not to {self.level:g}")
        return replace(state, connections=replace(state.connections, opening=float(self.level)))

    def message(self, context: CommandContext) -> str:
        """Say which level it is."""
        return f"connections: {LEVELS[round(self.level)]}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Open the next level; behind the last comes the first."""
        now = context.world.state.connections
        if not now.shown:
            raise VrnnError(NEEDS_CONNECTIONS)
        return cls(float((int(now.opening + 1e-6) + 1) % (MAX_LEVEL + 1)))

    @classmethod
    def variants(cls) -> Iterator[tuple[str, OpenConnections]]:
        """Yield each level."""
        for number, level in enumerate(LEVELS):
            yield f"Connections: {level}", cls(float(number))


@command(
    "connections.position",
    "How this value is calculated",
    menu=Menu.LAYER,
    pointer="Connections panel",
    controller="board: Connections",
)
@dataclass(frozen=True)
class OpenPosition(UndoableCommand):
    """Show one value of a layer as a sum: its windows, products, bias and result.

    Attributes:
        layer: Its name, or a part that only one layer's name has; '' for the one that is shown.
        channel: The map.
        row: Of the value.
        column: Of the value.
        network: The number of its network, from 0.
    """

    layer: str = ""
    channel: int = 0
    row: int = 0
    column: int = 0
    network: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.connections
        slot, name, shape = _chosen_layer(state, world, self.network, self.layer)
        if min(self.channel, self.row, self.column) < 0 or (shape and self.channel >= shape[0]):
            raise VrnnError(
                f"{name} has no map {self.channel} with row {self.row} and column {self.column}; "
                f"its maps are {' × '.join(map(str, shape))}, counted from 0"
            )
        opened = replace(
            now, shown=True, network=slot, layer=name, opening=float(MAX_LEVEL),
            channel=self.channel, row=self.row, column=self.column,
        )  # fmt: skip
        return replace(state, connections=opened)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Open the value that is pointed at."""
        hit = require_layer(hit, "a value of a map to see how it is calculated")
        if hit.channel < 0 or hit.picture:
            raise VrnnError("move closer: a value opens where maps are visible")
        return cls(
            layer_name(context.world, hit), hit.channel, max(hit.row, 0), max(hit.column, 0),
            hit.slot,
        )  # fmt: skip


@command(
    "connections.filter",
    "Kernels of this map",
    menu=Menu.LAYER,
    pointer="click a ribbon; Connections panel",
    controller="trigger on a ribbon; board: Connections",
)
@dataclass(frozen=True)
class OpenFilter(UndoableCommand):
    """Show one map of a layer with the ribbons that lead to it, each with its kernel.

    Attributes:
        channel: The map.
        layer: Its layer, or a part that only one layer's name has; '' for the one that is shown.
        network: The number of its network, from 0.
    """

    channel: int = 0
    layer: str = ""
    network: int = 0

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.connections
        slot, name, shape = _chosen_layer(state, world, self.network, self.layer)
        if self.channel < 0 or (shape and self.channel >= shape[0]):
            count = shape[0] if shape else 0
            raise VrnnError(f"{name} has no map {self.channel}; it has {count}, counted from 0")
        opened = replace(
            now, shown=True, network=slot, layer=name, opening=2.0, channel=self.channel,
            running=False,
        )  # fmt: skip
        return replace(state, connections=opened)

    def message(self, context: CommandContext) -> str:
        """Say whose kernels are shown."""
        return f"the kernels of map {self.channel}; a click on one shows all calculations"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Open the map that is pointed at."""
        hit = require_layer(hit, "a map to see its kernels")
        if hit.channel < 0 or hit.picture:
            raise VrnnError("move closer: a map opens where maps are visible")
        return cls(hit.channel, layer_name(context.world, hit), hit.slot)


def open_ribbon(now: ConnectionState, ribbon: PointedRibbon) -> Command:
    """Return what a click on a ribbon does: its filter, and then the calculations with it."""
    if ribbon.of_filter:
        return OpenPosition("", ribbon.output, now.row, now.column)
    return OpenFilter(ribbon.output)


@command(
    "connections.step",
    "Slide the window to the next position",
    menu=Menu.LAYER,
    key="CONTROL+N",
    help="connections: the next position, with all its calculations; with Shift the one before",
    pointer="Connections panel",
    controller="board: Connections",
)
@dataclass(frozen=True)
class StepWindow(UndoableCommand):
    """Open the next position of the map, row by row; behind the last comes the first.

    Attributes:
        by: How many positions on; less than 0 for back.
    """

    by: int = 1

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.connections
        shown = world.connections
        if not now.shown or shown is None:
            raise VrnnError(NEEDS_CONNECTIONS)
        position = stepped(shown.layer, now, world.connection_steps + self.by)
        row = position[-2] if len(position) > 1 else 0
        opened = replace(now, opening=float(MAX_LEVEL), row=row, column=position[-1])
        return replace(state, connections=opened)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Step on, or back."""
        if not context.world.state.connections.shown:
            raise VrnnError(NEEDS_CONNECTIONS)
        return cls(-1 if precise else 1)


@command(
    "connections.display",
    "Colors, share and bundling of connections",
    pointer="Connections panel",
    controller="board: Connections",
)
@dataclass(frozen=True)
class SetConnectionsDisplay(UndoableCommand):
    """Set how connections are seen; what is left out stays.

    Attributes:
        values: `weight`, or `contribution` for weight × activation for the current image.
        share: The strongest part of all connections that is drawn, 0…1; 0 for 2,000 of them.
        bundling: How closely ribbons run together, 0…1.
        palette: `red-blue`, or `orange-purple` for those who do not tell red from other colors.
        channel: The map of the layer that is opened to one filter.
        running: Whether the window slides on by itself.
        kernel_sheet: Whether all kernels of the layer stand over it.
    """

    values: ConnectionValues | None = None
    share: float | None = None
    bundling: float | None = None
    palette: ConnectionPalette | None = None
    channel: int | None = None
    running: bool | None = None
    kernel_sheet: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        check_choice("values", given.get("values", "weight"), CONNECTION_VALUES)
        check_choice("palette", given.get("palette", "red-blue"), CONNECTION_PALETTES)
        now = state.connections
        if self.running is False and now.running and world.connections is not None:
            position = stepped(world.connections.layer, now, world.connection_steps)
            given |= {"column": position[-1], "row": position[-2] if len(position) > 1 else 0}
        if self.running:
            given["opening"] = float(MAX_LEVEL)
        return replace(state, connections=replace(now, **given))

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show the other kind of values."""
        now = context.world.state.connections
        if not now.shown:
            raise VrnnError(NEEDS_CONNECTIONS)
        return cls(values="contribution" if now.values == "weight" else "weight")

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetConnectionsDisplay]]:
        """Yield each way to see them."""
        yield "Connections: weights", cls(values="weight")
        yield "Connections: weight × activation", cls(values="contribution")
        for palette in CONNECTION_PALETTES:
            yield f"Colors of connections: {palette}", cls(palette=palette)
        yield "Connections: bundled", cls(bundling=1.0)
        yield "Connections: straight", cls(bundling=0.0)
        yield "Connections: all kernels of the layer", cls(kernel_sheet=True)
        yield "Connections: no sheet of kernels", cls(kernel_sheet=False)
        yield "Connections: let the window slide", cls(running=True)
        yield "Connections: stop the window", cls(running=False)
