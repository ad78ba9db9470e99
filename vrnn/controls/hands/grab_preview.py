"""A layer that is being moved or scaled by hand: a frame where it would be, at once; the layer
itself a few times a second, as all edges and names go with it, which takes longer than a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.commands.base import UndoableCommand
from vrnn.scene.primitives import QUAD
from vrnn.scene.visuals.highlight import highlight_outline
from vrnn.workspace.workspace import Workspace

MIN_INTERVAL = 0.15
"""Seconds from one showing of the layer itself to the next."""


@dataclass
class _Now:
    """place: (5,) of the layer as it is without the change; see `Pose.places`."""

    layer: tuple[int, str]
    place: np.ndarray
    change: UndoableCommand


class GrabPreview:
    """What is made of one layer while hands hold it."""

    def __init__(self, place: Workspace) -> None:
        self._place = place
        self._now: _Now | None = None
        self._shown: UndoableCommand | None = None
        self._last = 0.0

    def preview(self, change: UndoableCommand) -> None:
        """It would be so."""
        layer = change.moved_layer
        if layer is None:
            self._place.preview(change)
            return
        if self._now is None or self._now.layer != layer:
            world = self._place.world
            node = world.node_id(*layer)
            if node is None or node not in world.placement_frame(layer[0]).index:
                return
            self._now = _Now(layer, world.placement_frame(layer[0]).panel_rect(node).copy(), change)
        self._now.change = change

    def end(self) -> None:
        """It is held no more."""
        self._now = self._shown = None

    def show(self, seconds: float) -> None:
        """Between two frames: show the layer itself. seconds: what time it is. Raises VrnnError."""
        now = self._now
        if now is None or now.change == self._shown or seconds - self._last < MIN_INTERVAL:
            return
        self._last, self._shown = seconds, now.change
        self._place.preview(now.change)

    def outline(self) -> np.ndarray:
        """QUADs around where the layer would be."""
        if self._now is None:
            return np.zeros(0, QUAD)
        x, y, z, width, height = self._now.change.outline(self._now.place).tolist()
        return highlight_outline(x - width / 2, y + height, width, height, z)
