"""Level of detail: faint lines that are seen as one, such as nested brackets of a row from afar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vrnn.render.culling import CullKey
from vrnn.render.thin_strokes import join_straight

MIN_PARALLEL = 0.99999
"""Cosine of the angle between lines that are parallel."""
MERGED_PIXELS = 0.5
"""Pixels on screen within which lines are taken for one."""
SAME_DEPTH = 0.1
"""Part of its distance by which one line may be behind another to be one with it."""
MIN_PIECE = 0.5
"""Pixels below which a piece of a line is left out: the ends of the pieces beside it cover it."""
PIXELS_A_LINE = 30.0
"""Length of a line that takes as long to draw as another line does by itself."""
PRIMES = np.array([73856093, 19349663, 83492791, 49979687, 15485863], np.int64)
"""Make one number of what lines have to have in common."""


class ParallelLines(NamedTuple):
    """Which lines run along the longest one, and where, seen from the eye.

    Attributes:
        is_parallel: (N,) bool of all lines; what follows is of those alone.
        axes: (3, 3) unit vectors along them, beside them and above them.
        first: (K,) meters along, where they begin.
        last: (K,) where they end.
        beside: (K,) meters beside the eye.
        above: (K,) meters above it.
        away: (K,) meters from the eye to the line through each.
    """

    is_parallel: np.ndarray
    axes: np.ndarray
    first: np.ndarray
    last: np.ndarray
    beside: np.ndarray
    above: np.ndarray
    away: np.ndarray

    def only(self, chosen: np.ndarray) -> ParallelLines:
        """The same of some of those that are parallel; `chosen`: (K,) bool."""
        is_parallel = self.is_parallel.copy()
        is_parallel[is_parallel] = chosen
        parts = (self.first, self.last, self.beside, self.above, self.away)
        return ParallelLines(is_parallel, self.axes, *(part[chosen] for part in parts))

    def offset(self, key: CullKey) -> np.ndarray:
        """(K,) pixels, where they are across the lines; `key`: the viewpoint."""
        found: np.ndarray = np.arctan2(self.above, self.beside) * key.pixels_per_unit
        return found

    def depth(self) -> np.ndarray:
        """(K,) int64, the same for lines that may be seen as one."""
        return np.rint(np.log(self.away) / SAME_DEPTH).astype(np.int64)

    def points(self, key: CullKey, beside: np.ndarray, above: np.ndarray, at: np.ndarray
               ) -> np.ndarray:  # fmt: skip
        """(M, 3) meters in the world of what is so far beside, above and along."""
        found: np.ndarray = np.stack([at, beside, above], 1) @ self.axes + key.position
        return found


def find_parallel(strokes: np.ndarray, key: CullKey) -> ParallelLines | None:
    """Return the lines along the longest one: rows of panels run in one direction.

    Args:
        strokes: (N,) of `STROKE`.
        key: The viewpoint.

    Returns:
        None where there are none, or they are upright.
    """
    start, end = (strokes[name].astype(np.float64) - key.position for name in ("start", "end"))
    lengths = np.linalg.norm(end - start, axis=1)
    if len(strokes) < 2 or not lengths.max():
        return None
    along = (end - start)[int(lengths.argmax())] / lengths.max()
    is_parallel = np.abs((end - start) @ along) > MIN_PARALLEL * lengths
    aside = np.cross(along, (0.0, 1.0, 0.0))
    if np.linalg.norm(aside) < 0.1:
        return None
    aside /= np.linalg.norm(aside)
    axes = np.stack([along, aside, np.cross(aside, along)])
    start, end = start[is_parallel], end[is_parallel]
    first, last = np.sort(np.stack([start @ along, end @ along]), axis=0)
    beside, above = start @ axes[1], start @ axes[2]
    away = np.maximum(np.hypot(beside, above), 1e-6)
    return ParallelLines(is_parallel, axes, first, last, beside, above, away)


def merge_parallel(strokes: np.ndarray, key: CullKey) -> np.ndarray:
    """Return lines with those that run side by side within a pixel as one, as opaque as together.

    Only lines along the longest one are looked at.

    Args:
        strokes: (N,) of `STROKE`, all thinner than a pixel.
        key: The viewpoint.

    Returns:
        (M,) of `STROKE`.
    """
    parallel = find_parallel(strokes, key)
    if parallel is None:
        return strokes
    is_parallel, first, last, away = (
        parallel.is_parallel, parallel.first, parallel.last, parallel.away
    )  # fmt: skip
    lines = strokes[is_parallel]
    bits = np.ascontiguousarray(lines["color"][:, :3]).view(np.int32).astype(np.int64)
    looks = (bits, lines["kind"].astype(np.int64)[:, None], parallel.depth()[:, None])
    look = np.concatenate(looks, 1) @ PRIMES
    group = groups_within(look, parallel.offset(key), MERGED_PIXELS)
    pixel = np.hypot(away, np.maximum(0.0, np.maximum(first, -last))) / key.pixels_per_unit
    pieces = _pieces(group, first, last, lines["width"] * lines["color"][:, 3].astype(np.float64))
    of_group, begin, stop, weight = pieces
    count = int(group.max()) + 1
    member = np.zeros(count, int)
    member[group] = np.arange(len(lines))
    is_long = stop - begin > MIN_PIECE * pixel[member[of_group]]
    of_group, begin, stop, weight = (part[is_long] for part in pieces)
    # Where little is saved, lines stay as they are.

    def lengths_of(groups: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.bincount(groups, pixels + PIXELS_A_LINE, count)
        return found

    before = lengths_of(group, (last - first) / pixel)
    after = lengths_of(of_group, (stop - begin) / pixel[member[of_group]])
    is_merged = after < before
    chosen = is_merged[of_group]
    of_group, begin, stop, weight = (x[chosen] for x in (of_group, begin, stop, weight))
    opacity = np.zeros(count)
    np.maximum.at(opacity, group, lines["color"][:, 3])
    share = np.maximum(lines["width"] * (last - first), 1e-12)
    beside, above = (
        (np.bincount(group, share * part, count) / np.bincount(group, share, count))[of_group]
        for part in (parallel.beside, parallel.above)
    )
    found = lines[member[of_group]]
    found["start"] = parallel.points(key, beside, above, begin)
    found["end"] = parallel.points(key, beside, above, stop)
    found["color"][:, 3] = opacity[of_group]
    # Rounded, so that pieces of one width go on as one.
    found["width"] = np.round(weight / np.maximum(opacity[of_group], 1e-9), 6)
    kept = (strokes[~is_parallel], lines[~is_merged[group]], join_straight(found, key))
    return np.concatenate(kept)


def groups_within(look: np.ndarray, offset: np.ndarray, reach: float) -> np.ndarray:
    """(N,) number of the lines that each is seen as one with.

    Args:
        look: (N,) int64, the same where lines may be one.
        offset: (N,) where they are across the lines, pixels.
        reach: Pixels within which they are one.
    """
    order = np.lexsort((offset, look))
    sorted_offset, sorted_look = offset[order], look[order]
    # Each run of lines near each other is divided from its beginning on, so that the same are one
    # when the eye moves on.
    begins = np.append(True, np.diff(sorted_offset) > reach)
    begins[1:] |= np.diff(sorted_look) != 0
    run = np.cumsum(begins) - 1
    part = np.floor((sorted_offset - sorted_offset[begins][run]) / reach)
    begins[1:] |= np.diff(part) != 0
    group = np.empty(len(look), int)
    group[order] = np.cumsum(begins) - 1
    return group


def _pieces(
    group: np.ndarray, first: np.ndarray, last: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pieces of the lines of each group between all their ends, with what lies over each together.

    Args:
        group: (N,) of each line.
        first: (N,) where it begins.
        last: (N,) where it ends.
        weight: (N,) its own.

    Returns:
        Group, begin, end and weight of each piece that any line covers.
    """
    of_event = np.concatenate([group, group])
    at = np.concatenate([first, last])
    order = np.lexsort((at, of_event))
    of_event, at = of_event[order], at[order]
    total = np.cumsum(np.concatenate([weight, -weight])[order])
    is_piece = (of_event[1:] == of_event[:-1]) & (total[:-1] > 1e-9) & (at[1:] > at[:-1])
    return of_event[:-1][is_piece], at[:-1][is_piece], at[1:][is_piece], total[:-1][is_piece]
