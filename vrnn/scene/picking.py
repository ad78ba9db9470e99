"""What a ray meets: a map's texel of a layer, or one of the other things that can be touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Node
from vrnn.scene.primitives import PickRegion
from vrnn.scene.transition import MapPlacements, PlacementFrame


@dataclass(frozen=True, eq=False)
class Ray:
    """What points: from `origin` (3,) meters along the unit vector `direction` (3,)."""

    origin: np.ndarray
    direction: np.ndarray

    def at(self, distance: float) -> np.ndarray:
        """(3,) so many meters along it."""
        return self.origin + self.direction * distance


@dataclass(frozen=True)
class Hit:
    """What a ray meets.

    kind: `layer`, or a `Spot`'s. Of a layer: slot, node, channel (-1 between maps), row and column
    of the texel. value: of the spot. across, down: 0…1 in what was met; distance: meters.
    """

    kind: str
    distance: float
    slot: int = 0
    node: int = -1
    channel: int = -1
    row: int = 0
    column: int = 0
    value: Any = None
    across: float = 0.0
    down: float = 0.0

    @property
    def layer(self) -> tuple[int, int] | None:
        """Network and node of the layer, or of the one that the spot belongs to."""
        return (self.slot, self.node) if self.node >= 0 else None


def pick_layer(
    pose: PlacementFrame,
    nodes: Mapping[int, Node],
    slot: int,
    origin: np.ndarray,
    direction: np.ndarray,
) -> Hit | None:
    """The nearest layer that a ray meets, all tested at once. origin, direction: (3,)."""
    places = pose.panel_rects
    if not len(places) or abs(direction[2]) < 1e-9:
        return None
    x, y, z, width, height = places.T.astype(np.float64)
    t = (z - origin[2]) / direction[2]
    across = (origin[0] + t * direction[0] - x) / width + 0.5
    down = 1 - (origin[1] + t * direction[1] - y) / height
    inside = (t > 1e-6) & (across >= 0) & (across < 1) & (down >= 0) & (down < 1)
    met = np.flatnonzero(inside)
    for best in met[np.argsort(t[met])]:
        node = nodes[pose.node_ids[best]]
        u, v, away = float(across[best]), float(down[best]), float(t[best])
        maps = pose.maps.get(node.id)
        if maps is None:
            return _in_grid(pose, node, slot, u, v, away)
        at = np.array([(u - 0.5) * width[best], (1 - v) * height[best]])
        hit = _among(maps, node, slot, at, (u, v), away)
        if hit is not None:
            return hit
    return None


def _in_grid(pose: PlacementFrame, node: Node, slot: int, u: float, v: float, away: float) -> Hit:
    channels, rows, columns = map_shape(node.shape)
    face = pose.placement.panel_shapes.get(node.id)
    if face is None or face.shows_one_map:
        return Hit("layer", away, slot, node.id, -1, int(v * rows), int(u * columns), None, u, v)
    cell_x, cell_y = u * face.grid.columns, v * face.grid.rows
    channel = int(cell_y) * face.grid.columns + int(cell_x)
    return Hit(
        "layer", away, slot, node.id, channel if channel < channels else -1,
        int((cell_y % 1) * rows), int((cell_x % 1) * columns), None, u, v,
    )  # fmt: skip


def _among(
    maps: MapPlacements,
    node: Node,
    slot: int,
    at: np.ndarray,
    place: tuple[float, float],
    away: float,
) -> Hit | None:
    local = (at - maps.centers[:, :2]) / np.maximum(maps.sizes, 1e-9) + 0.5
    inside = np.flatnonzero(((local >= 0) & (local < 1)).all(1))
    if not len(inside):
        return None
    one = inside[0]
    _, rows, columns = map_shape(node.shape)
    u, v = local[one]
    return Hit(
        "layer", away, slot, node.id, int(maps.channels[one]),
        int((1 - v) * rows), int(u * columns), None, *place,
    )  # fmt: skip


class PickRegions:
    """All spots, ready to be picked among."""

    def __init__(self, spots: Sequence[PickRegion]) -> None:
        self.regions = tuple(spots)
        corners = np.array([(s.origin, s.right, s.down) for s in spots], np.float64)
        origin, right, down = corners.reshape(-1, 3, 3).transpose(1, 0, 2)
        normal = np.cross(right, down)
        # The position along an edge is a product with the edge divided by its length squared.
        with np.errstate(divide="ignore", invalid="ignore"):
            right = right / np.einsum("ij,ij->i", right, right)[:, None]
            down = down / np.einsum("ij,ij->i", down, down)[:, None]
        # All three are products with the ray's origin and direction, less what is known before.
        self._axes = np.concatenate([normal, right, down])
        self._known = np.einsum("ij,ij->i", self._axes, np.tile(origin, (3, 1)))

    def pick(self, origin: np.ndarray, direction: np.ndarray) -> Hit | None:
        """The nearest spot that a ray meets. origin, direction: (3,)."""
        if not self.regions:
            return None
        away, across, down = (self._axes @ origin - self._known).reshape(3, -1)
        ahead, to_right, to_down = (self._axes @ direction).reshape(3, -1)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = -away / ahead
            u, v = across + t * to_right, down + t * to_down
            inside = (t > 1e-6) & (u >= 0) & (u < 1) & (v >= 0) & (v < 1)
        if not inside.any():
            return None
        best = int(np.argmin(np.where(inside, t, np.inf)))
        spot = self.regions[best]
        return Hit(
            spot.kind, float(t[best]), spot.slot, spot.node, -1, 0, 0, spot.value,
            float(u[best]), float(v[best]),
        )  # fmt: skip
