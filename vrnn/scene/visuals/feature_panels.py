"""Feature visualizations in place of a layer's maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from vrnn.scene.placement import MapPlacements
from vrnn.scene.primitives import PIXELS, RGB_MAPS

IN_FRONT = 0.006
"""Meters that the images are in front of the maps."""
GAP = 0.06
"""Part of a cell that is free between two images."""
DIMMED_LIGHT = 0.3
"""Light that is left on maps behind images."""


@dataclass(frozen=True, eq=False)
class FeatureTiles:
    """Where the feature visualizations of a layer are on the GPU.

    Attributes:
        store: Number of the store that holds them.
        size: Height and width of each, texels.
        addresses: Array and first texel by channel and sample.
        samples_per_channel: Images for each channel.
        is_whole_layer: Whether one image stands for all channels.
    """

    store: int
    size: tuple[int, int]
    addresses: Mapping[tuple[int, int], tuple[int, int]]
    samples_per_channel: int = 1
    is_whole_layer: bool = False


def feature_panels(
    tiles: FeatureTiles, panel: np.ndarray, maps: MapPlacements
) -> dict[int, np.ndarray]:
    """Return the panels of the images that there are.

    Args:
        tiles: The images.
        panel: (1,) `PANEL` of the layer.
        maps: Where its maps are.

    Returns:
        (N,) `PANEL` by the number of the array that holds the images.
    """
    keys = np.array(list(tiles.addresses), np.int64).reshape(-1, 2)
    addresses = np.array(list(tiles.addresses.values()), np.int64).reshape(-1, 2)
    if tiles.is_whole_layer:
        room = np.array([panel["right"][0, 0], -panel["down"][0, 1]], np.float32)
        centers = np.tile(np.array([0, room[1] / 2, 0], np.float32), (len(keys), 1))
        rooms = np.tile(room, (len(keys), 1))
    else:
        row_of = np.full(int(max(keys[:, 0].max(), maps.channels.max(initial=0))) + 1, -1)
        row_of[maps.channels] = np.arange(len(maps.channels))
        is_shown = row_of[keys[:, 0]] >= 0
        keys, addresses = keys[is_shown], addresses[is_shown]
        centers, rooms = maps.centers[row_of[keys[:, 0]]], maps.sizes[row_of[keys[:, 0]]]
    centers, rooms = _split(centers, rooms, keys[:, 1], tiles.samples_per_channel)
    aspect = tiles.size[1] / tiles.size[0]
    height = np.minimum(rooms[:, 1], rooms[:, 0] / aspect) * (1 - GAP)
    width = height * aspect
    records = np.repeat(panel, len(keys))
    lower_middle = panel["origin"][0] + panel["right"][0] / 2 + panel["down"][0]
    records["origin"] = lower_middle + centers
    records["origin"] += np.stack([-width / 2, height / 2, np.full_like(height, IN_FRONT)], 1)
    records["right"], records["down"] = 0.0, 0.0
    records["right"][:, 0], records["down"][:, 1] = width, -height
    records["grid"], records["tile"] = (1, 1, 3), tiles.size
    records["base"], records["first"] = addresses[:, 1], 0
    records["range"], records["clip"], records["border"] = 0.0, RGB_MAPS, 0.0
    records["style"], records["layer_picture"] = PIXELS, 0
    return {int(array): records[addresses[:, 0] == array] for array in np.unique(addresses[:, 0])}


def _split(
    centers: np.ndarray, rooms: np.ndarray, samples: np.ndarray, samples_per_channel: int
) -> tuple[np.ndarray, np.ndarray]:
    """Divide cells for several images each.

    Args:
        centers: (N, 3) of the cells, meters.
        rooms: (N, 2) width and height of the cells, meters.
        samples: (N,) which of its channel's images each is.
        samples_per_channel: Images in a cell.

    Returns:
        The (N, 3) centers and (N, 2) sizes of the parts.
    """
    columns = ceil(sqrt(samples_per_channel))
    rows = ceil(samples_per_channel / columns)
    row, column = np.divmod(samples, columns)
    cells = rooms / (columns, rows)
    moved = np.zeros_like(centers)
    moved[:, 0] = (column + 0.5) * cells[:, 0] - rooms[:, 0] / 2
    moved[:, 1] = rooms[:, 1] / 2 - (row + 0.5) * cells[:, 1]
    return centers + moved, cells


def dim_panel(records: np.ndarray) -> None:
    """Dim the maps that are behind images, in place. records: `PANEL`s."""
    records["light"] *= DIMMED_LIGHT
    records["layer_picture"] = 0
