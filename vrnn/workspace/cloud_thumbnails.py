"""Thumbnails of the images of a cloud that are near the eye, loaded and kept on the GPU."""

from __future__ import annotations

import numpy as np

from vrnn.media.image_set import ImageSet
from vrnn.media.thumbnails import ThumbnailLoader
from vrnn.render.picture_store import PICTURE_SIDE
from vrnn.render.renderer import Renderer
from vrnn.scene.primitives import CLOUD_STORE
from vrnn.storage.closeable import Closeable

MAX_NEAR = 2048
"""Thumbnails that are seen at once, at most."""
NEAR_PIXELS = 7.0
"""Side of an image on the screen from which on it is a thumbnail and no dot."""
PIXELS_PER_UNIT = 1300.0
"""Pixels of a meter at a depth of one, where nobody says how large the picture is."""
MOVED = 0.04
"""Part of the way to the cloud that the eye moves before other images are near."""
UPLOADS_A_FRAME = 96
"""Thumbnails that are sent to the GPU in one frame: about 2 MB."""


class CloudThumbnails(Closeable):
    """Chooses which images are near, and brings their thumbnails to the GPU.

    Attributes:
        places: Number of the picture on the GPU of each image that has one.
    """

    def __init__(self, images: ImageSet, renderer: Renderer, count: int) -> None:
        """Start without any thumbnail.

        Args:
            images: The data set.
            renderer: Holds the thumbnails.
            count: How many images there are.
        """
        self.places: dict[int, int] = {}
        self._renderer = renderer
        room = renderer.pictures.allocate(CLOUD_STORE, max(min(count, MAX_NEAR), 1))
        self._free = list(range(room))[::-1]
        self._room = room
        self._loader = ThumbnailLoader(images, PICTURE_SIDE, 2 * MAX_NEAR)
        self._wanted: list[int] = []
        self._arrived: dict[int, np.ndarray] = {}
        self._eye: np.ndarray | None = None
        self._reach = 0.0
        self._first: tuple[int, ...] = ()
        self._kept: dict[int, np.ndarray] = {}

    @property
    def complete(self) -> bool:
        """Whether every image that is near has its thumbnail, or cannot be read."""
        failed = self._loader.failed
        return all(number in self.places or number in failed for number in self._wanted)

    def choose(
        self, numbers: np.ndarray, centers: np.ndarray, side: float, eye: np.ndarray,
        pixels_per_unit: float, first: tuple[int, ...] = (), force: bool = False,
    ) -> bool:  # fmt: skip
        """Choose which images are near, unless the eye is about where it was.

        Args:
            numbers: (N,) of the images that can be seen.
            centers: (N, 3) meters.
            side: Of a thumbnail, meters.
            eye: (3,) meters.
            pixels_per_unit: Of the picture; 0 where that is not known.
            first: Images that are wanted wherever they are.
            force: Whether they have moved, or others are seen.

        Returns:
            Whether other images are near than before.
        """
        if not force and self._eye is not None and _distance(eye, self._eye) < self._reach * MOVED:
            return False
        if first != self._first:
            # Their pixels are wanted too, so those that are there come once more.
            self._first, self._kept = first, {}
            for number in [n for n in first if n in self.places]:
                self._free.append(self.places.pop(number))
            self._wanted = [n for n in self._wanted if n not in first]
            self._loader.request(self._wanted)
        wanted = list(dict.fromkeys(first))
        if len(numbers):
            away = centers - eye.astype(np.float32)
            squares = np.einsum("ij,ij->i", away, away)
            self._reach = float(np.sqrt(squares.min())) + side * 10
            limit = (side * (pixels_per_unit or PIXELS_PER_UNIT) / NEAR_PIXELS) ** 2
            near = np.flatnonzero((squares < limit) & ~np.isin(numbers, wanted))
            room = self._room - len(wanted)
            if len(near) > room:
                near = near[np.argpartition(squares[near], room)[:room]]
            near = near[np.argsort(squares[near])]
            wanted += numbers[near].tolist()
        self._eye = eye.copy()
        wanted = wanted[: self._room]
        if wanted == self._wanted:
            return False
        self._wanted = wanted
        kept = set(wanted)
        for number in [n for n in self.places if n not in kept]:
            self._free.append(self.places.pop(number))
        self._arrived = {n: p for n, p in self._arrived.items() if n in kept}
        self._loader.request(wanted)
        return True

    def take(self) -> bool:
        """Send thumbnails that have come to the GPU; True when there are more than before."""
        self._arrived.update(self._loader.take())
        sent = 0
        for number in list(self._arrived)[:UPLOADS_A_FRAME]:
            pixels = self._arrived.pop(number)
            if number in self.places or not self._free:
                continue
            texels = np.full((PICTURE_SIDE, PICTURE_SIDE, 4), 255, np.uint8)
            texels[..., :3] = pixels
            place = self._free.pop()
            self._renderer.pictures.upload(CLOUD_STORE, place, texels)
            self.places[number] = place
            if number in self._first:
                self._kept[number] = pixels
            sent += 1
        return sent > 0

    def pictures(self, numbers: tuple[int, ...]) -> dict[int, np.ndarray]:
        """Return the thumbnails of some images, (S, S, 3) uint8, as far as they are there."""
        return {number: self._kept[number] for number in numbers if number in self._kept}

    def close(self) -> None:
        """Stop loading, and release the memory on the GPU."""
        self._loader.close()
        self._renderer.pictures.free(CLOUD_STORE)


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other))
