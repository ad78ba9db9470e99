"""Networks side by side: one pointer for all, and what differs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.world import World

ONE_NETWORK = (
    "only one network is open, so there is nothing to compare it with; start with --model A "
    "--model B"
)


def check_several(world: World) -> None:
    """Raise VrnnError unless several networks are open."""
    if len(world.slots) < 2:
        raise VrnnError(ONE_NETWORK if world.slots else "no network is open yet")


@command(
    "compare.link",
    "One pointer and view for all networks",
    menu=Menu.VIEW,
    key="CONTROL+H",
    help="mark what you point at in all networks; go to the layers of all at once",
    pointer="Compare panel",
    controller="board: Compare",
)
@dataclass(frozen=True)
class LinkNetworks(UndoableCommand):
    """Mark what is pointed at in all networks, and frame matched layers of all, or of one only.

    Attributes:
        on: Whether they are linked; none for the other way round.
    """

    on: bool | None = None

    def apply(self, state: State, world: World) -> State:
        """Give the state so."""
        now = state.comparison
        linked = not now.linked if self.on is None else self.on
        if linked:
            check_several(world)
        return replace(state, comparison=replace(now, linked=linked))

    def message(self, context: CommandContext) -> str:
        """Say whether they are."""
        linked = context.world.state.comparison.linked
        return "one pointer for all networks" if linked else "a pointer for each network"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Link them or not."""
        check_several(context.world)
        return cls()
