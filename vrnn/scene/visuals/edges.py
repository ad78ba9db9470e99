"""The edges of a network: lines that end in arrow heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np

from vrnn.scene.primitives import ARCH, STROKE
from vrnn.scene.visuals.wave import wave_light
from vrnn.style.theme import ACCENT

FLOW = (0.16, 0.20, 0.29, 0.95)
"""Color of an edge."""
SKIP = (0.06, 0.24, 0.27, 0.95)
"""Color of an edge that passes other panels."""
GHOST_ALPHA = 0.35
"""Part of its opacity that is left to an edge that steps back."""
ARROW_LENGTH, ARROW_WIDTH = 0.24, 0.26
"""Meters."""
LINE_WIDTH = 0.085
"""Meters."""
MIN_SLOPE = 0.1
"""Rise of a piece, as a part of its length, from which on it is no line on the floor."""


@dataclass(frozen=True, eq=False)
class EdgeStrokes:
    """The strokes of a network's edges, whose colors depend on the layer that is hovered.

    Attributes:
        records: (N,) `STROKE` without colors.
        edge_indices: (N,) int: the edge that each belongs to.
        colors: (R, 4) float32: the usual color of each edge.
        keeps_colors: (R,) bool: the edges whose color means something, so that one that is
            highlighted is no other; None for none.
    """

    records: np.ndarray
    edge_indices: np.ndarray
    colors: np.ndarray
    keeps_colors: np.ndarray | None = None

    def colored(
        self, emphasis: np.ndarray, ends: np.ndarray | None = None, wave: float = 0.0
    ) -> np.ndarray:
        """Return the strokes with their colors, (N,) `STROKE`.

        Args:
            emphasis: (R,) int, see `edge_emphasis`.
            ends: (R, 2) when each edge's source and target ran, 0…1, while a wave runs through.
            wave: Progress of the wave, 0…1.
        """
        colors = self.colors.copy()
        is_recolored = emphasis > 0
        if self.keeps_colors is not None:
            is_recolored &= ~self.keeps_colors
        colors[is_recolored] = ACCENT
        colors[emphasis < 0, 3] *= GHOST_ALPHA
        records = self.records.copy()
        records["color"] = colors[self.edge_indices]
        if ends is not None and len(records):
            source, target = ends[self.edge_indices].T
            lit = wave_light(source + (target - source) * self._parts, wave)[:, None]
            records["color"] = records["color"] * (1 - lit) + np.array(ACCENT) * lit
        return records

    @cached_property
    def _parts(self) -> np.ndarray:
        """(N,) how far along its edge each stroke is, 0…1; the heads come last."""
        lines = self.edge_indices[: len(self.edge_indices) - len(self.colors)]
        counts = np.bincount(lines, minlength=len(self.colors))
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        rank = np.arange(len(lines)) - first[lines]
        return np.concatenate([rank / np.maximum(counts[lines], 1), np.ones(len(self.colors))])


def edge_strokes(routes: Sequence[np.ndarray], are_skips: np.ndarray) -> EdgeStrokes:
    """Return the strokes of edges, each ending in an arrow head.

    Args:
        routes: The (P, 3) points of each.
        are_skips: (R,) bool: which of them pass other panels.
    """
    colors = np.where(are_skips[:, None], np.array(SKIP, np.float32), np.array(FLOW, np.float32))
    if not routes:
        return EdgeStrokes(np.zeros(0, STROKE), np.zeros(0, int), colors)
    lines = [_without_head(points) for points in routes]
    counts = np.array([len(points) - 1 for points in lines])
    total = int(counts.sum())
    records = np.zeros(total + len(routes), STROKE)
    records["start"][:total] = np.concatenate([points[:-1] for points in lines])
    records["end"][:total] = np.concatenate([points[1:] for points in lines])
    records["width"][:total] = LINE_WIDTH
    along = records["end"][:total] - records["start"][:total]
    rises = np.abs(along[:, 1]) > MIN_SLOPE * np.linalg.norm(along, axis=1)
    records["kind"][:total][rises] = ARCH
    records["start"][total:] = [points[-1] for points in lines]
    records["end"][total:] = [points[-1] for points in routes]
    records["width"][total:] = ARROW_WIDTH
    records["kind"][total:] = 1
    numbers = np.arange(len(routes))
    edge_indices = np.concatenate([np.repeat(numbers, counts), numbers])
    return EdgeStrokes(records, edge_indices, colors)


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
