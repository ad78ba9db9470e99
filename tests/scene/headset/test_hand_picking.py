"""Buttons with slack, rays on rectangles, the menu's ring, and fingers as buttons."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.headset import hand_joints, looking
from vrnn.scene.headset import radial_menu as radial
from vrnn.scene.headset.billboard import billboard_facing
from vrnn.scene.headset.hand_gestures import (
    INDEX,
    MIDDLE,
    RING,
    hand_input_from_joints,
)
from vrnn.scene.headset.hand_picking import Buttons, aim_ray, intersect_quad
from vrnn.scene.headset.tracking import HandInput, Pose, Rig
from vrnn.scene.picking import Ray

HEAD = Pose(np.array([0.0, 1.6, 0.0]))
points = st.tuples(*[st.floats(-2, 2)] * 3).map(np.array)


def test_a_trigger_between_its_limits_stays_as_it_was():
    buttons, seen = Buttons(), []
    for value in (0.0, 0.5, 0.65, 0.5, 0.45, 0.3, 0.5, 0.7):
        after = buttons.after(HandInput(trigger=value))
        seen.append((after.trigger, set(after.pressed_since(buttons))))
        buttons = after
    assert [t for t, _ in seen] == [False, False, True, True, True, False, False, True]
    assert [bool(p) for _, p in seen] == [False, False, True, False, False, False, False, True]
    assert Buttons().released_since(Buttons(menu=True)) == {"menu"}


@given(points, points, st.floats(0.1, 2), st.floats(0.1, 2), st.floats(0, 1), st.floats(0, 1))
def test_a_ray_meets_a_leaf_where_it_points(eye, center, width, height, u, v):
    if np.linalg.norm(eye - center) < 0.2:
        return
    leaf = billboard_facing(center, eye, width, height)
    assert leaf.normal @ (eye - center) > 0
    np.testing.assert_allclose(leaf.right[1], 0, atol=1e-9)
    assert leaf.up[1] >= -1e-9
    rig = Rig(np.array([3.0, -1.0, 2.0]), 0.7, 2.5)
    at = leaf.point((u - 0.5) * width * 0.99, (0.5 - v) * height * 0.99)
    ray = aim_ray(rig, looking(eye, at))
    found = intersect_quad(ray, *leaf.edges_in_world(rig))
    assert found is not None
    distance, across, down = found
    np.testing.assert_allclose(ray.at(distance), rig.apply(at), atol=1e-6)
    assert across == pytest.approx(0.5 + (u - 0.5) * 0.99, abs=1e-6)
    assert down == pytest.approx(0.5 + (v - 0.5) * 0.99, abs=1e-6)
    assert intersect_quad(Ray(ray.origin, -ray.direction), *leaf.edges_in_world(rig)) is None
    behind = Ray(rig.apply(leaf.point(0, 0, -1.0)), leaf.normal)
    assert (
        intersect_quad(replace(behind, direction=behind.direction), *leaf.edges_in_world(Rig()))
        is None
    )


def test_each_word_of_the_menu_is_chosen_by_stick_and_by_ray():
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight")
    eye = HEAD.position
    leaf = radial.menu_billboard(billboard_facing(np.array([0.2, 1.4, -0.5]), eye), 0.6)
    rig = Rig(np.array([1.0, 2, 3]), 1.1, 3.0)
    for number in range(8):
        angle = 2 * np.pi * number / 8
        x, y = float(np.sin(angle)), float(np.cos(angle))
        assert radial.pick_with_stick((x, y), 8) == number
        at = leaf.point(x * leaf.width / 2, y * leaf.height / 2)
        assert radial.pick_with_ray(aim_ray(rig, looking(eye, at)), leaf, rig, 0.6, words) == number
    assert radial.pick_with_stick((0.2, 0.1), 8) is None
    ray = aim_ray(rig, looking(eye, leaf.center))
    assert radial.pick_with_ray(ray, leaf, rig, 0.6, words) is None
    quads, labels = radial.draw_radial_menu(leaf, rig, 0.6, words, 2)
    assert [label.text for label in labels] == list(words)
    assert labels[0].height / rig.scale / 0.6 >= np.tan(np.radians(1.2))
    assert len(quads) == 8


@pytest.mark.parametrize(
    ("finger", "button"), [(INDEX, "trigger"), (MIDDLE, "squeeze"), (RING, "primary")]
)
def test_a_finger_that_meets_the_thumb_is_a_button(finger, button):
    open_hand = hand_input_from_joints(hand_joints(), HEAD, 1, HandInput())
    pinched = hand_input_from_joints(hand_joints(finger), HEAD, 1, HandInput())
    for name in ("trigger", "squeeze", "primary"):
        assert getattr(open_hand, name) < 0.3
        assert (getattr(pinched, name) > 0.9) == (name == button)
    assert pinched.active
    assert pinched.joints is not None


def test_a_hand_points_from_the_shoulder_and_a_pinch_does_not_shake_it():
    open_hand = hand_input_from_joints(hand_joints(), HEAD, 1, HandInput())
    ahead = -open_hand.aim.matrix()[:3, 2]
    assert ahead @ (0, 0, -1) > 0.8
    pinched = hand_input_from_joints(hand_joints(INDEX), HEAD, 1, open_hand)
    np.testing.assert_allclose(pinched.aim.matrix(), open_hand.aim.matrix(), atol=1e-6)
    aims = [open_hand]
    for _ in range(20):
        aims.append(hand_input_from_joints(hand_joints(at=(0.6, 1.3, -0.4)), HEAD, 1, aims[-1]))
    turns = [-hand.aim.matrix()[0, 2] for hand in aims]
    assert turns[0] < turns[1] < turns[-1]  # it comes after, and gets there
    assert abs(turns[-1] - turns[-2]) < 0.01
    left = hand_input_from_joints(hand_joints(at=(-0.2, 1.3, -0.4)), None, 0, HandInput())
    np.testing.assert_array_equal(left.aim.position, left.grip.position)
