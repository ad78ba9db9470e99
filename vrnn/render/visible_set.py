"""What of a draw list is worth drawing from a viewpoint, by how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.render.culling import (
    CullKey,
    are_pictures_only,
    cull_short_strokes,
    have_thin_frames,
    rectangles_in_view,
    sort_front_to_back,
    strokes_in_view,
)
from vrnn.render.frustum import Frustum
from vrnn.render.line_strips import NO_STRIPS, LineStrips, merge_into_strips
from vrnn.render.parallel_strokes import merge_parallel
from vrnn.render.text import TextBatch, cull_unreadable
from vrnn.render.thin_strokes import split_quads, split_strokes
from vrnn.scene.primitives import FIRST_RELEVANCE_STORE, DrawList


@dataclass(frozen=True, eq=False)
class VisibleSet:
    """What is worth drawing of a draw list from a viewpoint.

    Attributes:
        draw_list: The draw list.
        key: The viewpoint.
        panels: Records of `PANEL`, front to back, by network and map array: those that show maps.
        pictures: The same by network of those that show only the pictures of their layers.
        valued: The same of those whose pictures have values in place of colors.
        framed: Those of them whose frames are not thin lines inside them.
        quads: Records of `QUAD`.
        fringed: Those of them whose edges are smooth.
        strokes: Records of `STROKE`.
        lines: Records of `STROKE` that are thinner than a pixel.
        strips: Others of them, and shadows, where many are seen as one.
        glyphs: Records of `GLYPH`.
    """

    draw_list: DrawList
    key: CullKey
    panels: dict[tuple[int, int], np.ndarray]
    pictures: dict[int, np.ndarray]
    valued: dict[int, np.ndarray]
    framed: dict[int, np.ndarray]
    quads: np.ndarray
    fringed: np.ndarray
    strokes: np.ndarray
    lines: np.ndarray
    strips: LineStrips
    glyphs: np.ndarray


def find_visible(
    draw_list: DrawList, labels: TextBatch, key: CullKey, frustum: Frustum | None,
    has_strips: bool,
) -> VisibleSet:  # fmt: skip
    """Return what is worth drawing.

    Args:
        draw_list: All there is.
        labels: Those of the draw list, laid out.
        key: The viewpoint.
        frustum: What may be seen from there; None for a view that turns too often.
        has_strips: Whether thin lines along a row become strips: to find them takes a processor
            milliseconds, and a GPU draws the lines in less.
    """
    panels: dict[tuple[int, int], np.ndarray] = {}
    pictures: dict[int, list[np.ndarray]] = {}
    for (slot, array), records in draw_list.panels.items():
        records = rectangles_in_view(records, frustum)
        is_far = are_pictures_only(records, key) & (slot < FIRST_RELEVANCE_STORE)
        pictures.setdefault(slot, []).append(records[is_far])
        panels[slot, array] = sort_front_to_back(records[~is_far], key.position)
    # Pictures lie in one array, wherever the maps behind them do.
    colored: dict[int, np.ndarray] = {}
    valued: dict[int, np.ndarray] = {}
    for slot, parts in pictures.items():
        records = sort_front_to_back(np.concatenate(parts), key.position)
        has_values = records["layer_picture"][:, 1] != 0
        colored[slot], valued[slot] = records[~has_values], records[has_values]
    framed = {slot: found[~have_thin_frames(found, key)] for slot, found in valued.items()}
    quads = split_quads(rectangles_in_view(draw_list.quads, frustum), key)
    strokes = cull_short_strokes(strokes_in_view(draw_list.strokes, frustum), key)
    thick, thin = split_strokes(strokes, key)
    strips, others, shadows = NO_STRIPS, quads.lines, quads.shadows
    if has_strips:
        lines = np.concatenate([thin, quads.lines])
        strips, are_lines, are_shadows = merge_into_strips(lines, shadows, key, draw_list.theme)
        thin, others = thin[are_lines[: len(thin)]], quads.lines[are_lines[len(thin) :]]
        shadows = shadows[are_shadows]
    return VisibleSet(
        draw_list, key, panels, colored, valued, framed,
        quads=np.concatenate([quads.whole, shadows]), fringed=quads.fringed,
        strokes=thick, lines=np.concatenate([merge_parallel(thin, key), others]), strips=strips,
        glyphs=cull_unreadable(labels, key, frustum),
    )  # fmt: skip
