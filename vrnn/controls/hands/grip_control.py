"""What the grips of both hands do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vrnn.commands.base import Command, UndoableCommand
from vrnn.controls.hands.feedback import DONE, PICK, Feedback
from vrnn.controls.hands.hand_state import HandPair, HandState
from vrnn.controls.hands.layer_grab import LayerGrab
from vrnn.controls.hands.panel_pointer import PanelPointer
from vrnn.workspace.workspace import Workspace


class GripControl:
    """Grabs the floating panel, a layer, or with both hands the world."""

    def __init__(
        self, workspace: Workspace, hands: HandPair, panel: PanelPointer, feedback: Feedback,
        do: Callable[[Command], None], preview: Callable[[UndoableCommand], None],
    ) -> None:  # fmt: skip
        """Starts with open hands.

        Args:
            workspace: Whose layers are grabbed.
            hands: The state of both hands.
            panel: The floating panel, which is grabbed first.
            feedback: Plays the pulses that the hands feel.
            do: Executes a command.
            preview: Shows what a command would change.
        """
        self._hands, self._panel, self._feedback = hands, panel, feedback
        self._layer = LayerGrab(workspace, do, preview)
        self._world: set[int] = set()

    @property
    def layer_holders(self) -> frozenset[int]:
        """The hands that hold a layer."""
        return self._layer.holders

    def press(self, hand: HandState) -> None:
        """Grabs the floating panel, else the layer that the hand points at, else the world.

        The world follows only while both hands hold it.
        """
        if hand.ray is None or hand.input.aim is None:
            return
        if hand.panel_hit is not None:
            self._panel.grab(hand)
            self._feedback.play(hand.index, PICK)
            return
        other = self._hands[1 - hand.index]
        if other.index not in self._world and self._layer.begin(
            hand.index, hand.hand_hit.hit, hand.ray
        ):
            self._hands.pointing = hand.index
            self._feedback.play(hand.index, PICK)
            return
        self._world.add(hand.index)
        if other.index in self._layer.holders:
            # Each hand holds something, and not the same layer: then both hold the world.
            self._layer.end(other.index, self._hands.rays)
            self._world.add(other.index)
        if len(self._world) == 2:
            self._feedback.play(0, PICK)
            self._feedback.play(1, PICK)

    def release(self, hand: HandState) -> None:
        """Opens a hand: what it has done to a layer is executed.

        Raises:
            VrnnError: The layer cannot be moved or scaled.
        """
        self._panel.let_go(hand.index)
        self._world.discard(hand.index)
        if hand.index in self._layer.holders:
            self._layer.end(hand.index, self._hands.rays)
            self._feedback.play(hand.index, DONE)

    def follow(self, seconds: float) -> None:
        """Lets the layer that is held follow the hands; sticks push it away.

        Args:
            seconds: Since the last frame.

        Raises:
            VrnnError: The layer is gone.
        """
        push = self._hands.stick_push(self._layer.holders)
        self._layer.follow(self._hands.rays, push, seconds)

    def cancel(self) -> bool:
        """Lets go of the layer that is held and puts it back.

        Returns:
            False when there was none.
        """
        return self._layer.cancel()

    def drop(self, hand: HandState) -> None:
        """Lets go without a change, for a controller that has become inactive."""
        if hand.index in self._layer.holders:
            self._layer.cancel()
        self._panel.let_go(hand.index)
        self._world.discard(hand.index)

    def world_hold(self) -> np.ndarray | None:
        """Returns the points by which both hands hold the world.

        Returns:
            (2, 3) float64 meters of the stage, left and right; None unless both hold it and are
            tracked.
        """
        if len(self._world) < 2:
            return None
        poses = [hand.input.grip or hand.input.aim for hand in self._hands]
        if any(pose is None for pose in poses):
            return None
        return np.stack([pose.position for pose in poses if pose is not None])
