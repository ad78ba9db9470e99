"""Where the wall of thumbnails is: at the left of the first network's input, wherever that goes."""

from __future__ import annotations

from vrnn.scene.layout.input_margin import WALL_WIDTH, InputMargin
from vrnn.scene.layout.polyline import Point
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import Visual
from vrnn.scene.visuals.scaling import scale_visual

WALL = "wall"
"""Name of the wall among the world's visuals."""


def wall_place(frame: PlacementFrame, margin: InputMargin) -> tuple[Point, float]:
    """Return the lower left corner of the wall, meters, and how many times as large it is as usual.

    Args:
        frame: Where the layers of the first network are.
        margin: The room beside its input.
    """
    node = frame.placement.folded.representative[margin.node]
    x, y, z, width, _ = frame.panel_rect(node).tolist()
    scale = frame.panel_scale(node)
    return (x - width / 2 - (margin.left - WALL_WIDTH) * scale, y, z), scale


def follow_input(
    wall: Visual, before: PlacementFrame, after: PlacementFrame, margin: InputMargin
) -> Visual:
    """Return the wall where it is once the input has gone from one place to another."""
    (corner, scale), (target, target_scale) = wall_place(before, margin), wall_place(after, margin)
    return scale_visual(wall, target_scale / scale, corner, target)
