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
from vrnn.controls.hands.hand_state import HandState
from vrnn.scene.headset import radial_menu as radial
from vrnn.scene.headset.billboard import Billboard, billboard_facing
from vrnn.scene.headset.rig_math import UP, direction
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.picking import Hit

FORWARD_OFFSET, UP_OFFSET = 0.28, 0.11
"""Meters of the stage from the hand to the middle: its ray goes through where no word is."""
MAX_TAP_SECONDS = 0.35
"""Seconds: a press of the menu button that is no longer than this leaves the menu open."""
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
    """The menu while it is open.

    Attributes:
        choices: What can be chosen, by its label.
        hit: What was pointed at when it was opened; None for the general menu.
        leaf: Where it is, in the stage.
        distance: From the eye, meters of the stage.
        opened: The time at which it was opened, seconds.
        chosen: Number of the choice that would be taken now; None for none.
    """

    choices: Mapping[str, Choice]
    hit: Hit | None
    billboard: Billboard
    distance: float
    opened: float
    chosen: int | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of all choices."""
        return tuple(self.choices)

    @property
    def chosen_label(self) -> str:
        """The label of the choice that would be taken now; '' for none."""
        return "" if self.chosen is None else self.labels[self.chosen]

    def was_tapped(self, now: float) -> bool:
        """Whether the button that opened it is released so soon that the menu stays open.

        Args:
            now: The time at which it is released, seconds.
        """
        return now - self.opened <= MAX_TAP_SECONDS

    def choose(self, hand: HandState, rig: Rig) -> bool:
        """Takes the choice that a hand's stick is pushed toward, else the one its ray is on.

        Args:
            hand: The one that has opened the menu.
            rig: Where the stage is in the world.

        Returns:
            Whether it is another choice than before.
        """
        chosen = radial.pick_with_stick(hand.input.stick, len(self.labels))
        if chosen is None and hand.ray is not None:
            chosen = radial.pick_with_ray(hand.ray, self.billboard, rig, self.distance, self.labels)
        before, self.chosen = self.chosen, chosen
        return chosen is not None and chosen != before


def open_menu(hand: HandState, head: Pose | None, now: float) -> Menu | None:
    """Opens a menu around where a hand points: for a layer, if it points at one.

    Args:
        hand: The one that opens it.
        head: In the stage.
        now: The time, seconds.

    Returns:
        The menu; None while hand or head are not tracked.
    """
    aim = hand.input.aim
    if aim is None or head is None:
        return None
    hit = hand.hand_hit.hit
    hit = hit if hit is not None and hit.layer is not None else None
    center = aim.position + direction(aim) * FORWARD_OFFSET + UP * UP_OFFSET
    distance = max(float(np.linalg.norm(center - head.position)), 0.3)
    leaf = radial.menu_billboard(billboard_facing(center, head.position), distance)
    return Menu(GENERAL if hit is None else ON_LAYER, hit, leaf, distance, now)
