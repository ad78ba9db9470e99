"""A sample plug-in of vrnn: the mean of a layer's maps as one picture in place of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrnn.commands.base import Command, LayerCommand, layer_name, require_layer
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.layer_pictures import LayerPicture, layer_picture
from vrnn.scene.picking import Hit
from vrnn.scene.state import LayerState
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel

NAME = "mean_map"
"""Of the picture, in the state of a layer and in session files."""


@layer_picture(NAME, title="Mean of all maps")
def mean_map(maps: FeatureMaps) -> LayerPicture:
    """Make the picture after each forward pass: (1, H, W) float32."""
    values = maps.values.astype(np.float32) * np.float32(maps.scale)
    return LayerPicture(values.mean(0, keepdims=True))


@command(
    "mean_map.toggle",
    "Mean map",
    menu=Menu.LAYER,
    key="Z",
    help="the mean of the maps of the layer you point at, in place of them",
)
@dataclass(frozen=True)
class ToggleMeanMap(LayerCommand):
    """Show the mean of a layer's maps in place of them, or the maps again."""

    def changed(self, layer: LayerState) -> LayerState:
        """Give the layer with the picture, or without it."""
        return replace(layer, picture="" if layer.picture == NAME else NAME)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Toggle the layer that is pointed at."""
        hit = require_layer(hit, "a layer to see the mean of its maps")
        return cls(layer_name(context.world, hit), hit.slot)


@panel("Mean map", dock=Dock.LEFT_BOTTOM)
class MeanMapPanel(Panel):
    """How strong the mean map of the shown layer is, and a button that toggles it."""

    def draw(self, context: PanelContext) -> None:
        """Draw it with Dear ImGui."""
        from imgui_bundle import imgui

        layer = context.subject_layer()
        maps = None if layer is None else layer[3]
        if layer is None or maps is None:
            imgui.text_wrapped("Point at a layer to see the mean of its maps.")
            return
        slot, _, node, _ = layer
        mean = np.abs(mean_map(maps).values)
        imgui.text_wrapped(f"{node.name}: the mean map is {mean.mean():.3g} on average")
        if imgui.button("Show or hide the mean map"):
            context.do(ToggleMeanMap(node.name, slot))
