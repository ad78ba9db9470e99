"""Going back and forth on the undo stack."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.commands.base import Command, check_range
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, RadialEntry, Ring, command
from vrnn.errors import VrnnError
from vrnn.scene.picking import Hit

MAX_STEPS = 10**9
"""Steps that can be asked for; more than there are go to the end."""


@command(
    "edit.undo",
    "Undo",
    menu=Menu.EDIT,
    key="CONTROL+Z",
    radial=RadialEntry(Ring.GENERAL, "undo", 6),
    controller="B or Y while nothing is held; menu: undo; board",
    former_name="undo",
    former_key="undo",
)
@dataclass(frozen=True)
class Undo(Command):
    """Take the last change back, or the last `times`."""

    times: int = 1

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Undo:
        """Undo one change. Without one, refuse."""
        if not context.workspace.history.undo_label:
            raise VrnnError("there is nothing to undo")
        return cls()

    def run(self, context: CommandContext) -> None:
        """Go back."""
        check_range("the number of steps", self.times, 1, MAX_STEPS)
        context.workspace.undo(self.times)


@command(
    "edit.redo",
    "Redo",
    menu=Menu.EDIT,
    key="CONTROL+Y",
    other_keys=("CONTROL+SHIFT+Z",),
    radial=RadialEntry(Ring.GENERAL, "redo", 2),
    controller="menu: redo; board",
    former_name="redo",
    former_key="redo",
)
@dataclass(frozen=True)
class Redo(Command):
    """Make the last change again that was taken back, or the last `times`."""

    times: int = 1

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Redo:
        """Redo one change. Without one, refuse."""
        if not context.workspace.history.redo_label:
            raise VrnnError("there is nothing to redo")
        return cls()

    def run(self, context: CommandContext) -> None:
        """Go forward."""
        check_range("the number of steps", self.times, 1, MAX_STEPS)
        context.workspace.redo(self.times)
