"""A flight from place to place, as a video or as numbered pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.files import make_folder, part_of
from vrnn.png import save
from vrnn.scene.camera import Camera

VIDEOS = (".mp4", ".webm", ".mov", ".mkv")


def flight(cameras: Sequence[Camera], seconds: float, rate: float) -> Iterator[Camera]:
    """Cameras on a smooth way through all of these, at rest only at its ends.

    seconds: from one to the next; rate: cameras a second. The way is a Catmull-Rom spline
    (Catmull and Rom 1974), with the ends doubled; yaw takes the shorter way round.
    Raises VrnnError for fewer than two cameras.
    """
    if len(cameras) < 2:
        raise VrnnError("a film goes from one camera to another; give --camera at least twice")
    if not (seconds > 0 and 1 <= rate <= 240):
        raise VrnnError("a film needs more than 0 seconds and a rate from 1 to 240")
    points = np.array([[c.x, c.y, c.z, c.yaw, c.pitch, c.fov] for c in cameras])
    points[:, 3] = np.unwrap(points[:, 3])
    knots = np.concatenate([points[:1], points, points[-1:]])
    count = max(2, round(seconds * rate * (len(cameras) - 1)) + 1)
    for t in np.linspace(0, 1, count):
        eased = t * t * (3 - 2 * t) if len(cameras) == 2 else _eased(float(t), len(cameras) - 1)
        place = eased * (len(cameras) - 1)
        at = min(int(place), len(cameras) - 2)
        yield Camera(*_spline(knots[at : at + 4], place - at).tolist())


def _eased(t: float, parts: int) -> float:
    """Begins and ends slowly, and is even in between. t: 0…1."""
    ramp = 0.5 / parts
    speed = 1 / (1 - ramp)
    if t < ramp:
        return speed * t * t / (2 * ramp)
    if t > 1 - ramp:
        return 1 - speed * (1 - t) ** 2 / (2 * ramp)
    return speed * (t - ramp / 2)


def _spline(p: np.ndarray, t: float) -> np.ndarray:
    """Between the middle two of four points (4, K)."""
    return 0.5 * (
        2 * p[1] + (p[2] - p[0]) * t
        + (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3]) * t**2
        + (3 * p[1] - 3 * p[2] + p[3] - p[0]) * t**3
    )  # fmt: skip


def write_film(path: Path, pictures: Iterable[np.ndarray], rate: float) -> int:
    """Write pictures (H, W, 3) uint8 as a video, or as 00000.png, 00001.png, … into a folder.

    path: a video by its ending, else a folder. Returns how many there were. Raises VrnnError; a
    video is written whole or not at all.
    """
    if path.suffix.lower() in VIDEOS:
        return _write_video(path, pictures, rate)
    make_folder(path)
    count = 0
    for pixels in pictures:
        save(path / f"{count:05}.png", Image.fromarray(pixels))
        count += 1
    return count


def check_film(path: Path) -> None:
    """Raise VrnnError when a film could not be written: better told before the work."""
    if path.suffix.lower() in VIDEOS:
        _ffmpeg()
    elif path.suffix:
        raise VrnnError(f"'{path}' should end in {', '.join(VIDEOS)}, or be a folder for pictures")


def _ffmpeg() -> Any:
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise VrnnError(
            "videos need imageio-ffmpeg; run: pip install imageio-ffmpeg, or give a folder"
        ) from error
    return imageio_ffmpeg


def _write_video(path: Path, pictures: Iterable[np.ndarray], rate: float) -> int:
    ffmpeg = _ffmpeg()
    count, writer = 0, None
    with part_of(path) as part:
        try:
            for pixels in pictures:
                even = pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]
                if writer is None:
                    size = (even.shape[1], even.shape[0])
                    writer = ffmpeg.write_frames(
                        str(part), size, fps=rate, quality=8, macro_block_size=2
                    )
                    writer.send(None)
                writer.send(np.ascontiguousarray(even))
                count += 1
        finally:
            if writer is not None:
                writer.close()
        if not part.stat().st_size:
            raise VrnnError(f"the video '{path}' could not be encoded; give a folder instead")
    return count
