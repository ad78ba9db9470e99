"""The radial menu while it is open: what it offers, and what is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vrnn.commands.registry import CommandInfo, Ring, registered
from vrnn.controls.hands.hand_state import HandState
from vrnn.scene.headset.billboard import Billboard, billboard_facing
from vrnn.scene.headset.radial_menu import menu_billboard, pick_with_ray, pick_with_stick
from vrnn.scene.headset.rig_math import UP, direction
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.picking import Hit

FORWARD_OFFSET, UP_OFFSET = 0.28, 0.11
"""Meters of the stage from the hand to the center: its ray goes through where no label is."""
MAX_TAP_SECONDS = 0.35
"""A press of the menu button that is no longer than this leaves the menu open."""
MIN_MENU_DISTANCE = 0.3
"""Meters of the stage from the eye for which the menu is sized at least."""
MORE = "more"
"""The entry of a layer's ring that leads to the general one."""
MORE_PLACE = 4
Choice = CommandInfo | None
"""A command; None for the general ring."""


def ring_choices(ring: Ring) -> dict[str, Choice]:
    """Gives a ring's entries by label, clockwise from the top, as the commands declare them."""
    entries: dict[int, tuple[str, Choice]] = {
        info.radial.place: (info.radial.label, info)
        for info in registered()
        if info.radial is not None and info.radial.ring is ring
    }
    if ring is Ring.LAYER:
        entries[MORE_PLACE] = (MORE, None)
    return dict(entries[place] for place in sorted(entries))


@dataclass
class RadialMenu:
    """The menu while it is open.

    Attributes:
        choices: What can be chosen, by its label.
        hit: What was pointed at when it was opened; None for the general menu.
        billboard: Where it is, in the stage.
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
        chosen = pick_with_stick(hand.input.stick, len(self.labels))
        if chosen is None and hand.ray is not None:
            chosen = pick_with_ray(hand.ray, self.billboard, rig, self.distance, self.labels)
        before, self.chosen = self.chosen, chosen
        return chosen is not None and chosen != before


def open_menu(hand: HandState, head: Pose | None, now: float) -> RadialMenu | None:
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
    distance = max(float(np.linalg.norm(center - head.position)), MIN_MENU_DISTANCE)
    board = menu_billboard(billboard_facing(center, head.position), distance)
    choices = ring_choices(Ring.GENERAL if hit is None else Ring.LAYER)
    return RadialMenu(choices, hit, board, distance, now)
