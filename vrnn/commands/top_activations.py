"""Which images of the data set excite a channel most."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.commands.base import Command, layer_name
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, RadialEntry, Ring, command
from vrnn.scene.picking import Hit


@command(
    "layer.top_activations",
    "Top images of the channel",
    menu=Menu.LAYER,
    key="T",
    help="the images that excite the channel you point at",
    radial=RadialEntry(Ring.LAYER, "top images", 1),
    controller="point at a map, menu: top images",
    former_name="find_top",
    former_key="top_images",
)
@dataclass(frozen=True)
class ShowTopActivations(Command):
    """Show the images of the data set that excite a channel most.

    Attributes:
        layer: Its name, or a part that only one layer's name has; '' hides what is shown.
        channel: The channel, from 0.
        network: The number of the network, from 0.
    """

    layer: str = ""
    channel: int = 0
    network: int = 0

    def run(self, context: CommandContext) -> None:
        """Begin the search, or hide what is shown."""
        context.workspace.top_activations.show(self.layer, self.channel, self.network)

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Search for the channel that is pointed at; hide the images for it, or where none is."""
        if hit is None or hit.layer is None:
            return cls()
        channel = layer_name(context.world, hit), max(hit.channel, 0), hit.slot
        return cls() if context.workspace.top_activations.shown == channel else cls(*channel)
