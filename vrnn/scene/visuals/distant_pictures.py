"""Layer pictures that panels show from afar in place of their maps (semantic zoom).

As what has to be told apart in the maps grows on the screen, the picture dissolves into the maps,
all of a panel at once; the shader does that (shaders/lib/picture_part.glsl), with the same numbers
as `picture_part`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np

from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Node
from vrnn.scene.picking import Hit
from vrnn.scene.placement import PlacementFrame

DISSOLVE_PIXELS = (12.0, 28.0)
"""Pixels on screen between which a picture dissolves; as in shaders/lib/picture_part.glsl."""
FOLDED_DETAILS = 5
"""Details across the only map of a folded layer: from afar its portrait says more than a map."""
MIN_DISSOLVE_SIZE, DISSOLVE_GROWTH = 0.3, 1.2
"""Side of a panel, as a part of its distance, from which a picture dissolves at the earliest, and
how many times as large it is where that ends: soon, as what is half of both is neither."""
FULL_VIEW = (2.05, 1.15)
"""Width and height of a wide view (60 degrees), in parts of the distance of what fills it."""
CLOSER = 1.15
"""How much closer than in a view of everything a picture begins to dissolve: there even a layer of
a few large maps is its picture, as its neighbors are, in a large picture as in a small one."""
MAX_STRETCH = 1.8
"""Factor by which a picture may be stretched to fill a panel."""
VALUES_TOLD_APART = 4
"""Values of a vector that are one detail: a single one is a plain square that is soon too small."""


@dataclass(frozen=True)
class DistantPicture:
    """A layer picture that is on the GPU, to be seen from afar.

    Attributes:
        kind: Name of its kind.
        number: Of the picture in its network's store, from 0.
        has_values: Whether it has values, drawn in the colors of the world.
    """

    kind: str
    number: int
    has_values: bool


@dataclass(frozen=True, eq=False)
class Viewer:
    """From where the world is seen.

    Attributes:
        eye: (3,) meters; the midpoint between two eyes.
        pixels_per_unit: Pixels on screen of a meter at a depth of one meter.
    """

    eye: np.ndarray
    pixels_per_unit: float

    def scaled_to(self, height: int) -> Viewer:
        """Return the same viewer with larger pixels where a picture is higher than 1080 of them.

        Lines so many pixels wide look the same in a large picture then.
        """
        return replace(self, pixels_per_unit=self.pixels_per_unit / max(1.0, height / 1080))


def detail_size(node: Node, panel: tuple[float, float], columns: int, rows: int) -> float:
    """Return how large what has to be told apart in the maps of a layer is.

    Args:
        node: The layer.
        panel: Width and height of its panel, meters.
        columns: Of cells on the panel.
        rows: Of cells on the panel.

    Returns:
        Meters: the smaller side of a map; of a line of tokens the width of one, as its channels
        are lines below each other that are one picture together; of a vector some values; of a
        folded layer a part of its only map.
    """
    channels, height, width = map_shape(node.shape)
    cell = panel[0] / columns, panel[1] / rows
    if channels > 1 and columns == rows == 1:
        return min(cell) / FOLDED_DETAILS
    if height == width == 1:
        return VALUES_TOLD_APART * min(cell)
    if node.presentation == "sequence" and height == 1:
        return cell[0] / width
    return min(cell)


def show_distant_pictures(
    records: np.ndarray, nodes: list[Node], pictures: Mapping[int, DistantPicture], away: float
) -> None:
    """Let panels of layers show pictures from afar.

    Args:
        records: (N,) `PANEL`, changed in place.
        nodes: The layer of each.
        pictures: Pictures by node id.
        away: See `overview_distance`.
    """
    for i, node in enumerate(nodes):
        picture = pictures.get(node.id)
        if picture is not None:
            columns, rows, _ = records["grid"][i]
            width, height = float(records["right"][i, 0]), -float(records["down"][i, 1])
            fit = picture_fit(node, width / height)
            detail = detail_size(node, (width, height), int(columns), int(rows))
            records["layer_picture"][i] = picture.number + 1, picture.has_values
            size = dissolve_size(sqrt(width * height), away)
            records["picture_fit"][i] = *fit, detail, size


def overview_distance(rects: np.ndarray) -> float:
    """Return how far away a network is at least in a view of all of it, meters.

    Args:
        rects: (N, 5) of its panels, see `PlacementFrame.panel_rects`.
    """
    if not len(rects):
        return 1.0
    x, y, _, width, height = rects.T
    across = float((x + width / 2).max() - (x - width / 2).min())
    up = float((y + height).max() - y.min())
    return max(across / FULL_VIEW[0], up / FULL_VIEW[1], 1e-6)


def dissolve_size(side: float, away: float) -> float:
    """Return the side of a panel, as a part of its distance, from which its picture dissolves.

    Args:
        side: Of a square as large as the panel, meters.
        away: See `overview_distance`.
    """
    return max(MIN_DISSOLVE_SIZE, CLOSER * side / away)


def picture_fit(node: Node, panel_aspect: float) -> tuple[float, float]:
    """Return how much of a panel's width and height a layer's picture takes, from the middle.

    Pictures of rows and columns are stretched a little to fill the panel, but not more.

    Args:
        node: The layer.
        panel_aspect: Width / height of its panel.
    """
    _, height, width = map_shape(node.shape)
    if min(height, width) <= 1 or node.presentation not in ("image", "volume"):
        return 1.0, 1.0
    stretch = panel_aspect * height / width
    if 1 / MAX_STRETCH <= stretch <= MAX_STRETCH:
        return 1.0, 1.0
    return min(1.0, 1 / stretch), min(1.0, stretch)


def picture_part(
    detail: float, point: np.ndarray, viewer: Viewer, side: float = inf,
    size: float = MIN_DISSOLVE_SIZE,
) -> float:  # fmt: skip
    """Return how much of a picture is seen on an upright panel, 1 far … 0 near.

    Args:
        detail: See `detail_size`.
        point: (3,) the panel's middle, meters.
        viewer: From where it is seen.
        side: Of a square as large as the panel, meters.
        size: See `dissolve_size`.
    """
    return float(picture_parts(np.array([detail]), point[None], viewer, side, size)[0])


def picture_parts(
    details: np.ndarray, points: np.ndarray, viewer: Viewer, sides: np.ndarray | float = inf,
    sizes: np.ndarray | float = MIN_DISSOLVE_SIZE,
) -> np.ndarray:  # fmt: skip
    """Return (N,) how much of each picture is seen; see `picture_part`.

    Args:
        details: (N,) see `detail_size`.
        points: (N, 3) the panels' middles, meters.
        viewer: From where they are seen.
        sides: Of squares as large as the panels, meters: (N,), or one for all.
        sizes: See `dissolve_size`; (N,), or one for all.
    """
    to_eye = viewer.eye - points
    away = np.maximum(np.linalg.norm(to_eye, axis=1), 1e-9)
    pixels = viewer.pixels_per_unit * details / away * np.sqrt(np.abs(to_eye[:, 2]) / away)
    sizes = np.maximum(sizes, 1e-9)
    maps = _smooth_step(pixels, *DISSOLVE_PIXELS)
    maps = maps * _smooth_step(sides / away, sizes, DISSOLVE_GROWTH * sizes)
    return np.asarray(1.0 - maps)


def _smooth_step(
    values: np.ndarray, begin: np.ndarray | float, end: np.ndarray | float
) -> np.ndarray:
    t = np.clip((values - begin) / (end - begin), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def hit_distant_picture(
    hit: Hit, picture: DistantPicture, node: Node, frame: PlacementFrame,
    point: np.ndarray, viewer: Viewer,
) -> Hit:  # fmt: skip
    """Return the hit of a layer, without a channel where its picture is seen in place of its maps.

    Args:
        hit: The hit of the layer.
        picture: What the layer shows from afar.
        node: The layer.
        frame: Where it is.
        point: (3,) the middle of its panel, meters.
        viewer: From where it is seen.
    """
    if node.id in frame.separate_maps:
        return hit
    width, height = frame.panel_rect(node.id)[3:].tolist()
    shape = frame.placement.panel_shapes.get(node.id)
    columns, rows = (1, 1) if shape is None else (shape.grid.columns, shape.grid.rows)
    detail = detail_size(node, (width, height), columns, rows)
    side = sqrt(width * height)
    size = dissolve_size(side, overview_distance(frame.panel_rects))
    if picture_part(detail, point, viewer, side, size) < 0.5:
        return hit
    _, map_height, map_width = map_shape(node.shape)
    row, column = int(hit.down * map_height), int(hit.across * map_width)
    return replace(hit, channel=-1, row=row, column=column, picture=picture.kind)
