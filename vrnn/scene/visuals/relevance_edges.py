"""Edges that carry relevance: as wide and as bright as the share that flows along them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vrnn.scene.visuals.edges import (
    ARROW_WIDTH,
    LINE_WIDTH,
    EdgeStrokes,
)
from vrnn.style.relevance_table import relevance_color

MIN_WIDTH, MAX_WIDTH = 0.6, 2.6
"""Width of an edge that carries nothing, and of one that carries all, as parts of the usual."""
MIN_LIGHT = 0.18
"""Light of an edge that carries next to nothing, as a part of that of one that carries all."""
HIDDEN_ALPHA = 0.04
"""Opacity of an edge that carries less than is to be seen."""


def relevance_strokes(
    strokes: EdgeStrokes, shares: np.ndarray, min_share: float, light: float
) -> EdgeStrokes:
    """Return the strokes of edges that carry relevance.

    Args:
        strokes: Of the edges as usual.
        shares: (R,) of what flows past each, with its sign, see `edge_shares`.
        min_share: The least share that is seen.
        light: How bright the edges are, 0…1.
    """
    strength = np.abs(shares)
    is_hidden = strength < max(min_share, 1e-9)
    size = np.where(is_hidden, MIN_WIDTH, MIN_WIDTH + (MAX_WIDTH - MIN_WIDTH) * np.sqrt(strength))
    records = strokes.records.copy()
    edge = strokes.edge_indices
    is_head = records["kind"] == 1
    records["width"] = LINE_WIDTH * size[edge]
    records["width"][is_head] = ARROW_WIDTH * np.maximum(0.7, size[edge][is_head] * 0.55)
    records["flow"][:, 1] = np.where(is_hidden, 0.0, 1.0)[edge]
    records["flow"][:, 0] = _meters_from_start(records, edge)
    colors = strokes.colors.copy()
    for number in range(len(colors)):
        if is_hidden[number]:
            colors[number, 3] = HIDDEN_ALPHA
            continue
        hue = np.array(relevance_color(np.sign(shares[number])))
        bright = MIN_LIGHT + (1 - MIN_LIGHT) * strength[number]
        colors[number] = (*(hue[:3] * bright * light), 0.95)
    return replace(strokes.without_bands(), records=records, colors=colors, keeps_colors=~is_hidden)


def _meters_from_start(records: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(N,) how far behind the start of its edge each stroke begins, meters."""
    lengths = np.linalg.norm(records["end"] - records["start"], axis=1)
    order = np.argsort(edges, kind="stable")  # strokes of an edge in their order, its head last
    ends = np.cumsum(lengths[order])
    starts = ends - lengths[order]
    own = edges[order]
    is_first = np.diff(own, prepend=-1) != 0
    first = np.maximum.accumulate(np.where(is_first, np.arange(len(own)), 0))
    meters = np.zeros(len(records))
    meters[order] = starts - starts[first] if len(own) else starts
    return meters
