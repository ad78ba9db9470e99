"""The input with what a row of attention attends to, on a card before the eye."""

from __future__ import annotations

import numpy as np

from vrnn.scene.attention_overlay import attended_picture, attention_text
from vrnn.scene.visuals.card import ImageCard
from vrnn.scene.world import World

ATTENTION_SIDE, MIN_SEEN = 0.26, 0.15
"""Height of the input's picture on its card, and the least height of the input itself that needs no
card, as parts of the view's height."""


class AttentionCard:
    """Shows the input where it is out of view or small, and keeps its picture while it stays."""

    def __init__(self) -> None:
        """Begin with no picture."""
        self._attended: tuple[object, np.ndarray] | None = None

    def find(self, world: World, clip_from_world: np.ndarray) -> list[ImageCard]:
        """Return the card, or none where the input itself is seen.

        Args:
            world: What is pointed at.
            clip_from_world: (4, 4) of the view.
        """
        hit = world.hovered
        text = "" if hit is None or hit.kind != "layer" else attention_text(world, hit)
        if hit is None or not text or _is_input_seen(world, hit.slot, clip_from_world):
            self._attended = None
            return []
        key = (hit.slot, hit.node, hit.channel, hit.row, id(world.networks[hit.slot].result))
        if self._attended is None or self._attended[0] != key:
            picture = attended_picture(world, hit)
            self._attended = None if picture is None else (key, picture)
        if self._attended is None:
            return []
        return [ImageCard(self._attended[1], (text,), smooth=True, side=ATTENTION_SIDE)]


def _is_input_seen(world: World, slot: int, clip_from_world: np.ndarray) -> bool:
    """Whether a network's input is in view, and large enough to see patches of it."""
    for region in world.pick_regions():
        if region.kind == "input" and region.slot == slot:
            corner, right, down = map(np.array, (region.origin, region.right, region.down))
            points = np.array([corner, corner + right + down])
            clip = np.concatenate([points, np.ones((2, 1))], 1) @ clip_from_world.T
            flat = clip[:, :2] / np.maximum(clip[:, 3:], 1e-6)
            height = float(abs(flat[0, 1] - flat[1, 1])) / 2
            return bool((clip[:, 3] > 0).all() and np.abs(flat).max() <= 1 and height > MIN_SEEN)
    return False
