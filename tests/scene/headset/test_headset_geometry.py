"""What is drawn around a person in a headset, and how they move, against golden text."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support import geometry, golden_text
from tests.support.headset import looking
from vrnn.config.loader import load_config
from vrnn.scene.headset import controller_visuals as visuals
from vrnn.scene.headset.billboard import READABLE_HEIGHT, billboard_facing
from vrnn.scene.headset.floating_panel import FloatingPanel
from vrnn.scene.headset.hand_gestures import hand_input_from_joints
from vrnn.scene.headset.locomotion import (
    GROUND,
    Floor,
    Locomotion,
    MotionInput,
    TeleportArc,
    teleport_arc,
)
from vrnn.scene.headset.radial_menu import draw_radial_menu, menu_billboard
from vrnn.scene.headset.rig_math import table_top
from vrnn.scene.headset.text_card import text_card
from vrnn.scene.headset.tracking import Eye, HandInput, Pose, Rig
from vrnn.scene.headset.tracking_loss import TrackingLossFade, fade_quad, head_of

RIG = Rig(np.array([1.0, 0.5, -2.0]), 0.6, 1.5)
HEAD = looking((0.1, 1.6, 0.2), (0.6, 1.2, -2.0))
AIM = looking((0.3, 1.2, -0.2), (1.0, 1.5, -3.0))
FRAME = 1 / 90


def joints(spread=0.01):
    """(26, 7): a hand whose joints all lie elsewhere."""
    numbers = np.arange(26)
    positions = np.stack(
        [0.2 + spread * numbers, 1.1 + 0.003 * numbers**1.5, -0.3 - 0.02 * numbers], 1
    )
    turned = looking((0, 0, 0), (0.5, 0.2, -1)).orientation
    return np.concatenate([positions, np.tile(turned, (26, 1))], 1).astype(np.float32)


def quads(records):
    return [f"quad {line}" for line in geometry.record_lines(records)]


def strokes(records):
    return [f"stroke {line}" for line in geometry.record_lines(records)]


def test_controllers_rays_and_marks(regenerate):
    hand = HandInput(aim=AIM, grip=replace(AIM, position=AIM.position + 0.05), trigger=0.4)
    lines = [
        *quads(visuals.controller(hand, RIG, True)),
        *quads(visuals.controller(hand, RIG, False)),
    ]
    assert not len(visuals.controller(HandInput(), RIG, True))
    lines += quads(visuals.controller(HandInput(aim=AIM), RIG, True))
    lines += strokes(visuals.fingers(joints(), RIG))
    start, end = np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, -4.0])
    for met in (True, False):
        for active in (True, False):
            lines += strokes(visuals.ray(start, end, 2.0, met, active))
    lines += quads(visuals.dot(end, start, visuals.LIT))
    golden_text.check("geometry/headset-hands", lines, regenerate)


def test_a_teleport_and_what_darkens_the_picture(regenerate):
    floors = [GROUND, Floor(-1.0, 3.0, -9.0, -4.0, 1.0)]
    arc = teleport_arc(RIG, AIM, floors)
    lines = [golden_text.numbers(arc.points), f"target {golden_text.numbers(arc.target)}"]
    for each in (arc, TeleportArc(arc.points[:5], None)):
        lines_of, walls = visuals.teleport(each, 1.5)
        lines += [*strokes(lines_of), *quads(walls)]
    lines += quads(visuals.vignette(HEAD, RIG, 0.5, 0.3, (0.1, 0.2, 0.3, 1.0))[::8])
    lines += quads(visuals.vignette(HEAD, RIG, 0.0, 2.0, (0.1, 0.2, 0.3, 1.0)))
    assert not len(visuals.vignette(HEAD, RIG, 0.0, 0.0, visuals.CARD))
    eyes = (Eye(HEAD), Eye(replace(HEAD, position=HEAD.position + 0.06)))
    lines += quads(fade_quad(eyes, RIG, 0.7, (0.1, 0.1, 0.2)))
    lines.append(golden_text.numbers(head_of(eyes).matrix()))
    golden_text.check("geometry/headset-teleport", lines, regenerate)


def test_text_the_radial_menu_and_a_table(regenerate):
    board = billboard_facing(np.array([0.3, 1.3, -0.8]), HEAD.position, 0.4, 0.2)
    told = [("layer1.0.conv1", visuals.INK), ("channel 3 of 64", visuals.QUIET_INK)]
    records, labels = text_card(told, board, 0.01).records(RIG)
    lines = [*quads(records), *map(geometry.label_line, labels)]
    menu = menu_billboard(board, 0.8)
    records, labels = draw_radial_menu(menu, RIG, 0.8, ["undo", "fold", "ablate channel"], 1)
    lines += [*quads(records), *map(geometry.label_line, labels)]
    for low, high in (((-3, 0, -20), (5, 4, 2)), ((0, 0, 0), (0.01, 0.01, 0.01))):
        rig = table_top(HEAD, np.array(low, float), np.array(high, float))
        lines.append(golden_text.numbers(rig.matrix()))
    golden_text.check("geometry/headset-text", lines, regenerate)


def test_a_hand_that_is_tracked_is_a_controller(regenerate):
    lines, before = [], HandInput()
    for side in (0, 1):
        for head in (HEAD, None):
            for spread in (0.03, 0.003, 0.0005):
                before = hand_input_from_joints(joints(spread), head, side, before)
                numbers = [before.aim.matrix(), before.grip.matrix()[:, 3]]
                numbers.append((before.trigger, before.squeeze, before.primary))
                lines.append(" ".join(map(golden_text.numbers, numbers)))
    golden_text.check("geometry/headset-gestures", lines, regenerate)


def test_the_floating_panel_hangs_where_it_is_put(regenerate):
    panel = FloatingPanel((640, 400), 14.0)
    wrist, other = looking((-0.2, 1.1, -0.4), (0, 1, -1)), looking((0.3, 1.2, -0.3), (0, 1, -2))
    lines = []

    def told(what):
        board = panel.billboard
        where = (
            ""
            if board is None
            else " ".join(
                golden_text.numbers(v)
                for v in (board.center, board.right, board.up, (board.width, board.height))
            )
        )
        lines.append(f"{what} {panel.visible} {panel.pinned} {sorted(panel.holders)} {where}")

    panel.update(HEAD, wrist, (wrist, other), 0.0, FRAME)
    told("hidden")
    panel.toggle()
    panel.grab(0, wrist)
    told("nowhere yet")
    panel.update(HEAD, wrist, (wrist, other), 0.0, FRAME)
    told("over the wrist")
    panel.grab(1, other)
    for push in (0.0, 1.0, 1.0, -0.5):
        panel.update(HEAD, wrist, (wrist, other), push, 0.2)
        told(f"held, pushed {push}")
    panel.grab(0, wrist)
    for step in range(3):
        apart = replace(wrist, position=wrist.position - np.array([0.2 * step, 0.0, 0.0]))
        panel.update(HEAD, wrist, (apart, other), 0.0, FRAME)
        told("held by both")
    panel.let_go(0)
    panel.let_go(1)
    panel.update(HEAD, None, (None, None), 1.0, FRAME)
    told("let go of")
    panel.toggle()
    told("hidden again")
    golden_text.check("geometry/headset-panel", lines, regenerate)


WALKS = {
    "walking": [
        (30, {"walk": (0.3, 1.0)}), (10, {}), (20, {"walk": (-1.0, 0.5), "turn": 0.9}),
        (5, {}), (5, {"turn": -0.9}), (10, {"rise": 1.0}),
    ],
    "flying": [(30, {"walk": (0.0, 1.0)}), (20, {"rise": -1.0}), (60, {}), (10, {"rise": 0.6})],
    "smooth": [(30, {"turn": 0.6}), (20, {}), (20, {"turn": -1.0, "walk": (0.0, 0.4)})],
    "not-walking": [(20, {"walk": (0.0, 1.0), "turn": 1.0}), (5, {})],
    "holding": [
        (5, {"hold": np.array([[-0.2, 1.2, -0.4], [0.2, 1.2, -0.4]])}),
        (5, {"hold": np.array([[-0.3, 1.4, -0.2], [0.3, 1.4, -0.9]])}),
        (5, {"hold": np.array([[0.0, 1.0, -0.4], [0.0, 1.5, -0.41]])}),
        (5, {"walk": (0.0, 1.0)}),
    ],
    "aiming": [(3, {"aim": AIM}), (3, {"aim": looking((0, 1.4, 0), (0, 5, -0.1))}), (2, {})],
}  # fmt: skip
"""Frames and what the hands ask for in them."""


@pytest.mark.parametrize("name", WALKS)
def test_one_moves_as_it_was_approved(name, regenerate):
    changes = {"smooth": {"turn": 0.0}, "not-walking": {"walk": False}}.get(name, {})
    walker = Locomotion(replace(load_config().comfort, **changes), RIG)
    walker.flying = name == "flying"
    lines = []
    for count, motion in WALKS[name]:
        for number in range(count):
            rig = walker.step(HEAD, MotionInput(**motion), FRAME, [GROUND])
            if number % 3 == 0 or number == count - 1:
                target = None if walker.arc is None else walker.arc.target
                numbers = (rig.position, rig.yaw, rig.scale, walker.vignette, walker.blink)
                where = "" if target is None else f" to {golden_text.numbers(target)}"
                told = " ".join(map(golden_text.numbers, numbers))
                lines.append(f"{number} {told} {walker.holding}{where}")
    walker.finish_teleport(HEAD)
    walker.go_to(Rig())
    for _ in range(5):
        rig = walker.step(None, MotionInput(), FRAME, [GROUND])
        lines.append(f"{golden_text.numbers(rig.matrix())} {golden_text.numbers(walker.blink)}")
    golden_text.check(f"geometry/headset-{name}", lines, regenerate)


def test_tracking_that_is_lost_and_found(regenerate):
    fade, lines = TrackingLossFade(), []
    far = Eye(Pose(np.array([0.0, 1.6, 0.3])))
    turned = Eye(replace(HEAD, position=np.zeros(3)))
    near = Eye(Pose(np.array([0.01, 0.0, 0.0])))
    for eye, is_tracked, frames in (
        (near, True, 30), (near, False, 10), (far, True, 12), (far, False, 3), (near, True, 40),
        (near, False, 1), (turned, True, 10), (near, True, 60),
    ):  # fmt: skip
        for _ in range(frames):
            eyes = fade.update((eye, eye), is_tracked, FRAME)
            shown = next(n for n, e in zip("nft", (near, far, turned), strict=True) if e is eyes[0])
            lines.append(f"{shown} {golden_text.numbers(fade.opacity)}")
    golden_text.check("geometry/headset-lost", lines, regenerate)


def test_the_floating_panel_stays_within_reach_of_the_eye_and_can_be_read_there():
    panel = FloatingPanel((640, 400), 14.0)
    hand = looking((0.15, 1.55, 0.1), (0.6, 1.2, -2.0))
    panel.toggle()
    panel.update(HEAD, hand, (hand, None), 0.0, FRAME)
    panel.grab(0, hand)
    distances, letters = [], []
    for push in (1.0, -1.0):
        for _ in range(200):
            panel.update(HEAD, hand, (hand, None), push, 0.1)
        distances.append(float(np.linalg.norm(panel.billboard.center - HEAD.position)))
        letters.append(panel.billboard.height / 400 * 14 / distances[-1])
    assert distances == pytest.approx([6.0, 0.35], rel=1e-3)
    assert letters == pytest.approx([READABLE_HEIGHT] * 2, rel=1e-3)
