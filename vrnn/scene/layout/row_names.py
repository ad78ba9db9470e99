"""The room that is left for the name of each row, before whatever is first on it."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos

from vrnn.scene.layout.types import Layout
from vrnn.scene.linalg import turned_point

FURTHER_EDGE = 0.1
"""Part of a sheet's width by which the left edge of one that is turned, and so is further away,
seems to be further left at the right end of the overview."""


def row_name_widths(layout: Layout, beside: Mapping[int, float]) -> tuple[float, ...]:
    """Return how far it is from the left end of each row to whatever is first on it, meters.

    Args:
        layout: The rows with their panels.
        beside: Meters left of a panel that belong to it, by node id.
    """
    half = max([1e-6, *(max(-row.left, row.right) for row in layout.rows)])
    widths = []
    for row in layout.rows:
        ends = []
        for node in row.node_ids:
            panel = layout.panels[node]
            x, _, _ = turned_point((panel.x, panel.y, panel.z), -layout.turn)
            left = x - (panel.width / 2 + beside.get(node, 0.0)) * cos(layout.turn)
            lean = max(x / half, 0.0) * FURTHER_EDGE * panel.width if layout.turn else 0.0
            ends.append(left - lean)
        widths.append(min(ends) - row.left)
    return tuple(widths)
