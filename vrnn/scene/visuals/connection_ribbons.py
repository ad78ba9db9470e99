"""Ribbons between maps: as wide as their weight is large, and in its color."""

from __future__ import annotations

import numpy as np

from vrnn.scene.primitives import ARCH, STROKE
from vrnn.scene.ribbon_net import RibbonNet
from vrnn.style.connection_colors import ConnectionPalette, connection_colors

MIN_PART = 0.04
"""Width of the weakest ribbon, as a part of that of the strongest."""


def ribbon_strokes(
    net: RibbonNet, opened: float, width: float, palette: ConnectionPalette, light: float = 1.0
) -> np.ndarray:
    """Return the pieces of ribbons, the strongest last, (K,) `STROKE`.

    Args:
        net: The ribbons.
        opened: 0 for all through one center, 1 for opened.
        width: Of the strongest piece, meters.
        palette: Of weights.
        light: Their opacity, 0…1.
    """
    records = np.zeros(len(net.first), STROKE)
    if not len(records) or light <= 0:
        return records[:0]
    places = net.places(opened)
    # A piece has the mean color of its ribbons: by their sum all but the strongest would be white.
    counts = np.maximum(net.counts, 1).astype(np.float32)
    largest = float((net.sizes / counts).max()) or 1.0
    records["start"], records["end"] = places[net.first], places[net.second]
    records["width"] = ribbon_widths(net, width)
    records["kind"] = ARCH
    records["color"][:, :3] = connection_colors(net.values / counts, largest, palette)
    records["color"][:, 3] = light
    return records


def ribbon_widths(net: RibbonNet, width: float) -> np.ndarray:
    """Return the width of each piece, (K,) float32 meters. width: of the strongest."""
    largest = float(net.sizes.max(initial=0.0)) or 1.0
    widths: np.ndarray = width * (MIN_PART + (1 - MIN_PART) * np.sqrt(net.sizes / largest))
    return widths.astype(np.float32)
