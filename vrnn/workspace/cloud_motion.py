"""Images of a cloud on their way from where they were to where they belong."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from vrnn.network.image_cloud import ImageCloud
from vrnn.scene.image_cloud import cloud_extent

SLIDE_TIMES = 1.25
"""Duration of a move from one complete cloud to the next, as a multiple of other transitions."""
STREAM_SECONDS = 0.2
"""Of a move from one state of a cloud that is being placed to the next."""


class CloudMotion:
    """Where the images of a cloud are at this moment.

    Attributes:
        cloud: The cloud that they go to; None for none.
        positions: (N, D) float32 at this moment, −1…1 from edge to edge.
        extent: What is shown of the cloud that they go to.
        is_between: Whether they are shown between two clouds, see `show_between`.
    """

    def __init__(self) -> None:
        self.cloud: ImageCloud | None = None
        self.positions = np.zeros((0, 2), np.float32)
        self.extent = cloud_extent(self.positions)
        self.is_between = False
        self._there = self.positions
        self._before = self.positions
        self._began, self._seconds = 0.0, 0.0

    @property
    def is_moving(self) -> bool:
        """Whether images are on their way."""
        return self._seconds > 0

    def go_to(self, cloud: ImageCloud | None, seconds: float) -> None:
        """Let images go to a cloud; those that were not seen before appear in their places.

        Args:
            cloud: Where to; None for nothing.
            seconds: Of a transition in the world; 0 to be there at once.
        """
        before, positions = self.cloud, self.positions
        self.cloud, self.is_between = cloud, False
        self._seconds = 0.0
        if cloud is None:
            self.positions = np.zeros((0, 2), np.float32)
            return
        self.extent = cloud_extent(cloud.positions)
        self.positions = self._there = self.extent.place(cloud.positions)
        if before is None or not seconds or not len(positions):
            return
        numbers = before.images.numbers
        self._before = carried_over(numbers, positions, cloud.images.numbers, self._there)
        self._seconds = STREAM_SECONDS if cloud.text else seconds * SLIDE_TIMES
        self._began = time.perf_counter()
        self.positions = self._before

    def show_between(self, before: ImageCloud, cloud: ImageCloud, part: float) -> None:
        """Show images between two clouds.

        Args:
            before: Where they come from.
            cloud: Where they go to.
            part: Of the way, 0…1.
        """
        ends = {0.0: before.layer, 1.0: cloud.layer}
        layer = ends.get(part, f"{before.layer} → {cloud.layer}")
        if self.cloud is None or self.cloud.layer != layer or self.cloud.images != cloud.images:
            self.cloud = replace(cloud, layer=layer)
        self._seconds, self.is_between = 0.0, True
        self.extent = cloud_extent(cloud.positions)
        there = self.extent.place(cloud.positions)
        positions = cloud_extent(before.positions).place(before.positions)
        start = carried_over(before.images.numbers, positions, cloud.images.numbers, there)
        self.positions = start + (there - start) * np.float32(eased(part))

    def advance(self) -> bool:
        """Let time go on; True when images have moved."""
        if not self._seconds or self.cloud is None:
            return False
        part = (time.perf_counter() - self._began) / self._seconds
        if part >= 1:
            self._seconds = 0.0
            self.positions = self._there
            return True
        way = self._there - self._before
        self.positions = self._before + way * np.float32(eased(part))
        return True


def carried_over(
    before: np.ndarray, positions: np.ndarray, numbers: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Return where the images of a cloud were, (N, D) float32; in their places if nowhere.

    Args:
        before: (M,) numbers of the images before, ascending.
        positions: (M, D) where these were, of any number of dimensions.
        numbers: (N,) of the images of the cloud, ascending.
        targets: (N, D) their places in it.
    """
    start = targets.copy()
    _, here, there = np.intersect1d(numbers, before, return_indices=True)
    width = min(start.shape[1], positions.shape[1])
    start[here, :width] = positions[there, :width]
    start[here, width:] = 0  # out of the plane
    return start


def eased(part: float) -> float:
    """Return a part of a way, 0…1, of one that begins and ends slowly."""
    part = min(max(part, 0.0), 1.0)
    return part * part * (3 - 2 * part)
