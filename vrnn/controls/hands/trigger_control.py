"""What the triggers of both hands do."""

from __future__ import annotations

from collections.abc import Callable

from vrnn.commands.base import UndoableCommand
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.commands.inputs import DropImage
from vrnn.controls.hands.feedback import DONE, PICK, TOUCH, Feedback
from vrnn.controls.hands.hand_state import HandPair, HandState
from vrnn.controls.hands.panel_pointer import PanelPointer
from vrnn.controls.pointer import Pointer
from vrnn.workspace.workspace import Workspace


class TriggerControl:
    """Presses, drags and carries what a hand points at; held on empty space, it aims a teleport."""

    def __init__(
        self, workspace: Workspace, hands: HandPair, panel: PanelPointer, feedback: Feedback,
        dispatcher: CommandDispatcher, preview: Callable[[UndoableCommand], None],
    ) -> None:  # fmt: skip
        """Starts with nothing pressed.

        Args:
            workspace: Holds the image that is carried.
            hands: The state of both hands.
            panel: The floating panel, which a trigger presses too.
            feedback: Plays the pulses that the hands feel.
            dispatcher: Executes commands.
            preview: Shows what a command would change.
        """
        self._workspace, self._hands, self._panel = workspace, hands, panel
        self._feedback, self._dispatcher = feedback, dispatcher
        self._pointer = Pointer(workspace, dispatcher, self._start_aiming, preview)

    @property
    def dragging(self) -> bool:
        """Whether a layer is dragged by its name or corner."""
        return self._pointer.dragging

    def _start_aiming(self) -> None:
        """Notes that the trigger went down on nothing: held longer, it aims a teleport."""
        self._hands[self._hands.pointing].aiming = self._hands.seconds

    def press(self, hand: HandState) -> None:
        """Presses what the pointing hand points at.

        Raises:
            VrnnError: What it points at cannot be done.
        """
        if hand.ray is None:
            return
        if hand.panel_hit is not None:
            self._panel.press(hand)
            return
        image, executed = self._workspace.hand.image, self._dispatcher.executed
        hit = hand.hand_hit.hit
        self._pointer.press(hit, hand.ray)
        if self._pointer.dragging:
            self._feedback.play(hand.index, PICK)
            return
        self._pointer.release()
        held = self._workspace.hand.image
        if held is not image:
            self._hands.carrier = hand.index
            hand.lifted = held is not None and hit is not None and hit.kind != "input"
            self._feedback.play(hand.index, PICK if held is not None else DONE)
        elif self._dispatcher.executed > executed:
            self._feedback.play(hand.index, DONE)

    def release(self, hand: HandState) -> bool:
        """Lets go of what the trigger has pressed, dragged or lifted.

        Returns:
            Whether a teleport was aimed with it, which is to be carried out now.

        Raises:
            VrnnError: What was dragged or carried cannot be put there.
        """
        self._panel.release(hand)
        if self._pointer.dragging and self._hands.pointing == hand.index:
            self._pointer.release()
            self._feedback.play(hand.index, DONE)
        if hand.lifted:
            hand.lifted = False
            hit = hand.hand_hit.hit
            if hit is not None and hit.kind == "input" and self._workspace.hand.image is not None:
                self._dispatcher.execute(DropImage())
                self._feedback.play(hand.index, DONE)
        if hand.aiming is None:
            return False
        aimed = self._hands.is_aiming(hand)
        hand.aiming = None
        if not aimed and self._workspace.hand.image is not None:
            # The only way to let go of an image with a single button.
            self._dispatcher.execute(DropImage(into_input=False))
            self._feedback.play(hand.index, TOUCH)
        return aimed

    def follow(self) -> None:
        """Lets what is dragged follow the hand that points."""
        ray = self._hands[self._hands.pointing].ray
        if self._pointer.dragging and ray is not None:
            self._pointer.move(ray, False)

    def cancel(self) -> bool:
        """Lets go of what is dragged or carried without placing it.

        Returns:
            False when there was nothing.
        """
        return self._pointer.cancel()

    def drop(self, hand: HandState) -> None:
        """Lets go without a change, for a controller that has become inactive."""
        if self._pointer.dragging and hand.index == self._hands.pointing:
            self._pointer.cancel()
        self._panel.release(hand)
        hand.aiming, hand.lifted = None, False
