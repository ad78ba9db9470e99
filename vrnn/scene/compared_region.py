"""Regions that are compared with: where they are in each layer, and what is at the pointer."""

from __future__ import annotations

import numpy as np

from vrnn.errors import VrnnError
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.matching_positions import Point, matching_position, position_center
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.picking import Hit
from vrnn.scene.similarity_state import Region
from vrnn.scene.world_contents import WorldContents

Box = tuple[int, int, int, int]
"""Row, column, rows and columns."""


def box_positions(box: Box, shape: tuple[int, int]) -> np.ndarray:
    """Return the numbers of the positions in a box, row by row."""
    row, column, rows, columns = box
    numbers = np.arange(shape[0] * shape[1]).reshape(shape)
    return numbers[row : row + rows, column : column + columns].ravel()


def mean_vector(maps: FeatureMaps, box: Box) -> np.ndarray:
    """Return the mean vector of the positions in a box, (C,) float32 activations."""
    row, column, rows, columns = box
    part = maps.values[:, row : row + rows, column : column + columns].astype(np.float32)
    return np.asarray(part.mean((1, 2)) * np.float32(maps.scale))


def input_ends(region: Region, network: NetworkObject) -> tuple[Point, Point]:
    """Return where the first and the last position of a region are on the input.

    Args:
        region: Of a layer of the network.
        network: The network.
    """
    node = network.node_ids[region.layer]
    maps = network.all_maps[node]
    shape, field_ = (maps.height, maps.width), network.receptive_fields.get(node)
    size = input_size(network)
    last = region.row + region.rows - 1, region.column + region.columns - 1
    return (
        position_center((region.row, region.column), shape, field_, size),
        position_center(last, shape, field_, size),
    )


def matching_box(ends: tuple[Point, Point], node: int, network: NetworkObject) -> Box:
    """Return the positions of a layer that match a part of the input.

    Args:
        ends: The first and the last point of the part.
        node: Id of the layer.
        network: The network.
    """
    maps, field_ = network.all_maps[node], network.receptive_fields.get(node)
    shape, size = (maps.height, maps.width), input_size(network)
    row, column = matching_position(ends[0], shape, field_, size)
    last_row, last_column = matching_position(ends[1], shape, field_, size)
    return row, column, last_row - row + 1, last_column - column + 1


def input_size(network: NetworkObject) -> tuple[int, int]:
    """Return height and width of the input, pixels."""
    if network.result is not None:
        height, width = network.result.image.shape[:2]
        return height, width
    maps = network.all_maps[network.network.inputs[0]]
    return maps.height, maps.width


def pointed_region(world: WorldContents, hit: Hit | None) -> Region | None:
    """Return the position that is pointed at, in a layer or on the input's image; else None."""
    if hit is None or hit.slot not in world.networks:
        return None
    network = world.networks[hit.slot]
    if hit.kind == "input":
        node = network.network.inputs[0]
        maps = network.layer_maps(node)
        if maps is None:
            return None
        row, column = int(hit.down * maps.height), int(hit.across * maps.width)
        row, column = min(row, maps.height - 1), min(column, maps.width - 1)
        return Region(hit.slot, network.network.by_id[node].name, row, column)
    maps = network.layer_maps(hit.node)
    if hit.kind != "layer" or maps is None or maps.height * maps.width < 2:
        return None
    if hit.channel < 0 and not hit.picture:
        return None  # between maps
    row, column = min(hit.row, maps.height - 1), min(hit.column, maps.width - 1)
    return Region(hit.slot, network.network.by_id[hit.node].name, row, column)


def check_region(world: WorldContents, region: Region) -> None:
    """Check that there are feature vectors at a position, and several to be compared.

    Raises:
        VrnnError: There are not, saying what there is.
    """
    network = world.networks[region.network]
    node = network.node_ids[region.layer]
    maps = network.whole_maps(node)
    if maps is None:
        raise VrnnError(f"'{region.layer}' has no feature maps yet; wait for the forward pass")
    if maps.height * maps.width < 2:
        raise VrnnError(
            f"'{region.layer}' has one position, so nothing in it can be compared; choose a layer "
            "with rows and columns"
        )
    last = region.row + region.rows, region.column + region.columns
    if last[0] > maps.height or last[1] > maps.width:
        raise VrnnError(
            f"'{region.layer}' has rows 0 to {maps.height - 1} and columns 0 to {maps.width - 1}, "
            f"so there is no {region.text}"
        )
    vector = mean_vector(maps, (region.row, region.column, region.rows, region.columns))
    count = int((~np.isfinite(vector)).sum())
    if count:
        raise VrnnError(
            f"{count} of the {len(vector)} values at {region.text} of '{region.layer}' are NaN or "
            "infinite, so nothing can be compared with them; choose another position"
        )
