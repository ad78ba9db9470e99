"""Frames around the layers whose weights differ most, while differences of networks are shown."""

from __future__ import annotations

import numpy as np

from vrnn.network.picture_kinds import DIFFERENCE_PICTURE
from vrnn.scene.difference_readout import CHANGED_VISUAL
from vrnn.scene.primitives import Visual, outline_quads
from vrnn.scene.world import World
from vrnn.style.colormap import SAFE
from vrnn.workspace.comparison import ComparisonManager
from vrnn.workspace.manager import Manager

MAX_FRAMED = 5
"""Layers that are framed in each network."""
LINE, MAX_LINE = 0.05, 0.08
"""Thickness of the frame, in parts of the shorter side of a panel, and at most, meters."""


class ChangedLayers(Manager):
    """Frames the layers whose weights changed most, the brighter the more."""

    def __init__(self, world: World, comparison: ComparisonManager) -> None:
        self._world, self._comparison = world, comparison
        self._drawn: tuple[object, ...] = ()

    def update(self) -> bool:
        """Follow what is shown and where layers are; True when the picture changed."""
        framed = self._framed()
        key = tuple(framed)
        if key == self._drawn:
            return False
        self._drawn = key
        quads = []
        for left, top, z, width, height, share in framed:
            line = min(LINE * min(width, height), MAX_LINE)
            color = (*((0.25 + 0.75 * share) * part for part in SAFE[1]), 1.0)
            quads += outline_quads(
                left - line, top + line, width + 2 * line, height + 2 * line, z + 0.004, line, color
            )
        visual = Visual(np.concatenate(quads)) if quads else None
        self._world.set_visual(CHANGED_VISUAL, visual)
        return True

    def _framed(self) -> list[tuple[float, float, float, float, float, float]]:
        """Rectangles (left, top, z, width, height) in meters, with the share of the largest."""
        world, now = self._world, self._world.state.comparison
        pictured = any(
            layer.picture == DIFFERENCE_PICTURE and slot in (now.first, now.second)
            for (slot, _), layer in world.state.layers.items()
        )
        if not pictured or not {now.first, now.second} <= world.networks.keys():
            return []
        weights = self._comparison.weights(now.first, now.second) or {}
        known = [one for one in weights.values() if not one.reason and one.relative > 0]
        known.sort(key=lambda one: -one.relative)
        found = []
        for one in known[:MAX_FRAMED]:
            for slot, node in ((now.first, one.first), (now.second, one.second)):
                frame = world.placement_frame(slot)
                if node in frame.index:
                    x, y, z, width, height = frame.panel_rect(node).tolist()
                    share = one.relative / known[0].relative
                    found.append((x - width / 2, y + height, z, width, height, share))
        return found
