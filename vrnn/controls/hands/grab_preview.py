"""Preview of a layer that is moved or scaled by hand.

An outline shows at once where the layer would be; the layer itself follows a few times a second, as
all edges and labels go with it, which takes longer than a frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.commands.base import UndoableCommand
from vrnn.scene.primitives import QUAD
from vrnn.scene.visuals.highlight import highlight_outline
from vrnn.workspace.workspace import Workspace

MIN_INTERVAL = 0.15
"""Seconds from one preview of the layer itself to the next."""


@dataclass
class _GrabbedLayer:
    """The layer that is held.

    Attributes:
        layer: Number of its network, and its name.
        panel_rect: (5,) x, y, z, width, height without the change, meters, see
            `PlacementFrame.panel_rects`.
        change: What the hands have changed so far.
    """

    layer: tuple[int, str]
    panel_rect: np.ndarray
    change: UndoableCommand


class GrabPreview:
    """Previews what hands change while they hold a layer."""

    def __init__(self, workspace: Workspace) -> None:
        """Starts with nothing to preview in `workspace`."""
        self._workspace = workspace
        self._grabbed: _GrabbedLayer | None = None
        self._shown: UndoableCommand | None = None
        self._shown_at = 0.0

    def preview(self, change: UndoableCommand) -> None:
        """Previews a change: an outline now, the layer itself by `show`.

        Changes that are not of one layer's position or size are shown at once.

        Raises:
            VrnnError: It cannot be done.
        """
        layer = change.moved_layer
        if layer is None:
            self._workspace.preview(change)
            return
        if self._grabbed is None or self._grabbed.layer != layer:
            world = self._workspace.world
            node = world.node_id(*layer)
            if node is None:
                return
            frame = world.placement_frame(layer[0])
            if node not in frame.index:
                return
            self._grabbed = _GrabbedLayer(layer, frame.panel_rect(node).copy(), change)
        self._grabbed.change = change

    def end(self) -> None:
        """Ends the preview: nothing is held any more."""
        self._grabbed = self._shown = None

    def show(self, seconds: float) -> None:
        """Shows the layer itself, if it is time; called between two frames.

        Args:
            seconds: The time now.

        Raises:
            VrnnError: The change cannot be done.
        """
        grabbed = self._grabbed
        if grabbed is None or grabbed.change == self._shown:
            return
        if seconds - self._shown_at < MIN_INTERVAL:
            return
        self._shown_at, self._shown = seconds, grabbed.change
        self._workspace.preview(grabbed.change)

    def outline(self) -> np.ndarray:
        """Returns QUAD records around where the layer would be; none while nothing is held."""
        if self._grabbed is None:
            return np.zeros(0, QUAD)
        rect = self._grabbed.change.outline(self._grabbed.panel_rect)
        x, y, z, width, height = rect.tolist()
        return highlight_outline(x - width / 2, y + height, width, height, z)
