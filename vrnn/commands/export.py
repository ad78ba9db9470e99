"""What is seen, as files: images, videos, layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from vrnn.commands.base import Command, layer_name
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.config.choices import ImageKind, Pixels, VideoRate, VideoSeconds
from vrnn.errors import VrnnError
from vrnn.scene.picking import Hit


def timestamped(suffix: str) -> Path:
    """Name a file or folder in the working folder by the time."""
    return Path(datetime.now().strftime("vrnn-%Y%m%d-%H%M%S") + suffix)


@command("export.screenshot", "Screenshot", menu=Menu.SESSION, key="F12", former_key="screenshot")
@dataclass(frozen=True)
class SaveScreenshot(Command):
    """Write what the window shows, without what lies over it, beside where vrnn was started."""

    def run(self, context: CommandContext) -> None:
        """Write it."""
        context.exporter.save_screenshot()


@command(
    "export.image",
    "Save image",
    menu=Menu.SESSION,
    pointer="Session menu",
    controller="board: Session",
    former_name="take_picture",
)
@dataclass(frozen=True)
class SaveImage(Command):
    """Write a PNG of what is seen, from here or from another camera.

    Attributes:
        file: Where to.
        camera: Its name, see `view.go_to`; '' for here.
        size: Width and height in pixels, up to 16384 each.
        transparent: Whether the background is left out.
        kind: `flat`, `panorama` (all around, the width counts) or `stereo` (both eyes side by side,
            each of that size).
    """

    file: Path
    camera: str = ""
    size: tuple[Pixels, Pixels] = (1920, 1080)
    transparent: bool = False
    kind: ImageKind = "flat"

    def run(self, context: CommandContext) -> None:
        """Draw and write it."""
        context.exporter.save_image(self.file, self.camera, self.size, self.transparent, self.kind)

    def message(self, context: CommandContext) -> str:
        """Say where it is."""
        return f"image saved to {self.file.resolve()}"

    @property
    def written_file(self) -> Path:
        """The image."""
        return self.file

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Write a file named by the time."""
        return cls(timestamped(".png"))

    @classmethod
    def variants(cls) -> Iterator[tuple[str, SaveImage]]:
        """Yield one of each kind, named by the time."""
        yield "Save image", cls(timestamped(".png"))
        yield (
            "Save panorama",
            cls(timestamped("-panorama.png"), size=(4096, 2048), kind="panorama"),
        )
        yield "Save stereo pair", cls(timestamped("-stereo.png"), size=(1600, 1600), kind="stereo")


@command(
    "export.video",
    "Record video through the viewpoints",
    menu=Menu.SESSION,
    pointer="Session menu",
    controller="board: Session",
    former_name="take_film",
)
@dataclass(frozen=True)
class RecordVideo(Command):
    """Fly through some cameras and write a video, or numbered PNGs into a folder.

    Attributes:
        file: A video file, or a folder.
        cameras: Their names, see `view.go_to`; () for the stored viewpoints.
        seconds: From one camera to the next.
        rate: Images a second.
        size: Width and height in pixels.
    """

    file: Path
    cameras: tuple[str, ...]
    seconds: VideoSeconds = 3.0
    rate: VideoRate = 30.0
    size: tuple[Pixels, Pixels] = (1280, 720)

    def run(self, context: CommandContext) -> None:
        """Write it, or begin to."""
        context.exporter.record_video(self.file, self.cameras, self.seconds, self.rate, self.size)

    @property
    def written_file(self) -> Path:
        """The video."""
        return self.file

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Write a folder named by the time."""
        return cls(timestamped(""), ())


@command(
    "export.stop_video",
    "Stop the video",
    menu=Menu.SESSION,
    pointer="Session menu",
    controller="board: Session",
)
@dataclass(frozen=True)
class StopVideo(Command):
    """End the video that is being recorded; a video file is not saved, images in a folder stay."""

    def run(self, context: CommandContext) -> None:
        """End it."""
        if not context.exporter.stop_video():
            raise VrnnError("no video is being recorded")


@command(
    "export.layers",
    "Export layers",
    menu=Menu.SESSION,
    pointer="Session menu",
    controller="board: Session",
    former_name="export",
)
@dataclass(frozen=True)
class ExportLayers(Command):
    """Write layers as files.

    Attributes:
        folder: Where to.
        layers: A pattern such as `layer1.*`.
        network: The number of their network, from 0.
        formats: Some of `sheet` (PNG), `values` (.npy), `histograms` (CSV), or `features` (PNG, of
            layers that show feature visualizations).
    """

    FORMER_NAMES: ClassVar[dict[str, str]] = {"what": "formats"}

    folder: Path
    layers: str = "*"
    network: int = 0
    formats: tuple[str, ...] = ("sheet", "values", "histograms")

    def run(self, context: CommandContext) -> None:
        """Write them."""
        context.exporter.export_layers(self.folder, self.layers, self.network, self.formats)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Write the layer that is pointed at, or all, to a folder named by the time."""
        folder = timestamped("-layers")
        if hit is None or hit.layer is None:
            return cls(folder)
        return cls(folder, layer_name(context.world, hit), hit.slot)
