"""Edges."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from vrnn.scene.layout.registry import TerraceRow
from vrnn.scene.primitives import QUAD, STROKE, floor_quad, quad
from vrnn.scene.visuals.panels import (
    ARROW_LENGTH,
    ARROW_WIDTH,
    EDGE_LINE,
    FLOW,
    LINE_WIDTH,
    LIT,
    QUIET,
    RISER,
    RISER_FOOT,
    RISER_TOP,
    SKIP,
    TREAD_FAR,
    TREAD_NEAR,
)


def terrace_steps(rows: Sequence[TerraceRow], offset: np.ndarray, shown: float) -> np.ndarray:
    """QUADs of the terrace: for each row a tread and a riser that fades out downward.

    shown: 0…1, faded while moving. The furthest come first, as they blend.
    """
    if shown <= 0.01:
        return np.zeros(0, QUAD)
    parts = []
    for row in sorted(rows, key=lambda row: row.front):
        left, width = row.left + float(offset[0]), row.right - row.left
        depth = row.front - row.back
        top = row.y + float(offset[1]) + 0.002
        tread = floor_quad(left, row.back, width, depth, top, TREAD_FAR, TREAD_NEAR)
        parts.append(tread)
        if row.y > 0.01:
            height = min(row.y, RISER)
            parts.append(quad(left, top, width, height, row.front, RISER_TOP, RISER_FOOT))
        parts.append(quad(left, top + 0.01, width, 0.02, row.front + 0.003, EDGE_LINE))
    records = np.concatenate(parts) if parts else np.zeros(0, QUAD)
    records["top"][:, 3] *= shown
    records["bottom"][:, 3] *= shown
    return records


def edge_strokes(
    routes: Sequence[np.ndarray], skips: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """STROKEs of edges, each ending in an arrow head; see `colored` for their colors.

    routes: (P, 3) points each; skips: (R,) bool. Returns records, the edge (N,) of each, and the
    usual colors (R, 4) of the edges.
    """
    colors = np.where(skips[:, None], np.array(SKIP, np.float32), np.array(FLOW, np.float32))
    if not routes:
        return np.zeros(0, STROKE), np.zeros(0, int), colors
    cut = [_without_head(points) for points in routes]
    counts = np.array([len(points) - 1 for points in cut])
    total = int(counts.sum())
    records = np.zeros(total + len(routes), STROKE)
    records["start"][:total] = np.concatenate([points[:-1] for points in cut])
    records["end"][:total] = np.concatenate([points[1:] for points in cut])
    records["width"][:total] = LINE_WIDTH
    records["start"][total:] = [points[-1] for points in cut]
    records["end"][total:] = [points[-1] for points in routes]
    records["width"][total:] = ARROW_WIDTH
    records["kind"][total:] = 1
    numbers = np.arange(len(routes))
    return records, np.concatenate([np.repeat(numbers, counts), numbers]), colors


def color_edges(edges: tuple[np.ndarray, np.ndarray, np.ndarray], state: np.ndarray) -> np.ndarray:
    """The same STROKEs with their colors. state: (R,) 1 lit, 0 as usual, -1 stepped back."""
    records, owner, usual = edges
    colors = usual.copy()
    colors[state > 0] = LIT
    colors[state < 0, 3] *= QUIET
    made = records.copy()
    made["color"] = colors[owner]
    return made


def _without_head(points: np.ndarray) -> np.ndarray:
    """The line up to where its arrow head begins."""
    left = ARROW_LENGTH
    for i in range(len(points) - 2, -1, -1):  # nearly always the last piece alone
        back = points[i] - points[i + 1]
        length = sqrt(float(back @ back))
        if length > left:
            end = points[i + 1] + back * (left / length)
            return np.concatenate([points[: i + 1], end[None]])
        left -= length
    return np.stack([points[0], points[0] + (points[-1] - points[0]) * 0.5])
