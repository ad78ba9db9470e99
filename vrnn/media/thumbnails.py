"""Thumbnails of the images of a data set, made in the background."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent import futures

import numpy as np
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.storage.closeable import Closeable

THREADS = 2
BACKGROUND = 20
"""sRGB value of what an image leaves free in its square."""


def thumbnail(pixels: np.ndarray, side: int) -> np.ndarray:
    """Fit a whole image into a square, centered on dark.

    Smaller images are enlarged with hard edges, so that their pixels can be told apart.

    Args:
        pixels: (H, W, 3) uint8.
        side: Of the square, pixels.

    Returns:
        (side, side, 3) uint8.
    """
    rows, columns = pixels.shape[:2]
    scale = side / max(rows, columns)
    height, width = max(1, round(rows * scale)), max(1, round(columns * scale))
    filter_ = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
    small = np.asarray(Image.fromarray(pixels).resize((width, height), filter_))
    square = np.full((side, side, 3), BACKGROUND, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = small
    return square


class ThumbnailLoader(Closeable):
    """Makes thumbnails in threads of its own. All methods return at once.

    Attributes:
        side: Of a thumbnail, pixels.
        failed: Why there is no thumbnail, by number of the image; it is not tried again.
    """

    def __init__(self, images: ImageSet, side: int = 96, capacity: int = 2000) -> None:
        """Start without any thumbnail.

        Args:
            images: The images, read in the threads.
            side: Of a thumbnail, pixels.
            capacity: How many thumbnails are kept in memory; those used longest ago are dropped.
        """
        self.side = side
        self.failed: dict[int, str] = {}
        self._images, self._capacity = images, capacity
        self._cache: OrderedDict[int, np.ndarray] = OrderedDict()
        self._requested: dict[int, None] = {}  # a set in the order of the request
        self._ready: dict[int, np.ndarray] = {}
        self._unfinished: dict[int, futures.Future[None]] = {}
        self._lock = threading.Lock()
        self._pool = futures.ThreadPoolExecutor(THREADS, "vrnn-thumbnails")

    def request(self, indices: Sequence[int]) -> None:
        """Ask for the thumbnails of some images, the first one first.

        What was asked for before and is not among them is dropped. The same request again costs
        little and gives nothing twice.

        Args:
            indices: Numbers of the images.
        """
        with self._lock:
            before, self._requested = self._requested, dict.fromkeys(indices)
            if list(before) == list(self._requested):
                return
            self._ready = {i: t for i, t in self._ready.items() if i in self._requested}
            for index in self._requested:
                if index in self._cache:
                    self._cache.move_to_end(index)
                    if index not in before:
                        self._ready[index] = self._cache[index]
            # Those that have not begun are submitted again, in the order of this request.
            self._unfinished = {i: f for i, f in self._unfinished.items() if not f.cancel()}
            for index in self._requested:
                if not self._is_done(index):
                    self._unfinished[index] = self._pool.submit(self._load, index)

    def _is_done(self, index: int) -> bool:
        return index in self._cache or index in self._unfinished or index in self.failed

    def take(self) -> dict[int, np.ndarray]:
        """Return the thumbnails, (side, side, 3) uint8, that have come since the last call."""
        with self._lock:
            ready, self._ready = self._ready, {}
            return ready

    @property
    def waiting(self) -> int:
        """How many of those asked for are still to come."""
        with self._lock:
            return len(self._unfinished.keys() & self._requested.keys())

    def close(self, wait: float = 1.0) -> None:
        """End the threads, each after its image.

        Args:
            wait: Seconds to wait for them at most.
        """
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            running = [future for future in self._unfinished.values() if not future.cancelled()]
        futures.wait(running, wait)

    def _load(self, index: int) -> None:
        """Make one thumbnail, in a thread of the pool."""
        made = self._thumbnail_or_problem(index)
        with self._lock:
            del self._unfinished[index]
            if isinstance(made, str):
                # A new dictionary, as the other thread may be going through this one.
                self.failed = {**self.failed, index: made}
                return
            self._cache[index] = made
            while len(self._cache) > self._capacity:
                self._cache.popitem(last=False)
            if index in self._requested:
                self._ready[index] = made

    def _thumbnail_or_problem(self, index: int) -> np.ndarray | str:
        try:
            return thumbnail(self._images.small(index, self.side), self.side)
        except VrnnError as error:
            return str(error)
        except MemoryError:
            return f"image {index} of the data set: not enough memory for its thumbnail"
        except Exception as error:  # a fault of vrnn's must not let anybody wait for ever
            return f"image {index} of the data set has no thumbnail: {error}"
