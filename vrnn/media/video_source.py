"""Live frames: from a camera, a video file, or a folder of images."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from vrnn.errors import VrnnError
from vrnn.media.image_reader import SUFFIXES, read_image
from vrnn.media.image_set import natural_sort
from vrnn.storage.closeable import Closeable

Frames = Generator[np.ndarray, None, None]

DEFAULT_FPS = 25.0
"""Frames per second of a folder, and of a video that does not state its own."""
CAMERA_TIMEOUT = 2.0
"""Seconds without a frame after which a camera counts as gone."""
MAX_FRAME_SIDE = 512
"""Pixels; frames of a whole video with a longer side are thinned out to about that."""
RATE_SECONDS = 2.0
"""Seconds over which `rate` is measured."""


class VideoSource(Closeable):
    """Reads frames in a thread of its own; a newer one replaces one that nobody has fetched.

    Attributes:
        source: As it was given.
        problem: Why no more frames come, a sentence; '' while they do.
        skipped: How many frames could not be read.
        fault: Which image of a folder could not be read first, a sentence; '' while all could.
    """

    def __init__(self, source: str, fps: float | None = None) -> None:
        """Start reading.

        Args:
            source: A camera's number, a video file, or a folder of images, shown in natural order
                and from the start again at the end, as a video is.
            fps: Frames per second of a folder or a video; None: the video's own, or DEFAULT_FPS.

        Raises:
            VrnnError: There is no such file or folder, or OpenCV is missing for others than a
                folder.
        """
        if fps is not None and not 0 < fps <= 1000:
            raise VrnnError(
                f"{fps} frames per second cannot be taken; ask for more than 0, up to 1000"
            )
        self.source = source
        self.problem = ""
        self.skipped = 0
        self.fault = ""
        self._fps = fps
        self._frame: np.ndarray | None = None
        self._delivered: deque[float] = deque()
        self._lock = threading.Lock()
        self._end = threading.Event()
        frames = self._frames()
        self._thread = threading.Thread(
            target=self._read, args=(frames,), name="vrnn-live", daemon=True
        )
        self._thread.start()

    def _frames(self) -> Frames:
        """Return the frames of the source, each when it is due, for ever."""
        if self.source and Path(self.source).is_dir():
            return self._folder_frames(self.source)
        if self.source.isascii() and self.source.isdigit():
            return self._camera_frames(_opencv(), int(self.source))
        if Path(self.source).is_file():
            return self._video_frames(_opencv(), self.source)
        raise VrnnError(
            f"there is no video file or folder of images '{self.source}' to take frames from; "
            "a camera is given by its number, such as 0"
        )

    def frame(self) -> np.ndarray | None:
        """Return the newest frame, (H, W, 3) uint8 sRGB; None when it has been given already."""
        with self._lock:
            frame, self._frame = self._frame, None
            if frame is not None:
                self._delivered.append(time.monotonic())
        return frame

    @property
    def rate(self) -> float:
        """Frames per second that `frame` has given in the last two seconds."""
        with self._lock:
            start = time.monotonic() - RATE_SECONDS
            while self._delivered and self._delivered[0] < start:
                self._delivered.popleft()
            if len(self._delivered) < 2:
                return len(self._delivered) / RATE_SECONDS
            # Between frames, so that the rate is right from the second one on.
            since = self._delivered[-1] - self._delivered[0]
            return (len(self._delivered) - 1) / max(since, 1e-3)

    def close(self, wait: float = 2.0) -> None:
        """End the thread, which releases a camera.

        Args:
            wait: Seconds to wait for it at most.
        """
        self._end.set()
        self._thread.join(wait)

    # In the thread.

    def _read(self, frames: Frames) -> None:
        try:
            for frame in frames:
                if self._end.is_set():
                    break
                with self._lock:
                    self._frame = frame
        except VrnnError as error:
            self.problem = str(error)
        except Exception as error:
            self.problem = f"frames from '{self.source}' have ended: {error}"
        finally:
            frames.close()  # releases the camera

    def _folder_frames(self, folder: str) -> Frames:
        pacer = _FramePacer(self._fps or DEFAULT_FPS, self._end)
        while not self._end.is_set():
            readable = False
            for path in _image_files(folder):
                if self._end.is_set():
                    return
                try:
                    frame = read_image(path)
                except VrnnError as error:
                    self.skipped += 1
                    self.fault = self.fault or f"{error}; what cannot be read is left out"
                    continue
                readable = True
                pacer.wait()
                yield frame
            if not readable:
                raise VrnnError(f"no image in '{folder}' can be read; give a folder of PNG or JPEG")

    def _video_frames(self, cv2: Any, file: str) -> Frames:
        while not self._end.is_set():
            capture = cv2.VideoCapture(file)
            try:
                own = capture.get(cv2.CAP_PROP_FPS)
                fps = self._fps or (own if 0 < own <= 1000 else DEFAULT_FPS)
                pacer = _FramePacer(fps, self._end)
                readable = False
                while not self._end.is_set() and capture.grab():
                    ok, frame = capture.retrieve()
                    if not ok:
                        self.skipped += 1
                        continue
                    readable = True
                    pacer.wait()
                    yield _from_bgr(frame)
            finally:
                capture.release()
            if not readable and not self._end.is_set():
                raise VrnnError(f"'{file}' is not a video that can be read; give MP4 or AVI")

    def _camera_frames(self, cv2: Any, number: int) -> Frames:
        capture = cv2.VideoCapture(number)
        try:
            if not capture.isOpened():
                raise VrnnError(
                    f"camera {number} cannot be opened; see that it is plugged in, no other "
                    "program uses it, and it is not another number"
                )
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what has been waiting is old
            last = time.monotonic()
            while not self._end.is_set():
                ok, frame = capture.read()
                if ok:
                    last = time.monotonic()
                    yield _from_bgr(frame)
                    continue
                self.skipped += 1
                if time.monotonic() - last > CAMERA_TIMEOUT:
                    raise VrnnError(f"camera {number} gives no more frames; plug it in again")
                self._end.wait(0.02)
        finally:
            capture.release()


class _FramePacer:
    """Waits until the next frame is due."""

    def __init__(self, fps: float, end: threading.Event) -> None:
        self._interval, self._end = 1 / fps, end
        self._due = time.monotonic()

    def wait(self) -> None:
        now = time.monotonic()
        if self._due > now:
            self._end.wait(self._due - now)
        # Frames that come too late shift the ones after them, instead of a burst.
        self._due = max(self._due, now - self._interval) + self._interval


def _image_files(folder: str) -> list[Path]:
    try:
        names = [n for n in os.listdir(folder) if n[n.rfind(".") :].lower() in SUFFIXES]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VrnnError(f"the folder '{folder}' cannot be read: {reason}") from error
    return [Path(folder, name) for name in natural_sort(names) if not name.startswith(".")]


def _from_bgr(frame: np.ndarray) -> np.ndarray:
    """Convert what OpenCV gives, blue first or gray without channels, to (H, W, 3) uint8 sRGB."""
    if frame.ndim == 2:
        return np.repeat(frame[..., None], 3, axis=-1)
    return np.ascontiguousarray(frame[..., 2::-1])


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise VrnnError(
            "cameras and videos need OpenCV; run: pip install opencv-python-headless"
        ) from error
    return cv2


def _shrunk(frame: np.ndarray) -> np.ndarray:
    """A frame no larger than networks take, as many of them are held."""
    step = max(frame.shape[:2]) // MAX_FRAME_SIDE
    return frame if step < 2 else np.ascontiguousarray(frame[::step, ::step])


def read_frames(path: Path, limit: int) -> np.ndarray:
    """Read frames that are spread evenly over a video.

    Args:
        path: The video.
        limit: How many frames at most.

    Returns:
        (T, H, W, 3) uint8 sRGB.

    Raises:
        VrnnError: OpenCV is missing, or cannot read it.
    """
    capture = _opencv().VideoCapture(str(path))
    frames: list[np.ndarray] = []
    step = 1
    try:
        number = 0
        while capture.grab():
            if number % step == 0:
                ok, frame = capture.retrieve()
                if ok:
                    frames.append(_shrunk(_from_bgr(frame)))
                if len(frames) == 2 * limit:  # half of them go, and every other one is taken
                    frames, step = frames[::2], 2 * step
            number += 1
    finally:
        capture.release()
    if not frames:
        raise VrnnError(f"'{path}' is not a video that can be read; give MP4 or AVI")
    while len(frames) > limit:
        frames = frames[::2]
    return np.stack(frames)
