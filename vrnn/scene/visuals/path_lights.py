"""The strongest sources and targets of a channel light up: frames around them, a veil on others."""

from __future__ import annotations

import numpy as np

from vrnn.network.channel_paths import ChannelPaths
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import QUAD, outline_quads, quad
from vrnn.style.theme import ACCENT, ANNOTATION, CARD, TEXT, with_alpha

VEIL = 0.72
"""Opacity of the veil on maps that do not light up."""
NEARER = 0.007
"""From a panel to what lies over its maps, meters."""
SOURCE_COLOR, TARGET_COLOR = ACCENT, ANNOTATION
MIN_OPACITY = 0.35
"""Of the frame of the weakest channel that lights up."""

MAX_NAMED = 2
"""Layers on each side whose strongest channel is named."""


def path_lights(paths: ChannelPaths, frame: PlacementFrame) -> np.ndarray:
    """Return the veil and the frames, (N,) `QUAD`.

    Args:
        paths: The strengths of all channels.
        frame: Where the layers of the network are.
    """
    quads = [np.zeros(0, QUAD)]
    for node in frame.node_ids:
        x, y, z, width, height = frame.panel_rect(node).tolist()
        shown = paths.shown.get(node)
        places = None if shown is None else _places(frame, node)
        if shown is None:
            veil = with_alpha(CARD, VEIL)
            quads.append(quad(x - width / 2, y + height, width, height, z + NEARER, veil))
            continue
        color, parts = _color(paths, node), _parts(paths, node, shown)
        if places is None:  # one map or a picture stands for all channels
            line = min(0.04, 0.06 * min(width, height))
            rect = (x - width / 2, y + height, width, height, z + NEARER)
            quads += outline_quads(*rect, line, with_alpha(color, parts[0]))
            continue
        channels, corners, sizes = places
        quads.append(_veil(corners, sizes, ~np.isin(channels, shown)))
        for channel, part in zip(shown.tolist(), parts, strict=True):
            for row in np.flatnonzero(channels == channel).tolist():
                left, top, depth = corners[row].tolist()
                wide, high = sizes[row].tolist()
                line = min(0.05, 0.16 * min(wide, high))
                place = (left, top, wide, high, depth + 0.001)
                quads += outline_quads(*place, line, with_alpha(color, part))
    return np.concatenate(quads)


def _color(paths: ChannelPaths, node: int) -> tuple[float, float, float, float]:
    if node == paths.node:
        return TEXT
    return SOURCE_COLOR if node in paths.sources else TARGET_COLOR


def _parts(paths: ChannelPaths, node: int, shown: np.ndarray) -> list[float]:
    """Opacity of each frame: 1 for the strongest of a layer."""
    if node == paths.node:
        return [1.0]
    values = paths.strength(node)[shown]
    parts: list[float] = (MIN_OPACITY + (1 - MIN_OPACITY) * values / values.max()).tolist()
    return parts


def _places(frame: PlacementFrame, node: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The channels of a layer's maps, their left upper corners (K, 3) and sizes (K, 2)."""
    shape = frame.placement.panel_shapes.get(node)
    if shape is None or shape.shows_one_map or shape.picture:
        return None
    maps = frame.map_placements(node)
    if not len(maps.channels):
        return None
    middle = frame.panel_rect(node)[:3] + maps.centers
    corners = middle + np.stack(
        [-maps.sizes[:, 0] / 2, maps.sizes[:, 1] / 2, np.full(len(middle), NEARER)], 1
    )
    return maps.channels, corners, maps.sizes


def _veil(corners: np.ndarray, sizes: np.ndarray, covered: np.ndarray) -> np.ndarray:
    quads = np.zeros(int(covered.sum()), QUAD)
    quads["origin"] = corners[covered]
    quads["right"][:, 0] = sizes[covered, 0]
    quads["down"][:, 1] = -sizes[covered, 1]
    quads["top"] = quads["bottom"] = with_alpha(CARD, VEIL)
    return quads


def path_text(paths: ChannelPaths, names: dict[int, str]) -> tuple[str, ...]:
    """Return the strongest source and target of each nearest layer, for the readout.

    Args:
        paths: The strengths of all channels.
        names: Of the layers, by node id, in the order in which they run.
    """
    lines = []
    before = [node for node in names if node in paths.sources and node in paths.shown]
    behind = [node for node in names if node in paths.targets and node in paths.shown]
    for word, nodes in (("sources", before[::-1]), ("targets", behind)):
        told = [
            f"{names[node]} #{paths.shown[node][0]} "
            f"{paths.strength(node)[paths.shown[node][0]]:.1%}"
            for node in nodes[:MAX_NAMED]
        ]
        if told:
            lines.append(f"{word} = {', '.join(told)}")
    return tuple(lines)
