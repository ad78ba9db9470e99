"""The plain data of a layout: what needs room, and what is where.

Meters, right-handed, +Y up; the viewer is at +Z and looks along -Z; the floor is y = 0. Panels are
upright rectangles that face +Z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT

LABEL_STRIP = 0.45
"""Height over every panel that is kept free for its label, meters."""


NAMED_WIDTH = 48.0
"""Meters: the names of rows of a wider network are larger."""
MAX_NAME_SCALE = 10.0
"""So many times at most."""


def name_scale(width: float, aspect: float = PICTURE_ASPECT) -> float:
    """Return how many times as large as usual names of rows are in a network.

    Args:
        width: Of the network, meters.
        aspect: Width / height of the picture that it fills: a narrow one shows all smaller.
    """
    return min(max(1.0, width * PICTURE_ASPECT / aspect / NAMED_WIDTH), MAX_NAME_SCALE)


@dataclass(frozen=True)
class Footprint:
    """The room that a node needs, meters.

    Attributes:
        width: Of the panel itself.
        height: Of the panel itself.
        depth: Kept free behind it.
        above: Kept free over the label strip (class bars over the input).
        left: Kept free beside it (the input's image).
        right: Kept free at its other side (the answer).
    """

    width: float
    height: float
    depth: float = 0.0
    above: float = 0.0
    left: float = 0.0
    right: float = 0.0


@dataclass(frozen=True)
class PanelPlacement:
    """Where a panel is, meters.

    Attributes:
        x: Its center.
        y: Its bottom edge.
        z: Its plane.
        width: Along x.
        height: Along y.
    """

    x: float
    y: float
    z: float
    width: float
    height: float


@dataclass(frozen=True, eq=False)
class Route:
    """The way of an edge, drawn as a line with an arrow head at its end.

    Attributes:
        source: Node id.
        target: Node id.
        points: (N, 3) float32, a polyline with rounded corners from the source's base to the
            target's.
        is_skip: Whether it passes other panels on its way.
    """

    source: int
    target: int
    points: np.ndarray
    is_skip: bool


@dataclass(frozen=True)
class StepFloor:
    """The floor of a step, meters.

    Attributes:
        y: Its height.
        z: Of the step's panels.
        front: z of its front edge.
        back: z of its back edge.
        left: x of its left edge.
        right: x of its right edge.
    """

    y: float
    z: float
    front: float
    back: float
    left: float
    right: float


@dataclass(frozen=True)
class TerraceRow:
    """One stage's part of a step: a platform with its panels, meters.

    The stage's name is written at the left end, in the room between `left` and the first panel.

    Attributes:
        name: Of the stage.
        left: x of the platform's left edge.
        right: x of its right edge.
        front: z of its front edge.
        back: z of its back edge.
        y: Its height over the floor.
        node_ids: The layers on it.
        height: From the platform to the highest thing on it.
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
    """A whole network in space.

    Attributes:
        panels: Where each panel is, by node id.
        routes: The way of each edge.
        rows: The platforms of a terrace, () in other arrangements.
        low: Least x, y and z of the box around everything.
        high: Largest x, y and z of it.
        turn: Radians to the left by which the rows, and nothing else, are to be turned around the
            vertical axis through 0, see `turned_about_y`.
        aspect: Width / height of the picture that it is meant to fill.
    """

    panels: dict[int, PanelPlacement]
    routes: tuple[Route, ...]
    rows: tuple[TerraceRow, ...]
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    turn: float = 0.0
    aspect: float = PICTURE_ASPECT
