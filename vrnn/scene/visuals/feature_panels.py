"""Color pictures in place of a layer's maps: what each channel looks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from vrnn.scene.transition import MapPlacements

BEFORE = 0.006
"""Meters before the maps."""
FREE = 0.06
"""Of a cell, free between two."""
COLORS = -1.0
"""In place of the part of the range: the three maps of a block are red, green and blue."""


@dataclass(frozen=True, eq=False)
class FeatureTiles:
    """Where a layer's pictures lie on the GPU. size: height and width in texels; addresses: array
    and first texel by channel and copy; copies: for each channel; whole: one picture for all."""

    store: int
    size: tuple[int, int]
    addresses: Mapping[tuple[int, int], tuple[int, int]]
    samples_per_channel: int = 1
    of_layer: bool = False


def feature_panels(
    layer: FeatureTiles, panel: np.ndarray, maps: MapPlacements
) -> dict[int, np.ndarray]:
    """PANELs of the pictures that there are, by the array they lie in.

    panel: (1,) the layer's own; maps: where its maps stand.
    """
    keys = np.array(list(layer.addresses), np.int64).reshape(-1, 2)
    where = np.array(list(layer.addresses.values()), np.int64).reshape(-1, 2)
    room = np.array([panel["right"][0, 0], -panel["down"][0, 1]], np.float32)
    if layer.of_layer:
        middle = np.tile(np.array([0, room[1] / 2, 0], np.float32), (len(keys), 1))
        rooms = np.tile(room, (len(keys), 1))
    else:
        place = np.full(int(max(keys[:, 0].max(), maps.channels.max(initial=0))) + 1, -1)
        place[maps.channels] = np.arange(len(maps.channels))
        stands = place[keys[:, 0]] >= 0
        keys, where = keys[stands], where[stands]
        middle, rooms = maps.centers[place[keys[:, 0]]], maps.sizes[place[keys[:, 0]]]
    middle, rooms = _parts(middle, rooms, keys[:, 1], layer.samples_per_channel)
    aspect = layer.size[1] / layer.size[0]
    tall = np.minimum(rooms[:, 1], rooms[:, 0] / aspect) * (1 - FREE)
    records = np.repeat(panel, len(keys))
    base = panel["origin"][0] + panel["right"][0] / 2 + panel["down"][0]
    records["origin"] = base + middle
    records["origin"] += np.stack([-tall * aspect / 2, tall / 2, np.full_like(tall, BEFORE)], 1)
    records["right"], records["down"] = 0.0, 0.0
    records["right"][:, 0], records["down"][:, 1] = tall * aspect, -tall
    records["grid"], records["tile"] = (1, 1, 3), layer.size
    records["base"], records["first"] = where[:, 1], 0
    records["range"], records["clip"], records["border"] = 0.0, COLORS, 0.0
    return {int(array): records[where[:, 0] == array] for array in np.unique(where[:, 0])}


def _parts(
    middle: np.ndarray, rooms: np.ndarray, copy: np.ndarray, copies: int
) -> tuple[np.ndarray, np.ndarray]:
    """The parts of cells for several pictures each. middle: (N, 3); rooms: (N, 2); copy: (N,)."""
    columns = ceil(sqrt(copies))
    rows = ceil(copies / columns)
    row, column = np.divmod(copy, columns)
    cells = rooms / (columns, rows)
    moved = np.zeros_like(middle)
    moved[:, 0] = (column + 0.5) * cells[:, 0] - rooms[:, 0] / 2
    moved[:, 1] = rooms[:, 1] / 2 - (row + 0.5) * cells[:, 1]
    return middle + moved, cells


def dim_panel(records: np.ndarray) -> None:
    """Dim the maps that pictures come before."""
    records["light"] *= 0.3
