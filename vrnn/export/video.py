"""Videos of a flight from camera to camera, as a file or as numbered pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image

from vrnn.config.choices import MAX_FRAMES
from vrnn.errors import VrnnError
from vrnn.export.png import write_png
from vrnn.scene.camera import Camera
from vrnn.storage.atomic import atomic_path, make_folder
from vrnn.storage.closeable import Closeable

VIDEO_SUFFIXES = (".mp4", ".webm", ".mov", ".mkv")


def interpolate_cameras(cameras: Sequence[Camera], seconds: float, rate: float) -> Iterator[Camera]:
    """Move a camera smoothly through several, at rest only at the ends.

    The path is a Catmull-Rom spline (Catmull and Rom 1974), with the ends doubled; yaw takes the
    shorter way round.

    Args:
        cameras: Where it passes.
        seconds: From one to the next.
        rate: Cameras per second.

    Yields:
        The camera of each frame.

    Raises:
        VrnnError: There are fewer than two cameras, or the numbers are out of range.
    """
    if len(cameras) < 2:
        raise VrnnError("a video goes from one camera to another; give --camera at least twice")
    if not (seconds > 0 and 1 <= rate <= 240):
        raise VrnnError("a video needs more than 0 seconds and a rate from 1 to 240")
    if seconds * rate * (len(cameras) - 1) > MAX_FRAMES:
        raise VrnnError(
            f"a video can have {MAX_FRAMES:,} frames; give fewer seconds, frames per second or "
            "cameras"
        )
    points = np.array([[c.x, c.y, c.z, c.yaw, c.pitch, c.fov] for c in cameras])
    points[:, 3] = np.unwrap(points[:, 3])
    knots = np.concatenate([points[:1], points, points[-1:]])
    count = max(2, round(seconds * rate * (len(cameras) - 1)) + 1)
    for t in np.linspace(0, 1, count):
        eased = t * t * (3 - 2 * t) if len(cameras) == 2 else _eased(float(t), len(cameras) - 1)
        position = eased * (len(cameras) - 1)
        segment = min(int(position), len(cameras) - 2)
        yield Camera(*_spline(knots[segment : segment + 4], position - segment).tolist())


def _eased(t: float, parts: int) -> float:
    """Ease the time of a path: it begins and ends slowly, and is even in between.

    Args:
        t: 0…1.
        parts: Segments of the path; the ease takes half of the first and half of the last.

    Returns:
        0…1.
    """
    ramp = 0.5 / parts
    speed = 1 / (1 - ramp)
    if t < ramp:
        return speed * t * t / (2 * ramp)
    if t > 1 - ramp:
        return 1 - speed * (1 - t) ** 2 / (2 * ramp)
    return speed * (t - ramp / 2)


def _spline(p: np.ndarray, t: float) -> np.ndarray:
    """Interpolate between the middle two of four points (4, K); t: 0…1."""
    return 0.5 * (
        2 * p[1] + (p[2] - p[0]) * t
        + (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3]) * t**2
        + (3 * p[1] - 3 * p[2] + p[3] - p[0]) * t**3
    )  # fmt: skip


def check_video(path: Path) -> None:
    """Raise VrnnError when a video could not be written, before the work is done."""
    if path.suffix.lower() in VIDEO_SUFFIXES:
        _ffmpeg()
    elif path.suffix:
        raise VrnnError(
            f"'{path}' should end in {', '.join(VIDEO_SUFFIXES)}, or be a folder for pictures"
        )


def _ffmpeg() -> Any:
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise VrnnError(
            "videos need imageio-ffmpeg; run: pip install imageio-ffmpeg, or give a folder"
        ) from error
    return imageio_ffmpeg


class VideoWriter(Closeable):
    """Writes a video, or where the path has no suffix a folder of numbered PNGs.

    A video is written whole or not at all: it appears when the `with` ends without an error.
    """

    def __init__(self, path: Path, rate: float) -> None:
        """Begin a video.

        Args:
            path: A file with one of VIDEO_SUFFIXES, or a folder.
            rate: Frames per second.

        Raises:
            VrnnError: It cannot be written.
        """
        self._path, self._rate = path, rate
        self._count = 0
        self._writer: Any = None
        self._stack = ExitStack()
        self._part: Path | None = None
        if path.suffix.lower() in VIDEO_SUFFIXES:
            self._ffmpeg = _ffmpeg()
            self._part = self._stack.enter_context(atomic_path(path))
        else:
            make_folder(path)

    def add(self, pixels: np.ndarray) -> None:
        """Append a frame.

        Args:
            pixels: (H, W, 3) uint8, all of the same size.

        Raises:
            VrnnError: It cannot be written.
        """
        if self._part is None:
            write_png(self._path / f"{self._count:05}.png", Image.fromarray(pixels))
        else:
            even = pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]
            if self._writer is None:
                size = (even.shape[1], even.shape[0])
                self._writer = self._ffmpeg.write_frames(
                    str(self._part), size, fps=self._rate, quality=8, macro_block_size=2
                )
                self._writer.send(None)
            self._writer.send(np.ascontiguousarray(even))
        self._count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        if kind is None and self._part is not None and not self._part.stat().st_size:
            error = VrnnError(f"the video '{self._path}' could not be encoded; give a folder")
            self._stack.__exit__(VrnnError, error, None)
            raise error
        self._stack.__exit__(kind, error, trace)

    def close(self) -> None:
        """End the video."""
        self.__exit__(None, None, None)
