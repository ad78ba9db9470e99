"""Files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass
from vrnn.commands.base import Command


@dataclass(frozen=True)
class SaveImage(Command):
    """Write a PNG of what is seen, from here or from another camera.

    size: (width, height); kind: `flat`, `panorama` (all around, size is its width) or `stereo`
    (what two eyes see, side by side, each of that size).
    """

    file: Path
    camera: str = ""
    size: tuple[int, int] = (1920, 1080)
    transparent: bool = False
    kind: str = "flat"


@dataclass(frozen=True)
class RecordVideo(Command):
    """Fly through some cameras and write a video, or numbered PNGs into a folder.

    seconds: from one camera to the next; rate: pictures a second; size: (width, height).
    """

    file: Path
    cameras: tuple[str, ...]
    seconds: float = 3.0
    rate: float = 30.0
    size: tuple[int, int] = (1280, 720)


@dataclass(frozen=True)
class ExportLayers(Command):
    """Write layers as files: `sheet` (PNG), `values` (.npy), `histograms` (CSV), and `features`
    (PNG, of layers that show what their channels look for). layers: a pattern such as
    `layer1.*`."""

    folder: Path
    layers: str = "*"
    network: int = 0
    what: tuple[str, ...] = ("sheet", "values", "histograms")


@dataclass(frozen=True)
class SaveSession(Command):
    """Keep the whole place in a file."""

    file: Path


@dataclass(frozen=True)
class OpenSession(Command):
    """Make the place as a file has it."""

    file: Path
