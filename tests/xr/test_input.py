"""Controllers and hands as a real runtime tells of them: Monado's, moved over its remote driver."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.xr.probe import Probe
from tests.xr.service import LEFT, RIGHT, Controller
from vrnn.scene.headset.tracking import HandInput, Pose
from vrnn.xr import interaction_profiles
from vrnn.xr.input import PROFILE_READS, HandInputReader
from vrnn.xr.interaction_profiles import (
    BARE_HANDS,
    BOOLEANS,
    FLOATS,
    HANDS,
    POSES,
    VECTORS,
    InteractionProfile,
    register_profile,
    registered_profiles,
)
from vrnn.xr.runtime import optional_extensions


@pytest.fixture
def probe(runtime, service):
    made = []

    def begin(profile: str) -> Probe:
        made.append(Probe(runtime, service, profile))
        return made[0]

    yield begin
    for one in made:
        one.close()


def right(true):
    """A condition on the right hand, of a whole line."""
    return lambda report: "hands" in report and true(report["hands"][1])


def near(values, wanted):
    return values is not None and all(
        abs(a - b) < 0.01 for a, b in zip(values, wanted, strict=False)
    )


@pytest.mark.parametrize("profile", ["touch_controller", "index_controller"])
def test_every_button_arrives(probe, service, profile):
    with service.remote() as remote:
        remote.send()
        child = probe(profile)
        first = child.until(right(lambda hand: hand["active"] and hand["aim"] is not None))
        assert profile in first["hands"][1]["profile"]
        assert first["hands"][1]["trigger"] == 0
        asked = {
            "trigger": (replace(RIGHT, trigger=0.75), lambda h: abs(h["trigger"] - 0.75) < 0.01),
            "squeeze": (replace(RIGHT, squeeze=1.0), lambda h: h["squeeze"] > 0.9),
            "stick": (replace(RIGHT, stick=(0.5, -0.25)), lambda h: near(h["stick"], (0.5, -0.25))),
            "primary": (replace(RIGHT, a=True), lambda h: h["primary"]),
            "secondary": (replace(RIGHT, b=True), lambda h: h["secondary"]),
            "stick_click": (replace(RIGHT, stick_click=True), lambda h: h["stick_click"]),
        }
        for name, (hand, holds) in asked.items():
            remote.send(right=hand)
            hands = child.until(right(holds))["hands"]
            others = {k for k in asked if k not in (name, "stick") and hands[1][k]}
            assert others == set()
            assert not any(hands[0][k] for k in asked if k != "stick")
            remote.send()
            child.until(right(lambda hand, holds=holds: not holds(hand)))


@pytest.mark.parametrize("profile", ["touch_controller", "simple_controller"])
def test_poses_are_those_of_the_stage(probe, service, profile):
    with service.remote() as remote:
        remote.send(head=(0.1, 1.7, 0.2))
        child = probe(profile)
        report = child.until(right(lambda hand: near(hand["grip"], RIGHT.position)))
        assert near(report["head"], (0.1, 1.7, 0.2))
        assert near(report["hands"][0]["grip"], LEFT.position)
        turned = (0.0, 0.7071, 0.0, 0.7071)
        remote.send(right=replace(RIGHT, position=(0.4, 1.1, -0.7), orientation=turned))
        report = child.until(right(lambda hand: near(hand["grip"], (0.4, 1.1, -0.7))))
        assert near(report["hands"][1]["aim"][3:], turned)


def test_the_simple_controllers_button_is_the_trigger(probe, service):
    with service.remote() as remote:
        remote.send()
        child = probe("simple_controller")
        child.until(right(lambda hand: hand["active"]))
        remote.send(right=replace(RIGHT, trigger=1.0, trigger_click=True))
        report = child.until(right(lambda hand: hand["trigger"] == 1.0))
        assert "simple" in report["hands"][1]["profile"]


def test_a_controller_sleeps_and_wakes(probe, service):
    with service.remote() as remote:
        remote.send()
        child = probe("touch_controller")
        child.until(right(lambda hand: hand["active"] and hand["aim"] is not None))
        asleep = replace(RIGHT, active=False, hand=False)
        remote.send(right=asleep)
        report = child.until(right(lambda hand: hand["aim"] is None))
        assert report["hands"][0]["aim"] is not None
        remote.send(right=replace(RIGHT, trigger=1.0))
        child.until(right(lambda hand: hand["aim"] is not None and hand["trigger"] == 1.0))


def test_a_controller_is_felt(probe, service):
    with service.remote() as remote:
        remote.send()
        child = probe("touch_controller")
        child.until(right(lambda hand: hand["active"]))
        child.say("buzz 1")
        child.until(lambda report: report.get("buzzed") == 1)


def test_a_hand_without_a_controller_pinches(probe, service):
    with service.remote() as remote:
        remote.send()
        child = probe("vive_controller")  # that nobody holds here: only joints are reported
        child.until(right(lambda hand: hand["joints"] and hand["aim"] is not None))
        assert child.input["hands"][1]["profile"] == ""
        where = child.input["hands"][1]["aim"][:3]
        remote.send(right=replace(RIGHT, position=(0.5, 1.3, -0.5)))
        child.until(right(lambda hand: hand["joints"] and hand["aim"][0] > where[0] + 0.2))


def test_the_runtime_takes_the_buttons_of_every_kind(probe, service):
    with service.remote() as remote:
        remote.send()
        child = probe("")
        report = child.until(right(lambda hand: hand["active"]))
        assert report["refused"] == []
        assert report["hands"][1]["profile"]


def test_all_actions_have_a_source_and_all_sources_an_action():
    actions = {*FLOATS, *BOOLEANS, *VECTORS, *POSES, "haptic"}
    used = set()
    for profile in registered_profiles():
        sources = profile.sources()
        assert {name for name, _ in sources} <= actions
        assert all(path.startswith(HANDS) for _, path in sources)
        for hand in HANDS:
            own = [name for name, path in sources if path.startswith(hand)]
            assert {"aim", "grip", "trigger"} <= set(own)
            assert ("haptic" in own) == profile.vibrates
        used |= {name for name, _ in sources}
    assert used == actions


def test_the_runtime_takes_the_gestures_of_bare_hands(probe, service):
    with service.remote() as remote:
        remote.send()
        report = probe("hand_interaction").until(lambda report: "refused" in report)
        assert report["refused"] == []
        assert report["knows_bare_hands"]


def test_a_bare_hand_has_the_aim_and_pinch_of_the_runtime_and_the_menu_of_its_joints():
    """The states are played: no driver of a runtime without a headset has such hands."""
    reader = HandInputReader.__new__(HandInputReader)
    joints = np.zeros((26, 7), np.float32)
    joints[:, 6] = 1.0
    joints[[10, 15], 0] = (
        0.1  # index and middle finger are away from the thumb, the ring finger not
    )
    aim, values = Pose(np.array([0.0, 1.0, -0.5])), {"trigger": 0.7, "squeeze": 0.4}
    profiles = []
    reader.knows_bare_hands, reader._bare = True, [(False, 0), (False, 0)]
    reader._hands = (HandInput(), HandInput())
    reader._trackers = SimpleNamespace(read_joints=lambda *_: joints)
    reader._is_active = lambda hand: True
    reader._pose = lambda name, *_: aim if name == "aim" else None
    reader._float = lambda name, hand: values[name]
    reader.current_profile = lambda hand: profiles.append(hand) or BARE_HANDS
    for _ in range(PROFILE_READS):
        hand = reader._read_hand(1, None, 0, None)
    assert hand.aim is aim
    assert hand.grip is not None
    assert (hand.trigger, hand.squeeze) == (0.7, 0.4)
    assert hand.primary
    assert hand.joints is joints
    assert profiles == [1]  # asked once in so many reads
    reader._read_hand(1, None, 0, None)
    assert profiles == [1, 1]


def test_a_profile_is_registered_from_outside(monkeypatch):
    built_in = registered_profiles()
    registered = dict(interaction_profiles._registered)
    monkeypatch.setattr(interaction_profiles, "_registered", registered)
    sources = {"trigger": "input/trigger/value"}
    path = "/interaction_profiles/bytedance/pico4_controller"
    pico = InteractionProfile(path, sources, sources, "XR_BD_controller_interaction")
    register_profile(pico)
    assert registered_profiles() == (*built_in, pico)
    assert optional_extensions()[-1] == "XR_BD_controller_interaction"
    again = replace(pico, left={})
    register_profile(again)
    assert registered_profiles() == (*built_in, again)


def test_a_controller_of_the_remote_driver_is_as_long_as_its_packet():
    assert len(Controller().bytes()) * 2 < 376
