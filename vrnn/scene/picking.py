"""What a ray hits: a texel of a layer's map, or another thing that can be clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Node
from vrnn.network.node_layout import NodeLayout
from vrnn.scene.layout.panel_size import CELL_GAP
from vrnn.scene.placement import MapPlacements, PlacementFrame
from vrnn.scene.primitives import PickRegion


@dataclass(frozen=True, eq=False)
class Ray:
    """A pointing ray.

    Attributes:
        origin: (3,) meters.
        direction: (3,) unit vector.
    """

    origin: np.ndarray
    direction: np.ndarray

    def at(self, distance: float) -> np.ndarray:
        """Return the (3,) point at a distance in meters."""
        return self.origin + self.direction * distance


@dataclass(frozen=True)
class Hit:
    """What a ray hits.

    Attributes:
        kind: `layer`, or the kind of a `PickRegion`.
        distance: From the ray's origin, meters.
        slot: The network.
        node: The layer, or the layer that the region belongs to; -1 for none.
        channel: Channel of a layer's map; -1 between maps.
        row: Row of the texel in the map.
        column: Column of the texel in the map.
        value: Value of the region.
        across: Part of the panel's or region's width from its left edge, 0…1.
        down: Part of its height from its upper edge, 0…1.
        picture: Kind of the layer picture that is seen there from afar; '' where maps are seen.
        region: The region that is hit; None for a layer.
        edge: Source and target of the edge that is hit.
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
    picture: str = ""
    region: PickRegion | None = None
    edge: tuple[int, int] | None = None

    @property
    def layer(self) -> tuple[int, int] | None:
        """Slot and node of the layer, or of the one that the region belongs to."""
        return (self.slot, self.node) if self.node >= 0 else None


def pick_layer(
    frame: PlacementFrame,
    nodes: Mapping[int, Node],
    slot: int,
    origin: np.ndarray,
    direction: np.ndarray,
) -> Hit | None:
    """Return the nearest layer of a network that a ray hits; all are tested at once.

    Args:
        frame: Where the layers are.
        nodes: The layers by id, see `NetworkObject.visible_nodes`.
        slot: The network.
        origin: (3,) meters.
        direction: (3,) unit vector.
    """
    if not len(frame.panel_rects) or abs(direction[2]) < 1e-9:
        return None
    x, y, z, width, height = frame.panel_rects.T.astype(np.float64)
    t = (z - origin[2]) / direction[2]
    across = (origin[0] + t * direction[0] - x) / width + 0.5
    down = 1 - (origin[1] + t * direction[1] - y) / height
    inside = (t > 1e-6) & (across >= 0) & (across < 1) & (down >= 0) & (down < 1)
    rows = np.flatnonzero(inside)
    for nearest in rows[np.argsort(t[rows])]:
        node = nodes[frame.node_ids[nearest]]
        u, v, distance = float(across[nearest]), float(down[nearest]), float(t[nearest])
        maps = frame.separate_maps.get(node.id)
        has_graph = node.presentation == "nodes"
        layout = frame.placement.network.layout_of(node) if has_graph else None
        if maps is None:
            return _hit_in_grid(frame, node, slot, (u, v), distance, layout)
        point = np.array([(u - 0.5) * width[nearest], (1 - v) * height[nearest]])
        hit = _hit_separate_map(maps, node, slot, point, (u, v), distance, layout)
        if hit is not None:
            return hit
    return None


def _hit_in_grid(
    frame: PlacementFrame, node: Node, slot: int, position: tuple[float, float], distance: float,
    layout: NodeLayout | None,
) -> Hit:  # fmt: skip
    """The hit in a panel that holds all maps of a layer, or one for all."""
    u, v = position
    channels, rows, columns = map_shape(node.shape)
    shape = frame.placement.panel_shapes.get(node.id)
    if shape is None or shape.shows_one_map:
        row, column = int(v * rows), int(u * columns)
        if layout is not None:
            row, column = 0, layout.nearest(*_within_gap(u, v))
        return Hit("layer", distance, slot, node.id, -1, row, column, None, u, v)
    cell_x, cell_y = u * shape.grid.columns, v * shape.grid.rows
    channel = int(cell_y) * shape.grid.columns + int(cell_x)
    row, column = int((cell_y % 1) * rows), int((cell_x % 1) * columns)
    if layout is not None:
        row, column = 0, layout.nearest(*_within_gap(cell_x % 1, cell_y % 1))
    return Hit(
        "layer", distance, slot, node.id, channel if channel < channels else -1, row, column,
        None, u, v,
    )  # fmt: skip


def _within_gap(*position: float) -> tuple[float, ...]:
    """A position in a map, from one in its cell, which has a gap around."""
    return tuple((part - 0.5) / (1 - CELL_GAP) + 0.5 for part in position)


def _hit_separate_map(
    maps: MapPlacements,
    node: Node,
    slot: int,
    point: np.ndarray,
    position: tuple[float, float],
    distance: float,
    layout: NodeLayout | None,
) -> Hit | None:
    """The hit among maps that are drawn separately; None between them.

    Args:
        maps: Where they are.
        node: Their layer.
        slot: The network.
        point: (2,) meters from the middle of the panel's lower edge.
        position: The same as parts of the panel, `Hit.across` and `Hit.down`.
        distance: From the ray's origin, meters.
        layout: Where the nodes of a graph are; None for other maps.
    """
    local = (point - maps.centers[:, :2]) / np.maximum(maps.sizes, 1e-9) + 0.5
    inside = np.flatnonzero(((local >= 0) & (local < 1)).all(1))
    if not len(inside):
        return None
    first = inside[0]
    _, rows, columns = map_shape(node.shape)
    u, v = local[first]
    row, column = int((1 - v) * rows), int(u * columns)
    if layout is not None:
        row, column = 0, layout.nearest(*_within_gap(u, 1 - v))
    return Hit(
        "layer", distance, slot, node.id, int(maps.channels[first]), row, column, None, *position
    )


MIN_PIXELS = 16.0
"""Width and height on the screen within which a small thing is hit at least."""
SMALL_KINDS = frozenset({"bracket", "corner", "features", "handle", "pin", "button"})
"""Kinds of regions that may be too small on the screen to be hit."""


class PickRegions:
    """All regions of the world, prepared for picking."""

    def __init__(self, regions: Sequence[PickRegion]) -> None:
        """Prepare regions.

        Args:
            regions: In any order; of two at the same distance, the first is hit.
        """
        self.regions = tuple(regions)
        corners = np.array([(r.origin, r.right, r.down) for r in regions], np.float64)
        origin, right, down = corners.reshape(-1, 3, 3).transpose(1, 0, 2)
        normal = np.cross(right, down)
        # The position along an edge is a product with the edge divided by its length squared.
        with np.errstate(divide="ignore", invalid="ignore"):
            right = right / np.einsum("ij,ij->i", right, right)[:, None]
            down = down / np.einsum("ij,ij->i", down, down)[:, None]
        # All three are products with the ray's origin and direction, less what is known before.
        self._axes = np.concatenate([normal, right, down])
        self._offsets = np.einsum("ij,ij->i", self._axes, np.tile(origin, (3, 1)))
        sides = corners.reshape(-1, 3, 3)
        lengths = np.linalg.norm(sides[:, 1:], axis=2)
        is_wide = (lengths[:, 0] >= lengths[:, 1])[:, None]
        long, short = (np.where(w, sides[:, 1], sides[:, 2]) for w in (is_wide, ~is_wide))
        is_corner = np.array([r.kind == "corner" for r in regions], bool)[:, None]
        # A layer's corner is hit outward from the layer, at its own upper left.
        middle = np.where(is_corner, sides[:, 0], sides[:, 0] + short / 2)
        self._lines = np.stack([middle, np.where(is_corner, 0.0, long)], 1)
        units = (sides[:, 1:] / np.maximum(lengths, 1e-9)[..., None]).sum(1)
        self._outward = np.where(is_corner, units, 0.0)
        self._small = np.array([r.kind in SMALL_KINDS for r in regions], bool)
        self._layers = np.array([(r.slot, r.node) for r in regions], int).reshape(-1, 2)

    def pick(self, origin: np.ndarray, direction: np.ndarray) -> Hit | None:
        """Return the nearest region that a ray hits.

        Args:
            origin: (3,) meters.
            direction: (3,) unit vector.
        """
        if not self.regions:
            return None
        height, across, down = (self._axes @ origin - self._offsets).reshape(3, -1)
        approach, to_right, to_down = (self._axes @ direction).reshape(3, -1)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = -height / approach
            u, v = across + t * to_right, down + t * to_down
            inside = (t > 1e-6) & (u >= 0) & (u < 1) & (v >= 0) & (v < 1)
        if not inside.any():
            return None
        nearest = int(np.argmin(np.where(inside, t, np.inf)))
        region = self.regions[nearest]
        return Hit(
            region.kind, float(t[nearest]), region.slot, region.node, -1, 0, 0, region.value,
            float(u[nearest]), float(v[nearest]), region=region,
        )  # fmt: skip

    def pick_near(
        self, origin: np.ndarray, direction: np.ndarray, pixels_per_unit: float,
        layer: tuple[int, int] | None = None,
    ) -> Hit | None:  # fmt: skip
        """Return the small region that a ray passes within `MIN_PIXELS` of, the nearest of them.

        Small ones are hit as if they were `MIN_PIXELS` wide and high on the screen, around their
        middle; a layer's corner outward from the layer. Handles of a layer come before what
        belongs to none.

        Args:
            origin: (3,) meters.
            direction: (3,) unit vector.
            pixels_per_unit: Pixels on screen of a meter at a depth of one meter.
            layer: Slot and node of the layer whose handles count; those of others are not shown.
        """
        small = np.flatnonzero(self._small & self._belongs_to(layer))
        if not len(small):
            return None
        # The middle line of each, seen from the eye along the ray: as parts of the depth.
        start, edge = self._lines[small, 0] - origin, self._lines[small, 1]
        half = MIN_PIXELS / 2 / pixels_per_unit
        outward = np.linalg.norm(start, axis=1, keepdims=True) * half * self._outward[small]
        ends = np.stack([start, start + edge]) + outward
        depths = ends @ direction
        with np.errstate(divide="ignore", invalid="ignore"):
            first, last = ends / depths[..., None] - direction
            along = last - first
            length = np.einsum("ij,ij->i", along, along)
            part = np.clip(-np.einsum("ij,ij->i", first, along) / np.maximum(length, 1e-12), 0, 1)
            away = np.linalg.norm(first + part[:, None] * along, axis=1)
        is_near = (depths > 1e-3).all(0) & (away <= half)
        if not is_near.any():
            return None
        # Brackets run along the feet of all layers, through the corners that scale these.
        of_layer = self._layers[small, 1] >= 0
        nearest = int(np.argmin(np.where(is_near, away - of_layer * half, np.inf)))
        begin, end = depths[:, nearest]
        distance = float(begin + part[nearest] * (end - begin))
        region = self.regions[small[nearest]]
        return Hit(
            region.kind, distance, region.slot, region.node, -1, 0, 0, region.value, 0.5, 0.5,
            region=region,
        )  # fmt: skip

    def _belongs_to(self, layer: tuple[int, int] | None) -> np.ndarray:
        """(N,) whether each belongs to a layer, or to none."""
        own = (self._layers == np.array(layer or (-1, -1))).all(1)
        return np.asarray(own | (self._layers[:, 1] < 0))
