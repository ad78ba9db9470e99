"""What panels work with: the workspace they show, and the dispatcher that changes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.commands.key_bindings import KeyMap
from vrnn.commands.registry import CommandInfo
from vrnn.commands.view import FrameLayer
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.features.presets import load_presets
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.graph import Node
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.picking import Hit
from vrnn.scene.state import LayerKey
from vrnn.scene.world import World
from vrnn.workspace.workspace import Workspace


def _no_texture(pixels: np.ndarray) -> Any:
    raise RuntimeError("no host of panels has set make_texture")


@dataclass
class PanelContext:
    """The workspace that panels show, and how they act on it.

    Attributes:
        workspace: What is shown.
        dispatcher: Executes commands.
        notify: Shows the user a sentence.
        subject: Network and name of the layer that panels describe; None for none.
        follows_hover: Whether a layer that is hovered for a while becomes the subject.
        feature_settings: Settings of the next feature visualization.
        help_rows: Keys or buttons, each with what it does; the titles of groups without.
        key_map: The keys of commands.
        make_texture: Turns (H, W, 3) uint8 pixels into a texture for `imgui.image`; set by the
            host.
        previewed: The change that is being made by hand and was not executed yet; None for none.
    """

    workspace: Workspace
    dispatcher: CommandDispatcher
    notify: Callable[[str], None]
    subject: LayerKey | None = None
    follows_hover: bool = True
    feature_settings: FeatureVisSettings = field(default_factory=lambda: load_presets()["quick"])
    help_rows: Sequence[tuple[str, str]] = ()
    key_map: KeyMap = field(default_factory=lambda: KeyMap(load_config().keys))
    make_texture: Callable[[np.ndarray], Any] = _no_texture
    previewed: UndoableCommand | None = None

    @property
    def world(self) -> World:
        """The world of the workspace."""
        return self.workspace.world

    def do(self, command: Command) -> None:
        """Execute a command; when it cannot be done, the user is told why."""
        self.previewed = None
        try:
            self.dispatcher.execute(command)
        except VrnnError as error:
            self.notify(str(error))

    def invoke(self, info: CommandInfo) -> None:
        """Execute a command on the subject, as from its menu; failures are shown to the user."""
        try:
            self.dispatcher.invoke(info, self.subject_hit())
        except VrnnError as error:
            self.notify(str(error))

    def why_not(self, info: CommandInfo) -> str:
        """Return why a command cannot be done to the subject now; '' when it can."""
        return self.dispatcher.why_not(info, self.subject_hit())

    def preview(self, command: UndoableCommand) -> None:
        """Show a change that is still being made by hand; failures are shown to the user."""
        self.previewed = command
        try:
            self.workspace.preview(command)
        except VrnnError as error:
            self.notify(str(error))

    def end_preview(self) -> None:
        """Execute a change whose widget was hidden before it could: called while none is held."""
        if self.previewed is not None:
            self.do(self.previewed)

    def go_to_layer(self, slot: int, name: str) -> None:
        """Fly to a layer or a module, and make a layer the subject."""
        self.set_subject(slot, name)
        self.do(FrameLayer(name, slot))

    def set_subject(self, slot: int, name: str) -> None:
        """Make a layer the subject; does nothing for a module that is not folded."""
        if name in self.world.networks[slot].node_ids:
            self.subject = (slot, name)

    def subject_layer(self) -> tuple[int, NetworkObject, Node, FeatureMaps | None] | None:
        """Look up the subject.

        Returns:
            Number of its network, the network, its node and its feature maps (None until they
            arrive); None when there is no subject, or its layer does not exist any more.
        """
        if self.subject is None or self.subject[0] not in self.world.networks:
            return None
        slot, name = self.subject
        network = self.world.networks[slot]
        if name not in network.node_ids:
            return None
        node = network.network.by_id[network.node_ids[name]]
        return slot, network, node, network.whole_maps(node.id)

    def subject_hit(self) -> Hit | None:
        """Return a hit on the subject, as if it were pointed at; None when there is none."""
        layer = self.subject_layer()
        if layer is None or layer[2].id not in self.world.placement_frame(layer[0]).index:
            return None
        return Hit("layer", 0.0, layer[0], layer[2].id, -1)


def count_text(count: int) -> str:
    """Format a count briefly: 950, 36.9 k, 11.7 M; '' for 0."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= 0.9995 * size:
            return f"{count / size:.3g} {unit}"
    return str(count) if count else ""
