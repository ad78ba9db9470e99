"""Handles of layers: what moves one, what scales it, what shows its feature visualization."""

from __future__ import annotations

import numpy as np

from vrnn.scene.layout.types import LABEL_STRIP
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import QUAD, PickRegion, Visual, quad
from vrnn.scene.visuals.highlight import Highlight
from vrnn.style.theme import ACCENT, with_alpha

COLOR = with_alpha(ACCENT, 0.85)
CORNER = 0.16
"""Side of the corner that scales, meters."""
TILE = 0.075
"""Side of one of the four tiles, meters."""
TILE_COLORS = (
    ACCENT,
    (0.06, 0.45, 0.47, 1.0),
    (0.10, 0.30, 0.85, 1.0),
    (0.80, 0.74, 0.66, 1.0),
)


def layer_handles(frame: PlacementFrame, slot: int, highlight: Highlight) -> Visual:
    """Return the handles of all layers of a network.

    The strip above a layer, with its name, moves it, and its lower right corner scales it. Four
    small tiles show its feature visualization. They are drawn on the layer that is hovered alone;
    the corner is drawn as large as it has to be on the screen, see `vrnn.scene.pointer_marks`.

    Args:
        frame: Where the layers are.
        slot: The network.
        highlight: The layer that is hovered.
    """
    regions = []
    quads = []
    for i, node in enumerate(frame.node_ids):
        x, y, z, width, height = frame.panel_rects[i].tolist()
        right, top = x + width / 2, y + height
        strip = (x - width / 2, top + LABEL_STRIP - 0.03, z)
        down = (0, 0.05 - LABEL_STRIP, 0)
        regions.append(PickRegion("handle", strip, (width, 0, 0), down, None, slot, node))
        corner = (right, y, z + 0.004)
        down = (0, -CORNER, 0)
        regions.append(PickRegion("corner", corner, (CORNER, 0, 0), down, None, slot, node))
        is_hovered = highlight == (slot, node)
        if _has_features(frame, node):
            tiles = (right + 0.045, top + 0.02, z + 0.006)
            across, down = (2 * TILE, 0, 0), (0, -2 * TILE, 0)
            regions.append(PickRegion("features", tiles, across, down, None, slot, node))
            if is_hovered:
                quads += _tiles(tiles)
        if is_hovered:
            bar = min(width * 0.5, 0.7)
            quads.append(quad(x - bar / 2, top + LABEL_STRIP - 0.02, bar, 0.022, z, COLOR))
    return Visual(np.concatenate(quads) if quads else np.zeros(0, QUAD), (), (), tuple(regions))


def _has_features(frame: PlacementFrame, node: int) -> bool:
    """Whether feature visualizations can be made of a layer: neither of a fold nor of an input."""
    visible = frame.placement.network.by_id.get(node)  # None: on its way into a fold
    is_module = node in frame.placement.folded.folded_modules
    return visible is not None and not is_module and visible.operation != "input"


def _tiles(corner: tuple[float, float, float]) -> list[np.ndarray]:
    """Two by two tiles, the first one's upper left corner here."""
    quads = []
    for number, color in enumerate(TILE_COLORS):
        row, column = divmod(number, 2)
        left, top = corner[0] + column * TILE, corner[1] - row * TILE
        quads.append(quad(left, top, TILE * 0.88, TILE * 0.88, corner[2], color))
    return quads
