"""Work that goes on beside forward passes: ending it and letting it rest."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.commands.base import Command
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import command


@command("job.cancel", "Cancel job", pointer="Jobs panel", controller="board: Jobs",
         former_name="cancel")  # fmt: skip
@dataclass(frozen=True)
class CancelJob(Command):
    """End a job, by its number; 0: all."""

    number: int = 0

    def run(self, context: CommandContext) -> None:
        """End it."""
        context.workspace.jobs.cancel(self.number)


@command("job.pause", "Pause job", pointer="Features panel", controller="board: Features",
         former_name="pause")  # fmt: skip
@dataclass(frozen=True)
class PauseJob(Command):
    """Let a job rest, by its number, or resume it; 0: all."""

    number: int = 0
    paused: bool = True

    def run(self, context: CommandContext) -> None:
        """Pause or resume it."""
        context.workspace.jobs.pause(self.number, self.paused)
