"""Pinned copies: a layer as it was, as it is, or the difference, above a layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Node
from vrnn.scene.layout.panel_size import panel_size
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import PickRegion, TextLabel, Visual, quad
from vrnn.scene.visuals.panels import color_ranges, panel_records
from vrnn.style.color_mapping import ColorMapping
from vrnn.style.theme import ANNOTATION, with_alpha

GAP = 0.62
"""Meters from the layer's panel up to the copy's."""

PART_OF_LAYER = 0.4
"""Size of a copy beside its layer, where that is large."""


@dataclass(frozen=True, eq=False)
class PinnedLayer:
    """A pinned copy of a layer.

    Attributes:
        number: Of its `Pin`.
        network: Slot of the network.
        beside: Name of the layer that it hangs above, of the same network.
        node: The layer that it is a copy of.
        store: Number of the store on the GPU that holds its maps.
        caption: What it shows.
        maps: Its maps; None as long as there are none.
        lookup: Where on the GPU it is looked up how its graph is drawn, the first texel in the
            array that holds its maps; -1 where no graph is drawn.
    """

    number: int
    network: int
    beside: str
    node: Node
    store: int
    caption: str
    maps: FeatureMaps | None = None
    lookup: int = -1


def pinned_layer_panel(
    pin: PinnedLayer, frame: PlacementFrame, node: int, color_mapping: ColorMapping
) -> tuple[np.ndarray, Visual]:
    """Return the panel of a pinned copy, and its caption with a button that removes it.

    Args:
        pin: The copy.
        frame: Where the layers of its network are.
        node: The layer that it hangs above, one of the frame's.
        color_mapping: How values become colors.

    Returns:
        (1,) `PANEL`, and the rest.
    """
    x, y, z, _, height = frame.panel_rect(node).tolist()
    grid = panel_size(map_shape(pin.node.shape), pin.node.presentation, pin.lookup >= 0)
    rect = pinned_layer_rect(pin, frame, node)
    copy_width, copy_height = rect[3:].tolist()
    records = panel_records(rect[None], [grid], [pin.node], [pin.lookup])
    if pin.maps is not None:
        records["base"] = 0
        maps = {pin.node.id: pin.maps}
        records["range"], records["clip"] = color_ranges(maps, [pin.node], color_mapping)
    left, top = x - copy_width / 2, y + height + GAP + copy_height
    right = left + copy_width
    s = max(1.0, copy_width / grid.width)
    caption = TextLabel(pin.caption, (left, top + 0.09 * s, z), 0.1 * s, ANNOTATION, fade=6.0)
    at = (right + 0.06 * s, top - 0.1 * s, z)
    button = TextLabel("× remove", at, 0.07 * s, ANNOTATION, fade=6.0)
    corner = (right + 0.04 * s, top + 0.02 * s, z)
    across, down = (0.5 * s, 0.0, 0.0), (0.0, -0.16 * s, 0.0)
    region = PickRegion("pin", corner, across, down, pin.number, pin.network)
    line = quad(x - 0.01, y + height + 0.6, 0.02, 0.14, z - 0.01, with_alpha(ANNOTATION, 0.5))
    return records, Visual(line, (caption, button), (), (region,))


def pinned_layer_rect(pin: PinnedLayer, frame: PlacementFrame, node: int) -> np.ndarray:
    """Return the (5,) rectangle of a pinned copy's panel, see `PlacementFrame.panel_rects`.

    Args:
        pin: The copy.
        frame: Where the layers of its network are.
        node: The layer that it hangs above, one of the frame's.
    """
    x, y, z, width, height = frame.panel_rect(node).tolist()
    grid = panel_size(map_shape(pin.node.shape), pin.node.presentation, pin.lookup >= 0)
    fit = min(width / grid.width, height / grid.height)
    size = max(min(1.0, fit), PART_OF_LAYER * fit) if width > 0.5 else 1.0
    place = [x, y + height + GAP, z, grid.width * size, grid.height * size]
    return np.array(place, np.float32)
