"""What commands can do without a window: choose a camera, write files, save and open sessions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PIL import Image

from vrnn.commands.base import Command
from vrnn.commands.context import (
    ExportActions,
    InterfaceActions,
    NavigationActions,
    SessionActions,
)
from vrnn.commands.image_cloud import SetCloudDisplay
from vrnn.export.comparison_files import write_cka
from vrnn.export.exporter import Exporter
from vrnn.export.png import write_png
from vrnn.export.video import check_video
from vrnn.network.cka import CkaMatrix
from vrnn.scene.camera import Camera
from vrnn.scene.layer_names import check_network
from vrnn.scene.world import World
from vrnn.storage.atomic import check_writable
from vrnn.workspace.workspace import Workspace
from vrnn.workspace.workspace_file import load_workspace, save_workspace


class PictureApp(Protocol):
    """What these need of `vrnn.app.offscreen.OffscreenApp`."""

    camera: str
    workspace: Workspace
    world: World
    exporter: Exporter

    def do(self, command: Command) -> None:
        """Execute a command and wait until its effect is shown."""

    def eye(self, camera: str = "", aspect: float = ...) -> Camera:
        """Find a camera by its name; '' for the present one."""

    def picture(
        self, camera: str = ..., size: tuple[int, int] = ..., transparent: bool = False,
        legend: bool = True, kind: str = "flat",
    ) -> Image.Image:  # fmt: skip
        """Render a picture of the world as it is."""


class OffscreenNavigator(NavigationActions):
    """Selects the camera of pictures."""

    def __init__(self, app: PictureApp) -> None:
        self._app = app

    def go_to(self, camera: str, network: int | None = None) -> None:
        """Render the next pictures from another camera.

        Args:
            camera: Its name.
            network: Of the layer; None for any.

        Raises:
            VrnnError: When there is no such camera.
        """
        if network is not None:
            check_network(self._app.world, network)
        self._app.eye(camera)
        self._app.camera = camera


class OffscreenExporter(ExportActions):
    """Writes pictures with their legend, videos and layers."""

    def __init__(self, app: PictureApp) -> None:
        self._app = app

    def save_image(
        self, file: Path, camera: str, size: tuple[int, int], transparent: bool, kind: str
    ) -> None:
        """Write a PNG. See `OffscreenApp.picture`."""
        check_writable(file)
        camera = camera or self._app.camera
        write_png(file, self._app.picture(camera, size, transparent, kind=kind))

    def record_video(
        self, file: Path, cameras: Sequence[str], seconds: float, rate: float,
        size: tuple[int, int],
    ) -> None:  # fmt: skip
        """Record a whole video. See `Exporter.record_video`."""
        eyes = [self._app.eye(name, size[0] / size[1]) for name in cameras]
        for _ in self._app.exporter.record_video(file, eyes, seconds, rate, size):
            continue

    def save_cka(self, folder: Path, matrix: CkaMatrix, titles: tuple[str, str]) -> None:
        """Write CKA as a table and a picture. See `write_cka`."""
        write_cka(folder, matrix, titles)

    def export_layers(
        self, folder: Path, layers: str, network: int, formats: tuple[str, ...]
    ) -> None:
        """Write layers as files. See `Exporter.export`."""
        self._app.exporter.export(folder, layers, network, formats)

    def export_score(self, folder: Path) -> None:
        """Write the score that is shown. See `Exporter.export_score`."""
        self._app.exporter.export_score(folder)

    def film_cloud(
        self, file: Path, layers: Sequence[str], camera: str, seconds: float, rate: float,
        size: tuple[int, int],
    ) -> None:  # fmt: skip
        """Write a video of the cloud of images along layers. See `FilmCloud`."""
        check_video(file)
        app, workspace = self._app, self._app.workspace
        before, manager = workspace.history.bookmark(), workspace.image_cloud
        try:
            clouds = []
            for layer in layers:
                app.do(SetCloudDisplay(layer))
                if manager.cloud is not None:
                    clouds.append(manager.cloud)
            for _ in app.exporter.film_cloud(
                file, clouds, app.eye(camera, size[0] / size[1]), seconds, rate, size
            ):
                continue
        finally:
            workspace.roll_back(before)
            manager.show_again()


class OffscreenSessions(SessionActions):
    """Saves and opens sessions."""

    def __init__(self, app: PictureApp) -> None:
        self._app = app

    def save(self, file: Path) -> None:
        """Write the session. See `save_workspace`."""
        save_workspace(file, self._app.workspace.snapshot(self._app.eye(), {}))

    def open(self, file: Path) -> None:
        """Restore the session of a file. See `load_workspace`."""
        snapshot = load_workspace(file)
        self._app.workspace.restorer.check_trusted(snapshot, file)
        self._app.workspace.restorer.restore(snapshot)


class OffscreenInterface(InterfaceActions):
    """Magnifies hovered feature maps in pictures."""

    magnifier = "sharp"
