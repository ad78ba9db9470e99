"""On the layer that is pointed at: a bar to move it by, a corner to scale it by, and four
small tiles to touch for pictures of what its channels look for."""

from __future__ import annotations

import numpy as np

from vrnn.scene.layout.types import LABEL_STRIP
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import QUAD, PickRegion, Visual, quad
from vrnn.scene.transition import PlacementFrame

INK = (1.0, 0.52, 0.10, 0.85)
CORNER = 0.16
"""Side of the corner that scales, meters."""


TILE, TILES = 0.075, ((1.0, 0.52, 0.10, 1.0), (0.06, 0.45, 0.47, 1.0), (0.10, 0.30, 0.85, 1.0),
                      (0.80, 0.74, 0.66, 1.0))  # fmt: skip
"""Side, meters, and colors of the tiles."""


def layer_handles(pose: PlacementFrame, slot: int, pointed: Hit | None) -> Visual:
    """The strip over each layer, with its name, can be grabbed, and its lower right corner; both
    are seen on the layer that is pointed at."""
    spots = []
    quads = []
    at = pointed.layer if pointed is not None else None
    for i, node in enumerate(pose.node_ids):
        x, y, z, width, height = pose.panel_rects[i].tolist()
        left, right, top = x - width / 2, x + width / 2, y + height
        strip = (left, top + LABEL_STRIP - 0.03, z)
        spots.append(
            PickRegion("handle", strip, (width, 0, 0), (0, 0.05 - LABEL_STRIP, 0), None, slot, node)
        )
        corner = (right, y, z + 0.004)
        spots.append(
            PickRegion("corner", corner, (CORNER, 0, 0), (0, -CORNER, 0), None, slot, node)
        )
        tiles = (right + 0.045, top + 0.02, z + 0.006)
        shown = pose.placement.network.by_id.get(node)  # None: on its way into a fold
        box = node in pose.placement.folded.folded_modules
        if shown is not None and not box and shown.operation != "input":
            side = 2 * TILE
            spots.append(
                PickRegion("features", tiles, (side, 0, 0), (0, -side, 0), None, slot, node)
            )
        if at == (slot, node) and spots[-1].kind == "features":
            for number, color in enumerate(TILES):
                row, column = divmod(number, 2)
                left_of, over = tiles[0] + column * TILE, tiles[1] - row * TILE
                quads.append(quad(left_of, over, TILE * 0.88, TILE * 0.88, tiles[2], color))
        if at == (slot, node):
            bar = min(width * 0.5, 0.7)
            quads.append(quad(x - bar / 2, top + LABEL_STRIP - 0.02, bar, 0.022, z, INK))
            for w, h in ((CORNER, 0.03), (0.03, CORNER)):
                quads.append(quad(right + 0.12 - w, y - 0.12 + h, w, h, z + 0.004, INK))
    return Visual(np.concatenate(quads) if quads else np.zeros(0, QUAD), (), (), tuple(spots))
