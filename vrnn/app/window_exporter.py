"""Export from the window: images, videos and layers, without stopping it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vrnn.app.navigator import WindowNavigator
from vrnn.app.window_parts import WindowParts
from vrnn.commands.context import ExportActions
from vrnn.commands.export import timestamped
from vrnn.commands.session import unused
from vrnn.errors import VrnnError
from vrnn.export.comparison_files import write_cka
from vrnn.export.exporter import Exporter
from vrnn.export.png import write_png
from vrnn.export.video import VIDEO_SUFFIXES, check_video
from vrnn.network.cka import CkaMatrix
from vrnn.network.image_cloud import ImageCloud
from vrnn.scene.camera import Camera


class WindowExporter(ExportActions):
    """Writes what the window shows."""

    def __init__(
        self, parts: WindowParts, exporter: Exporter, navigator: WindowNavigator,
        notify: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._parts, self._exporter = parts, exporter
        self._navigator, self._notify = navigator, notify
        self._video: Generator[float] | None = None
        self._video_file = Path()
        self._saving: threading.Thread | None = None

    @property
    def recording(self) -> bool:
        """Whether a video is being recorded."""
        return self._video is not None

    def save_image(
        self, file: Path, camera: str, size: tuple[int, int], transparent: bool, kind: str
    ) -> None:
        """Write a PNG. See `Exporter.save_image`."""
        eye = self._parts.view.camera(camera) if camera else self._parts.fly_camera.camera
        self._exporter.save_image(file, eye, size, transparent, kind)

    def save_screenshot(self) -> None:
        """Save the view without the overlay in the folder in which vrnn was started."""
        parts = self._parts
        pixels = self._exporter.draw(parts.view.view(parts.window.size))
        path = unused(timestamped(".png"))
        self._notify(f"screenshot saved to {path.resolve()}")
        # Compression takes longer than a frame, so it runs in a thread.
        self._saving = threading.Thread(target=self._write, args=(path, pixels))
        self._saving.start()

    def _write(self, path: Path, pixels: np.ndarray) -> None:
        try:
            write_png(path, Image.fromarray(pixels))
        except VrnnError as error:
            self._notify(str(error))

    def record_video(
        self, file: Path, cameras: Sequence[str], seconds: float, rate: float,
        size: tuple[int, int],
    ) -> None:  # fmt: skip
        """Begin a video; `advance` records it frame by frame. See `Exporter.record_video`."""
        self._check_free()
        stored = self._navigator.viewpoints
        eyes = [self._parts.view.camera(name) for name in cameras]
        self._video_file = file
        self._video = self._exporter.record_video(
            file, eyes or [stored[key] for key in sorted(stored)], seconds, rate, size
        )

    def film_cloud(
        self, file: Path, layers: Sequence[str], camera: str, seconds: float, rate: float,
        size: tuple[int, int],
    ) -> None:  # fmt: skip
        """Begin a film of the cloud; `advance` finds its clouds, then records it frame by frame."""
        self._check_free()
        check_video(file)
        eye = self._parts.view.camera(camera) if camera else self._parts.fly_camera.camera
        self._video_file = file
        self._video = self._film(file, layers, eye, seconds, rate, size)

    def _film(
        self, file: Path, layers: Sequence[str], eye: Camera, seconds: float, rate: float,
        size: tuple[int, int],
    ) -> Generator[float]:  # fmt: skip
        manager = self._parts.workspace.image_cloud
        finding = manager.find(layers)
        while True:
            try:
                next(finding)
            except StopIteration as end:
                clouds: tuple[ImageCloud, ...] = end.value
                break
            yield 0.0
        try:
            yield from self._exporter.film_cloud(file, clouds, eye, seconds, rate, size)
        finally:
            manager.show_again()

    def stop_video(self) -> bool:
        """See `ExportActions.stop_video`. Of a folder of images, those that are there stay."""
        if self._video is None:
            return False
        self._video.close()
        self._video = None
        is_video = self._video_file.suffix.lower() in VIDEO_SUFFIXES
        left = "nothing is saved" if is_video else f"its images so far are in {self._video_file}"
        self._notify(f"video stopped; {left}")
        return True

    def _check_free(self) -> None:
        """Check that no video is being recorded.

        Raises:
            VrnnError: One is.
        """
        if self._video is not None:
            raise VrnnError("a video is being recorded; wait until it is saved, or stop it by Esc")

    def advance(self) -> str:
        """Record the next frame of a video.

        Returns:
            Its progress as text; '' when none is being recorded.
        """
        if self._video is None:
            return ""
        try:
            return f"video {next(self._video):.0%} · Esc stops it"
        except StopIteration:
            self._video = None
            self._notify("video saved")
        except VrnnError as error:
            self._video = None
            self._notify(str(error))
        except Exception:
            self._video = None  # it cannot go on, and is not saved
            raise
        return ""

    def save_cka(self, folder: Path, matrix: CkaMatrix, titles: tuple[str, str]) -> None:
        """Write CKA as a table and a picture. See `write_cka`."""
        write_cka(folder, matrix, titles)

    def export_layers(
        self, folder: Path, layers: str, network: int, formats: tuple[str, ...]
    ) -> None:
        """Write layers as files. See `Exporter.export`."""
        count = self._exporter.export(folder, layers, network, formats)
        self._notify(f"{count} files written to {folder.resolve()}")

    def export_score(self, folder: Path) -> None:
        """Write the score that is shown. See `Exporter.export_score`."""
        self._exporter.export_score(folder)

    def finish(self) -> None:
        """Wait for an image that is being written, so that it is not lost."""
        if self._saving is not None:
            self._saving.join()
