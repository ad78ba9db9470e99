"""Into the headset, out of it, and how one moves in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vrnn.commands.base import Command
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import RadialEntry, Ring, command


@command(
    "headset.use",
    "Headset",
    pointer="palette",
    controller="board: Find",
    former_name="use_headset",
)
@dataclass(frozen=True)
class SetHeadset(Command):
    """Go into the headset, also again after it was lost, or leave it.

    Attributes:
        on: Whether to go in; None for the other way round.
    """

    on: bool | None = None

    def run(self, context: CommandContext) -> None:
        """Start or stop it."""
        context.headset.use(self.on)

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SetHeadset]]:
        """Yield both ways."""
        yield "Enter the headset", cls(True)
        yield "Leave the headset", cls(False)


@command(
    "headset.fly",
    "Fly or walk",
    radial=RadialEntry(Ring.GENERAL, "fly", 7),
    pointer="in the window, keys walk and fly",
    controller="press the other hand's stick; menu: fly",
)
@dataclass(frozen=True)
class ToggleFlying(Command):
    """Fly with the sticks of the controllers instead of walking, or walk again."""

    def run(self, context: CommandContext) -> None:
        """Take the other."""
        context.interface.toggle_flying()
