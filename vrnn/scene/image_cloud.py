"""A cloud of images in the world: where each is, and which of them a ray hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vrnn.scene.picking import Hit
from vrnn.scene.primitives import DOT, STROKE, THUMBNAIL, PickRegion

CLOUD_KIND = "cloud image"
"""Kind of a `Hit` on an image of a cloud; its value is the number of the image."""
CLOUD_VISUAL = "image cloud"
"""Name of what stands around a cloud among the world's visuals."""
FAR_OFF = 1.5
"""Images that are so many times as far out as all others are placed at the edge of a cloud."""
MAX_FAR_OFF = 0.01
"""The part of the images that may be so, and one image of few."""
LAYERED = 0.3
"""Depth of a cloud of two dimensions, in sides of a thumbnail."""
MIN_HIT_PIXELS = 3.0
"""Half the width on the screen within which a dot is hit at least."""


@dataclass(frozen=True)
class CloudPlace:
    """Where a cloud is in the world.

    Attributes:
        center: Its middle, meters.
        size: Its width and height, meters.
        thumbnail: Side of a thumbnail, meters.
    """

    center: tuple[float, float, float]
    size: float
    thumbnail: float

    def to_world(self, positions: np.ndarray) -> np.ndarray:
        """Return (N, 3) float32 meters of positions (N, D), −1…1 from edge to edge."""
        found = np.empty((len(positions), 3), np.float32)
        found[:] = self.center
        # Thumbnails at the edge are within it too.
        found[:, : positions.shape[1]] += positions * ((self.size - self.thumbnail) / 2)
        if positions.shape[1] < 3 and len(positions) > 1:
            # One behind the other, so that it is told which of two images hides the other.
            found[:, 2] += np.linspace(0, self.thumbnail * LAYERED, len(positions))
        return found


@dataclass(frozen=True, eq=False)
class CloudExtent:
    """What part of the plane or space a cloud shows, from edge to edge.

    Attributes:
        middle: (D,) what is in the middle, in coordinates of unit size.
        reach: From there to the edge.
    """

    middle: np.ndarray
    reach: float

    def place(self, positions: np.ndarray) -> np.ndarray:
        """Return positions (N, D) as parts of the way to the edge, −1…1, float32.

        Those that lie beyond are put at the edge.
        """
        parts = (positions - self.middle) / self.reach
        return np.clip(parts, -1, 1).astype(np.float32)

    def is_beyond(self, positions: np.ndarray) -> np.ndarray:
        """Return which positions (N, D) lie beyond the edge, (N,) bool."""
        beyond: np.ndarray = (np.abs(positions - self.middle) > self.reach * (1 + 1e-5)).any(1)
        return beyond


def cloud_extent(positions: np.ndarray) -> CloudExtent:
    """Return what a cloud has to show: all images.

    Only where so few of them lie so much further out than all others that these would have no room,
    it does not reach to them.

    Args:
        positions: (N, D) of unit size.
    """
    if not len(positions):
        return CloudExtent(np.zeros(positions.shape[1], np.float32), 1.0)
    outmost = np.abs(positions).max(1)
    count, limit = max(int(len(outmost) * MAX_FAR_OFF), 1), np.inf
    if len(outmost) > count:
        limit = FAR_OFF * np.partition(outmost, -count - 1)[-count - 1]
    near = positions[outmost <= limit] if limit > 0 else positions
    low, high = near.min(0), near.max(0)
    return CloudExtent((low + high) / 2, max(float((high - low).max()) / 2, 1e-30))


@dataclass(frozen=True, eq=False)
class _Pickable:
    """Centers, prepared for picking.

    Attributes:
        middle: (3,) of all.
        local: (N, 3) float32 from there.
        squares: (N,) float32, their lengths squared.
    """

    middle: np.ndarray
    local: np.ndarray
    squares: np.ndarray


@dataclass(frozen=True, eq=False)
class DrawnCloud:
    """A cloud as it is seen at one moment.

    Attributes:
        slot: Its network.
        numbers: (N,) int64 numbers of the images that can be pointed at.
        centers: (N, 3) float32 meters.
        side: Of a thumbnail, meters.
        positions: (N, D) float32 of unit size, also where centers are on their way or at the edge.
        dots: (M,) `DOT`, those that are filtered out too.
        thumbnails: (K,) `THUMBNAIL`.
        strokes: (L,) `STROKE`, from where the input lands to its nearest neighbors.
        landed: Where the input lands; None for nowhere.
        pickable: What picking needs of the centers.
    """

    slot: int
    numbers: np.ndarray
    centers: np.ndarray
    side: float
    positions: np.ndarray
    dots: np.ndarray = field(default_factory=lambda: np.zeros(0, DOT))
    thumbnails: np.ndarray = field(default_factory=lambda: np.zeros(0, THUMBNAIL))
    strokes: np.ndarray = field(default_factory=lambda: np.zeros(0, STROKE))
    landed: PickRegion | None = None
    pickable: _Pickable = field(init=False)

    def __post_init__(self) -> None:
        """Prepare for picking: around the middle, where float32 is exact enough."""
        middle = self.centers.mean(0) if len(self.centers) else np.zeros(3, np.float32)
        local = (self.centers - middle).astype(np.float32)
        squares = np.einsum("ij,ij->i", local, local)
        pickable = _Pickable(middle.astype(np.float64), np.ascontiguousarray(local), squares)
        object.__setattr__(self, "pickable", pickable)

    def pick(
        self, origin: np.ndarray, direction: np.ndarray, pixels_per_unit: float = 0.0
    ) -> Hit | None:
        """Return the nearest image that a ray hits.

        Args:
            origin: (3,) meters.
            direction: (3,) unit vector.
            pixels_per_unit: Pixels on screen of a meter at a depth of one meter, for dots too small
                to be hit; 0 for none.
        """
        if not len(self.numbers):
            return None
        start = origin - self.pickable.middle
        rays = np.stack([direction, start], 1).astype(np.float32)
        along, toward = (self.pickable.local @ rays).T
        depth = along - np.float32(start @ direction)
        # The distance from the ray squared, of all at once.
        away = self.pickable.squares - 2 * toward
        away += np.float32(start @ start)
        away -= depth * depth
        reach = np.float32((self.side * 0.75) ** 2)
        if pixels_per_unit:
            least = (depth * np.float32(MIN_HIT_PIXELS / pixels_per_unit)) ** 2
            hits = np.flatnonzero((away < np.maximum(least, reach)) & (depth > 1e-3))
        else:
            hits = np.flatnonzero((away < reach) & (depth > 1e-3))
        if not len(hits):
            return None
        return self._nearest_of(hits, origin, direction, pixels_per_unit)

    def _nearest_of(
        self, hits: np.ndarray, origin: np.ndarray, direction: np.ndarray, pixels_per_unit: float
    ) -> Hit | None:
        """The nearest of some images that a ray passes, if it is within the square."""
        away = self.centers[hits].astype(np.float64) - origin
        depth = away @ direction
        offset = away - depth[:, None] * direction
        half = np.full(len(hits), self.side / 2)
        if pixels_per_unit:
            half = np.maximum(half, depth * (MIN_HIT_PIXELS / pixels_per_unit))
        inside = np.flatnonzero(np.abs(offset).max(1) <= half)
        if not len(inside):
            return None
        nearest = inside[np.argmin(depth[inside])]
        row = int(hits[nearest])
        number = int(self.numbers[row])
        return Hit(
            CLOUD_KIND, float(depth[nearest]), self.slot, value=number, region=self.region(row)
        )

    def region(self, row: int) -> PickRegion:
        """Return the rectangle of an image, upright and facing along z."""
        x, y, z = self.centers[row].tolist()
        half = self.side / 2
        return PickRegion(
            CLOUD_KIND, (x - half, y + half, z + 0.01), (self.side, 0.0, 0.0),
            (0.0, -self.side, 0.0), int(self.numbers[row]), self.slot,
        )  # fmt: skip

    def row_of(self, number: int) -> int | None:
        """Return the place of an image; None where it is not among those that can be pointed at."""
        place = int(np.searchsorted(self.numbers, number))
        found = place < len(self.numbers) and self.numbers[place] == number
        return place if found else None


def images_in_polygon(
    cloud: DrawnCloud, clip_from_world: np.ndarray, polygon: Sequence[tuple[float, float]]
) -> np.ndarray:
    """Return the numbers of the images within a polygon on the screen, ascending.

    Args:
        cloud: The cloud.
        clip_from_world: (4, 4) of the view.
        polygon: Its corners, −1…1 in the view, y upward.
    """
    if len(polygon) < 3 or not len(cloud.numbers):
        return np.zeros(0, np.int64)
    points = np.concatenate([cloud.centers, np.ones((len(cloud.centers), 1), np.float32)], 1)
    clip = points @ clip_from_world.T
    ahead = clip[:, 3] > 1e-6
    x, y = (clip[:, :2] / np.where(ahead, clip[:, 3], 1.0)[:, None]).T
    inside = np.zeros(len(points), bool)
    corners = np.asarray(polygon, np.float64)
    # A point is inside when a line to its right crosses the outline an odd number of times.
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crosses = (y0 > y) != (y1 > y)
        if y0 != y1:
            inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return cloud.numbers[inside & ahead]


def images_within(cloud: DrawnCloud, number: int, radius: float) -> np.ndarray:
    """Return the numbers of the images within a sphere around one of them, ascending.

    Args:
        cloud: The cloud.
        number: Of the image in the middle; nothing where it is not in the cloud.
        radius: In coordinates of unit size.
    """
    row = cloud.row_of(number)
    if row is None:
        return np.zeros(0, np.int64)
    away = np.linalg.norm(cloud.positions - cloud.positions[row], axis=1)
    return cloud.numbers[away <= radius]
