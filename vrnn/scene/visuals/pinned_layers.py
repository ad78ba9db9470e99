"""Doubles: a layer as it was, as it is, or the difference, standing over a layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Node
from vrnn.scene.layout.panel_size import panel_size
from vrnn.scene.primitives import PickRegion, TextLabel, Visual, quad
from vrnn.scene.transition import PlacementFrame
from vrnn.scene.visuals import panels as parts
from vrnn.style.colormap import ColorMapping

INK = (0.25, 0.80, 0.62, 1.0)


@dataclass(frozen=True, eq=False)
class PinnedLayer:
    """A double. store: where its maps are kept; beside: layer that it stands beside, of the same
    network; caption: what it shows; number: its `Pin`'s."""

    number: int
    network: int
    beside: str
    node: Node
    store: int
    caption: str
    maps: FeatureMaps | None = None


def pinned_layer_panel(
    pin: PinnedLayer, pose: PlacementFrame, node: int, display: ColorMapping
) -> tuple[np.ndarray, Visual]:
    """PANEL records of the double, and its name with a button that takes it away."""
    x, y, z, width, height = pose.panel_rect(node).tolist()
    grid = panel_size(map_shape(pin.node.shape))
    size = min(1.0, width / grid.width, height / grid.height) if width > 0.5 else 1.0
    place = np.array([[x, y + height + 0.62, z, grid.width * size, grid.height * size]], np.float32)
    records = parts.panel_records(place, [grid], [pin.node])
    if pin.maps is not None:
        records["base"] = 0
        maps = {pin.node.id: pin.maps}
        records["range"], records["clip"] = parts.color_ranges(maps, [pin.node], display)
    left, top = x - grid.width * size / 2, y + height + 0.62 + grid.height * size
    label = TextLabel(pin.caption, (left, top + 0.09, z), 0.1, INK, fade=6.0)
    close = TextLabel(
        "× remove", (left + grid.width * size + 0.06, top - 0.1, z), 0.07, INK, fade=6.0
    )
    spot = PickRegion(
        "pin", (left + grid.width * size + 0.04, top + 0.02, z), (0.5, 0, 0), (0, -0.16, 0),
        pin.number, pin.network,
    )  # fmt: skip
    line = quad(x - 0.01, y + height + 0.6, 0.02, 0.14, z - 0.01, (*INK[:3], 0.5))
    return records, Visual(line, (label, close), (), (spot,))
