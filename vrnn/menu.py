"""What the menu around the hand offers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.actions import Action, Arrange, FoldStages, Look, Redo, Undo
from vrnn.scene import radial
from vrnn.scene.leaf import Leaf, facing
from vrnn.scene.locomotion import UP, direction
from vrnn.scene.tracked import Pose

AWAY, ABOVE = 0.28, 0.11
"""Metres of the stage from the hand to the middle: its ray goes through where no word is."""
WORDS = ("panels", "find", "redo", "fold stages", "on a table", "arrangement", "undo", "fly")
"""The first above, the next to its right."""
ACTIONS: dict[str, Action] = {
    "redo": Redo(),
    "undo": Undo(),
    "fold stages": FoldStages(),
    "arrangement": Arrange(),
    "on a table": Look("overview"),
}
"""Of words that stand for one."""


@dataclass
class Menu:
    """The menu while it is open. distance: from the eye, metres of the stage; opened: when,
    seconds; chosen: which of WORDS would be taken now."""

    leaf: Leaf
    distance: float
    opened: float
    chosen: int | None = None


def opened(aim: Pose, head: Pose, now: float) -> Menu:
    """A menu around where a hand points."""
    centre = aim.position + direction(aim) * AWAY + UP * ABOVE
    distance = max(float(np.linalg.norm(centre - head.position)), 0.3)
    return Menu(radial.ring(facing(centre, head.position), distance), distance, now)
