"""One hand at one moment, and what it is made to feel."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.scene.headset.hand_picking import Buttons, HandHit
from vrnn.scene.headset.tracking import HandInput
from vrnn.scene.picking import Ray

Felt = tuple[float, float]
"""Strength, 0…1, and seconds."""
TOUCH: Felt = (0.25, 0.02)
PICK: Felt = (0.5, 0.1)
DONE: Felt = (0.8, 0.06)
REFUSED: Felt = (0.4, 0.25)
NOTHING = HandHit()


@dataclass(frozen=True)
class HapticPulse:
    """A controller shakes. hand: 0 left, 1 right; strength: 0…1."""

    hand: int
    strength: float
    seconds: float


@dataclass
class HandState:
    """One hand at this moment. on_board: how far along its ray the board is, and where on it, 0…1
    right and down; lifted: something was picked up by the press that goes on; aiming: since when a
    trigger is held on nothing; poking: whether it is in the board, None while nobody knows."""

    index: int
    input: HandInput
    buttons: Buttons
    ray: Ray | None = None
    hand_hit: HandHit = NOTHING
    on_board: tuple[float, float, float] | None = None
    lifted: bool = False
    aiming: float | None = None
    poking: bool | None = None
