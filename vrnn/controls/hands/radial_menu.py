"""What the menu around the hand offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vrnn.commands.base import Action
from vrnn.commands.display import Arrange, FoldStages
from vrnn.commands.session import Look, Redo, Undo
from vrnn.commands.targets import (
    Doing,
    doubled,
    folded,
    gone_to,
    pictured,
    put_back,
    switched,
    top_images,
)
from vrnn.scene.headset import radial_menu as radial
from vrnn.scene.headset.billboard import Leaf, facing
from vrnn.scene.headset.rig_math import UP, direction
from vrnn.scene.headset.tracking import Pose
from vrnn.scene.picking import Hit

AWAY, ABOVE = 0.28, 0.11
"""Metres of the stage from the hand to the middle: its ray goes through where no word is."""
Choice = Action | Doing | str
"""An action, what makes one of the layer that is pointed at, or a name for the hands' own."""
GENERAL: dict[str, Choice] = {
    "panels": "panels",
    "find": "find",
    "redo": Redo(),
    "fold stages": FoldStages(),
    "on a table": Look("overview"),
    "arrangement": Arrange(),
    "undo": Undo(),
    "fly": "fly",
}
"""The first stands above, the next to its right."""
ON_LAYER: dict[str, Choice] = {
    "go there": gone_to,
    "top images": top_images,
    "fold": folded,
    "put back": put_back,
    "more": "more",
    "switch off": switched,
    "what it looks for": pictured,
    "keep a double": doubled,
}
"""While a layer is pointed at."""


@dataclass
class Menu:
    """The menu while it is open. choices: by their words; hit: what was pointed at; distance: from
    the eye, metres of the stage; opened: when, seconds; chosen: which would be taken now."""

    choices: Mapping[str, Choice]
    hit: Hit | None
    leaf: Leaf
    distance: float
    opened: float
    chosen: int | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What can be chosen."""
        return tuple(self.choices)

    @property
    def word(self) -> str:
        """What would be taken now; '' for nothing."""
        return "" if self.chosen is None else self.words[self.chosen]


def opened(aim: Pose, head: Pose, now: float, hit: Hit | None = None) -> Menu:
    """A menu around where a hand points. hit: the layer that it is for."""
    centre = aim.position + direction(aim) * AWAY + UP * ABOVE
    distance = max(float(np.linalg.norm(centre - head.position)), 0.3)
    leaf = radial.ring(facing(centre, head.position), distance)
    return Menu(GENERAL if hit is None else ON_LAYER, hit, leaf, distance, now)
