"""Frames around a value and the windows that it is calculated from."""

from __future__ import annotations

import numpy as np

from vrnn.network.connection_sums import PositionSum
from vrnn.scene.connections import MapPlaces, ShownConnections
from vrnn.scene.primitives import outline_quads
from vrnn.style.theme import ACCENT

MARK = 0.012
"""Thickness of the frame around a position, meters."""
FRONT = 0.03
"""Meters from a panel to marks on it."""


def position_marks(shown: ShownConnections, one: PositionSum) -> list[np.ndarray]:
    """Return frames around a value, and around its windows in the maps that feed it."""
    marks = []
    layer = shown.layer
    target = _cell_frame(shown.places.target, one.channel, [one.position], layer.positions)
    marks += target
    for m in one.maps:
        part, source = layer.parts[m.part], shown.places.sources[m.part]
        number = int(part.source_maps[m.input]) if len(part.source_maps) else m.input
        if source is None or not 0 <= number < len(source.centers):
            continue
        places = [tuple(p) for p in m.places[m.inside].tolist()]
        marks += _cell_frame(source, number, places, part.maps.shape[1:])
    return marks


def _cell_frame(
    places: MapPlaces, number: int, positions: list[tuple[int, ...]], sizes: tuple[int, ...]
) -> list[np.ndarray]:
    """A frame around positions of a map."""
    center, size = places.centers[number], places.sizes[number]
    if not positions or not np.isfinite(center).all():
        return []
    rows, columns = int(np.prod(sizes[:-1])), sizes[-1]
    flat = [
        (int(np.ravel_multi_index(p[:-1], sizes[:-1])) if p[:-1] else 0, p[-1]) for p in positions
    ]
    first_row, last_row = min(r for r, _ in flat), max(r for r, _ in flat) + 1
    first_column, last_column = min(c for _, c in flat), max(c for _, c in flat) + 1
    left = float(center[0] - size[0] / 2 + size[0] * first_column / columns)
    top = float(center[1] + size[1] / 2 - size[1] * first_row / rows)
    width = float(size[0] * (last_column - first_column) / columns)
    height = float(size[1] * (last_row - first_row) / rows)
    line = min(MARK, 0.2 * float(size.min()))
    return outline_quads(
        left - line, top + line, width + 2 * line, height + 2 * line, float(center[2]) + FRONT,
        line, ACCENT,
    )  # fmt: skip
