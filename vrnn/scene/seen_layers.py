"""How large the maps of layers are seen, and which levels of them can be seen at that size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.feature_maps import levels_above, map_shape
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.visuals.distant_pictures import CLOSER, MIN_DISSOLVE_SIZE, overview_distance
from vrnn.scene.world import World

NEAR_ANGLE = 0.012
"""Angle, radians, above which a map is seen so large that coarse ones do not do: of some ten
pixels, where the picture of the whole layer dissolves into its maps."""
NEAREST = 0.1
"""Meters that an eye is from a panel at least."""
COMING = 1.25
"""Factor by which layers are taken to be seen larger than they are: the eye may be on its way."""
PIXELS_A_RADIAN = 2600.0
"""Of a view: those of a window 2160 pixels high with a field of view of 45 degrees."""
TEXELS_A_PIXEL = 3.0
"""Values of a level that may fall on a pixel, each way; as in shaders/panel.frag.glsl."""
SIDE_BEHIND_PICTURE = 8
"""Height and width, values, of maps that are behind the picture of their layer."""

Key = tuple[int, int]
"""Network and node."""


@dataclass(frozen=True, eq=False)
class SeenLayers:
    """How large the maps of a network's visible layers are seen from one place.

    Attributes:
        frame: Where the layers are.
        angles: (K,) radians that one map of each takes across, in the order of `frame.node_ids`.
        hidden: (K,) bool: whether its maps are behind the picture that the layer shows from afar.
        middles: (K, 3) of the panels, meters.
        halves: (2, K, 3) from there to the right and to the upper side, meters.
        is_spread: (K,) bool: whether maps are panels of their own, which may be elsewhere.
    """

    frame: PlacementFrame
    angles: np.ndarray
    hidden: np.ndarray
    middles: np.ndarray
    halves: np.ndarray
    is_spread: np.ndarray

    def near(self) -> list[tuple[float, int]]:
        """Return angle and node of the layers whose maps are seen as such, the largest first."""
        seen = np.flatnonzero((self.angles > NEAR_ANGLE) & ~self.hidden)
        order = seen[np.argsort(-self.angles[seen], kind="stable")]
        return [(float(self.angles[i]), self.frame.node_ids[i]) for i in order]


class LayerSight:
    """Finds how large layers are seen; what does not change with the eye is kept."""

    def __init__(self, world: World) -> None:
        """Begin with nothing known.

        Args:
            world: Whose layers are looked at.
        """
        self._world = world
        self._known: dict[int, _Panels] = {}

    def look(self, slot: int, eye: np.ndarray) -> SeenLayers:
        """Return how large the layers of a network are seen.

        Args:
            slot: The network.
            eye: (3,) meters.
        """
        frame = self._world.placement_frame(slot)
        panels = self._known.get(slot)
        if panels is None or panels.frame is not frame:
            panels = self._known[slot] = _measure(frame)
        to_middle = np.linalg.norm(panels.middles - eye, axis=1)
        away = np.maximum(to_middle - panels.reach, NEAREST)
        pictures = self._world.distant_pictures.get(slot, {})
        if self._world.connections is not None or self._world.state.paths.shown:
            pictures = {}  # maps that are connected show themselves
        has_picture = np.array([node in pictures for node in frame.node_ids], bool)
        sides = COMING * panels.sides / np.maximum(to_middle, NEAREST)
        hidden = has_picture & panels.may_hide & (sides < panels.dissolve_sizes)
        angles = panels.map_widths / away
        return SeenLayers(frame, angles, hidden, panels.middles, panels.halves, ~panels.may_hide)


@dataclass(frozen=True, eq=False)
class _Panels:
    """What of the panels of a network does not depend on the eye, (K, …) each.

    Attributes:
        frame: Where they are.
        middles: (K, 3) meters.
        halves: (2, K, 3) meters, see `SeenLayers`.
        reach: From the middle to a corner, meters.
        sides: Of squares as large as the panels, meters.
        map_widths: Of one map, meters.
        dissolve_sizes: See `dissolve_size`.
        may_hide: Whether the panel is one rectangle, which a picture can hide.
    """

    frame: PlacementFrame
    middles: np.ndarray
    halves: np.ndarray
    reach: np.ndarray
    sides: np.ndarray
    map_widths: np.ndarray
    dissolve_sizes: np.ndarray
    may_hide: np.ndarray


def _measure(frame: PlacementFrame) -> _Panels:
    x, y, z, width, height = frame.panel_rects.T.astype(np.float64)
    shapes = frame.placement.panel_shapes
    columns = []
    for node in frame.node_ids:
        shape = shapes.get(node)
        columns.append(1 if shape is None or shape.shows_one_map else shape.grid.columns)
    sides = np.sqrt(width * height)
    away = overview_distance(frame.panel_rects)
    return _Panels(
        frame,
        np.stack([x, y + height / 2, z], 1),
        np.stack([width[:, None] * (0.5, 0, 0), height[:, None] * (0, 0.5, 0)]),
        np.hypot(width, height) / 2,
        sides,
        width / np.array(columns or [], np.float64),
        np.maximum(MIN_DISSOLVE_SIZE, CLOSER * sides / away),
        np.array([node not in frame.separate_maps for node in frame.node_ids], bool),
    )


def unseen_levels(shape: tuple[int, ...], angle: float, hidden: bool) -> int:
    """Return how many of the finest levels of a layer's maps cannot be seen.

    Args:
        shape: Of the layer, without the batch.
        angle: Radians that one map takes across.
        hidden: Whether its maps are behind a picture.
    """
    if hidden:
        _, height, width = map_shape(shape)
        return levels_above(height, width, SIDE_BEHIND_PICTURE)
    return levels_beyond(shape, TEXELS_A_PIXEL * PIXELS_A_RADIAN * COMING * angle)


def levels_beyond(shape: tuple[int, ...], texels: float) -> int:
    """Return how many of the finest levels of a layer's maps are finer than what is drawn.

    Args:
        shape: Of the layer, without the batch.
        texels: Values that may be drawn across a map.
    """
    _, height, width = map_shape(shape)
    # A level that is too fine is left out where the next one is drawn in its place. The shorter
    # side decides, as it is the last to be.
    side = min((length for length in (height, width) if length > 1), default=1)
    return levels_above(side, side, max(1, int(texels)))
