"""Folded modules: each looks like a pile of panels."""

from __future__ import annotations

import numpy as np

from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import QUAD, quad

EDGE, INSIDE = (0.060, 0.070, 0.095), (0.0105, 0.0125, 0.0175)
LINE = 0.018
"""Width of a sheet's edge, meters."""
SHIFT, DEPTH = 0.035, 0.03
"""Meters from one sheet of the pile to the next: to the right and up, and backward."""


def folded_module_quads(frame: PlacementFrame) -> np.ndarray:
    """Return the sheets behind the panel of each folded module, (N,) `QUAD`."""
    quads = []
    for node in frame.placement.folded.folded_modules:
        if node not in frame.index:
            continue
        x, y, z, width, height = frame.panel_rect(node).tolist()
        for i in (3, 2, 1):
            shift, back = SHIFT * i, z - DEPTH * i
            left, top = x - width / 2 + shift, y + height + shift
            red, green, blue = (c * (1.15 - 0.2 * i) for c in EDGE)
            quads.append(
                quad(
                    left - LINE, top + LINE, width + 2 * LINE, height + 2 * LINE, back - 0.004,
                    (red, green, blue, 1.0),
                )
            )  # fmt: skip
            quads.append(quad(left, top, width, height, back, (*INSIDE, 1.0)))
    return np.concatenate(quads) if quads else np.zeros(0, QUAD)
