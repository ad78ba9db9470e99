"""The panels of maps: their records, and the range of values that their colors span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Node
from vrnn.network.layer_maps import LayerMaps
from vrnn.scene.layout.panel_size import CELL_GAP, PanelGrid
from vrnn.scene.placement import MapPlacements
from vrnn.scene.primitives import CURVE, GRAPH, PANEL, PIXELS
from vrnn.scene.value_range import layer_range, network_range
from vrnn.style.color_mapping import ColorMapping

BORDER = 0.018
"""Meters around a panel."""
HIGHLIGHT_PIXELS = 2.5
"""Pixels around a panel that is hovered, in a picture 1080 pixels high or less."""
SEPARATE_MAP_BORDER = 0.3
"""Border of a map that is drawn separately, as a part of its panel's."""
MAX_HALF = 65504
"""The largest finite half float."""


def panel_records(
    rects: np.ndarray,
    grids: Sequence[PanelGrid],
    nodes: Sequence[Node],
    lookups: Sequence[int] | None = None,
) -> np.ndarray:
    """Return panels that wait for their maps.

    Args:
        rects: (N, 5) see `PlacementFrame.panel_rects`.
        grids: Columns and rows of each.
        nodes: The layer of each.
        lookups: For each, see `NetworkObject.node_lookup`; None where no graph can be drawn.

    Returns:
        (N,) `PANEL`.
    """
    records = np.zeros(len(nodes), PANEL)
    x, y, z, width, height = rects.T
    records["origin"] = np.stack([x - width / 2, y + height, z], 1)
    records["right"][:, 0] = width
    records["down"][:, 1] = -height
    shapes = np.array([map_shape(node.shape) for node in nodes], np.int32).reshape(-1, 3)
    records["grid"][:, 0] = [grid.columns for grid in grids]
    records["grid"][:, 1] = [grid.rows for grid in grids]
    records["grid"][:, 2] = shapes[:, 0]
    records["tile"] = shapes[:, 1:]
    records["base"] = -1
    records["clip"] = 1.0
    records["light"] = 1.0
    records["border"] = BORDER
    records["lookup"] = -1 if lookups is None else lookups
    is_curve = np.array([node.presentation == "curve" for node in nodes], bool)
    is_curve &= records["tile"][:, 1] > 1  # a single value is no curve
    records["style"] = np.where(records["lookup"] >= 0, GRAPH, np.where(is_curve, CURVE, PIXELS))
    return records


def separate_map_records(panel: np.ndarray, maps: MapPlacements) -> np.ndarray:
    """Return a panel for each map that is drawn separately.

    Args:
        panel: (1,) `PANEL` of the layer.
        maps: Where its maps are.

    Returns:
        (K,) `PANEL`.
    """
    records = np.repeat(panel, len(maps.channels))
    lower_middle = panel["origin"][0] + panel["right"][0] / 2 + panel["down"][0]
    width, height = maps.sizes[:, 0] * (1 - CELL_GAP), maps.sizes[:, 1] * (1 - CELL_GAP)
    records["origin"] = lower_middle + maps.centers
    records["origin"][:, 0] -= width / 2
    records["origin"][:, 1] += height / 2
    records["right"], records["down"] = 0.0, 0.0
    records["right"][:, 0], records["down"][:, 1] = width, -height
    records["grid"][:, :2] = 1
    records["first"] = maps.channels
    records["border"][records["border"] > 0] *= SEPARATE_MAP_BORDER
    records["layer_picture"] = 0
    return records


def color_ranges(
    maps: Mapping[int, LayerMaps], nodes: Sequence[Node], color_mapping: ColorMapping
) -> tuple[np.ndarray, np.ndarray]:
    """Return the range of values that the colors of each panel span.

    A map of one value would always be at its own maximum, so vectors are scaled by their layer. One
    range for the whole network is a robust one, see `network_range`.

    Args:
        maps: Those that are there, by node id.
        nodes: The layer of each panel.
        color_mapping: What the colors span.

    Returns:
        (N, 2) and (N,) float32 for `PANEL`'s range and clip.
    """
    by_network = color_mapping.normalize_by == "network"
    whole = network_range(maps.values(), color_mapping) if by_network else (0.0, 0.0)
    ranges = np.zeros((len(nodes), 2), np.float32)
    clip = np.ones(len(nodes), np.float32)
    for i, node in enumerate(nodes):
        if node.id not in maps:
            continue
        layer = maps[node.id]
        if color_mapping.clip_percentile < 100 and not by_network:
            clip[i] = layer.clip_fraction(color_mapping.clip_percentile)
        if color_mapping.normalize_by == "map" and layer.height * layer.width > 1:
            continue
        ends = whole if by_network else layer_range(layer, color_mapping)
        if ends[0] == ends[1]:
            ends = (ends[0], ends[0] + 1e-30)
        ranges[i] = np.clip(np.array(ends) / layer.scale, -MAX_HALF, MAX_HALF)
    return ranges, clip
