"""Culling: which records are worth drawing from a viewpoint, kept while the eye stays near it.

What is outside a flat view is dropped (see `Frustum`; a head turns too often for that, so that what
is beside it is left to the vertex shaders), panels are sorted so that the nearer ones hide the
others, and strokes too short to be seen are dropped. Two eyes share one result, computed for the
midpoint between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos

import numpy as np

from vrnn.render.frustum import Frustum
from vrnn.scene.visuals.distant_pictures import DISSOLVE_PIXELS

MAX_MOVE, MAX_TURN = 0.5, 0.1
"""Meters and radians that the eye may move and turn before everything is culled again."""
MANY_DOTS = 10_000
"""Dots of a cloud from which on it pays to find those that others hide."""
SMALL_DOT = 3.0
"""Pixels below which a dot is taken for hidden by a nearer one in the same pixel."""
MIN_STROKE_LENGTH = 0.6
"""Pixels on screen below which a piece of an edge is dropped."""
MIN_HEAD_LENGTH = 0.6
"""Pixels on screen below which an arrow head is dropped: it covers less than a fifth of one."""
MAX_THIN_FRAME = 0.5
"""Pixels on screen below which a panel's frame is a line inside it."""


@dataclass(frozen=True, eq=False)
class CullKey:
    """The viewpoint that a culling result was computed for.

    Attributes:
        position: (3,) meters in the world.
        forward: (3,) unit vector where the result depends on the direction; None for a head, which
            turns too often.
        right: (3,) unit vector, wherever there is `forward`.
        pixels_per_unit: Pixels on screen of a meter at a depth of one meter.
        projection: Whatever else has to be equal for the result to be valid.
        max_move: Meters that the eye may move before the result is out of date.
    """

    position: np.ndarray
    forward: np.ndarray | None
    pixels_per_unit: float
    projection: tuple[object, ...]
    max_move: float = MAX_MOVE
    right: np.ndarray | None = None

    def is_valid_for(self, other: CullKey) -> bool:
        """Tell whether what was culled for this viewpoint may be drawn from another."""
        if self.projection != other.projection:
            return False
        moved = self.position - other.position
        if float(moved @ moved) > self.max_move**2:
            return False
        return _is_turned_little(self.forward, other.forward) and _is_turned_little(
            self.right, other.right
        )


def _is_turned_little(axis: np.ndarray | None, other: np.ndarray | None) -> bool:
    if axis is None or other is None:
        return axis is other
    return float(axis @ other) > cos(MAX_TURN)


def sort_front_to_back(records: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """Sort rectangles by the distance of their centers: what hides others is drawn first.

    Args:
        records: (N,) of a dtype with `origin`, `right` and `down`, such as `PANEL`.
        eye: (3,) meters in the world.
    """
    center = records["origin"] + 0.5 * (records["right"] + records["down"])
    return records[np.argsort(((center - eye) ** 2).sum(1), kind="stable")]


def are_pictures_only(panels: np.ndarray, key: CullKey) -> np.ndarray:
    """Tell which panels show nothing but the picture of their layer.

    Args:
        panels: (N,) of `PANEL`.
        key: The viewpoint; it holds as long as that is valid.

    Returns:
        (N,) bool; a panel is among them only if its maps are seen from nowhere near.
    """
    middle = panels["origin"] + 0.5 * (panels["right"] + panels["down"])
    distance = np.linalg.norm(key.position - middle, axis=1) - key.max_move
    number = panels["layer_picture"][:, 0]
    most = key.pixels_per_unit * panels["picture_fit"][:, 2]
    is_far: np.ndarray = (number > 0) & (most < DISSOLVE_PIXELS[0] * distance)
    return is_far


def have_thin_frames(panels: np.ndarray, key: CullKey) -> np.ndarray:
    """Tell which panels have a frame that is thinner than half a pixel from anywhere near.

    Args:
        panels: (N,) of `PANEL`.
        key: The viewpoint.

    Returns:
        (N,) bool; False for a highlighted one, which is wide everywhere.
    """
    middle = panels["origin"] + 0.5 * (panels["right"] + panels["down"])
    distance = np.linalg.norm(key.position - middle, axis=1) - key.max_move
    border = panels["border"]
    is_thin: np.ndarray = (border >= 0) & (border * key.pixels_per_unit < MAX_THIN_FRAME * distance)
    return is_thin


def cull_short_strokes(strokes: np.ndarray, key: CullKey) -> np.ndarray:
    """Keep the pieces of edges and the arrow heads that are long enough on screen to be seen.

    Args:
        strokes: (N,) of `STROKE`.
        key: The viewpoint.
    """
    along = strokes["end"] - strokes["start"]
    away = strokes["start"] - key.position.astype(np.float32)
    length_squared = np.einsum("ij,ij->i", along, along) * key.pixels_per_unit**2
    distance_squared = np.maximum(np.einsum("ij,ij->i", away, away), 1e-6)
    least = np.where(strokes["kind"] > 0, MIN_HEAD_LENGTH, MIN_STROKE_LENGTH).astype(np.float32)
    return strokes[length_squared > least**2 * distance_squared]


def rectangles_in_view(records: np.ndarray, frustum: Frustum | None) -> np.ndarray:
    """Keep the rectangles that may be seen.

    Args:
        records: (N,) of a dtype with `origin`, `right` and `down`, such as `PANEL`.
        frustum: None for a view that turns too often.
    """
    if frustum is None:
        return records
    right, down = 0.5 * records["right"], 0.5 * records["down"]
    return records[frustum.sees(records["origin"] + right + down, right, down)]


def strokes_in_view(strokes: np.ndarray, frustum: Frustum | None) -> np.ndarray:
    """Keep the strokes that may be seen.

    Args:
        strokes: (N,) of `STROKE`.
        frustum: None for a view that turns too often.
    """
    if frustum is None:
        return strokes
    half = 0.5 * (strokes["end"] - strokes["start"])
    return strokes[frustum.sees(strokes["start"] + half, half, reach=strokes["width"])]


def nearest_dots(
    dots: np.ndarray, clip_from_world: np.ndarray, size: tuple[int, int], pixels_per_unit: float
) -> np.ndarray:
    """Return which dots of a cloud can be seen; of small ones in one pixel only the nearest.

    Args:
        dots: (N,) `DOT`.
        clip_from_world: (4, 4) of the view.
        size: Its width and height in pixels.
        pixels_per_unit: Pixels on screen of a meter at a depth of one meter.

    Returns:
        (M,) uint32 their numbers.
    """
    matrix, centers = clip_from_world.astype(np.float32), dots["center"]
    x, y, depth = (centers @ matrix[row, :3] + matrix[row, 3] for row in (0, 1, 3))
    scale = 1 / np.maximum(depth, np.float32(1e-3))
    columns, rows = size
    x, y = (x * scale + 1) * (columns / 2), (y * scale + 1) * (rows / 2)
    # Those at the edge are seen in part: they count for the pixels along it.
    in_view = (depth > 0) & (x > -1) & (y > -1) & (x < columns + 1) & (y < rows + 1)
    is_small = dots["size"] * pixels_per_unit * scale < SMALL_DOT
    small = np.flatnonzero(in_view & is_small)
    column = np.clip(x[small].astype(np.int32), 0, columns - 1)
    place = np.clip(y[small].astype(np.int32), 0, rows - 1) * columns + column
    # In 65,536 steps numbers are sorted several times faster; the nearest is written last.
    near, far = depth[small].min(initial=np.inf), depth[small].max(initial=0.0)
    steps = (far - depth[small]) * np.float32(65535 / max(float(far - near), 1e-9))
    order = np.argsort(steps.astype(np.uint16), kind="stable")
    owner = np.full(columns * rows, -1, np.int32)
    owner[place[order]] = small[order]
    chosen = np.concatenate([owner[owner >= 0], np.flatnonzero(in_view & ~is_small)])
    return chosen.astype(np.uint32)
