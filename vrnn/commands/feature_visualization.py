"""Images of what a layer's channels respond to, in place of its maps."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vrnn.commands.base import Command, LayerCommand, layer_name, require_layer
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, RadialEntry, Ring, command
from vrnn.features.presets import load_presets
from vrnn.features.settings import FeatureVisSettings
from vrnn.scene.picking import Hit
from vrnn.scene.state import LayerState


@command(
    "layer.visualize_features",
    "Feature visualization",
    menu=Menu.LAYER,
    key="V",
    help="feature visualization: what the channels of the layer respond to",
    radial=RadialEntry(Ring.LAYER, "features", 6),
    pointer="the colored tiles beside a layer; Features panel",
    controller="the tiles; menu: features; board: Features",
    former_name="show_features",
    former_key="features",
)
@dataclass(frozen=True)
class ShowFeatureVisualization(LayerCommand):
    """Show in place of a layer's maps what its channels respond to.

    Attributes:
        settings: How the images are made, see docs/features.md; None shows the maps again.
    """

    settings: FeatureVisSettings | None = None

    def changed(self, layer: LayerState) -> LayerState:
        """Give the layer with these settings."""
        return replace(layer, features=self.settings, folded=False)

    def run(self, context: CommandContext) -> None:
        """Begin with the channel that is pointed at, and bring the layer into view."""
        hovered = context.world.hovered
        if hovered is not None:
            context.workspace.features.prioritize((max(hovered.channel, 0),))
        super().run(context)
        if self.settings is not None:
            context.workspace.reveal_layer(self.network, self.layer)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Visualize the layer that is pointed at, or show its maps again."""
        hit = require_layer(hit, "a layer to see what its channels respond to")
        name = layer_name(context.world, hit)
        if context.world.state.layer((hit.slot, name)).features is not None:
            return cls(name, hit.slot)
        return cls(name, hit.slot, context.interface.feature_settings or load_presets()["quick"])
