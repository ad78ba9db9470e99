"""Which panel, channel and position a ray meets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vrnn.network import Node, map_shape
from vrnn.scene.panel import PanelGrid


@dataclass(frozen=True)
class Hit:
    """What a ray meets.

    channel: -1 between maps; row, column: texel in the map; distance: metres.
    """

    node: int
    channel: int
    row: int
    column: int
    distance: float
    slot: int = 0

    def of(self, slot: int) -> Hit:
        """The same in a certain network."""
        return replace(self, slot=slot)


def pick(
    places: np.ndarray,
    nodes: Sequence[Node],
    grids: Sequence[PanelGrid],
    origin: np.ndarray,
    direction: np.ndarray,
) -> Hit | None:
    """The nearest panel that a ray meets, all tested at once.

    places: (N, 5) x centre, y bottom, z, width, height; origin, direction: (3,).
    """
    if not len(places) or abs(direction[2]) < 1e-9:
        return None
    x, y, z, width, height = places.T.astype(np.float64)
    t = (z - origin[2]) / direction[2]
    across = (origin[0] + t * direction[0] - x) / width + 0.5
    down = 1 - (origin[1] + t * direction[1] - y) / height
    inside = (t > 1e-6) & (across >= 0) & (across < 1) & (down >= 0) & (down < 1)
    if not inside.any():
        return None
    best = int(np.argmin(np.where(inside, t, np.inf)))
    node, grid = nodes[best], grids[best]
    channels, rows, columns = map_shape(node.shape)
    cell_x, cell_y = across[best] * grid.columns, down[best] * grid.rows
    channel = int(cell_y) * grid.columns + int(cell_x)
    return Hit(
        node.id,
        channel if channel < channels else -1,
        int((cell_y % 1) * rows),
        int((cell_x % 1) * columns),
        float(t[best]),
    )
