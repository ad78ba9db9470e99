"""What commands run on: the parts of the running program, as narrow as commands need them.

The desktop window, the headset, the program without a screen and `--play` each fill a
`CommandContext`. A part that one of them lacks stays the base class of this file, which answers
every request with the reason why it cannot be done there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from vrnn.commands.workspace_actions import WorkspaceActions
from vrnn.errors import VrnnError
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.cka import CkaMatrix
from vrnn.scene.world import World


@dataclass(frozen=True)
class Visit:
    """An earlier visit that was autosaved.

    Attributes:
        file: Its session file.
        time: When it was written last, seconds since 1970.
        models: Names of its models.
        changes: How many changes were made in it.
    """

    file: Path
    time: float
    models: str
    changes: int

    @property
    def text(self) -> str:
        """When and what it was: `today 14:05:30 · resnet50 · 12 changes`."""
        when, now = datetime.fromtimestamp(self.time), datetime.now()
        days = (now.date() - when.date()).days
        day = {0: "today", 1: "yesterday"}.get(days, f"{when.day} {when:%B}")
        if when.year != now.year:
            day += f" {when.year}"
        count = f"{self.changes} change{'s' if self.changes != 1 else ''}"
        return f"{day} {when:%H:%M:%S} · {self.models} · {count if self.changes else 'walked'}"


@dataclass(frozen=True)
class Choice:
    """One of several things that are offered.

    Attributes:
        text: What it is.
        command: Does it; None to do nothing.
    """

    text: str
    command: Any = None


def _refuse(reason: str) -> NoReturn:
    raise VrnnError(reason)


class NavigationActions:
    """Moves the eye. Without a window or a headset there is none to move."""

    @property
    def walking_hint(self) -> str:
        """How to walk, while the mouse looks around; '' else."""
        return ""

    def go_to(self, camera: str, network: int | None = None) -> None:
        """Go to a camera by name, see `vrnn.scene.viewpoints.camera_by_name`."""
        _refuse("there is no camera to move here")

    def toggle_walking(self) -> None:
        """Let the mouse look around while keys walk, or set it free again."""
        _refuse("walking is for the window")

    def store_viewpoint(self, number: int) -> None:
        """Remember where the eye is, under a number from 1."""
        _refuse("viewpoints are stored in the window")

    def go_to_viewpoint(self, number: int) -> None:
        """Go to a viewpoint by its number from 1."""
        _refuse("viewpoints are stored in the window")


class ExportActions:
    """Writes what is seen to files."""

    def save_image(
        self, file: Path, camera: str, size: tuple[int, int], transparent: bool, kind: str
    ) -> None:
        """Write a PNG from a camera by name ('': from here)."""
        _refuse("images cannot be saved here")

    def save_screenshot(self) -> None:
        """Write what the window shows beside where vrnn was started."""
        _refuse("a screenshot needs the window; save an image instead")

    def record_video(
        self, file: Path, cameras: Sequence[str], seconds: float, rate: float,
        size: tuple[int, int],
    ) -> None:  # fmt: skip
        """Write a video along cameras by name."""
        _refuse("videos cannot be recorded here")

    def film_cloud(
        self, file: Path, layers: Sequence[str], camera: str, seconds: float, rate: float,
        size: tuple[int, int],
    ) -> None:  # fmt: skip
        """Write a video of the cloud of images along layers."""
        _refuse("the cloud cannot be filmed here")

    def stop_video(self) -> bool:
        """End a video that is being recorded without saving it; returns whether one was."""
        return False

    def export_layers(
        self, folder: Path, layers: str, network: int, formats: tuple[str, ...]
    ) -> None:
        """Write layers as files."""
        _refuse("layers cannot be exported here")

    def export_score(self, folder: Path) -> None:
        """Write the score of the data set that is shown as files."""
        _refuse("scores cannot be exported here")

    def save_cka(self, folder: Path, matrix: CkaMatrix, titles: tuple[str, str]) -> None:
        """Write CKA as a table and a picture."""
        _refuse("CKA cannot be saved here")


class SessionActions:
    """Writes and reads sessions."""

    def save(self, file: Path) -> None:
        """Write the session to a file."""
        _refuse("a session cannot be saved here")

    def open(self, file: Path) -> None:
        """Make everything as a session file has it."""
        _refuse("a session cannot be opened here")

    def trust(self, digests: Sequence[str]) -> None:
        """Allow code that a session names, as the user was asked."""
        _refuse("there is no one to ask here; start vrnn with --trust")

    def visits(self) -> Sequence[Visit]:
        """The earlier visits that were autosaved, the best to restore first."""
        _refuse("the last session is restored in the window")


class HeadsetActions:
    """Starts and stops the headset."""

    def use(self, on: bool | None) -> None:
        """Put the headset on or off; None: the other way."""
        _refuse("a headset is used with --xr, not from a list of commands")


class InterfaceActions:
    """What lies over the world: help, panels, magnifier. Each part of it may be missing."""

    feature_settings: FeatureVisSettings | None = None
    """As the Features panel has them; None for the quick preset."""
    magnifier: str = ""
    """`sharp`, `smooth`, or '' for none."""

    def toggle_help(self) -> None:
        """Show or hide the help."""
        _refuse("the help is shown in the window")

    def toggle_minimap(self) -> None:
        """Show or hide the small map."""
        _refuse("the map is shown in the window")

    def toggle_presentation(self) -> bool:
        """Show what an audience needs and no more, or everything again; True for the former."""
        _refuse("presentation mode is for the window")

    def toggle_panels(self) -> None:
        """Show or hide the panels."""
        _refuse("there are no panels here")

    def open_palette(self) -> None:
        """Open the command palette, or close it."""
        _refuse("there is no command palette here")

    def offer(self, choices: Sequence[Choice], question: str = "") -> bool:
        """Let the user choose one of several; False where nobody can be asked."""
        return False

    def resize_text(self, points: int) -> None:
        """Make the panels' text larger by so many points; 0: as it was set."""
        _refuse("the panels' text is sized in the window")

    def release_cursor(self) -> bool:
        """Close what is open, let go of what is held, or free the cursor; False: none of these."""
        _refuse("there is no cursor here")

    def toggle_flying(self) -> None:
        """Fly instead of walking, or walk again."""
        _refuse("flying is for a headset: in the window, keys fly as well as walk")


@dataclass
class CommandContext:
    """Everything that a command may work with.

    Attributes:
        workspace: The open document.
        navigator, exporter, sessions, headset, interface: The other parts; those that are missing
            refuse with a reason.
    """

    workspace: WorkspaceActions
    navigator: NavigationActions = field(default_factory=NavigationActions)
    exporter: ExportActions = field(default_factory=ExportActions)
    sessions: SessionActions = field(default_factory=SessionActions)
    headset: HeadsetActions = field(default_factory=HeadsetActions)
    interface: InterfaceActions = field(default_factory=InterfaceActions)

    @property
    def world(self) -> World:
        """The world of the workspace."""
        return self.workspace.world
