"""A video along the steps of a recorded training, without a window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.training import GoToStep
from vrnn.config.choices import MAX_FRAMES
from vrnn.errors import VrnnError
from vrnn.export.video import VideoWriter, check_video, interpolate_cameras
from vrnn.scene.camera import Camera


def film_training(
    app: OffscreenApp, file: Path, cameras: Sequence[Camera], seconds: float, rate: float,
    size: tuple[int, int],
) -> Iterator[float]:  # fmt: skip
    """Write a video in which the network learns, from the first recorded step to the last.

    Args:
        app: The program, with a training open.
        file: A video file, or a folder.
        cameras: Where from; where there are several, the eye flies past them meanwhile.
        seconds: Duration for each pair of cameras, or of all of it with one camera.
        rate: Frames per second.
        size: (width, height) pixels.

    Yields:
        The part that is done, 0…1.

    Raises:
        VrnnError: There are fewer than two steps, or it cannot be written.
    """
    check_video(file)
    steps = app.workspace.training.steps
    if len(steps) < 2:
        raise VrnnError("a film of a training needs at least two recorded steps")
    frames = max(2, round(seconds * rate) * max(1, len(cameras) - 1))
    if frames > MAX_FRAMES:
        raise VrnnError(f"a video can have {MAX_FRAMES:,} frames; give fewer seconds")
    path = list(interpolate_cameras(cameras, seconds, rate)) if len(cameras) > 1 else cameras
    before = app.workspace.history.bookmark()
    try:
        with VideoWriter(file, rate) as video:
            for number in range(frames):
                part = number / (frames - 1)
                app.do(GoToStep(steps[round(part * (len(steps) - 1))]))
                eye = path[round(part * (len(path) - 1))]
                video.add(np.asarray(app.picture_from(eye, size)))
                yield (number + 1) / frames
    finally:
        app.workspace.roll_back(before)
