"""What hands point at and touch: picked, highlighted and felt."""

from __future__ import annotations

from vrnn.controls.hands.feedback import TOUCH, Feedback
from vrnn.controls.hands.hand_state import NO_HIT, HandPair, HandState
from vrnn.controls.hands.panel_pointer import PanelPointer
from vrnn.scene.headset.hand_picking import pick_with_hand
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.picking import Hit
from vrnn.workspace.workspace import Workspace

PICK_INTERVAL = 6
"""Frames from one pick of the hand that does not point to the next: a pick is a good part of all
the time that hands take."""


class PointingControl:
    """Finds what both hands are on, and highlights what the pointing one is on."""

    def __init__(
        self, workspace: Workspace, hands: HandPair, panel: PanelPointer, feedback: Feedback
    ) -> None:
        """Starts with nothing pointed at.

        Args:
            workspace: Whose world is pointed at.
            hands: The state of both hands.
            panel: The floating panel, which lies before the world.
            feedback: Plays the pulses that the hands feel.
        """
        self._workspace, self._hands = workspace, hands
        self._panel, self._feedback = panel, feedback
        self._highlighted: Hit | None = None
        self._touched: object = None

    def update_hit(self, hand: HandState, rig: Rig, pokes: bool) -> None:
        """Finds what a hand's ray meets: the floating panel, or something in the world.

        Args:
            hand: Gets the result, in `panel_hit` and `hand_hit`.
            rig: Where the stage is in the world.
            pokes: Whether a finger in the floating panel presses it.
        """
        carries = hand.index == self._hands.secondary and not self._panel.pinned
        self._panel.update_hit(hand, None if carries else hand.ray, rig, pokes)
        picks = (
            hand.index == self._hands.pointing
            or hand.pressed
            or self._hands.frames % PICK_INTERVAL == 0
        )
        if hand.ray is None or hand.panel_hit is not None:
            hand.hand_hit = NO_HIT
        elif picks:
            hand.hand_hit = pick_with_hand(self._workspace.world, hand.ray, rig.scale)

    def update(self, hand: HandState, hit: Hit | None) -> None:
        """Chooses what is highlighted, and lets the hand feel what it newly touches.

        Args:
            hand: The one that points.
            hit: What is highlighted: what the hand is on, or what its menu is open for.
        """
        self._highlighted = hit
        touched: object = None
        if hit is not None and hand.hand_hit.touching:
            touched = (hit.kind, hit.slot, hit.node, hit.channel, id(hit.value))
        elif hit is not None and hit.kind not in ("layer", "input"):
            touched = (hit.kind, id(hit.value), hit.node)
        if touched is not None and touched != self._touched:
            self._feedback.play(hand.index, TOUCH)
        self._touched = touched

    def highlight(self) -> None:
        """Highlights what `update` chose. It takes longer than all else that hands do."""
        self._workspace.world.hover(self._highlighted)
