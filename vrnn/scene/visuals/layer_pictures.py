"""Layer pictures on the panels of their layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, sqrt

import numpy as np

from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Node
from vrnn.network.layer_pictures import LayerPicture, find_layer_picture
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import PIXELS, RGB_MAPS
from vrnn.scene.visuals.panels import color_ranges
from vrnn.style.colormap import ColorMapping


@dataclass(frozen=True, eq=False)
class UploadedPicture:
    """A layer picture that is on the GPU.

    Attributes:
        kind: Name of its kind.
        picture: The picture.
        store: Number of the store that holds it alone.
    """

    kind: str
    picture: LayerPicture
    store: int

    @property
    def title(self) -> str:
        """Text under the layer's name."""
        return self.picture.caption or find_layer_picture(self.kind).title

    def cells(self, panel_aspect: float) -> tuple[int, int]:
        """Return columns and rows of its maps on a panel, (1, 1) for an image.

        Args:
            panel_aspect: Width / height of the panel.
        """
        maps = self.picture.maps
        count = 1 if self.picture.is_rgb else maps.channels
        ideal = sqrt(count * panel_aspect * maps.height / maps.width)
        columns = min(count, max(1, round(ideal)))
        return columns, ceil(count / columns)


def show_picture(
    record: np.ndarray, uploaded: UploadedPicture, node: Node, color_mapping: ColorMapping
) -> None:
    """Let the panel of a layer show a picture.

    Args:
        record: (1,) `PANEL`, changed in place.
        uploaded: The picture.
        node: The layer.
        color_mapping: How values become colors.
    """
    maps = uploaded.picture.maps
    columns, rows = uploaded.cells(float(record["right"][0, 0] / -record["down"][0, 1]))
    record["grid"], record["tile"] = (columns, rows, maps.channels), (maps.height, maps.width)
    record["base"], record["first"], record["style"] = 0, 0, PIXELS
    record["layer_picture"] = 0
    if uploaded.picture.is_rgb:
        record["range"], record["clip"] = 0.0, RGB_MAPS
    else:
        own = {node.id: maps}
        record["range"], record["clip"] = color_ranges(own, [node], color_mapping)


def locate_in_picture(hit: Hit, uploaded: UploadedPicture, node: Node, panel_aspect: float) -> Hit:
    """Return the hit of a layer with the position in whichever map of its picture was hit.

    Args:
        hit: The hit of the layer.
        uploaded: The picture that it shows.
        node: The layer.
        panel_aspect: Width / height of its panel.
    """
    columns, rows = uploaded.cells(panel_aspect)
    _, height, width = map_shape(node.shape)
    row, column = int(hit.down * rows % 1 * height), int(hit.across * columns % 1 * width)
    return replace(hit, row=row, column=column)
