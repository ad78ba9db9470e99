"""What there is to draw, as plain arrays: the hand-over from the scene to the renderer.

Positions are meters in the world (or pixels for an overlay), colors linear RGBA 0…1. The dtypes
here are the one source of each record's layout; the renderer hands the bytes to OpenGL unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vrnn.style.colormap import DEFAULT, ColorMapping


@dataclass(frozen=True, eq=False)
class Visual:
    """What is drawn beside the input, or anything else that stands beside the layers."""

    quads: np.ndarray
    labels: tuple[TextLabel, ...] = ()
    image_quads: tuple[ImageQuad, ...] = ()
    pick_regions: tuple[PickRegion, ...] = ()


PANEL = np.dtype(
    [
        ("origin", "3f4"),  # top left corner as the viewer sees it
        ("right", "3f4"),  # from the left edge to the right edge
        ("down", "3f4"),  # from the top edge to the bottom edge
        ("grid", "3i4"),  # columns, rows, number of channels
        ("tile", "2i4"),  # height and width of one map in texels
        ("base", "i4"),  # first texel of the layer's block in its store; -1: nothing yet
        ("first", "i4"),  # channel in the first cell
        ("range", "2f4"),  # half floats that the colors span; equal: each map's own
        ("clip", "f4"),  # of the range, already with the full color
        ("light", "f4"),  # 1 as it is, less when something else is in the light
        ("border", "f4"),  # meters around it; negative: as wide, and lit up
    ]
)
"""One layer's maps in a grid: an instance."""

QUAD = np.dtype(
    [
        ("origin", "3f4"),
        ("right", "3f4"),
        ("down", "3f4"),
        ("top", "4f4"),  # color at the top edge
        ("bottom", "4f4"),  # color at the bottom edge
    ]
)
"""A flat rectangle with a gradient: frames, bars, steps."""

STROKE = np.dtype(
    [
        ("start", "3f4"),
        ("end", "3f4"),
        ("width", "f4"),  # meters
        ("kind", "f4"),  # 0: a round-ended stroke; 1: an arrow head, its tip at `end`
        ("color", "4f4"),
    ]
)
"""A piece of an edge."""


@dataclass(frozen=True)
class TextLabel:
    """A line of text in the world.

    origin: left end of the base line; right, up: unit vectors; height: of a capital letter.
    fade: (pixels,) the text is gone below this height on screen and whole at 1.3 times it;
    until: above this many pixels it fades out again (for names that speak from afar only).
    """

    text: str
    origin: tuple[float, float, float]
    height: float
    color: tuple[float, float, float, float]
    right: tuple[float, float, float] = (1.0, 0.0, 0.0)
    up: tuple[float, float, float] = (0.0, 1.0, 0.0)
    fade: float = 6.0
    until: float = 1e9


@dataclass(frozen=True, eq=False)
class ImageQuad:
    """A color image standing in the world.

    pixels: (H, W, 3) uint8 sRGB, or the name of a picture that was lent to the renderer; smooth:
    blend texels.
    """

    origin: tuple[float, float, float]
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    pixels: np.ndarray | str
    smooth: bool = True


@dataclass(frozen=True, eq=False)
class PickRegion:
    """A rectangle that can be touched, beside the layers.

    kind: `input`, `scores`, `thumbnail`, `source`, `button`, `bracket`, `handle`, `corner`,
    `features` or `pin`; origin, right, down: (3,) meters; value: what it stands for; slot, node: of
    its layer.
    """

    kind: str
    origin: tuple[float, float, float]
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    value: Any = None
    slot: int = 0
    node: int = -1


@dataclass(frozen=True, eq=False)
class DrawList:
    """Everything that stands in the world (or lies in an overlay) at one moment.

    panels: instances of `PANEL`, by network and by the number of the array its maps lie in;
    display: how their values become colors.
    """

    panels: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)
    quads: np.ndarray = field(default_factory=lambda: np.zeros(0, QUAD))
    strokes: np.ndarray = field(default_factory=lambda: np.zeros(0, STROKE))
    labels: tuple[TextLabel, ...] = ()
    image_quads: tuple[ImageQuad, ...] = ()
    color_mapping: ColorMapping = DEFAULT


def quad(
    left: float,
    top: float,
    width: float,
    height: float,
    z: float,
    color: tuple[float, ...],
    bottom: tuple[float, ...] | None = None,
) -> np.ndarray:
    """One upright `QUAD` that faces +Z, y upward, as an array of length 1."""
    record = np.zeros(1, QUAD)
    record["origin"] = (left, top, z)
    record["right"] = (width, 0, 0)
    record["down"] = (0, -height, 0)
    record["top"] = color
    record["bottom"] = color if bottom is None else bottom
    return record


def quad_from_edges(
    origin: np.ndarray, right: np.ndarray, down: np.ndarray, color: tuple[float, ...]
) -> np.ndarray:
    """One `QUAD` anywhere. origin, right, down: (3,) meters."""
    record = np.zeros(1, QUAD)
    record["origin"], record["right"], record["down"] = origin, right, down
    record["top"] = record["bottom"] = color
    return record


def floor_quad(
    left: float,
    back: float,
    width: float,
    depth: float,
    y: float,
    far: tuple[float, ...],
    near: tuple[float, ...],
) -> np.ndarray:
    """One level `QUAD` seen from above, from z = back to z = back + depth."""
    record = np.zeros(1, QUAD)
    record["origin"] = (left, y, back)
    record["right"] = (width, 0, 0)
    record["down"] = (0, 0, depth)
    record["top"] = far
    record["bottom"] = near
    return record
