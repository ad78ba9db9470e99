"""Level of detail: what lies within a pixel along a row, from afar, as one strip with a picture.

Under each row of panels run brackets, edges, feet of many colors and shadows. From afar they are a
line on the screen whose color changes along it. That line is painted here, texel by texel, and
drawn as two triangles in place of some hundred (shaders/strip.frag.glsl).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.render.culling import CullKey
from vrnn.render.parallel_strokes import ParallelLines, find_parallel, groups_within
from vrnn.scene.primitives import STROKE
from vrnn.style.theme import themed
from vrnn.style.theme_names import Theme

STRIP = np.dtype(
    [
        ("start", "3f4"),
        ("end", "3f4"),
        ("width", "f4"),  # meters, as the eye sees it, of what is opaque where its texel is
        ("texels", "2i4"),  # the first, and how many
    ]
)
"""A strip: an instance."""
STRIP_TEXELS = 1024
"""Texels in a row of the texture: the strips' texels one after the other; a power of two."""
STRIP_PIXELS = 0.75
"""Pixels on screen within which lines are one strip."""
MAX_AHEAD = 1.2
"""How far along a line may reach, as a part of its distance: pixels are of like size there."""
TEXEL_PIXELS = 1.4
"""Pixels of a texel at most, where it is nearest; at least half of that."""
MAX_GAP = 40.0
"""Pixels without any line from which on another strip begins."""
PIXELS_A_LINE, PIXELS_A_STRIP = 30.0, 60.0
"""Length of a line that takes as long to draw as another line, or strip, does by itself."""
TEXTURED = 1.3
"""How many times as long a pixel of a strip takes as one of a line."""
MIN_GRAZING = 0.05
"""As in shaders/stroke.vert.glsl."""
SHADOW_STEPS = ((0.913, 1 / 3), (0.707, 1 / 3), (0.408, 1 / 3))
"""Boxes that are a shadow together, which fades out to its sides: width of each, and its part."""
SHADOW_MEAN = 8 / 15
"""Mean opacity of a shadow across, beside that of its middle line."""


@dataclass(frozen=True, eq=False)
class LineStrips:
    """Strips, and what they show.

    Attributes:
        records: (N,) of `STRIP`.
        texels: (H, STRIP_TEXELS, 4) uint8: square roots of linear red, green and blue, and opacity
            as a part of that of the strip's most opaque texel.
    """

    records: np.ndarray
    texels: np.ndarray


NO_STRIPS = LineStrips(np.zeros(0, STRIP), np.zeros((0, STRIP_TEXELS, 4), np.uint8))


def merge_into_strips(
    strokes: np.ndarray, shadows: np.ndarray, key: CullKey, theme: Theme
) -> tuple[LineStrips, np.ndarray, np.ndarray]:
    """Return strips in the place of lines and shadows, and which of both are left.

    Args:
        strokes: (N,) of `STROKE`, all thinner than a pixel.
        shadows: (M,) of `QUAD`, all about as thin as that.
        key: The viewpoint.
        theme: Whose colors the strips have.

    Returns:
        The strips; (N,) and (M,) bool: what is still drawn by itself.
    """
    boxes = _boxes(shadows, key)
    lines = np.concatenate([strokes, boxes])
    left = np.ones(len(lines), bool)
    parallel = find_parallel(lines, key)
    strips = NO_STRIPS
    if parallel is not None:
        reach = np.maximum(np.abs(parallel.first), np.abs(parallel.last))
        is_near = np.zeros(len(lines), bool)
        is_near[parallel.is_parallel] = reach < MAX_AHEAD * parallel.away
        # All boxes of a shadow, or none: the widest, which is first, tells of all.
        are_near = is_near[len(strokes) :].reshape(len(SHADOW_STEPS), len(shadows)).all(0)
        is_near[len(strokes) :] = np.tile(are_near, len(SHADOW_STEPS))
        chosen = np.flatnonzero(is_near)
        near = parallel.only(is_near[parallel.is_parallel])
        strips, is_drawn = _strips(lines[chosen], chosen >= len(strokes), near, key, theme)
        left[chosen] = ~is_drawn
    return strips, left[: len(strokes)], left[len(strokes) : len(strokes) + len(shadows)]


def _boxes(shadows: np.ndarray, key: CullKey) -> np.ndarray:
    """Shadows as strokes turned to the eye, one of each for every one of `SHADOW_STEPS`."""
    right, down = shadows["right"].astype(np.float64), shadows["down"].astype(np.float64)
    middle = shadows["origin"] + 0.5 * (right + down)
    to_eye = key.position - middle
    away = np.maximum(np.linalg.norm(to_eye, axis=1), 1e-6)
    area = np.abs(np.einsum("ij,ij->i", np.cross(right, down), to_eye)) / away
    parts = []
    for size, part in SHADOW_STEPS:
        lines = np.zeros(len(shadows), STROKE)
        lines["start"], lines["end"] = middle - 0.5 * size * right, middle + 0.5 * size * right
        lines["width"] = area / np.maximum(np.linalg.norm(right, axis=1), 1e-9)
        lines["color"][:, 3] = SHADOW_MEAN * part * shadows["top"][:, 3]
        lines["kind"] = -1
        parts.append(lines)
    return np.concatenate(parts)


def _strips(
    lines: np.ndarray, is_black: np.ndarray, parallel: ParallelLines, key: CullKey, theme: Theme
) -> tuple[LineStrips, np.ndarray]:
    """Strips of lines, and (N,) bool: which of them they are made of.

    Args:
        lines: (N,) of `STROKE`.
        is_black: (N,) bool: shadows, which are black in every theme.
        parallel: Where they are.
        key: The viewpoint.
        theme: Whose colors the strips have.
    """
    if not len(lines):
        return NO_STRIPS, np.zeros(0, bool)
    group = groups_within(parallel.depth(), parallel.offset(key), STRIP_PIXELS)
    strip = _without_gaps(group, parallel, key)
    count = int(strip.max()) + 1
    first, last, away = np.full(count, np.inf), np.full(count, -np.inf), np.full(count, np.inf)
    np.minimum.at(first, strip, parallel.first)
    np.maximum.at(last, strip, parallel.last)
    np.minimum.at(away, strip, parallel.away)
    spent = np.bincount(strip, _pixels(parallel, key) + PIXELS_A_LINE, count)
    length = key.pixels_per_unit * (np.arctan2(last, away) - np.arctan2(first, away))
    is_worth = spent > TEXTURED * length + PIXELS_A_STRIP
    is_drawn: np.ndarray = is_worth[strip]
    if not is_drawn.any():
        return NO_STRIPS, is_drawn
    number = np.cumsum(is_worth) - 1
    strip, lines, parallel = number[strip[is_drawn]], lines[is_drawn], parallel.only(is_drawn)
    weight = _seen_width(lines, parallel, key) * lines["color"][:, 3]
    colors = themed(lines["color"][:, :3].astype(np.float64), theme)
    colors[is_black[is_drawn]] = 0.0
    extent = np.stack([first, last, away], 1)[is_worth]
    return _painted(strip, weight, colors, parallel, extent, key), is_drawn


def _without_gaps(group: np.ndarray, parallel: ParallelLines, key: CullKey) -> np.ndarray:
    """(N,) number of the strip of each line: those of a group, divided at wide gaps."""
    order = np.lexsort((parallel.first, group))
    group, first, last = group[order], parallel.first[order], parallel.last[order]
    # The end of all before, group by group: a group's lines come after those of the last one.
    shift = group * (2.0 * (np.abs(last).max() + np.abs(first).max()) + 1.0)
    so_far = np.maximum.accumulate(last + shift) - shift
    gap = (first[1:] - so_far[:-1]) * key.pixels_per_unit / parallel.away[order][1:]
    begins = np.append(True, (gap > MAX_GAP) | (np.diff(group) != 0))
    strip = np.empty(len(group), int)
    strip[order] = np.cumsum(begins) - 1
    return strip


def _pixels(parallel: ParallelLines, key: CullKey) -> np.ndarray:
    """(N,) length of each line on the screen."""
    first, last = (np.arctan2(at, parallel.away) for at in (parallel.first, parallel.last))
    found: np.ndarray = key.pixels_per_unit * (last - first)
    return found


def _seen_width(lines: np.ndarray, parallel: ParallelLines, key: CullKey) -> np.ndarray:
    """(N,) meters: how wide each line is for the eye, as lines on the floor are seen from aside."""
    middle = 0.5 * (lines["start"] + lines["end"]).astype(np.float64) - key.position
    normal = np.cross(np.cross(parallel.axes[0], (0.0, 1.0, 0.0)), middle)
    grazing = np.linalg.norm(normal, axis=1) / np.maximum(np.linalg.norm(middle, axis=1), 1e-6)
    is_flat = lines["kind"] == 0
    found: np.ndarray = lines["width"] * np.where(is_flat, np.maximum(grazing, MIN_GRAZING), 1.0)
    return found


def _painted(
    strip: np.ndarray, weight: np.ndarray, colors: np.ndarray, parallel: ParallelLines,
    extent: np.ndarray, key: CullKey,
) -> LineStrips:  # fmt: skip
    """The strips of lines.

    Args:
        strip: (N,) of each line.
        weight: (N,) meters of its width that would be as opaque.
        colors: (N, 3) linear.
        parallel: Where they are.
        extent: (S, 3) meters: first and last along each strip, and its distance.
        key: The viewpoint.
    """
    first, last, away = extent.T
    # Texels of few sizes that lie where they are in the world: the same while the eye moves.
    texel = np.exp2(np.floor(np.log2(TEXEL_PIXELS * away / key.pixels_per_unit)))
    origin = float(key.position @ parallel.axes[0])
    lowest = np.floor((first + origin) / texel)
    counts = (np.ceil((last + origin) / texel) - lowest).astype(np.int64) + 1
    begin = np.cumsum(counts) - counts
    total = int(counts.sum())
    rows = -(-total // STRIP_TEXELS)
    changes = np.zeros((4, rows * STRIP_TEXELS + 2))
    for ends, sign in ((parallel.first, 1.0), (parallel.last, -1.0)):
        at = (ends + origin) / texel[strip] - lowest[strip] + begin[strip]
        place = np.floor(at).astype(np.int64)
        part = at - place
        for i, amount in enumerate((*(weight[:, None] * colors).T, weight)):
            changes[i] += np.bincount(place, sign * amount * (1 - part), changes.shape[1])
            changes[i] += np.bincount(place + 1, sign * amount * part, changes.shape[1])
    light = np.maximum(np.cumsum(changes, 1)[:, : rows * STRIP_TEXELS], 0.0)
    most = np.maximum.reduceat(light[3], begin)
    opacity = light[3, :total] / np.maximum(np.repeat(most, counts), 1e-12)
    texels = np.zeros((rows * STRIP_TEXELS, 4), np.uint8)
    color = np.sqrt(np.minimum(light[:3, :total] / np.maximum(light[3, :total], 1e-9), 1.0))
    texels[:total, :3] = np.rint(255 * color.T)
    texels[:total, 3] = np.rint(255 * np.minimum(opacity, 1.0))
    share = weight * (parallel.last - parallel.first) + 1e-12
    whole = np.bincount(strip, share)
    beside, above = (
        np.bincount(strip, share * part) / whole for part in (parallel.beside, parallel.above)
    )
    records = np.zeros(len(counts), STRIP)
    low = lowest * texel - origin
    records["start"] = parallel.points(key, beside, above, low)
    records["end"] = parallel.points(key, beside, above, low + counts * texel)
    records["width"] = most
    records["texels"] = np.stack([begin, counts], 1)
    return LineStrips(records, texels.reshape(rows, STRIP_TEXELS, 4))
