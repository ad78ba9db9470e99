"""What the menu around the hand offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vrnn.commands.registry import CommandInfo, Ring, registered
from vrnn.scene.headset import radial_menu as radial
from vrnn.scene.headset.billboard import Billboard, facing
from vrnn.scene.headset.rig_math import UP, direction
from vrnn.scene.headset.tracking import Pose
from vrnn.scene.picking import Hit

AWAY, ABOVE = 0.28, 0.11
"""Meters of the stage from the hand to the middle: its ray goes through where no word is."""
MORE = "more"
"""The entry of a layer's ring that leads to the general one."""
MORE_PLACE = 4
Choice = CommandInfo | None
"""A command; None for the general ring."""


def ring_choices(ring: Ring) -> dict[str, Choice]:
    """Give a ring's entries by label, clockwise from the top, as the commands declare them."""
    entries: dict[int, tuple[str, Choice]] = {
        info.radial.place: (info.radial.label, info)
        for info in registered()
        if info.radial is not None and info.radial.ring is ring
    }
    if ring is Ring.LAYER:
        entries[MORE_PLACE] = (MORE, None)
    return dict(entries[place] for place in sorted(entries))


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
    choices = ring_choices(Ring.GENERAL if hit is None else Ring.LAYER)
    return Menu(choices, hit, leaf, distance, now)
