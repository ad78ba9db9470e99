"""Maps and edges that fade by how much they matter for a class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vrnn.network.graph import Network
from vrnn.scene.importance import NetworkImportance, inherited, visibility
from vrnn.scene.importance_state import ImportanceState
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import FIXED, QUAD
from vrnn.scene.visuals.edges import EdgeStrokes
from vrnn.scene.visuals.relevance_panels import OverlaidPanels
from vrnn.style.theme import CARD, RGBA

NEARER = 0.004
"""From a panel to what lies over its maps, meters."""
FIRST_COLOR: RGBA = (0.79, 0.34, 0.0, 1.0)
SECOND_COLOR: RGBA = (0.09, 0.46, 0.81, 1.0)
"""Linear, of the class that is shown and of the one beside it (Okabe and Ito 2008)."""
BAR = 0.07
"""Height of a bar of importance, as a part of the map's."""
PRUNED = 0.985
"""Opacity of the veil over a map that is pruned."""
MIN_EDGE = 0.05
"""Visibility of an edge whose layer matters least."""
EDGE_WIDTHS = 0.35, 2.2
"""Width of the edge that matters least, and of the one that matters most, as parts of the usual."""
BRIGHT_EDGE = np.array([0.55, 0.62, 0.70, 1.0], np.float32)
"""Linear, of the edge that matters most: edges as usual are too dark for others to be darker."""


def importance_quads(
    network: Network, importance: NetworkImportance, state: ImportanceState, frame: PlacementFrame
) -> np.ndarray:
    """Return what lies over maps: a veil, and bars of the importance for each of two classes.

    Args:
        network: The network.
        importance: What is known of it.
        state: How it is shown.
        frame: Where its layers are.

    Returns:
        (N,) `QUAD`.
    """
    parts = [np.zeros(0, QUAD)]
    second = None if importance.second is None else importance.second.importance.channels
    curve = importance.first.curve
    gone = np.zeros((0, 2), np.int32) if curve is None else curve.pruned(state.pruned)
    for node, values in inherited(network, importance.either()).items():
        places = _places(frame, node, len(values))
        if places is None:
            continue
        channels, left, top, size = places
        veil = _rectangles(left, top, size, CARD)
        opacity = 1 - visibility(values[channels], state)
        opacity[np.isin(channels, gone[gone[:, 0] == node, 1])] = PRUNED
        veil["top"][:, 3] = veil["bottom"][:, 3] = opacity
        parts.append(veil[opacity > 1e-3])
        own = importance.first.importance.channels.get(node)
        if second is not None and own is not None and node in second:
            parts += _bars(left, top, size, own[channels], 0.0, FIRST_COLOR)
            parts += _bars(left, top, size, second[node][channels], 0.5, SECOND_COLOR)
    return np.concatenate(parts)


def _places(
    frame: PlacementFrame, node: int, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """The channels of a layer's maps, their left upper corners (K, 3), tops and sizes (K, 2)."""
    shape = frame.placement.panel_shapes.get(node)
    if node not in frame.index or shape is None or shape.shows_one_map or shape.picture:
        return None
    maps = frame.map_placements(node)
    if not len(maps.channels) or int(maps.channels.max()) >= count:
        return None
    middle = frame.panel_rect(node)[:3] + maps.centers
    left = middle[:, 0] - maps.sizes[:, 0] / 2
    corner = np.stack([left, middle[:, 1] + maps.sizes[:, 1] / 2, middle[:, 2] + NEARER], 1)
    return maps.channels, corner, corner[:, 1], maps.sizes


def _rectangles(corner: np.ndarray, top: np.ndarray, size: np.ndarray, color: RGBA) -> np.ndarray:
    quads = np.zeros(len(corner), QUAD)
    quads["origin"] = corner
    quads["origin"][:, 1] = top
    quads["right"][:, 0] = size[:, 0]
    quads["down"][:, 1] = -size[:, 1]
    quads["top"] = quads["bottom"] = color
    return quads


def _bars(
    corner: np.ndarray, top: np.ndarray, size: np.ndarray, values: np.ndarray, start: float,
    color: RGBA,
) -> list[np.ndarray]:  # fmt: skip
    """Bars at the lower edge of maps, in their left or their right half. start: 0 or 0.5."""
    corner = corner.copy()
    corner[:, 0] += start * size[:, 0]
    corner[:, 2] += NEARER
    sides = np.stack([values * size[:, 0] / 2, BAR * size[:, 1]], 1)
    bars = _rectangles(corner, top - size[:, 1] + sides[:, 1], sides, color)
    bars["kind"] = FIXED
    return [bars[values > 1e-3]]


def importance_strokes(
    strokes: EdgeStrokes, network: Network, importance: NetworkImportance, state: ImportanceState
) -> EdgeStrokes:
    """Return edges as bright and as wide as what flows along them matters, the rest dark.

    An edge goes by the mean importance of its source's channels, between the least and the greatest
    of all edges.

    Args:
        strokes: Of the edges as usual.
        network: The visible network, whose edges they are.
        importance: What is known of it.
        state: How it is shown.
    """
    channels = inherited(network, importance.either())
    means = np.array([_mean(channels, edge.source) for edge in network.edges])
    if not len(means) or not np.isfinite(means).any():
        return strokes
    low, high = float(np.nanmin(means)), float(np.nanmax(means))
    is_known = np.isfinite(means)
    parts = np.where(is_known, (means - low) / max(high - low, 1e-9), 1.0) if high > low else means
    parts = np.clip(np.nan_to_num(parts, nan=1.0), 0, 1).astype(np.float32)
    seen = np.maximum(visibility(parts, state), MIN_EDGE)[:, None]
    light = np.where(is_known, parts, 0.0)[:, None].astype(np.float32)
    colors = strokes.colors * (1 - light) + BRIGHT_EDGE * light
    colors[:, 3:] = strokes.colors[:, 3:] * np.where(is_known[:, None], seen, 1.0)
    thin, wide = EDGE_WIDTHS
    widths = np.where(is_known, thin + (wide - thin) * parts, 1.0).astype(np.float32)
    records = strokes.records.copy()
    records["width"] *= widths[strokes.edge_indices]
    return replace(strokes.without_bands(), records=records, colors=colors)


def _mean(channels: dict[int, np.ndarray], node: int) -> float:
    values = channels.get(node)
    return float("nan") if values is None else float(values.mean())


def show_importance_maps(
    panels: OverlaidPanels, importance: NetworkImportance, network: Network, frame: PlacementFrame
) -> None:
    """Let layers that have an importance show their maps from afar too.

    Args:
        panels: Of the network's visible layers.
        importance: What is known of it.
        network: The network.
        frame: Where its layers are.
    """
    ranked = inherited(network, importance.either())
    for i, node in enumerate(frame.node_ids):
        if node in ranked:
            panels.records["layer_picture"][i] = 0
