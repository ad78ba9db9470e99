"""How the layer that is hovered stands out: its neighbors stay bright, all others step back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.network.graph import Edge
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import outline_quads
from vrnn.style.theme import ACCENT

GHOST_LIGHT = 0.4
"""Light that is left on layers that step back."""
OUTLINE = 0.014
"""Thickness of an outline, meters."""

Highlight = tuple[int, int] | None
"""Slot and node of the layer that is hovered; None for none."""


def panel_light(
    frame: PlacementFrame, slot: int, highlight: Highlight
) -> tuple[np.ndarray, np.ndarray]:
    """Return which panels are highlighted, and how bright each is.

    Args:
        frame: The layers of a network.
        slot: The network.
        highlight: The layer that is hovered.

    Returns:
        (K,) bool, and (K,) float32 in 0…1.
    """
    count = len(frame.node_ids)
    highlighted, light = np.zeros(count, bool), np.ones(count, np.float32)
    if highlight is None:
        return highlighted, light
    light[:] = GHOST_LIGHT
    if highlight[0] == slot and highlight[1] in frame.index:
        node = highlight[1]
        neighbors = {node}
        for edge in frame.placement.network.edges:
            if node in (edge.source, edge.target):
                neighbors |= {edge.source, edge.target}
        light[[frame.index[n] for n in neighbors]] = 1.0
        highlighted[frame.index[node]] = True
    return highlighted, light


def edge_emphasis(edges: Sequence[Edge], slot: int, highlight: Highlight) -> np.ndarray:
    """Return how each edge of a network is drawn.

    Args:
        edges: The edges.
        slot: The network.
        highlight: The layer that is hovered.

    Returns:
        (R,) int: 1 highlighted, 0 as usual, -1 stepped back.
    """
    emphasis = np.zeros(len(edges), int)
    if highlight is not None:
        node = highlight[1] if highlight[0] == slot else None
        emphasis[:] = [1 if node in (e.source, e.target) else -1 for e in edges]
    return emphasis


def highlight_outline(left: float, top: float, width: float, height: float, z: float) -> np.ndarray:
    """Return a thin bright frame just in front of a rectangle, (4,) `QUAD`.

    Args:
        left: Left edge of the rectangle, meters.
        top: Its top edge.
        width: Its width.
        height: Its height.
        z: Its plane.
    """
    width, height = max(width, OUTLINE), max(height, OUTLINE)
    return np.concatenate(outline_quads(left, top, width, height, z + 0.01, OUTLINE, ACCENT))
