"""Session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass
from vrnn.commands.base import Command

# What changes nothing.


@dataclass(frozen=True)
class Undo(Command):
    """Take the last change back, or the last `times`."""

    times: int = 1


@dataclass(frozen=True)
class Redo(Command):
    """Make a change again that was taken back."""

    times: int = 1


@dataclass(frozen=True)
class GoToView(Command):
    """Go somewhere: `overview`, `front`, `top`, `layer:NAME` or `x,y,z,yaw,pitch`. network: of the
    layer; None: the only one that has it."""

    camera: str
    network: int | None = None


@dataclass(frozen=True)
class HoverLayer(Command):
    """Point at a layer, and at a position in one of its maps; '': at nothing."""

    layer: str = ""
    network: int = 0
    channel: int = -1
    position: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class ShowTopActivations(Command):
    """Show the images of the data set that excite a channel most; layer '': show none any more."""

    layer: str = ""
    channel: int = 0
    network: int = 0


@dataclass(frozen=True)
class CancelJob(Command):
    """End a job, by its number; 0: all."""

    number: int = 0


@dataclass(frozen=True)
class PauseJob(Command):
    """Let a job rest, by its number, or go on with it; 0: all."""

    number: int = 0
    paused: bool = True


@dataclass(frozen=True)
class SetHeadset(Command):
    """Go into the headset, also again after it was lost, or leave it; None: the other way."""

    on: bool | None = None


@dataclass(frozen=True)
class Wait(Command):
    """In a script: let time go on until nothing moves and all is shown; at least so long."""

    seconds: float = 0.0
