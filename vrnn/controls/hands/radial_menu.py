"""What the menu around the hand offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vrnn.commands.base import Command
from vrnn.commands.display import FoldAllStages, SetArrangement
from vrnn.commands.session import GoToView, Redo, Undo
from vrnn.commands.targets import (
    CommandFactory,
    ablate,
    cycle_pin,
    go_to_layer,
    reset_layer,
    show_top_activations,
    toggle_feature_visualization,
    toggle_fold,
)
from vrnn.scene.headset import radial_menu as radial
from vrnn.scene.headset.billboard import Billboard, facing
from vrnn.scene.headset.rig_math import UP, direction
from vrnn.scene.headset.tracking import Pose
from vrnn.scene.picking import Hit

AWAY, ABOVE = 0.28, 0.11
"""Meters of the stage from the hand to the middle: its ray goes through where no word is."""
Choice = Command | CommandFactory | str
"""An action, what makes one of the layer that is pointed at, or a name for the hands' own."""
GENERAL: dict[str, Choice] = {
    "panels": "panels",
    "find": "find",
    "redo": Redo(),
    "fold stages": FoldAllStages(),
    "on a table": GoToView("overview"),
    "arrangement": SetArrangement(),
    "undo": Undo(),
    "fly": "fly",
}
"""The first stands above, the next to its right."""
ON_LAYER: dict[str, Choice] = {
    "go there": go_to_layer,
    "top images": show_top_activations,
    "fold": toggle_fold,
    "put back": reset_layer,
    "more": "more",
    "switch off": ablate,
    "what it looks for": toggle_feature_visualization,
    "keep a double": cycle_pin,
}
"""While a layer is pointed at."""


@dataclass
class Menu:
    """The menu while it is open. choices: by their words; hit: what was pointed at; distance: from
    the eye, meters of the stage; opened: when, seconds; chosen: which would be taken now."""

    choices: Mapping[str, Choice]
    hit: Hit | None
    leaf: Billboard
    distance: float
    opened: float
    chosen: int | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """What can be chosen."""
        return tuple(self.choices)

    @property
    def word(self) -> str:
        """What would be taken now; '' for nothing."""
        return "" if self.chosen is None else self.labels[self.chosen]


def open_menu(aim: Pose, head: Pose, now: float, hit: Hit | None = None) -> Menu:
    """A menu around where a hand points. hit: the layer that it is for."""
    center = aim.position + direction(aim) * AWAY + UP * ABOVE
    distance = max(float(np.linalg.norm(center - head.position)), 0.3)
    leaf = radial.ring(facing(center, head.position), distance)
    return Menu(GENERAL if hit is None else ON_LAYER, hit, leaf, distance, now)
