"""Everything that was done, kept in a file and opened again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vrnn.commands.base import Command, check_range
from vrnn.commands.context import Choice, CommandContext
from vrnn.commands.export import timestamped
from vrnn.commands.registry import Menu, command
from vrnn.errors import UntrustedCodeError, VrnnError
from vrnn.scene.picking import Hit


@command(
    "session.save",
    "Save session",
    menu=Menu.SESSION,
    key="CONTROL+S",
    pointer="Session menu",
    controller="board: Session",
    former_name="save",
)
@dataclass(frozen=True)
class SaveSession(Command):
    """Write models, image, viewpoints and all that was done to a file."""

    file: Path

    def run(self, context: CommandContext) -> None:
        """Write it."""
        context.sessions.save(self.file)

    def message(self, context: CommandContext) -> str:
        """Say where it is."""
        return f"session saved to {self.file.resolve()}: open it with --session"

    @property
    def written_file(self) -> Path:
        """The session."""
        return self.file

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Write a file named by the time."""
        return cls(unused(timestamped(".json")))


@command(
    "session.open",
    "Open session",
    pointer="drop the file; Session menu",
    controller="board: Session",
    former_name="restore",
)
@dataclass(frozen=True)
class OpenSession(Command):
    """Make everything as a session file has it."""

    file: Path

    def run(self, context: CommandContext) -> None:
        """Open it; ask first whether code may run that the user has not opened before."""
        try:
            context.sessions.open(self.file)
        except UntrustedCodeError as error:
            choices = [
                Choice("Do not open it"),
                Choice(
                    "Run this code and open the session", TrustAndOpen(self.file, error.digests)
                ),
            ]
            names = "\n".join(error.names)
            question = (
                f"The session {self.file.name} runs code that you have not opened before as it is "
                f"now. Read it first:\n{names}"
            )
            if not context.interface.offer(choices, question):
                raise

    @property
    def read_session(self) -> Path:
        """The session."""
        return self.file


@command("session.trust_and_open", "Run a session's code and open it")
@dataclass(frozen=True)
class TrustAndOpen(Command):
    """Allow the code that a session names, and open it: the answer to a question of the window.

    Attributes:
        file: The session.
        digests: Of the code that the user was asked about.
    """

    file: Path
    digests: tuple[str, ...] = ()

    def run(self, context: CommandContext) -> None:
        """Remember it, and open the session."""
        context.sessions.trust(self.digests)
        context.sessions.open(self.file)


@command("session.restore_last", "Restore last session", menu=Menu.SESSION, key="CONTROL+R")
@dataclass(frozen=True)
class RestoreLastSession(Command):
    """Make everything as it was when these models were last open, or choose among earlier visits.

    Attributes:
        number: Of the visit, the latest is 1; 0: let the user choose, where there are several.
    """

    number: int = 0

    def run(self, context: CommandContext) -> None:
        """Open it, or offer several."""
        visits = context.sessions.visits()
        if not visits:
            raise VrnnError("there is no earlier session in which something was changed")
        if self.number == 0 and len(visits) > 1:
            choices = [Choice(visit.text, OpenSession(visit.file)) for visit in visits]
            if context.interface.offer(choices):
                return
        check_range("the number of the visit", self.number, 0, len(visits))
        OpenSession(visits[max(self.number, 1) - 1].file).run(context)


def unused(path: Path) -> Path:
    """Find a file name like this one that is not taken."""
    stem = path.stem
    for number in range(2, 100):
        if not path.exists():
            break
        path = path.with_stem(f"{stem}_{number}")
    return path
