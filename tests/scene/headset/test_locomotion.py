"""Moving in a headset: what stays where it is, and what moves by how much."""

from dataclasses import replace
from math import pi, radians

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.config.loader import load_config
from vrnn.scene.headset.locomotion import (
    GROUND,
    Floor,
    Locomotion,
    MotionInput,
    dragged_by_two_hands,
    teleport_arc,
)
from vrnn.scene.headset.rig_math import (
    MAX_RIG_SCALE,
    MIN_RIG_SCALE,
    heading,
    standing_at,
    table_top,
    turned,
    with_eye_at,
)
from vrnn.scene.headset.tracking import Pose, Rig

FRAME = 1 / 90
HEAD = Pose(np.array([0.3, 1.65, -0.2]))


def yawed(yaw, position=(0.0, 1.6, 0.0), pitch=0.0):
    about_y = np.array([0, np.sin(yaw / 2), 0, np.cos(yaw / 2)])
    x = np.sin(pitch / 2)
    w = np.cos(pitch / 2)
    # turned by pitch first, then by yaw
    y, cy = about_y[1], about_y[3]
    return Pose(np.array(position), np.array([cy * x, y * w, -y * x, cy * w]))


def comfort(**changes):
    return replace(load_config().comfort, **changes)


def steps(locomotion, wish, seconds, head=HEAD, grounds=(GROUND,)):
    for _ in range(round(seconds / FRAME)):
        locomotion.step(head, wish, FRAME, grounds)
    return locomotion.rig


numbers = st.floats(-20, 20)
rigs = st.builds(
    lambda x, y, z, yaw, scale: Rig(np.array([x, y, z]), yaw, scale),
    numbers, numbers, numbers, st.floats(-pi, pi), st.floats(0.1, 50),
)  # fmt: skip
points = st.tuples(*[st.floats(-1.5, 1.5)] * 3).map(np.array)


@given(rigs, points, st.floats(-pi, pi))
def test_turning_leaves_the_head_where_it_is(rig, head, angle):
    after = turned(rig, head, angle)
    np.testing.assert_allclose(after.apply(head), rig.apply(head), atol=1e-6)
    assert after.yaw == pytest.approx(rig.yaw + angle)
    assert after.scale == rig.scale


@given(rigs, points, points, points, points)
def test_what_is_between_the_hands_stays_there(rig, left, right, left_now, right_now):
    before, now = np.stack([left, right]), np.stack([left_now, right_now])
    after = dragged_by_two_hands(rig, before, now)
    np.testing.assert_allclose(
        after.apply(now.mean(0)), rig.apply(before.mean(0)), atol=1e-6 * (1 + rig.scale) * 50
    )
    assert MIN_RIG_SCALE <= after.scale <= MAX_RIG_SCALE
    apart, apart_now = np.linalg.norm(right - left), np.linalg.norm(right_now - left_now)
    wanted = rig.scale * apart / max(apart_now, 0.02)
    assert after.scale == pytest.approx(np.clip(wanted, MIN_RIG_SCALE, MAX_RIG_SCALE))


def test_held_points_stay_in_the_hands_when_they_turn_and_part():
    rig = Rig(np.array([3.0, 0, -2]), 0.4, 2.0)
    before = np.array([[-0.2, 1.2, -0.4], [0.2, 1.2, -0.4]])
    now = np.array([[-0.3, 1.4, -0.2], [0.3, 1.4, -0.9]])
    after = dragged_by_two_hands(rig, before, now)
    np.testing.assert_allclose(after.apply(now), rig.apply(before), atol=1e-9)
    assert after.scale < rig.scale  # hands apart: the world grows


def test_walking_goes_where_one_looks_at_the_speed_that_is_set():
    walker = Locomotion(comfort(walk_speed=2.0))
    rig = steps(walker, MotionInput(walk=(0.0, 1.0)), 3.0, yawed(pi / 2))
    assert rig.position[0] == pytest.approx(-6.0, abs=0.35)  # to the left
    assert abs(rig.position[2]) < 1e-6
    assert rig.position[1] == 0
    down = steps(Locomotion(comfort()), MotionInput(walk=(0.0, 1.0)), 1.0, yawed(0, pitch=-1.2))
    assert down.position[1] == 0
    assert down.position[2] < -1


def test_speed_is_the_bodys_own_at_any_scale():
    small = steps(Locomotion(comfort()), MotionInput(walk=(1.0, 0.0)), 2.0)
    large = steps(Locomotion(comfort(), Rig(scale=30.0)), MotionInput(walk=(1.0, 0.0)), 2.0)
    np.testing.assert_allclose(large.position, small.position * 30, rtol=1e-9)


def test_a_stick_that_does_not_quite_come_back_moves_nothing():
    walker = Locomotion(comfort())
    rig = walker.rig
    assert steps(walker, MotionInput(walk=(0.15, -0.15), turn=0.15), 1.0) is rig
    assert walker.vignette == 0


def test_flying_follows_the_eye_and_ends_above_the_floor():
    walker = Locomotion(comfort())
    walker.flying = True
    rig = steps(walker, MotionInput(walk=(0.0, 1.0)), 2.0, yawed(0, pitch=0.5))
    assert rig.position[1] > 1
    rig = steps(walker, MotionInput(rise=-1.0), 10.0, yawed(0))
    assert rig.apply(np.array([0, 1.6, 0]))[1] == pytest.approx(0.25)


def test_a_snap_turn_is_one_step_for_each_push():
    walker = Locomotion(comfort(turn=30.0))
    steps(walker, MotionInput(turn=1.0), 1.0)
    assert walker.rig.yaw == pytest.approx(-radians(30))
    steps(walker, MotionInput(turn=0.5), 0.2)  # not let go of yet
    steps(walker, MotionInput(turn=1.0), 0.2)
    assert walker.rig.yaw == pytest.approx(-radians(30))
    steps(walker, MotionInput(), 0.1)
    steps(walker, MotionInput(turn=-1.0), 0.2)
    assert walker.rig.yaw == pytest.approx(0)
    np.testing.assert_allclose(walker.rig.apply(HEAD.position), HEAD.position, atol=1e-9)


def test_a_smooth_turn_darkens_the_edge_while_it_goes_on():
    walker = Locomotion(comfort(turn=0.0, turn_speed=90.0, vignette=0.8))
    steps(walker, MotionInput(turn=-1.0), 1.0)
    assert walker.rig.yaw == pytest.approx(radians(90), rel=1e-3)
    assert 0.75 < walker.vignette <= 0.8
    steps(walker, MotionInput(), 1.0)
    assert walker.vignette == 0
    off = Locomotion(comfort(vignette=0.0))
    steps(off, MotionInput(walk=(0, 1)), 1.0)
    assert off.vignette == 0


def test_the_arc_ends_on_the_first_floor_it_falls_on():
    rig = Rig()
    aim = yawed(0, (0.2, 1.2, -0.3), pitch=0.3)
    plain = teleport_arc(rig, aim, [GROUND])
    assert plain.target is not None
    assert plain.target[1] == pytest.approx(0)
    assert plain.target[2] < -3
    step = Floor(-3, 3, -20, -4, 1.5)
    raised = teleport_arc(rig, aim, [GROUND, step])
    assert raised.target is not None
    assert raised.target[1] == pytest.approx(1.5)
    assert raised.target[2] > plain.target[2]
    np.testing.assert_allclose(raised.points[-1], raised.target)
    beside = teleport_arc(rig, aim, [GROUND, replace(step, left=5, right=9)])
    np.testing.assert_allclose(beside.target, plain.target)
    assert teleport_arc(rig, yawed(0, (0, 1.2, 0), pitch=pi / 2 - 0.01), [step]).target is None


def test_a_teleport_puts_the_feet_onto_the_target():
    walker = Locomotion(comfort(), Rig(np.array([1.0, 0, 2]), 0.7))
    stand = Floor(-30, 30, -30, 30, 2.0)
    aim = yawed(0.2, (0.2, 1.4, -0.3), pitch=0.9)
    steps(walker, MotionInput(aim=aim), 0.1, grounds=[GROUND, stand])
    target = walker.arc.target
    assert target[1] == pytest.approx(2.0)
    assert walker.finish_teleport(HEAD)
    feet = walker.rig.apply(np.array([HEAD.position[0], 0, HEAD.position[2]]))
    np.testing.assert_allclose(feet, target, atol=1e-9)
    assert walker.rig.yaw == 0.7
    assert walker.blink == 1
    assert not walker.finish_teleport(HEAD)


def test_without_a_head_nothing_moves():
    walker = Locomotion(comfort())
    rig = walker.rig
    hold = np.array([[0, 1, 0], [1, 1, 0.0]])
    assert steps(walker, MotionInput(walk=(1, 1), turn=1, hold=hold), 1.0, head=None) is rig
    assert not walker.holding


def test_the_world_is_grabbed_from_the_moment_both_hands_hold_it():
    walker = Locomotion(comfort())
    hold = np.array([[-0.2, 1.2, -0.5], [0.2, 1.2, -0.5]])
    middle = walker.rig.apply(hold.mean(0))
    walker.step(HEAD, MotionInput(hold=hold), FRAME, ())
    assert walker.rig.scale == pytest.approx(1)
    for part in np.linspace(1, 0.25, 20):
        walker.step(HEAD, MotionInput(hold=hold * (part, 1, 1)), FRAME, ())
    assert walker.rig.scale == pytest.approx(4)  # a world a quarter of its size
    np.testing.assert_allclose(walker.rig.apply(hold.mean(0)), middle, atol=1e-9)
    walker.step(HEAD, MotionInput(), FRAME, ())
    assert not walker.holding


@given(st.floats(-pi, pi), points, st.floats(-3, 3))
def test_one_can_be_put_anywhere(yaw, place, wanted):
    head = yawed(yaw, (0.4, 1.5, -0.9))
    rig = with_eye_at(head, place, wanted)
    np.testing.assert_allclose(rig.apply(head.position), place, atol=1e-9)
    turn = (rig.yaw + heading(head) - wanted + pi) % (2 * pi) - pi
    assert abs(turn) < 1e-6
    feet = standing_at(rig, head.position, place).apply(np.array([0.4, 0, -0.9]))
    np.testing.assert_allclose(feet, place, atol=1e-9)


def test_on_a_table_all_of_it_is_within_reach_and_before_the_eye():
    low, high = np.array([-4.0, 0, -60]), np.array([30.0, 12, 3])
    for yaw in (0.0, 2.0):
        head = yawed(yaw, (0.5, 1.6, 0.5))
        rig = table_top(head, low, high)
        corners = np.array([[x, y, z] for x in (-4, 30) for y in (0, 12) for z in (-60, 3)])
        inverse = np.linalg.inv(rig.matrix())
        stage = corners @ inverse[:3, :3].T + inverse[:3, 3]
        away = np.linalg.norm((stage - head.position)[:, [0, 2]], axis=1)
        assert away.max() < 3
        ahead = (stage - head.position) @ -head.matrix()[:3, 2]
        assert ahead.min() > 0.3
        assert 0.2 < stage[:, 1].min() < stage[:, 1].max() < 2.0
