"""Channels compared with each other: in groups by correlation, and along principal components."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vrnn.commands.base import Command, LayerCommand, check_choice, check_range, require_layer
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.network.channel_groups import CHANNEL_SOURCES, MAX_GROUPS, ChannelSource
from vrnn.network.picture_kinds import COMPONENTS_PICTURE
from vrnn.scene.picking import Hit
from vrnn.scene.state import LayerState


@dataclass(frozen=True)
class _ChannelCommand(LayerCommand):
    """What compares the channels of a layer.

    Attributes:
        on: Whether it is shown; if not, the maps stand as they did at first.
        over: `image` for the positions of the present image, `data set` for those of all images;
            none leaves it as it is.
    """

    on: bool = True
    over: ChannelSource | None = None

    def _compared_over(self, layer: LayerState) -> ChannelSource:
        over = self.over or layer.compared_over
        check_choice("comparison of channels over", over, CHANNEL_SOURCES)
        return over

    @classmethod
    def _of_layer(cls, context: CommandContext, hit: Hit | None) -> tuple[str, int, LayerState]:
        """Name and network of the layer that is pointed at, and its state."""
        hit = require_layer(hit, "a layer to compare its channels")
        node = context.world.visible_node(hit.slot, hit.node)
        if not node.shape or node.shape[0] < 2:
            raise VrnnError(f"'{node.name}' has one channel; point at a layer with several")
        return node.name, hit.slot, context.world.state.layer((hit.slot, node.name))


@command(
    "channels.group",
    "Group channels by correlation",
    menu=Menu.LAYER,
    key="CONTROL+G",
    help="channels in groups by correlation, with walls between groups and their tree",
    pointer="Layer panel",
    controller="board: Layer",
)
@dataclass(frozen=True)
class GroupChannels(_ChannelCommand):
    """Let the maps of a layer stand in groups of channels that go together, with their tree.

    Attributes:
        groups: How many groups; 0 for as many as the tree suggests; none leaves it as it is.
    """

    groups: int | None = None

    def changed(self, layer: LayerState) -> LayerState:
        """Give the layer in groups, or in the order of its channels."""
        groups = layer.groups if self.groups is None else self.groups
        check_range("the number of groups", groups, 0, MAX_GROUPS)
        over = self._compared_over(layer)
        if not self.on:
            order = "index" if layer.order == "correlation" else layer.order
            return replace(layer, order=order, groups=groups, compared_over=over)
        shown = replace(layer, order="correlation", groups=groups, compared_over=over)
        return replace(shown, folded=False, picture="", features=None)

    def message(self, context: CommandContext) -> str:
        """Say what stands in groups."""
        if not self.on:
            return ""
        over = "all images of the data set" if self.over == "data set" else "this image"
        return f"channels of {self.layer} in groups by their correlation over {over}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Group the channels of the layer that is pointed at, over the data set if precise."""
        name, slot, layer = cls._of_layer(context, hit)
        if layer.order == "correlation" and not precise:
            return cls(name, slot, on=False)
        return cls(name, slot, over="data set" if precise else "image")


@command(
    "channels.components",
    "Principal components of the maps",
    menu=Menu.LAYER,
    pointer="Layer panel",
    controller="board: Layer",
)
@dataclass(frozen=True)
class ShowComponents(_ChannelCommand):
    """Show the principal components of a layer's channels as pictures in place of its maps."""

    def changed(self, layer: LayerState) -> LayerState:
        """Give the layer with its components, or with its maps."""
        over = self._compared_over(layer)
        picture = COMPONENTS_PICTURE if self.on else ""
        return replace(layer, picture=picture, compared_over=over, folded=False, features=None)

    def message(self, context: CommandContext) -> str:
        """Say what is shown."""
        return f"principal components of {self.layer}" if self.on else ""

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Show the components of the layer that is pointed at, or its maps again."""
        name, slot, layer = cls._of_layer(context, hit)
        return cls(name, slot, on=layer.picture != COMPONENTS_PICTURE)
