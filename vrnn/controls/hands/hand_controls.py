"""Controls for both hands in a headset: controllers or tracked hands execute commands.

Each frame `HandControls.update` takes what the headset reports and gives back which commands were
executed and which pulses the controllers are to play; `HandControls.rig` is then where the stage
is in the world. What a button does lies in a file of its own: `trigger_control`, `grip_control`,
`motion_control` (sticks) and `radial_menu`; what hands point at is in `pointing_control`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.context import CommandContext
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.commands.edit import Undo
from vrnn.commands.registry import Ring
from vrnn.commands.view import CycleMagnifier
from vrnn.config.schema import Comfort
from vrnn.controls.hands.feedback import DONE, TOUCH, Feedback, HapticPulse
from vrnn.controls.hands.grab_preview import GrabPreview
from vrnn.controls.hands.grip_control import GripControl
from vrnn.controls.hands.hand_actions import HandInterface, HandNavigator
from vrnn.controls.hands.hand_state import HandPair, HandState
from vrnn.controls.hands.motion_control import MotionControl
from vrnn.controls.hands.onboarding_hints import OnboardingHints
from vrnn.controls.hands.panel_pointer import PanelPointer, PanelSurface
from vrnn.controls.hands.pointing_control import PointingControl
from vrnn.controls.hands.radial_menu import RadialMenu, open_menu, ring_choices
from vrnn.controls.hands.trigger_control import TriggerControl
from vrnn.scene.headset.locomotion import Locomotion
from vrnn.scene.headset.tracking import Rig, TrackingFrame
from vrnn.workspace.workspace import Workspace


class HandControls:
    """Executes commands by what both hands do.

    Attributes:
        workspace: What the hands work on.
        hands: The state of both hands in the current frame.
        floating_panel: The panels over the wrist, or wherever they were put.
        hints: What is shown of the buttons until each was tried.
        dispatcher: Executes commands, with the head as the camera.
        menu: The radial menu; None while it is closed.
        magnifier: How the map that is pointed at is magnified, see `CycleMagnifier`.
        feedback: Messages and pulses for the person.
        grab_preview: What hands change while they hold a layer.
        deferred_highlight: Whether `update_highlight` is called between two frames, by the owner,
            and not by `update`.
    """

    def __init__(
        self, workspace: Workspace, comfort: Comfort,
        context: CommandContext | None = None, panels: PanelSurface | None = None,
        hints_file: Path | None = None, rig: Rig | None = None,
    ) -> None:  # fmt: skip
        """Starts with idle hands.

        Args:
            workspace: What the hands work on.
            comfort: Settings of motion, haptics and hints.
            context: What commands run on, apart from going somewhere and what hands show; None:
                nothing else.
            panels: What is on the floating panel; None: nothing.
            hints_file: Remembers that the hints were read; None: nothing does.
            rig: Where the stage is at first; None: before the input, as soon as there is a network.
        """
        self.workspace = workspace
        self.hands = HandPair(comfort.left_handed)
        self.feedback = feedback = Feedback(self.hands, comfort.haptics)
        self.floating_panel = PanelPointer(panels, feedback)
        self.hints = OnboardingHints(comfort.hints, hints_file)
        self.grab_preview = GrabPreview(workspace)
        self.menu: RadialMenu | None = None
        self.magnifier = ""
        self.deferred_highlight = False
        self._done: list[Command] = []
        self._motion = MotionControl(workspace, self.hands, comfort, feedback, rig)
        context = replace(
            context or CommandContext(workspace),
            navigator=HandNavigator(self._motion),
            interface=HandInterface(self),
        )
        self.dispatcher = CommandDispatcher(context, feedback.notify, self._on_done)
        parts = (workspace, self.hands, self.floating_panel, feedback)
        self._pointing = PointingControl(*parts)
        self._trigger = TriggerControl(*parts, self.dispatcher, self._preview)
        self._grip = GripControl(*parts, self.do, self._preview)

    @property
    def rig(self) -> Rig:
        """Where the stage is in the world."""
        return self._motion.rig

    @property
    def locomotion(self) -> Locomotion:
        """How the stage moves."""
        return self._motion.locomotion

    @property
    def layer_holders(self) -> frozenset[int]:
        """The hands that hold a layer."""
        return self._grip.layer_holders

    @property
    def dragging(self) -> bool:
        """Whether a layer is dragged by its name or corner."""
        return self._trigger.dragging

    # Each frame.

    def update(
        self, tracking: TrackingFrame, seconds: float
    ) -> tuple[tuple[Command, ...], list[HapticPulse]]:
        """Takes the input of a frame.

        Args:
            tracking: What the headset reports.
            seconds: Since the last frame.

        Returns:
            The commands that were executed since the last frame, and the pulses to be played.
        """
        self._motion.start(tracking.head)
        self.hands.update(tracking, self.rig)
        self.floating_panel.update(self.hands, seconds)
        for hand in self.hands:
            self._pointing.update_hit(hand, self.rig, pokes=self.menu is None)
            if not hand.input.active:
                for control in (self._grip, self._trigger, self._motion):
                    control.drop(hand)
            for button in hand.pressed:
                self.feedback.attempt(self._press, hand, button)
            for button in hand.released:
                self.feedback.attempt(self._release, hand, button)
        self.feedback.attempt(self._follow, seconds)
        self._move(tracking, seconds)
        self._point()
        # What panels do until the next frame counts to that one.
        done, self._done = tuple(self._done), []
        return done, self.feedback.take_pulses()

    def _follow(self, seconds: float) -> None:
        """Lets what is held follow the hands, and the menu and the floating panel the pointer."""
        self._grip.follow(seconds)
        self._trigger.follow()
        self.floating_panel.follow(self.hands, seconds)
        if self.menu is not None and self.menu.choose(self.hands[self.hands.dominant], self.rig):
            self.feedback.play(self.hands.dominant, TOUCH)

    def _move(self, tracking: TrackingFrame, seconds: float) -> None:
        self.hints.update_sticks(self.hands)
        busy = self._grip.layer_holders | self.floating_panel.holders
        hold = self._grip.world_hold()
        self._motion.update(tracking.head, busy, self.menu is not None, hold, seconds)
        self.hands.update_rays(self.rig)

    def _point(self) -> None:
        hand = self.hands.update_pointing()
        if self.dragging or self.layer_holders:
            return
        self._pointing.update(hand, hand.hand_hit.hit if self.menu is None else self.menu.hit)
        if not self.deferred_highlight:
            self.update_highlight()
        self.grab_preview.end()

    def update_highlight(self) -> None:
        """Highlights what is pointed at, or previews what is made of the layer that is held.

        It takes longer than all else that hands do: where `deferred_highlight` is set, it is called
        between two frames.
        """
        if self.dragging or self.layer_holders:
            self.feedback.attempt(self.grab_preview.show, self.hands.seconds)
            return
        self._pointing.highlight()
        self._motion.follow_layer()

    # Commands.

    def do(self, command: Command) -> None:
        """Executes a command.

        Raises:
            VrnnError: It cannot be done.
        """
        self.dispatcher.execute(command)

    def _on_done(self, command: Command) -> None:
        self.grab_preview.end()  # what comes next begins where this has put it
        self._done.append(command)

    def _preview(self, change: UndoableCommand) -> None:
        if self.deferred_highlight:
            self.grab_preview.preview(change)
        else:
            self.workspace.preview(change)

    # Buttons.

    def _press(self, hand: HandState, button: str) -> None:
        dominant = hand.index == self.hands.dominant
        self.hints.mark_used(button, dominant)
        match button, dominant:
            case "trigger", _:
                self.hands.pointing = hand.index
                if self.menu is not None:
                    self._choose()
                else:
                    self._trigger.press(hand)
            case "squeeze", _:
                self._grip.press(hand)
            case "primary" | "menu", True:
                self._press_menu(hand)
            case "primary" | "menu", False:
                self.floating_panel.toggle()
                self.feedback.play(hand.index, TOUCH)
            case "secondary", True:
                self._go_back()
            case "secondary", False:
                self._motion.reset()
            case "stick_click", True:
                self.do(CycleMagnifier())
            case "stick_click", False:
                self.toggle_flying()

    def _release(self, hand: HandState, button: str) -> None:
        match button, hand.index == self.hands.dominant:
            case "trigger", _:
                if self._trigger.release(hand):
                    self._motion.teleport(hand.index)
            case "squeeze", _:
                self._grip.release(hand)
            case "primary" | "menu", True if self.menu is not None:
                if self.menu.chosen is not None:
                    self._choose()
                elif not self.menu.was_tapped(self.hands.seconds):
                    self.menu = None

    def _press_menu(self, hand: HandState) -> None:
        if self.menu is not None:
            self._choose()
            return
        self.menu = open_menu(hand, self.hands.head, self.hands.seconds)
        if self.menu is not None:
            self.feedback.play(hand.index, TOUCH)

    def _choose(self) -> None:
        menu, self.menu = self.menu, None
        if menu is None or not menu.chosen_label:
            return
        self.feedback.play(self.hands.dominant, DONE)
        choice = menu.choices[menu.chosen_label]
        if choice is None:
            choices, now = ring_choices(Ring.GENERAL), self.hands.seconds
            self.menu = replace(menu, choices=choices, hit=None, chosen=None, opened=now)
        else:
            self.dispatcher.invoke(choice, menu.hit)

    def _go_back(self) -> None:
        """Closes the menu, else a message about a fault, else lets go, else undoes a change."""
        if self.menu is not None:
            self.menu = None
        elif self.workspace.faults:
            del self.workspace.faults[0]
        elif not (self._grip.cancel() or self._trigger.cancel()):
            self.do(Undo())

    def toggle_flying(self) -> None:
        """Switches between walking and flying."""
        self.feedback.notify("flying" if self._motion.toggle_flying() else "walking")
