"""Colour pictures in place of a layer's maps: what each channel looks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from vrnn.scene.pose import Maps

BEFORE = 0.006
"""Metres before the maps."""
FREE = 0.06
"""Of a cell, free between two."""
COLOURS = -1.0
"""In place of the part of the range: the three maps of a block are red, green and blue."""


@dataclass(frozen=True, eq=False)
class PicturedLayer:
    """Where a layer's pictures lie on the GPU. size: height and width in texels; addresses: array
    and first texel by channel and copy; copies: for each channel; whole: one picture for all."""

    store: int
    size: tuple[int, int]
    addresses: Mapping[tuple[int, int], tuple[int, int]]
    copies: int = 1
    whole: bool = False


def picture_panels(layer: PicturedLayer, panel: np.ndarray, maps: Maps) -> dict[int, np.ndarray]:
    """PANELs of the pictures that there are, by the array they lie in.

    panel: (1,) the layer's own; maps: where its maps stand.
    """
    base = panel["origin"][0] + panel["right"][0] / 2 + panel["down"][0]
    height, width = layer.size
    aspect = width / height
    place = {int(c): i for i, c in enumerate(maps.channels)}
    found: dict[int, list[np.ndarray]] = {}
    for (channel, copy), (array, first) in layer.addresses.items():
        if layer.whole:
            room = (float(panel["right"][0, 0]), float(-panel["down"][0, 1]))
            middle = np.array([0, room[1] / 2, 0])
        elif channel in place:
            middle = maps.middle[place[channel]].astype(float)
            room = (float(maps.size[place[channel], 0]), float(maps.size[place[channel], 1]))
        else:
            continue
        middle, room = _part(middle, room, copy, layer.copies)
        tall = min(room[1], room[0] / aspect) * (1 - FREE)
        record = panel.copy()
        record["origin"] = base + middle
        record["origin"][0] += (-tall * aspect / 2, tall / 2, BEFORE)
        record["right"], record["down"] = 0.0, 0.0
        record["right"][0, 0], record["down"][0, 1] = tall * aspect, -tall
        record["grid"], record["tile"] = (1, 1, 3), layer.size
        record["base"], record["first"] = first, 0
        record["range"], record["clip"] = 0.0, COLOURS
        record["border"] = 0.0
        found.setdefault(array, []).append(record)
    return {array: np.concatenate(records) for array, records in found.items()}


def _part(
    middle: np.ndarray, room: tuple[float, float], copy: int, copies: int
) -> tuple[np.ndarray, tuple[float, float]]:
    """The part of a cell for one of several pictures."""
    if copies == 1:
        return middle, room
    columns = ceil(sqrt(copies))
    rows = ceil(copies / columns)
    row, column = divmod(copy, columns)
    cell = (room[0] / columns, room[1] / rows)
    moved = ((column + 0.5) * cell[0] - room[0] / 2, room[1] / 2 - (row + 0.5) * cell[1], 0.0)
    return middle + moved, cell


def waiting_panel(records: np.ndarray) -> None:
    """Dim the maps that pictures come before."""
    records["light"] *= 0.3
