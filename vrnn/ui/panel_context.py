"""What panels work with: the place they show, and the one way to do something to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.session import GoToView
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Node
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.state import Key
from vrnn.scene.world import World
from vrnn.workspace.workspace import Workspace


@dataclass
class PanelContext:
    """A place and whoever acts on it.

    act: does an action, also one that changes nothing; may raise VrnnError. note: says a sentence.
    subject: network and name of the layer that is looked into.
    """

    place: Workspace
    act: Callable[[Command], None]
    note: Callable[[str], None]
    subject: Key | None = None

    @property
    def world(self) -> World:
        """What stands in the place."""
        return self.place.world

    def do(self, action: Command) -> None:
        """Do an action; a refusal is said, and changes nothing."""
        try:
            self.act(action)
        except VrnnError as error:
            self.note(str(error))

    def preview(self, change: UndoableCommand) -> None:
        """Show what a change would make, while it is made by hand."""
        try:
            self.place.preview(change)
        except VrnnError as error:
            self.note(str(error))

    def go_to_layer(self, slot: int, name: str) -> None:
        """Look into a layer or a module, and fly there."""
        self.look_into(slot, name)
        self.do(GoToView(f"layer:{name}", slot))

    def look_into(self, slot: int, name: str) -> None:
        """Make a layer the subject; of a module that is not folded, nothing."""
        if name in self.world.networks[slot].node_ids:
            self.subject = (slot, name)

    def subject_layer(self) -> tuple[int, NetworkObject, Node, FeatureMaps | None] | None:
        """Network, its stand, node and maps of the subject; None when there is none any more."""
        if self.subject is None or self.subject[0] not in self.world.networks:
            return None
        slot, name = self.subject
        stand = self.world.networks[slot]
        if name not in stand.node_ids:
            return None
        node = stand.network.by_id[stand.node_ids[name]]
        return slot, stand, node, stand.maps.get(node.id)


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


def words(said: str) -> str:
    """The name of a step as a person says it: `SetInputImage` becomes `put image`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", said).lower()
