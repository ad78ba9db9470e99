"""Level of detail: strokes and rectangles thinner than a pixel, drawn as faint lines a pixel wide.

Most of a large network from afar is so. A faint line is two triangles with a shader of three
operations; a rectangle with smooth edges is ten triangles, of which a thin one needs none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vrnn.render.culling import CullKey
from vrnn.scene.primitives import ARCH, GROUND, PLAIN, SHADOW, STROKE

LINE_PIXELS = 1.2
"""Width of the lines; as in shaders/stroke.vert.glsl."""
THIN_PIXELS = 0.5
"""Height or width on screen below which a rectangle is a line."""
MIN_SHADOW_PIXELS = 0.3
"""The same below which a shadow is nothing."""
THIN_SHADOW_PIXELS = 1.2
"""The same below which it may be part of a line: it is most opaque along its middle."""
MAX_GAP, MAX_ASIDE = 1.0, 0.25
"""Pixels between two pieces of a straight edge, and by which they may be aside, up to which they
are one."""
MIN_STRAIGHT = 0.9998
"""Cosine of the angle between them."""


class ThinStrokes(NamedTuple):
    """Strokes of an edge, a bracket or a rectangle by how they are drawn.

    Attributes:
        thick: (N,) `STROKE` that may be wider than a line.
        thin: (N,) `STROKE` that are drawn as faint lines.
    """

    thick: np.ndarray
    thin: np.ndarray


def split_strokes(strokes: np.ndarray, key: CullKey) -> ThinStrokes:
    """Return which strokes are thinner than a line from anywhere near a viewpoint.

    Args:
        strokes: (N,) of `STROKE`.
        key: The viewpoint.
    """
    away = _distance_to(strokes, key) - key.max_move
    is_thin = strokes["width"] * key.pixels_per_unit < LINE_PIXELS * away
    # Light that runs along an edge and arrow heads need their own shader.
    is_thin &= (strokes["kind"] <= 0) & (strokes["flow"][:, 1] == 0)
    return ThinStrokes(strokes[~is_thin], join_straight(strokes[is_thin], key))


def join_straight(strokes: np.ndarray, key: CullKey) -> np.ndarray:
    """Return strokes with straight pieces that follow each other as one.

    Args:
        strokes: (N,) of `STROKE`, the pieces of an edge in their order.
        key: The viewpoint.
    """
    if len(strokes) < 2:
        return strokes
    start, end = (strokes[name].astype(np.float64) for name in ("start", "end"))
    along = end - start
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    between = start[1:] - end[:-1]
    forth = np.einsum("ij,ij->i", between, along[:-1])
    aside = np.linalg.norm(between - forth[:, None] * along[:-1], axis=1)
    pixel = np.linalg.norm(end[:-1] - key.position, axis=1) / key.pixels_per_unit
    follows = np.einsum("ij,ij->i", along[:-1], along[1:]) > MIN_STRAIGHT
    follows &= (aside < MAX_ASIDE * pixel) & (np.abs(forth) < MAX_GAP * pixel)
    for name in ("width", "kind"):
        follows &= strokes[name][1:] == strokes[name][:-1]
    follows &= (strokes["color"][1:] == strokes["color"][:-1]).all(1)
    first, which = _runs(follows)
    # Many small turns make a curve, which stays in pieces.
    last = np.append(first[1:], len(strokes)) - 1
    chord = end[last] - start[first]
    chord /= np.maximum(np.linalg.norm(chord, axis=1, keepdims=True), 1e-9)
    off = np.linalg.norm(np.cross(end - start[first][which], chord[which]), axis=1)
    is_curved = np.maximum.reduceat(off / np.append(pixel, pixel[-1]), first) > MAX_ASIDE
    first, _ = _runs(follows & ~is_curved[which[1:]])
    found = strokes[first]
    found["end"] = strokes["end"][np.append(first[1:], len(strokes)) - 1]
    return found


def _runs(follows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first of each run, and the run of each; `follows`: (N - 1,) whether one goes on."""
    begins = np.append(True, ~follows)
    return np.flatnonzero(begins), np.cumsum(begins) - 1


class DrawnQuads(NamedTuple):
    """Rectangles by how they are drawn.

    Attributes:
        whole: (N,) `QUAD` as they are.
        shadows: (N,) `QUAD`: shadows so thin that they may be part of a line.
        fringed: (N,) `QUAD`, those of them whose edges are smooth.
        lines: (N,) `STROKE` in the place of the thin ones.
    """

    whole: np.ndarray
    shadows: np.ndarray
    fringed: np.ndarray
    lines: np.ndarray


def split_quads(quads: np.ndarray, key: CullKey) -> DrawnQuads:
    """Return which rectangles are thin lines from anywhere near a viewpoint.

    Args:
        quads: (N,) of `QUAD`.
        key: The viewpoint.
    """
    right, down = quads["right"].astype(np.float64), quads["down"].astype(np.float64)
    middle = quads["origin"] + 0.5 * (right + down)
    to_eye = key.position - middle
    across, along = np.linalg.norm(right, axis=1), np.linalg.norm(down, axis=1)
    away = np.linalg.norm(to_eye, axis=1)
    nearest = np.maximum(away - 0.5 * np.hypot(across, along) - key.max_move, 1e-6)
    # Area on a sphere around the eye, by the longer side: how thick it is seen.
    area = np.abs(np.einsum("ij,ij->i", np.cross(right, down), to_eye)) / np.maximum(away, 1e-6)
    thickness = area / np.maximum(np.maximum(across, along), 1e-9)
    pixels = thickness * key.pixels_per_unit / nearest
    kind = quads["kind"]
    is_line = np.minimum(across, along) * key.pixels_per_unit < THIN_PIXELS * nearest
    is_line &= (kind == PLAIN) | (kind == GROUND)
    # The color of a line changes only across it.
    is_line &= (across >= along) | (quads["top"] == quads["bottom"]).all(1)
    is_kept = ~is_line & ((kind != SHADOW) | (pixels >= MIN_SHADOW_PIXELS))
    is_thin_shadow = is_kept & (kind == SHADOW) & (pixels < THIN_SHADOW_PIXELS)
    is_thin_shadow &= across >= along
    whole, shadows = quads[is_kept & ~is_thin_shadow], quads[is_thin_shadow]
    lines = _as_strokes(quads[is_line], thickness[is_line])
    return DrawnQuads(whole, shadows, whole[whole["kind"] < SHADOW], lines)


def _as_strokes(quads: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    """The middle lines of rectangles, along their longer sides."""
    lines = np.zeros(len(quads), STROKE)
    right, down = quads["right"], quads["down"]
    is_wide = (np.einsum("ij,ij->i", right, right) >= np.einsum("ij,ij->i", down, down))[:, None]
    longer, shorter = np.where(is_wide, right, down), np.where(is_wide, down, right)
    lines["start"] = quads["origin"] + 0.5 * shorter
    lines["end"] = lines["start"] + longer
    lines["width"], lines["kind"] = thickness, ARCH
    lines["color"] = 0.5 * (quads["top"] + quads["bottom"])
    return lines


def _distance_to(strokes: np.ndarray, key: CullKey) -> np.ndarray:
    """(N,) meters from a viewpoint to the nearest point of each stroke."""
    start, end = (strokes[name] - key.position for name in ("start", "end"))
    along = end - start
    squared = np.maximum(np.einsum("ij,ij->i", along, along), 1e-12)
    part = np.clip(-np.einsum("ij,ij->i", start, along) / squared, 0, 1)
    found: np.ndarray = np.linalg.norm(start + part[:, None] * along, axis=1)
    return found
