"""What there is to draw, as plain arrays: what the scene hands to the renderer.

Positions are meters in the world (or pixels for an overlay), colors linear RGBA 0…1. The dtypes
here are the one source of each record's layout; the renderer hands the bytes to OpenGL unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vrnn.style.color_mapping import DEFAULT, ColorMapping
from vrnn.style.theme_names import Theme

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
        ("clip", "f4"),  # part of the range that already has the full color; RGB_MAPS: see there
        ("light", "f4"),  # 1 as it is, less when another layer is highlighted
        ("border", "f4"),  # meters around it; negative: so many pixels, and highlighted
        ("style", "i4"),  # how a map is drawn: PIXELS, CURVE or GRAPH, see STYLE_BITS
        ("lookup", "i4"),  # of GRAPH: first texel of where its nodes are, see `NodeLayout.block`
        (
            "layer_picture",
            "2i4",
        ),  # number from 1 of what is seen from afar, 0: none; 1: it has values
        # Width and height of that picture as parts of the panel; meters of what has to be told
        # apart in the maps, such as a cell, before it dissolves into them; and the panel's side,
        # as a part of its distance, from which it does.
        ("picture_fit", "4f4"),
        # Of relevance: first texel of the maps that it lies over, -1 for none, and its opacity in
        # thousandths. With it there are as many inputs of a vertex shader as all drivers allow.
        ("ground", "2i4"),
    ]
)
"""One layer's maps in a grid: an instance."""

RGB_MAPS = -1.0
"""In place of a `PANEL`'s clip: the three maps of a block are linear red, green and blue."""

FIRST_RELEVANCE_STORE = 300_000
"""Panels of stores from here on show relevance, in colors of its own: that of the network whose
slot is the rest. The maps that it may lie over are that network's."""

PIXELS, CURVE, GRAPH = 0, 1, 2
"""How a `PANEL` draws a map: each value as a pixel, each row as a curve, each value as a node."""
STYLE_BITS = 4
"""Bits of a `PANEL`'s style that say this; those above count the finest levels of the pyramid that
its block has not."""
STYLE_MASK = (1 << STYLE_BITS) - 1

QUAD = np.dtype(
    [
        ("origin", "3f4"),
        ("right", "3f4"),
        ("down", "3f4"),
        ("top", "4f4"),  # color at the top edge
        ("bottom", "4f4"),  # color at the bottom edge
        ("kind", "f4"),  # PLAIN, FIXED, SHADOW or GROUND
    ]
)
"""A flat rectangle with a gradient: frames, bars, steps."""

PLAIN, FIXED, SHADOW, GROUND = 0, 1, 2, 3
"""What a `QUAD` is: something that has the colors of the theme; colors of data, which are the same
in every theme; a shadow, black in every theme, which fades from its middle out; something that has
the colors of the theme and edges that need not be smooth."""

STROKE = np.dtype(
    [
        ("start", "3f4"),
        ("end", "3f4"),
        ("width", "f4"),  # meters
        ("kind", "f4"),  # 0: a round-ended stroke; 1: an arrow head, its tip at `end`; -1: see ARCH
        ("color", "4f4"),
        ("flow", "2f4"),  # meters from the start of its edge; how strongly light runs along it, 0…1
    ]
)
"""A piece of an edge. Light runs from its end to its start."""

DOT = np.dtype([("center", "3f4"), ("size", "f4"), ("color", "4f4")])
"""An image of a cloud from afar: a square dot of so many meters."""
THUMBNAIL = np.dtype(
    [
        ("center", "3f4"),
        ("size", "f4"),  # meters, without its frame
        ("frame", "4f4"),  # color; the last is the frame's width as a part of the thumbnail
        ("picture", "2f4"),  # number of its picture in CLOUD_STORE; 1 where it is turned to the eye
    ]
)
"""An image of a cloud that is near: an instance."""
CLOUD_STORE = 290_000
"""Number of the picture store that holds the thumbnails of a cloud."""

ARCH = -1
"""Kind of a `STROKE` of an arch: turned to the eye as upright ones are."""


@dataclass(frozen=True)
class TextLabel:
    """A line of text in the world.

    Attributes:
        text: What it says.
        origin: Left end of the base line.
        height: Of a capital letter.
        color: Linear RGBA.
        right: Unit vector in which the text runs.
        up: Unit vector from the base line to the top.
        fade: Pixels: the text is invisible below this height on screen and opaque at 1.3 times it.
        until: Pixels of a picture 1080 pixels high: above this height on screen it fades out again,
            for names that are only to be read from afar.
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
    """A color image in the world.

    Attributes:
        origin: Top left corner.
        right: From the left edge to the right edge.
        down: From the top edge to the bottom edge.
        pixels: (H, W, 3) uint8 sRGB, or the name of a texture that is registered with the renderer.
        smooth: Whether its pixels are blended.
        part: Of its width and of its height, from the first pixel on, what is shown.
    """

    origin: tuple[float, float, float]
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    pixels: np.ndarray | str
    smooth: bool = True
    part: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, eq=False)
class PickRegion:
    """A rectangle that can be clicked, apart from the layers themselves.

    Attributes:
        kind: `input`, `class`, `target`, `scores`, `thumbnail`, `source`, `button`, `bracket`,
            `handle`, `corner`, `features`, `cell` or `pin`.
        origin: Top left corner.
        right: From the left edge to the right edge.
        down: From the top edge to the bottom edge.
        value: What it stands for: often a command.
        slot: The network it belongs to.
        node: The layer it belongs to; -1 for none.
    """

    kind: str
    origin: tuple[float, float, float]
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    value: Any = None
    slot: int = 0
    node: int = -1


@dataclass(frozen=True, eq=False)
class Visual:
    """One thing in the world, such as the predictions or the image wall, with all its parts.

    Attributes:
        quads: (N,) `QUAD`.
        labels: Its text.
        image_quads: Its images.
        pick_regions: Where it can be clicked.
    """

    quads: np.ndarray
    labels: tuple[TextLabel, ...] = ()
    image_quads: tuple[ImageQuad, ...] = ()
    pick_regions: tuple[PickRegion, ...] = ()


@dataclass(frozen=True, eq=False)
class DrawList:
    """Everything in the world (or in an overlay) at one moment.

    Attributes:
        panels: (N,) `PANEL` by store (the slot of a network, or another) and by the number of the
            array in it that holds the maps.
        quads: (N,) `QUAD`.
        strokes: (N,) `STROKE`.
        labels: Text. The same tuple as long as nothing in it changes: letters are laid out again
            only for another one.
        image_quads: Images.
        color_mapping: How the values of maps become colors.
        theme: What all other colors become, which are those of the dark theme.
        marks: (N,) `QUAD` around things in the world, drawn over all of it and under the cards
            before the eye.
        dots: (N,) `DOT`.
        thumbnails: (N,) `THUMBNAIL`.
    """

    panels: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)
    quads: np.ndarray = field(default_factory=lambda: np.zeros(0, QUAD))
    strokes: np.ndarray = field(default_factory=lambda: np.zeros(0, STROKE))
    labels: tuple[TextLabel, ...] = ()
    image_quads: tuple[ImageQuad, ...] = ()
    color_mapping: ColorMapping = DEFAULT
    theme: Theme = "dark"
    marks: np.ndarray = field(default_factory=lambda: np.zeros(0, QUAD))
    dots: np.ndarray = field(default_factory=lambda: np.zeros(0, DOT))
    thumbnails: np.ndarray = field(default_factory=lambda: np.zeros(0, THUMBNAIL))


def quad(
    left: float,
    top: float,
    width: float,
    height: float,
    z: float,
    color: tuple[float, ...],
    bottom: tuple[float, ...] | None = None,
) -> np.ndarray:
    """Return one upright `QUAD` that faces +Z, y upward, as an array of length 1.

    Args:
        left: Its left edge.
        top: Its top edge.
        width: Its width.
        height: Its height.
        z: Its plane.
        color: At the top edge, or of all of it.
        bottom: Color at the bottom edge; None for `color`.
    """
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
    """Return one `QUAD` of any direction, as an array of length 1.

    Args:
        origin: (3,) top left corner.
        right: (3,) from the left edge to the right edge.
        down: (3,) from the top edge to the bottom edge.
        color: Of all of it.
    """
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
    """Return one level `QUAD` that is seen from above, as an array of length 1.

    Args:
        left: Its left edge.
        back: z of its far edge.
        width: Along x.
        depth: Along z, toward the viewer.
        y: Its height.
        far: Color at the far edge.
        near: Color at the near edge.
    """
    record = np.zeros(1, QUAD)
    record["origin"] = (left, y, back)
    record["right"] = (width, 0, 0)
    record["down"] = (0, 0, depth)
    record["top"] = far
    record["bottom"] = near
    return record


def outline_quads(
    left: float, top: float, width: float, height: float, z: float,
    line: float, color: tuple[float, ...],
) -> list[np.ndarray]:  # fmt: skip
    """Return the four `QUAD`s of an upright frame whose lines lie inside a rectangle.

    Args:
        left: Left edge of the rectangle.
        top: Its top edge.
        width: Its width.
        height: Its height.
        z: Its plane.
        line: Thickness of the lines.
        color: Of the lines.
    """
    return [
        quad(left, top, width, line, z, color),
        quad(left, top - height + line, width, line, z, color),
        quad(left, top, line, height, z, color),
        quad(left + width - line, top, line, height, z, color),
    ]
