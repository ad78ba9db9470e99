"""How hands move a person through the world: sticks, teleports, and the world held by both."""

from __future__ import annotations

import numpy as np

from vrnn.config.schema import Comfort
from vrnn.controls.hands.feedback import DONE, Feedback
from vrnn.controls.hands.hand_state import HandPair, HandState
from vrnn.controls.hands.navigation import LayerFollower, rig_for_view, start_rig
from vrnn.errors import VrnnError
from vrnn.scene.headset.locomotion import (
    REARM_THRESHOLD,
    SNAP_THRESHOLD,
    Locomotion,
    MotionInput,
    floors_in,
)
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.workspace.workspace import Workspace

FOLLOW_INTERVAL = 6
"""Frames from one look at which layer is nearest to the next, while nothing is rearranged."""


class MotionControl:
    """Moves the stage through the world by what both hands do."""

    def __init__(
        self, workspace: Workspace, hands: HandPair, comfort: Comfort, feedback: Feedback,
        rig: Rig | None = None,
    ) -> None:  # fmt: skip
        """Starts at a rig.

        Args:
            workspace: Whose world is moved in.
            hands: The state of both hands.
            comfort: How sticks walk and turn.
            feedback: Plays the pulses that the hands feel.
            rig: Where the stage is at first; None: before the input, as soon as there is a network.
        """
        self._workspace, self._hands, self._feedback = workspace, hands, feedback
        self.locomotion = Locomotion(comfort, rig)
        self._follower = LayerFollower()
        self._followed: object = None
        self._started = rig is not None
        self._stick_aims = self._stick_spent = False

    @property
    def rig(self) -> Rig:
        """Where the stage is in the world."""
        return self.locomotion.rig

    def start(self, head: Pose | None) -> None:
        """Goes before the input once the head is tracked and a network is there.

        Args:
            head: Of this frame, in the stage; None while it is not tracked.
        """
        if head is not None and not self._started and self._workspace.world.slots:
            self._started = True
            self._reset(head)

    def reset(self) -> None:
        """Goes before the input, looking at it, as at first."""
        if self._hands.head is not None:
            self._reset(self._hands.head)

    def _reset(self, head: Pose) -> None:
        self.locomotion.flying = False
        self.locomotion.go_to(start_rig(self._workspace.world, head))

    def toggle_flying(self) -> bool:
        """Switches between walking and flying; returns whether one flies now."""
        self.locomotion.flying = not self.locomotion.flying
        return self.locomotion.flying

    def go_to(self, camera: str, network: int | None = None) -> None:
        """Goes to a camera by name.

        Args:
            camera: As for `vrnn.commands.view.GoToView`; `overview` is everything on a table.
            network: Of the layer; None: the only one that has it.

        Raises:
            VrnnError: The head is not tracked, or there is no such camera.
        """
        head = self._hands.head
        if head is None:
            raise VrnnError("the headset is not tracked; put it on to go somewhere")
        rig = rig_for_view(self._workspace.world.at_rest(), head, camera, network)
        self.locomotion.go_to(rig)
        if camera == "overview":
            self._follower.set_table(rig)

    def teleport(self, hand: int) -> None:
        """Goes where a teleport is aimed, if one can stand there; the hand feels it."""
        if self._hands.head is not None and self.locomotion.finish_teleport(self._hands.head):
            self._feedback.play(hand, DONE)

    def drop(self, hand: HandState) -> None:
        """Ends aiming with the stick, for a controller that has become inactive."""
        if hand.index == self._hands.dominant:
            self._stick_aims = False

    def follow_layer(self) -> None:
        """Stays beside the layer that one is at when everything is rearranged."""
        world, head = self._workspace.world, self._hands.head
        if head is None:
            return
        if world.state is not self._followed or self._hands.frames % FOLLOW_INTERVAL == 0:
            self._followed = world.state
            rig = self._follower.follow(world, head, self.rig)
            if rig is not None:
                self.locomotion.go_to(rig)

    def update(
        self, head: Pose | None, busy: frozenset[int], menu_open: bool,
        hold: np.ndarray | None, seconds: float,
    ) -> None:  # fmt: skip
        """Moves the stage by the sticks, or by the hands that hold the world.

        Args:
            head: Of this frame, in the stage; None while it is not tracked.
            busy: The hands that hold something, whose sticks push it instead.
            menu_open: Whether the menu is open, which the dominant hand's stick chooses from.
            hold: (2, 3) meters of the stage by which both hands hold the world; None: they do not.
            seconds: Since the last frame.
        """
        main, other = self._hands[self._hands.dominant], self._hands[self._hands.secondary]
        x, y = main.input.stick if main.input.active else (0.0, 0.0)
        walk = other.input.stick if other.input.active else (0.0, 0.0)
        used = menu_open or main.panel_hit is not None or main.index in busy
        used = used and not self._stick_aims
        # A stick that was used for something else turns nobody before it was let go of.
        self._stick_spent = used or (self._stick_spent and max(abs(x), abs(y)) > REARM_THRESHOLD)
        if self._stick_spent:
            x = y = 0.0
        if other.index in busy or other.panel_hit is not None:
            walk = (0.0, 0.0)
        flying = self.locomotion.flying
        aim = self._aim(main, 0.0 if flying else y)
        turn = x if abs(x) > abs(y) else 0.0
        wish = MotionInput(walk, y if flying else 0.0, turn, aim, hold)
        grounds = floors_in(self._workspace.world) if aim is not None else ()
        self.locomotion.step(head, wish, seconds, grounds)

    def _aim(self, main: HandState, y: float) -> Pose | None:
        """Returns what a teleport is aimed along, in the stage; None while none is aimed."""
        for hand in self._hands:
            if self._hands.is_aiming(hand):
                return hand.input.aim
        if y > SNAP_THRESHOLD:
            self._stick_aims = True
        elif self._stick_aims and y < REARM_THRESHOLD:
            self._stick_aims = False
            self.teleport(main.index)
        return main.input.aim if self._stick_aims else None
