"""The plain data of a layout: what needs room, and what stands where.

Meters, right-handed, +Y up; the viewer stands at +Z and looks along -Z; the floor is y = 0. Panels
are upright rectangles that face +Z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LABEL_STRIP = 0.45
"""Height over every panel that is kept free for its label, meters."""

PANEL_THICKNESS = 0.02
"""Depth a panel takes along z, meters."""


@dataclass(frozen=True)
class Footprint:
    """The room that a node needs, meters.

    width, height: of the panel itself; depth: kept free behind it; above: kept free over the label
    strip (class bars over the input); left: kept free beside it (the input picture).
    """

    width: float
    height: float
    depth: float = 0.0
    above: float = 0.0
    left: float = 0.0


@dataclass(frozen=True)
class PanelPlacement:
    """Where a panel stands. x: its center; y: its bottom edge; z: its plane; meters."""

    x: float
    y: float
    z: float
    width: float
    height: float


@dataclass(frozen=True, eq=False)
class Route:
    """The way of an edge, drawn as a ribbon with an arrow at its end.

    points: (N, 3) float32, a polyline with rounded corners from the source's base to the target's;
    skip: it passes other panels on its way.
    """

    source: int
    target: int
    points: np.ndarray
    is_skip: bool


@dataclass(frozen=True)
class TerraceRow:
    """One stage's part of a step: a platform from left to right and from front to back at height y.

    The stage's name is written at the left end, in the room between `left` and the first panel.
    height: from the platform to the highest thing that stands on it.
    """

    name: str
    left: float
    right: float
    front: float
    back: float
    y: float
    node_ids: tuple[int, ...]
    height: float


@dataclass(frozen=True, eq=False)
class Layout:
    """A whole network in space. low, high: corners of the box around everything."""

    panels: dict[int, PanelPlacement]
    routes: tuple[Route, ...]
    rows: tuple[TerraceRow, ...]
    low: tuple[float, float, float]
    high: tuple[float, float, float]
