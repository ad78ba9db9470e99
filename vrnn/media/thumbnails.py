"""A data set as a wall of small images: which ones stand on it, and their thumbnails."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.storage.closeable import Closeable

THREADS = 2
AROUND = 20
"""Value, in sRGB, of what an image leaves free in its square."""


def thumbnail(pixels: np.ndarray, side: int) -> np.ndarray:
    """(side, side, 3) uint8: the whole of an image (H, W, 3) uint8, centered on dark.

    Smaller images are enlarged with hard edges, so that their pixels can be told apart.
    """
    rows, columns = pixels.shape[:2]
    scale = side / max(rows, columns)
    height, width = max(1, round(rows * scale)), max(1, round(columns * scale))
    kind = Image.Resampling.BOX if scale < 1 else Image.Resampling.NEAREST
    small = np.asarray(Image.fromarray(pixels).resize((width, height), kind))
    square = np.full((side, side, 3), AROUND, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = small
    return square


class ThumbnailLoader(Closeable):
    """Makes thumbnails in threads of its own. All methods return at once.

    failed: why there is none, by number of the image; it is not tried again.
    """

    def __init__(self, images: ImageSet, side: int = 96, capacity: int = 2000) -> None:
        """side: pixels; capacity: how many thumbnails are kept, those used last."""
        self.side = side
        self.failed: dict[int, str] = {}
        self._images, self._capacity = images, capacity
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()
        self._asked: dict[int, None] = {}  # a set in the order it was asked for
        self._waiting: list[int] = []  # the next one last
        self._busy: set[int] = set()
        self._finished: dict[int, np.ndarray] = {}
        self._closed = False
        self._wake = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, name=f"vrnn-thumbnails-{n}", daemon=True)
            for n in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def request(self, indices: Sequence[int]) -> None:
        """Ask for the thumbnails of these images, the first one first.

        What was asked for before and is not among them is dropped. The same request again costs
        little and gives nothing twice.
        """
        with self._wake:
            before, self._asked = self._asked, dict.fromkeys(indices)
            if list(before) == list(self._asked):
                return
            self._finished = {i: t for i, t in self._finished.items() if i in self._asked}
            for index in self._asked:
                if index in self._kept:
                    self._kept.move_to_end(index)
                    if index not in before:
                        self._finished[index] = self._kept[index]
            missing = [i for i in self._asked if not self._done(i)]
            self._waiting = missing[::-1]
            self._wake.notify_all()

    def _done(self, index: int) -> bool:
        return index in self._kept or index in self._busy or index in self.failed

    def take(self) -> dict[int, np.ndarray]:
        """Thumbnails (side, side, 3) uint8 that have come since the last call, by image."""
        with self._wake:
            finished, self._finished = self._finished, {}
            return finished

    @property
    def waiting(self) -> int:
        """How many of those asked for are still to come."""
        with self._wake:
            return len(self._waiting) + len(self._busy & self._asked.keys())

    def close(self, wait: float = 1.0) -> None:
        """End the threads, each after its image; waits so many seconds for them."""
        with self._wake:
            self._closed = True
            self._waiting.clear()
            self._wake.notify_all()
        end = time.monotonic() + wait
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    # In the threads.

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._closed and not self._waiting:
                    self._wake.wait()
                if self._closed:
                    return
                index = self._waiting.pop()
                self._busy.add(index)
            made = self._made(index)
            with self._wake:
                self._busy.discard(index)
                if isinstance(made, str):
                    # A new dictionary, as the other thread may be going through this one.
                    self.failed = {**self.failed, index: made}
                else:
                    self._keep(index, made)

    def _made(self, index: int) -> np.ndarray | str:
        """The thumbnail, or why there is none."""
        try:
            return thumbnail(self._images.small(index, self.side), self.side)
        except VrnnError as error:
            return str(error)
        except MemoryError:
            return f"image {index} of the data set: not enough memory for its thumbnail"

    def _keep(self, index: int, made: np.ndarray) -> None:
        self._kept[index] = made
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        if index in self._asked:
            self._finished[index] = made
