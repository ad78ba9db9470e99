"""What panels work with: the workspace they show, and the one way to do something to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.commands.registry import CommandInfo
from vrnn.commands.view import FrameLayer
from vrnn.errors import VrnnError
from vrnn.features.presets import load_presets
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Node
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.picking import Hit
from vrnn.scene.state import LayerKey
from vrnn.scene.world import World
from vrnn.workspace.workspace import Workspace


def _no_picture(pixels: np.ndarray) -> Any:
    raise RuntimeError("the host of the panels makes pictures")


@dataclass
class PanelContext:
    """A workspace and whoever acts on it.

    Attributes:
        workspace: What is shown.
        dispatcher: Does commands.
        notify: Tells the user a sentence.
        subject: Network and name of the layer that is looked into; None for none.
        follows_hover: Whether the layer that is pointed at for a while becomes the subject.
        feature_settings: How the next feature visualizations are made.
        help_rows: Keys or buttons and what they do.
        picture: Makes (H, W, 3) uint8 pixels an image for ImGui; set by the host.
    """

    workspace: Workspace
    dispatcher: CommandDispatcher
    notify: Callable[[str], None]
    subject: LayerKey | None = None
    follows_hover: bool = True
    feature_settings: FeatureVisSettings = field(default_factory=lambda: load_presets()["quick"])
    help_rows: Sequence[tuple[str, str]] = ()
    make_texture: Callable[[np.ndarray], Any] = _no_picture

    @property
    def world(self) -> World:
        """What stands in the workspace."""
        return self.workspace.world

    def do(self, command: Command) -> None:
        """Do a command; a refusal is shown, and changes nothing."""
        try:
            self.dispatcher.execute(command)
        except VrnnError as error:
            self.notify(str(error))

    def invoke(self, info: CommandInfo) -> None:
        """Do what a command's menu entry means for the subject; a refusal is shown."""
        try:
            self.dispatcher.invoke(info, self.subject_hit())
        except VrnnError as error:
            self.notify(str(error))

    def why_not(self, info: CommandInfo) -> str:
        """Why a command cannot be done to the subject now; '' when it can."""
        return self.dispatcher.why_not(info, self.subject_hit())

    def preview(self, command: UndoableCommand) -> None:
        """Show what a change would make, while it is made by hand."""
        try:
            self.workspace.preview(command)
        except VrnnError as error:
            self.notify(str(error))

    def go_to_layer(self, slot: int, name: str) -> None:
        """Look into a layer or a module, and fly there."""
        self.look_into(slot, name)
        self.do(FrameLayer(name, slot))

    def look_into(self, slot: int, name: str) -> None:
        """Make a layer the subject; of a module that is not folded, nothing."""
        if name in self.world.networks[slot].node_ids:
            self.subject = (slot, name)

    def subject_layer(self) -> tuple[int, NetworkObject, Node, FeatureMaps | None] | None:
        """Network, its object, node and maps of the subject; None when there is none any more."""
        if self.subject is None or self.subject[0] not in self.world.networks:
            return None
        slot, name = self.subject
        network = self.world.networks[slot]
        if name not in network.node_ids:
            return None
        node = network.network.by_id[network.node_ids[name]]
        return slot, network, node, network.maps.get(node.id)

    def subject_hit(self) -> Hit | None:
        """The subject as if it were pointed at; None when there is none."""
        layer = self.subject_layer()
        if layer is None or layer[2].id not in self.world.placement_frame(layer[0]).index:
            return None
        return Hit("layer", 0.0, layer[0], layer[2].id, -1)


def shape_text(node: Node) -> str:
    """The shape of a result as it is shown: `64 × 56×56`, or `1000` for one row of numbers."""
    channels, height, width = map_shape(node.shape)
    return f"{channels} × {height}×{width}" if height * width > 1 else str(channels)


def count_text(count: int) -> str:
    """A count that is short to read: 950, 36.9 k, 11.7 M; '' for none."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= 0.9995 * size:
            return f"{count / size:.3g} {unit}"
    return str(count) if count else ""
