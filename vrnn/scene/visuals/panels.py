"""From a network's places to what is drawn of it: panels, steps, edges and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Node
from vrnn.scene.layout.panel_size import PanelGrid
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.primitives import PANEL, QUAD, quad
from vrnn.scene.state import AblationState
from vrnn.scene.transition import MapPlacements, PlacementFrame, grid_placements
from vrnn.style.colormap import ColorMapping, symmetric_range

NAME = 0.15
"""Capital height of a layer's name, meters."""
OPERATION = 0.095
"""Capital height of a layer's operation, meters."""
EDGE_TEXT = 0.075
SMALLEST_ROW_NAME, NAME_GAP = 0.3, 0.62
TITLE = 0.42

OVERHANG = 0.4
"""Meters that a label may reach beyond its panel, into the gap."""
CELL_GAP = 0.06
"""Of a cell, free between two maps; as in shaders/panel.frag.glsl."""
PILE, PILE_INSIDE = (0.060, 0.070, 0.095), (0.0105, 0.0125, 0.0175)
OFF = (1.0, 0.12, 0.10, 1.0)
BORDER, LIT_BORDER = 0.018, 0.035
"""Meters around a panel, and around one that is pointed out."""
TREAD_FAR = (0.0120, 0.0150, 0.0225, 1.0)
TREAD_NEAR = (0.0215, 0.0265, 0.0390, 1.0)
RISER_TOP = (0.0165, 0.0205, 0.0310, 1.0)
RISER_FOOT = (0.0105, 0.0130, 0.0185, 0.0)
RISER = 1.1
"""Meters of a row's front that can be seen."""
EDGE_LINE = (0.085, 0.105, 0.150, 1.0)
FLOW = (0.16, 0.20, 0.29, 0.95)
SKIP = (0.06, 0.24, 0.27, 0.95)
LIT = (1.0, 0.52, 0.10, 1.0)
QUIET = 0.35
NAME_INK = (0.70, 0.74, 0.82, 1.0)
OPERATION_INK = (0.30, 0.345, 0.44, 1.0)
EDGE_INK = (0.42, 0.48, 0.60, 1.0)
ROW_INK = (0.36, 0.43, 0.58, 1.0)
WARNING = (1.0, 0.40, 0.05, 1.0)
MARKER_INK = (0.25, 0.80, 0.62, 1.0)
ARROW_LENGTH = 0.24
ARROW_WIDTH = 0.26
LINE_WIDTH = 0.085


def panel_records(
    places: np.ndarray, grids: Sequence[PanelGrid], nodes: Sequence[Node]
) -> np.ndarray:
    """(N,) PANEL that wait for their maps. places: (N, 5) x center, bottom, z, width, height."""
    records = np.zeros(len(nodes), PANEL)
    x, y, z, width, height = places.T
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
    return records


def single_map_records(panel: np.ndarray, maps: MapPlacements) -> np.ndarray:
    """(K,) PANEL, one for each map that stands on its own. panel: (1,) the layer's own."""
    records = np.repeat(panel, len(maps.channels))
    left = panel["origin"][0] + panel["right"][0] / 2 + panel["down"][0]
    width, height = maps.sizes[:, 0] * (1 - CELL_GAP), maps.sizes[:, 1] * (1 - CELL_GAP)
    records["origin"] = left + maps.centers
    records["origin"][:, 0] -= width / 2
    records["origin"][:, 1] += height / 2
    records["right"], records["down"] = 0.0, 0.0
    records["right"][:, 0], records["down"][:, 1] = width, -height
    records["grid"][:, :2] = 1
    records["first"] = maps.channels
    records["border"] *= 0.3
    return records


def folded_module_quads(pose: PlacementFrame) -> np.ndarray:
    """QUADs behind each folded module: it looks like a pile of panels."""
    quads = []
    for node in pose.placement.folded.folded_modules:
        if node not in pose.index:
            continue
        x, y, z, width, height = pose.panel_rect(node).tolist()
        for i in (3, 2, 1):
            shift = 0.035 * i
            back = z - 0.03 * i
            edge = tuple(c * (1.15 - 0.2 * i) for c in PILE)
            quads.append(
                quad(
                    x - width / 2 + shift - 0.018,
                    y + height + shift + 0.018,
                    width + 0.036,
                    height + 0.036,
                    back - 0.004,
                    (*edge, 1.0),
                )
            )
            quads.append(
                quad(
                    x - width / 2 + shift,
                    y + height + shift,
                    width,
                    height,
                    back,
                    (*PILE_INSIDE, 1.0),
                )
            )
    return np.concatenate(quads) if quads else np.zeros(0, QUAD)


def ablation_marks(
    off: Sequence[AblationState], slot: int, stand: NetworkObject, pose: PlacementFrame
) -> np.ndarray:
    """QUADs: a frame around what is switched off."""
    quads = []
    for one in off:
        node = stand.node_ids.get(one.layer)
        if one.network != slot or node is None or node not in pose.index:
            continue
        place = pose.panel_rect(node)
        face = pose.placement.panel_shapes.get(node)
        if face is None or face.shows_one_map or not one.channels:
            x, y, z, width, height = place.tolist()
            quads += _frame(x - width / 2, y + height, width, height, z)
            continue
        maps = pose.maps.get(node) or grid_placements(
            face.grid, map_shape(stand.network.by_id[node].shape), place
        )
        for channel in one.channels:
            at = np.flatnonzero(maps.channels == channel)
            if len(at):
                x, y, z = (place[:3] + maps.centers[at[0]]).tolist()
                width, height = maps.sizes[at[0]].tolist()
                quads += _frame(x - width / 2, y + height / 2, width, height, z)
    return np.concatenate(quads) if quads else np.zeros(0, QUAD)


def outline_quads(left: float, top: float, width: float, height: float, z: float) -> np.ndarray:
    """QUADs: a thin bright frame just before a picture."""
    line, z = 0.014, z + 0.01
    width, height = max(width, line), max(height, line)
    return np.concatenate(
        [
            quad(left, top, width, line, z, LIT),
            quad(left, top - height + line, width, line, z, LIT),
            quad(left, top, line, height, z, LIT),
            quad(left + width - line, top, line, height, z, LIT),
        ]
    )


def _frame(left: float, top: float, width: float, height: float, z: float) -> list[np.ndarray]:
    line = min(0.02, 0.12 * min(width, height))
    z += 0.006
    return [
        quad(left, top, width, line, z, OFF),
        quad(left, top - height + line, width, line, z, OFF),
        quad(left, top, line, height, z, OFF),
        quad(left + width - line, top, line, height, z, OFF),
        quad(left, top - height / 2 + line / 2, width, line, z, OFF),
    ]


def color_ranges(
    maps: Mapping[int, FeatureMaps], nodes: Sequence[Node], display: ColorMapping
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 2) and (N,) float32 for `PANEL`'s range and clip.

    A map of one value would always be at its own peak, so vectors are scaled by their layer.
    """
    low = min((m.lowest for m in maps.values()), default=0.0)
    high = max((m.highest for m in maps.values()), default=0.0)
    found = np.zeros((len(nodes), 2), np.float32)
    clip = np.ones(len(nodes), np.float32)
    for i, node in enumerate(nodes):
        if node.id not in maps:
            continue
        layer = maps[node.id]
        if display.clip_percentile < 100:
            clip[i] = layer.clip_fraction(display.clip_percentile)
        ends = (low, high)
        if display.normalize_by == "layer" or (
            display.normalize_by == "map" and layer.height * layer.width == 1
        ):
            ends = (layer.lowest, layer.highest)
        elif display.normalize_by == "map":
            continue
        ends = symmetric_range(*ends) if display.symmetric else ends
        if ends[0] == ends[1]:
            ends = (ends[0], ends[0] + 1e-30)
        found[i] = np.clip(np.array(ends) / layer.scale, -65504, 65504)
    return found, clip
