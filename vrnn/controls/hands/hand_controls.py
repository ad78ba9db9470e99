"""Hands in the world: what controllers do, by the same actions as the mouse.

Each frame `Hands.update` takes what the headset tells and gives back where the stage stands, what
is to be drawn of hands and tools, and how controllers are to buzz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.context import CommandContext, InterfaceActions, NavigationActions
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.commands.edit import Undo
from vrnn.commands.inputs import DropImage
from vrnn.commands.registry import Ring
from vrnn.config.schema import Comfort
from vrnn.controls.hands.grab_preview import GrabPreview
from vrnn.controls.hands.hand_state import (
    DONE,
    NOTHING,
    PICK,
    REFUSED,
    TOUCH,
    HandState,
    HapticPulse,
)
from vrnn.controls.hands.layer_grab import LayerGrab
from vrnn.controls.hands.navigation import LayerFollower, rig_for_view, start_rig
from vrnn.controls.hands.onboarding_hints import OnboardingHints
from vrnn.controls.hands.panel_pointer import PanelPointer, PanelSurface
from vrnn.controls.hands.radial_menu import Menu, open_menu, ring_choices
from vrnn.controls.pointer import Pointer
from vrnn.errors import VrnnError
from vrnn.scene.headset import radial_menu as radial
from vrnn.scene.headset.hand_picking import Buttons, pick_with_hand, ray_of
from vrnn.scene.headset.locomotion import DEAD, REARM, SNAP, Locomotion, MotionInput, floors
from vrnn.scene.headset.rig_math import heading
from vrnn.scene.headset.tracking import HandInput, Pose, Rig, TrackingFrame
from vrnn.scene.picking import Hit, Ray
from vrnn.workspace.workspace import Workspace

NOTE_SECONDS = 4.0
AIMED = 0.3
"""Seconds that a trigger is held on nothing before a teleport is aimed with it."""
TAP = 0.35
"""Seconds: who lets go of the menu's button sooner has tapped it, and it stays open."""
SELDOM = 6
"""Frames from one look at what the hand is on that does not point, to the next."""
HOLDING = "trigger on the input: put it in"


class HandControls:
    """What both hands do."""

    def __init__(
        self, place: Workspace, comfort: Comfort, context: CommandContext | None = None,
        panels: PanelSurface | None = None, hints_file: Path | None = None, rig: Rig | None = None,
    ) -> None:  # fmt: skip
        """context: what commands work on beside the place, where one goes and what hands show;
        hints_file: remembers that the hints were read; rig: where to begin, else before the input
        as soon as a network stands."""
        self.place, self.comfort = place, comfort
        self.locomotion = Locomotion(comfort, rig)
        self.board = PanelPointer(panels, self._buzz)
        self.hints = OnboardingHints(comfort.hints, hints_file)
        self.menu: Menu | None = None
        self.dominant = 0 if comfort.left_handed else 1
        self.pointing = self.carrier = self.dominant
        self.hands = tuple(HandState(i, HandInput(), Buttons()) for i in (0, 1))
        self.magnify = ""
        self.said, self._said_until = "", 0.0
        self.head: Pose | None = None
        context = context or CommandContext(place)
        self.dispatcher = CommandDispatcher(
            replace(context, navigator=HandNavigator(self), interface=HandInterface(self)),
            self.note,
            self._on_done,
        )
        self.shaping = GrabPreview(place)
        self._companion = LayerFollower()
        self._pointer = Pointer(place, self.dispatcher, self._nothing, self._preview)
        self._grab = LayerGrab(place, self.do, self._preview)
        self._gripping: set[int] = set()
        self._stick_aim = self._spent = False
        self._touching: object = None
        self.deferred_highlight = False
        self._lit: Hit | None = None
        self._known: object = None
        self._begun = rig is not None
        self._now, self._count = 0.0, 0
        self._buzzes: list[HapticPulse] = []
        self._done: list[Command] = []

    def _preview(self, change: UndoableCommand) -> None:
        if self.deferred_highlight:
            self.shaping.preview(change)
        else:
            self.place.preview(change)

    def light_up(self) -> None:
        """Light up what is pointed at, or show what is made of what is held. It takes longer than
        all else that hands do: where `deferred_highlight` is set, this is called between two
        frames."""
        if self._pointer.dragging or self._grab.hands:
            self._trying(lambda: self.shaping.show(self._now))
            return
        self.place.world.hover(self._lit)
        state = self.place.world.state
        if self.head is not None and (state is not self._known or self._count % SELDOM == 0):
            self._known = state
            rig = self._companion.follow(self.place.world, self.head, self.rig)
            if rig is not None:
                self.locomotion.go(rig)

    # What happens in a frame.

    def update(
        self, tracked: TrackingFrame, seconds: float
    ) -> tuple[tuple[Command, ...], list[HapticPulse]]:
        """Take a moment's input. seconds: since the last one. Returns what was done, and what is
        to be felt; `rig` says where the stage stands now."""
        self._now = tracked.seconds
        self._count += 1
        self.head = tracked.head or self.head
        if tracked.head is not None and not self._begun and self.place.world.slots:
            self._begun = True
            self.reset_rig()
        before = [hand.buttons for hand in self.hands]
        for hand, told in zip(self.hands, tracked.hands, strict=True):
            self._update_pose(hand, told if tracked.focused else HandInput())
        if self.head is not None:
            told = self.hands[self.secondary].input
            wrist = (told.grip or told.aim) if told.active else None
            self.board.update(self.head, wrist, self.hands, self._push(self.board.hands), seconds)
        for hand, was in zip(self.hands, before, strict=True):
            pressed = hand.buttons.pressed_since(was)
            self._update_hit(hand, bool(pressed))
            self._release_inactive(hand)
            for name in sorted(pressed):
                self._trying(lambda hand=hand, name=name: self._down(hand, name))  # type: ignore[misc]
            for name in sorted(hand.buttons.released_since(was)):
                self._trying(lambda hand=hand, name=name: self._up(hand, name))  # type: ignore[misc]
        self._trying(lambda: self._hold_on(seconds))
        self._move(tracked, seconds)
        self._point()
        if not (self._pointer.dragging or self._grab.hands):
            self.shaping.end()
        if self._now > self._said_until:
            self.said = ""
        done, buzzes = tuple(self._done), self._buzzes
        self._done, self._buzzes = [], []  # what panels do until the next moment counts to that one
        return done, buzzes

    @property
    def rig(self) -> Rig:
        """Where the stage stands."""
        return self.locomotion.rig

    @property
    def level(self) -> float:
        """Yaw of the head in the stage, radians."""
        return heading(self.head) if self.head is not None else 0.0

    @property
    def secondary(self) -> int:
        """The hand that does not point: it walks, and carries the board."""
        return 1 - self.dominant

    @property
    def held_layer(self) -> frozenset[int]:
        """Hands that hold a layer."""
        return self._grab.hands

    @property
    def dragging(self) -> bool:
        """Whether a layer is dragged by its name or corner."""
        return self._pointer.dragging

    def note(self, text: str) -> None:
        """Say something for a few seconds."""
        self.said, self._said_until = text, self._now + NOTE_SECONDS

    def do(self, command: Command) -> None:
        """Do any command. Raises VrnnError when it cannot be done."""
        self.dispatcher.execute(command)

    def _on_done(self, command: Command) -> None:
        self.shaping.end()  # what comes next begins where this has put it
        self._done.append(command)

    def _trying(self, what: Callable[[], object]) -> None:
        try:
            what()
        except VrnnError as error:
            self.note(str(error))
            self._buzz(self.pointing, REFUSED)

    def _buzz(self, hand: int, felt: tuple[float, float]) -> None:
        strength = felt[0] * self.comfort.haptics / 0.6
        if self.comfort.haptics > 0:
            self._buzzes.append(HapticPulse(hand, min(1.0, strength), felt[1]))

    # Seeing where hands are.

    def _update_pose(self, hand: HandState, told: HandInput) -> None:
        if told.active and not hand.input.active and hand.index == self.dominant:
            self.pointing = self.dominant
        hand.input = told
        hand.buttons = hand.buttons.after(told)
        hand.ray = ray_of(self.rig, told.aim) if told.active and told.aim is not None else None

    def _update_hit(self, hand: HandState, pressed: bool) -> None:
        """What its ray is on: the board, or something of the world."""
        carries = hand.index == self.secondary and not self.board.pinned
        self.board.update_hit(hand, None if carries else hand.ray, self.rig, self.menu is None)
        # The hand that does not point is asked for less often: a pick is a good part of all this.
        asked = hand.index == self.pointing or pressed or self._count % SELDOM == 0
        if hand.ray is None or hand.on_board is not None:
            hand.hand_hit = NOTHING
        elif asked:
            hand.hand_hit = pick_with_hand(self.place.world, hand.ray, self.rig.scale)

    def _release_inactive(self, hand: HandState) -> None:
        """A controller that sleeps lets go of what it holds, and changes nothing by it."""
        if hand.input.active:
            return
        if hand.index in self._grab.hands:
            self._grab.cancel()
        if self._pointer.dragging and hand.index == self.pointing:
            self._pointer.cancel()
        self.board.release(hand)
        self.board.let_go(hand.index)
        self._gripping.discard(hand.index)
        hand.aiming, hand.lifted = None, False
        if hand.index == self.dominant:
            self._stick_aim = False

    def _push(self, hands: frozenset[int]) -> float:
        """How the sticks of hands that hold something push it away."""
        found = [self.hands[h].input.stick[1] for h in hands]
        most = max(found, key=abs, default=0.0)
        return most if abs(most) > DEAD else 0.0

    # Buttons.

    def _down(self, hand: HandState, name: str) -> None:
        self.hints.used(name, hand.index == self.dominant)
        if name == "trigger":
            self._trigger_down(hand)
        elif name == "squeeze":
            self._grip_down(hand)
        elif hand.index == self.dominant:
            if name in ("primary", "menu"):
                self._menu_button()
            elif name == "secondary":
                self._back()
            elif name == "stick_click":
                kinds = ("", "sharp", "smooth")
                self.magnify = kinds[(kinds.index(self.magnify) + 1) % 3]
                self.note(f"magnifier: {self.magnify or 'off'}")
        elif name in ("primary", "menu"):
            self.board.toggle()
            self._buzz(hand.index, TOUCH)
        elif name == "secondary":
            self.reset_rig()
        elif name == "stick_click":
            self.toggle_flying()

    def _up(self, hand: HandState, name: str) -> None:
        if name == "trigger":
            self._trigger_up(hand)
        elif name == "squeeze":
            self._grip_up(hand)
        elif name in ("primary", "menu") and hand.index == self.dominant and self.menu is not None:
            if self.menu.chosen is not None:
                self._choose()
            elif self._now - self.menu.opened > TAP:
                self.menu = None

    def _trigger_down(self, hand: HandState) -> None:
        """The trigger: presses what the hand points at."""
        self.pointing = hand.index
        if self.menu is not None:
            self._choose()
            return
        if hand.ray is None:
            return
        if hand.on_board is not None:
            self.board.press(hand)
            return
        before, hit, done = self.place.hand.image, hand.hand_hit.hit, len(self._done)
        self._pointer.press(hit, hand.ray)
        if self._pointer.dragging:
            self._buzz(hand.index, PICK)
            return
        self._pointer.release()
        held = self.place.hand.image
        if held is not before:
            self.carrier = hand.index
            hand.lifted = held is not None and hit is not None and hit.kind != "input"
            self._buzz(hand.index, PICK if held is not None else DONE)
        elif len(self._done) > done:
            self._buzz(hand.index, DONE)

    def _nothing(self) -> None:
        """The trigger went down on nothing: held on, it aims a teleport."""
        self.hands[self.pointing].aiming = self._now

    def _trigger_up(self, hand: HandState) -> None:
        self.board.release(hand)
        if self._pointer.dragging and self.pointing == hand.index:
            self._pointer.release()
            self._buzz(hand.index, DONE)
        if hand.lifted:
            hand.lifted = False
            hit = hand.hand_hit.hit
            if hit is not None and hit.kind == "input" and self.place.hand.image is not None:
                self.do(DropImage())
                self._buzz(hand.index, DONE)
        if hand.aiming is not None:
            aimed = self._now - hand.aiming > AIMED
            hand.aiming = None
            if aimed:
                self._land(hand.index)
            elif self.place.hand.image is not None:  # the only way with a single button
                self.do(DropImage(into_input=False))
                self._buzz(hand.index, TOUCH)

    def _grip_down(self, hand: HandState) -> None:
        """The grip: takes the board, a layer, or with the other hand's the world."""
        if hand.ray is None or hand.input.aim is None:
            return
        if hand.on_board is not None:
            self.board.grab(hand)
            self._buzz(hand.index, PICK)
            return
        other = self.hands[1 - hand.index]
        if other.index not in self._gripping and self._grab.begin(
            hand.index, hand.hand_hit.hit, hand.ray
        ):
            self.pointing = hand.index
            self._buzz(hand.index, PICK)
            return
        self._gripping.add(hand.index)
        if other.index in self._grab.hands:  # both hold something, and not the same: the world
            self._grab.end(other.index, self._rays)
            self._gripping.add(other.index)
        if len(self._gripping) == 2:
            self._buzz(0, PICK)
            self._buzz(1, PICK)

    def _grip_up(self, hand: HandState) -> None:
        self.board.let_go(hand.index)
        self._gripping.discard(hand.index)
        if hand.index in self._grab.hands:
            self._grab.end(hand.index, self._rays)
            self._buzz(hand.index, DONE)

    @property
    def _rays(self) -> tuple[Ray | None, Ray | None]:
        return self.hands[0].ray, self.hands[1].ray

    def _back(self) -> None:
        """Let go of what is held or open, else take the last change back."""
        if self.menu is not None:
            self.menu = None
        elif not (self._grab.cancel() or self._pointer.cancel()):
            self.do(Undo())

    # The menu.

    def _menu_button(self) -> None:
        if self.menu is not None:
            self._choose()
            return
        main = self.hands[self.dominant]
        if main.input.aim is not None and self.head is not None:
            hit = main.hand_hit.hit
            on_layer = hit if hit is not None and hit.layer is not None else None
            self.menu = open_menu(main.input.aim, self.head, self._now, on_layer)
            self._buzz(self.dominant, TOUCH)

    def _choose(self) -> None:
        menu, self.menu = self.menu, None
        if menu is None or not menu.word:
            return
        self._buzz(self.dominant, DONE)
        choice = menu.choices[menu.word]
        if choice is None:
            choices = ring_choices(Ring.GENERAL)
            self.menu = replace(menu, choices=choices, hit=None, chosen=None, opened=self._now)
        else:
            self.dispatcher.invoke(choice, menu.hit)

    # Going.

    def reset_rig(self) -> None:
        """Stand before the input, as at first, looking at it."""
        if self.head is not None:
            self.locomotion.flying = False
            self.locomotion.go(start_rig(self.place.world, self.head))

    def toggle_flying(self) -> None:
        """Fly instead of walking, or walk again."""
        self.locomotion.flying = not self.locomotion.flying
        self.note("flying" if self.locomotion.flying else "walking")

    def go_to(self, view: str, network: int | None) -> None:
        """Go to a camera by name. Raises VrnnError."""
        if self.head is None:
            raise VrnnError("the headset is not tracked; put it on to go somewhere")
        rig = rig_for_view(self.place.world.at_rest(), self.head, view, network)
        self.locomotion.go(rig)
        if view == "overview":
            self._companion.on_table(rig)

    def _land(self, hand: int) -> None:
        if self.head is not None and self.locomotion.release(self.head):
            self._buzz(hand, DONE)

    def _move(self, tracked: TrackingFrame, seconds: float) -> None:
        """Sticks and held world; then where everything is anew."""
        main, other = self.hands[self.dominant], self.hands[self.secondary]
        x, y = main.input.stick if main.input.active else (0.0, 0.0)
        walk = other.input.stick if other.input.active else (0.0, 0.0)
        if max(abs(x), abs(y)) > SNAP:
            self.hints.used("stick", True)
        if max(map(abs, walk)) > SNAP:
            self.hints.used("stick", False)
        holding = self._grab.hands | self.board.hands
        used = self.menu is not None or main.on_board is not None or main.index in holding
        used = used and not self._stick_aim
        # A stick that was used for something else turns nobody before it was let go of.
        self._spent = used or (self._spent and max(abs(x), abs(y)) > REARM)
        if self._spent:
            x = y = 0.0
        if other.index in holding or other.on_board is not None:
            walk = (0.0, 0.0)
        flying = self.locomotion.flying
        aim = self._aim(main, 0.0 if flying else y)
        wish = MotionInput(
            walk, y if flying else 0.0, x if abs(x) > abs(y) else 0.0, aim, self._hold()
        )
        grounds = floors(self.place.world) if aim is not None else ()
        self.locomotion.step(tracked.head, wish, seconds, grounds)
        for hand in self.hands:  # the rays went with the stage
            told = hand.input
            hand.ray = ray_of(self.rig, told.aim) if hand.ray is not None and told.aim else None

    def _aim(self, main: HandState, y: float) -> Pose | None:
        """What a teleport is aimed along, if one is."""
        for hand in self.hands:
            if hand.aiming is not None and self._now - hand.aiming > AIMED:
                return hand.input.aim
        if y > SNAP:
            self._stick_aim = True
        elif self._stick_aim and y < REARM:
            self._stick_aim = False
            self._land(main.index)
        return main.input.aim if self._stick_aim else None

    def _hold(self) -> np.ndarray | None:
        if len(self._gripping) < 2:
            return None
        poses = [hand.input.grip or hand.input.aim for hand in self.hands]
        if any(pose is None for pose in poses):
            return None
        return np.stack([pose.position for pose in poses if pose is not None])

    # What goes on.

    def _hold_on(self, seconds: float) -> None:
        """What is held follows, the board is pointed at and scrolled, the menu chosen from."""
        self._grab.follow(self._rays, self._push(self._grab.hands), seconds)
        pointer = self.hands[self.pointing]
        if self._pointer.dragging and pointer.ray is not None:
            self._pointer.move(pointer.ray, False)
        self.board.follow(self.hands, self.pointing, seconds)
        if self.menu is not None:
            main = self.hands[self.dominant]
            menu = self.menu
            chosen = radial.pick_with_stick(main.input.stick, len(menu.labels))
            if chosen is None and main.ray is not None:
                chosen = radial.pick_with_ray(
                    main.ray, menu.leaf, self.rig, menu.distance, menu.labels
                )
            if chosen != self.menu.chosen and chosen is not None:
                self._buzz(self.dominant, TOUCH)
            self.menu.chosen = chosen

    def _point(self) -> None:
        """Light up what the hand that points is on; feel what it comes to touch."""
        hand = self.hands[self.pointing]
        if not hand.input.active and self.hands[1 - self.pointing].input.active:
            self.pointing = 1 - self.pointing
            hand = self.hands[self.pointing]
        if self._pointer.dragging or self._grab.hands:
            return
        hit = hand.hand_hit.hit if self.menu is None else self.menu.hit
        self._lit = hit
        if not self.deferred_highlight:
            self.light_up()
        touching: object = None
        if hit is not None and hand.hand_hit.touching:
            touching = (hit.kind, hit.slot, hit.node, hit.channel, id(hit.value))
        elif hit is not None and hit.kind not in ("layer", "input"):
            touching = (hit.kind, id(hit.value), hit.node)
        if touching is not None and touching != self._touching:
            self._buzz(hand.index, TOUCH)
        self._touching = touching


class HandNavigator(NavigationActions):
    """Moves the stage of who wears the headset."""

    def __init__(self, hands: HandControls) -> None:
        self._hands = hands

    def go_to(self, camera: str, network: int | None = None) -> None:
        """Go to a camera by name. Raises VrnnError."""
        self._hands.go_to(camera, network)


class HandInterface(InterfaceActions):
    """The board and the magnifier of the hands."""

    def __init__(self, hands: HandControls) -> None:
        self._hands = hands

    @property
    def magnifier(self) -> str:  # type: ignore[override]
        """How the map that is pointed at is magnified."""
        return self._hands.magnify

    @magnifier.setter
    def magnifier(self, kind: str) -> None:
        self._hands.magnify = kind

    def toggle_panels(self) -> None:
        """Show or hide the board."""
        self._hands.board.toggle()

    def open_palette(self) -> None:
        """Open the palette on the board."""
        self._hands.board.find()

    def toggle_flying(self) -> None:
        """Fly instead of walking, or walk again."""
        self._hands.toggle_flying()
