"""The edges of a network: lines that end in arrow heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import sqrt

import numpy as np

from vrnn.scene.primitives import ARCH, STROKE, TextLabel
from vrnn.scene.visuals.wave import wave_light
from vrnn.style import font
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
SAME_PLACE = 0.01
"""Meters between two ends that are taken for one."""
PRIMES = np.array([73856093, 19349663, 83492791], np.int64)
MIN_JOINED = 3
"""Edges at one place that are a band."""
BAND_GROWTH, MAX_BAND_WIDTH = 0.45, 4.0
"""Part of its width by which a band grows with each doubling of its edges, and its widest."""
BAND_TEXT_HEIGHT = 0.26
"""Capital height of the number of edges of a band, meters, in a network of usual size."""
BAND_TEXT = (0.30, 0.52, 0.55, 1.0)
MIN_COUNTED, MIN_COUNTED_RISE = 8, 0.8
"""Edges of a band, and meters that it climbs, from which on they are counted."""
MIN_SLOPE = 0.1
"""Rise of a piece, as a part of its length, from which on it is no line on the floor."""


def _no_strokes() -> np.ndarray:
    return np.zeros(0, STROKE)


def _no_counts() -> np.ndarray:
    return np.zeros(0, int)


@dataclass(frozen=True, eq=False)
class EdgeStrokes:
    """The strokes of a network's edges, whose colors depend on the layer that is hovered.

    Attributes:
        records: (N,) `STROKE` without colors.
        edge_indices: (N,) int: the edge that each belongs to.
        colors: (R, 4) float32: the usual color of each edge.
        keeps_colors: (R,) bool: the edges whose color means something, so that one that is
            highlighted is no other; None for none.
        bands: (B,) `STROKE` that each stand for several strokes at the same place.
        band_counts: (B,) int: how many edges each joins.
        band_members: (B,) int: one of the strokes in each.
        in_band: (N,) bool: the strokes that are drawn only where their edge is highlighted, as a
            band is in their place.
    """

    records: np.ndarray
    edge_indices: np.ndarray
    colors: np.ndarray
    keeps_colors: np.ndarray | None = None
    bands: np.ndarray = field(default_factory=_no_strokes)
    band_counts: np.ndarray = field(default_factory=_no_counts)
    band_members: np.ndarray = field(default_factory=_no_counts)
    in_band: np.ndarray | None = None

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
        if self.in_band is not None:
            bands = self.bands.copy()
            if ends is not None:
                bands["color"] = records["color"][self.band_members]
            elif (emphasis < 0).any():
                bands["color"][:, 3] *= GHOST_ALPHA
            shown = ~self.in_band | (emphasis > 0)[self.edge_indices]
            records = np.concatenate([bands, records[shown]])
        return records

    def band_labels(self, scale: float) -> list[TextLabel]:
        """Return beside each band that climbs how many edges it joins.

        Args:
            scale: Of names in a network of this size, see `name_scale`.
        """
        labels = []
        height = BAND_TEXT_HEIGHT * scale
        middle = float(self.bands["start"][:, 0].mean()) if len(self.bands) else 0.0
        for band, count in zip(self.bands, self.band_counts.tolist(), strict=True):
            start, end = band["start"].astype(float), band["end"].astype(float)
            if count < MIN_COUNTED or abs(end[1] - start[1]) < MIN_COUNTED_RISE * scale:
                continue
            x, y, z = ((start + end) / 2).tolist()
            text, beside = f"×{count}", float(band["width"]) + height / 2
            x += beside if x > middle else -beside - font.text_width(text) * height
            labels.append(TextLabel(text, (x, y - height / 2, z), height, BAND_TEXT, fade=4.0))
        return labels

    def without_bands(self) -> EdgeStrokes:
        """Return the same edges, each drawn by itself."""
        return replace(self, bands=_no_strokes(), band_counts=_no_counts(), in_band=None)

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
    return _joined(EdgeStrokes(records, edge_indices, colors), total)


def _joined(strokes: EdgeStrokes, lines: int) -> EdgeStrokes:
    """The strokes with bands in the place of those that run at one place. lines: before heads."""
    records = strokes.records[:lines]
    ends = np.rint(np.stack([records["start"], records["end"]], 1) / SAME_PLACE).astype(np.int64)
    place = (ends * PRIMES).sum(2)  # a number for each end; which of them is the start is no matter
    keys = place.min(1) * PRIMES[0] + place.max(1)
    _, first, which, counts = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    is_band = counts >= MIN_JOINED
    if not is_band.any():
        return strokes
    bands, joined = records[first[is_band]], counts[is_band]
    bands["width"] *= np.minimum(1 + BAND_GROWTH * np.log2(joined), MAX_BAND_WIDTH)
    bands["color"] = strokes.colors[strokes.edge_indices[first[is_band]]]
    in_band = np.zeros(len(strokes.records), bool)
    in_band[:lines] = is_band[which]
    return replace(
        strokes, bands=bands, band_counts=joined, band_members=first[is_band], in_band=in_band
    )


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
