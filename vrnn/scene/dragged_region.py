"""A box of positions that is being dragged over a map, a picture of a layer, or the input."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrnn.scene.picking import Ray
from vrnn.scene.primitives import PickRegion

Position = tuple[int, int]
"""Row and column."""


@dataclass(frozen=True, eq=False)
class DraggedRegion:
    """The positions between where a drag began and where it is now.

    Attributes:
        network: Number of the network.
        layer: Name of the layer.
        area: Where all positions of the map are seen.
        shape: Rows and columns of the map.
        first: Where the drag began.
        last: Where it is now.
    """

    network: int
    layer: str
    area: PickRegion
    shape: tuple[int, int]
    first: Position
    last: Position

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Row, column, rows and columns."""
        row, column = (min(a, b) for a, b in zip(self.first, self.last, strict=True))
        rows, columns = (abs(a - b) + 1 for a, b in zip(self.first, self.last, strict=True))
        return row, column, rows, columns

    @property
    def frame(self) -> PickRegion:
        """The rectangle of these positions where they are seen."""
        return positions_frame(self.area, self.box, self.shape)

    def dragged_to(self, ray: Ray) -> DraggedRegion:
        """Return the same with another end, at the edge where a ray points past the map."""
        origin, right, down = (
            np.array(edge, np.float64)
            for edge in (self.area.origin, self.area.right, self.area.down)
        )
        normal = np.cross(right, down)
        facing = float(ray.direction @ normal)
        if abs(facing) < 1e-9:
            return self
        distance = float((origin - ray.origin) @ normal) / facing
        if distance <= 0:
            return self
        point = ray.at(distance) - origin
        parts = (
            float(point @ down) / float(down @ down),
            float(point @ right) / float(right @ right),
        )
        row, column = (
            int(np.clip(part * count, 0, count - 1))
            for part, count in zip(parts, self.shape, strict=True)
        )
        return replace(self, last=(row, column))


def positions_frame(
    area: PickRegion, box: tuple[int, int, int, int], shape: tuple[int, int]
) -> PickRegion:
    """Return the rectangle of some positions of a map.

    Args:
        area: Where all of them are seen.
        box: Row, column, rows and columns.
        shape: Rows and columns of the map.
    """
    origin, right, down = (
        np.array(edge, np.float64) for edge in (area.origin, area.right, area.down)
    )
    row, column, rows, columns = box
    corner = origin + right * (column / shape[1]) + down * (row / shape[0])
    across, along = right * (columns / shape[1]), down * (rows / shape[0])
    return PickRegion("map", _point(corner), _point(across), _point(along))


def _point(vector: np.ndarray) -> tuple[float, float, float]:
    x, y, z = vector.tolist()
    return x, y, z
