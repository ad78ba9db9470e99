"""A thin colored foot under each panel that tells the kind of the layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.network.graph import Node
from vrnn.network.layer_kinds import layer_kind
from vrnn.scene.primitives import QUAD
from vrnn.style.theme import KIND_COLORS

FOOT_GAP = 0.02
"""Between a foot and its panel, meters."""
FOOT_HEIGHT = 0.025
"""Of a foot, as a part of its panel's width."""
FOOT_HEIGHTS = (0.04, 0.1)
"""Between these, meters."""


def kind_feet(rects: np.ndarray, nodes: Sequence[Node]) -> np.ndarray:
    """Return the feet, (N,) `QUAD`; layers of no kind have none.

    Args:
        rects: (K, 5) see `PlacementFrame.panel_rects`.
        nodes: The layer of each.
    """
    kinds = [layer_kind(node.operation) for node in nodes]
    rows = [i for i, kind in enumerate(kinds) if kind is not None]
    records = np.zeros(len(rows), QUAD)
    if not rows:
        return records
    x, y, z, width, _ = rects[rows].T
    records["origin"] = np.stack([x - width / 2, y - FOOT_GAP, z], 1)
    records["right"][:, 0] = width
    records["down"][:, 1] = -np.clip(FOOT_HEIGHT * width, *FOOT_HEIGHTS)
    records["top"] = records["bottom"] = [KIND_COLORS[k] for k in kinds if k is not None]
    return records
