"""Everything that hands do, with a real runtime: its controllers are moved, the world answers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.support.headset import Person, center_of, looking, pick_regions
from tests.support.window import differs, saved_session
from tests.xr.probe import Probe
from tests.xr.service import LEFT, RIGHT
from tests.xr.worn_window import Worn
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.controls.hands.hand_visuals import HAND_CARDS
from vrnn.network.model_spec import ModelSpec

HEAD = (0.0, 1.65, 0.0)


class Visitor:
    """Drives both controllers by what is to be pointed at."""

    def __init__(self, probe, remote) -> None:
        self.probe, self.remote = probe, remote
        self.hands = [
            replace(LEFT, position=(-0.2, 1.25, -0.35)), replace(RIGHT, position=(0.2, 1.25, -0.35))
        ]  # fmt: skip
        self.send()

    def send(self) -> None:
        self.remote.send(head=HEAD, left=self.hands[0], right=self.hands[1])

    def set(self, hand: int, /, **what) -> None:
        self.hands[hand] = replace(self.hands[hand], **what)
        self.send()

    def where(self, words: str) -> list[float]:
        """Where on the stage something is."""
        self.probe.input.pop("at", None)
        self.probe.say(words)
        return self.probe.until(lambda report: "at" in report)["at"]

    def do(self, name: str, **what) -> None:
        """Execute a command."""
        self.probe.say("do " + json.dumps({"do": name, **what}))

    def point(self, hand: int, at) -> None:
        pose = looking(self.hands[hand].position, at)
        self.set(hand, orientation=tuple(pose.orientation.tolist()))

    def until(self, true) -> dict:
        return self.probe.until(lambda report: "rig" in report and true(report))

    def tap(self, hand: int, until, /, **what) -> dict:
        """Press something until it has done what it should, and let go."""
        before = {name: getattr(self.hands[hand], name) for name in what}
        self.set(hand, **what)
        report = self.until(until)
        self.set(hand, **before)
        self.settle(3)  # else what comes next may be reported in the same frame
        return report

    def click(self, until) -> dict:
        """Press and let go of the trigger: buttons of panels act at the end of it."""
        self.set(1, trigger=1.0)
        self.settle()
        self.set(1, trigger=0.0)
        return self.until(until)

    def settle(self, frames: int = 6) -> None:
        """Let some frames go by."""
        for _ in range(frames):
            self.where("region input 0")


@pytest.fixture(scope="module")
def visitor(runtime):
    with runtime.serve() as service, service.remote() as remote:
        probe = Probe(runtime, service, "", "tests.xr.hands_session_probe")
        try:
            made = Visitor(probe, remote)
            made.until(lambda report: report["state"] == "FOCUSED" and all(report["hands"]))
            yield made
        finally:
            probe.close()
        assert probe.input["error"] == "GL_NO_ERROR"


def test_an_image_is_picked_up_carried_and_put_in(visitor):
    before = visitor.until(lambda report: True)["best"]
    for number in range(8):
        visitor.point(1, visitor.where(f"region thumbnail {number}"))
        visitor.settle()
        report = visitor.tap(1, lambda report: report["held"], trigger=1.0)
        if not report["held"].endswith(f"· {before}"):
            break
        visitor.tap(1, lambda report: not report["held"], b=True)
    visitor.set(1, position=(0.3, 1.4, -0.2))
    visitor.point(1, visitor.where("region input 0"))
    visitor.settle()
    assert visitor.until(lambda report: True)["held"]
    visitor.tap(1, lambda report: not report["held"] and report["number"] is not None, trigger=1.0)
    visitor.until(lambda report: report["best"] != before)
    visitor.settle()
    visitor.tap(1, lambda report: report["number"] is None and report["best"] == before, b=True)


def test_what_a_hand_points_at_is_on_a_card_that_the_runtime_shows(visitor):
    name = "stage1.0.conv1"
    visitor.point(1, visitor.where(f"layer {name} 0.5 0.5"))
    report = visitor.until(lambda report: report["pointed"] == name and report["cards"])
    assert HAND_CARDS[1] in report["cards"]


def test_a_layer_is_moved_and_scaled(visitor):
    name = "stage1.0.conv1"
    at = visitor.where(f"layer {name} 0.5 0.5")
    visitor.point(1, at)
    visitor.until(lambda report: report["pointed"] == name)
    visitor.set(1, squeeze=1.0)
    visitor.settle()
    x, y, z = visitor.hands[1].position
    visitor.set(1, position=(x + 0.25, y + 0.1, z))
    visitor.until(lambda report: near(report["layers"].get(name, [[0, 0, 0]])[0], (0.25, 0.1, 0)))
    visitor.set(1, squeeze=0.0)
    visitor.until(lambda report: report["undone"] == "Move layer")

    at = visitor.where(f"layer {name} 0.5 0.5")
    for hand in (0, 1):
        visitor.point(hand, at)
        visitor.settle()
        visitor.set(hand, squeeze=1.0)
        visitor.settle()
    for hand in (0, 1):
        x, y, z = visitor.hands[hand].position
        visitor.set(hand, position=(x * 1.5, y, z))
    visitor.until(lambda report: report["layers"].get(name, [0, 1.0])[1] > 1.3)
    for hand in (0, 1):
        visitor.set(hand, squeeze=0.0)
    visitor.until(lambda report: report["undone"] == "Scale layer")
    visitor.settle()
    visitor.tap(1, lambda report: report["undone"] == "Move layer", b=True)
    visitor.settle()
    visitor.tap(1, lambda report: not report["layers"], b=True)


def test_a_bracket_is_folded(visitor):
    visitor.point(1, visitor.where("region bracket 0"))
    visitor.settle()
    visitor.tap(1, lambda report: len(report["folds"]) == 1, trigger=1.0)
    visitor.settle()
    visitor.tap(1, lambda report: not report["folds"], b=True)


def test_one_walks_turns_flies_and_goes_back(visitor):
    start = visitor.until(lambda report: True)["rig"]
    visitor.tap(0, lambda report: report["rig"][2] < start[2] - 0.5, stick=(0.0, 1.0))
    visitor.tap(1, lambda report: abs(report["rig"][3] - start[3]) > 0.7, stick=(1.0, 0.0))
    visitor.settle()
    visitor.tap(0, lambda report: report["flying"], stick_click=True)
    visitor.tap(1, lambda report: report["rig"][1] > 0.3, stick=(0.0, 1.0))
    visitor.settle()
    visitor.tap(0, lambda report: near(report["rig"], start), b=True)


def test_a_teleport_by_the_arc(visitor):
    start = visitor.until(lambda report: True)["rig"]
    visitor.point(1, (0.5, 0.9, -2.0))
    visitor.settle()
    visitor.tap(1, lambda report: report["arc"], stick=(0.0, 1.0))
    visitor.until(lambda report: np.linalg.norm(np.subtract(report["rig"], start)[[0, 2]]) > 1.0)
    visitor.settle()
    visitor.tap(0, lambda report: near(report["rig"], start), b=True)


def test_both_hands_hold_the_world(visitor):
    start = visitor.until(lambda report: True)["rig"]
    for hand, x in ((0, -0.15), (1, 0.15)):
        visitor.set(hand, position=(x, 1.2, -0.35))
        visitor.point(hand, (x, 4.0, 0.3))
    visitor.settle()
    for hand in (0, 1):
        visitor.set(hand, squeeze=1.0)
    visitor.settle()
    for hand, x in ((0, -0.05), (1, 0.05)):
        visitor.set(hand, position=(x, 1.2, -0.35))
    visitor.until(lambda report: abs(report["rig"][4] - 3.0) < 0.1)
    for hand in (0, 1):
        visitor.set(hand, squeeze=0.0)
    visitor.settle()
    visitor.set(0, position=LEFT.position)
    visitor.set(1, position=RIGHT.position)
    visitor.tap(0, lambda report: near(report["rig"], start), b=True)


def test_the_menu_and_the_board_are_pressed_by_the_ray(visitor):
    visitor.point(1, (0.3, 9.0, -1.6))  # at nothing: the menu of the world
    visitor.settle()
    visitor.tap(1, lambda report: report["menu"], a=True)
    visitor.settle()
    visitor.point(1, visitor.where("menu fold stages"))
    visitor.until(lambda report: report["chosen"] == "fold stages")
    visitor.tap(1, lambda report: len(report["folds"]) >= 3 and not report["menu"], trigger=1.0)

    visitor.settle()
    visitor.tap(0, lambda report: report["board"], a=True)
    visitor.settle()
    visitor.point(1, visitor.where("board 420 50"))  # undo, in its uppermost row
    visitor.settle()
    visitor.click(lambda report: not report["folds"])
    visitor.settle()
    visitor.set(1, squeeze=1.0)
    visitor.until(lambda report: report["pinned"])
    visitor.set(1, squeeze=0.0)
    visitor.settle()
    visitor.point(1, visitor.where("board 60 50"))  # find
    visitor.settle()
    visitor.click(lambda report: report["typing"])
    visitor.settle()
    visitor.tap(0, lambda report: not report["board"], a=True)


def test_the_ray_is_the_pointer_for_similarity(visitor):
    visitor.do("similarity.show", on=True)

    def compared_at(name, across, down, before):
        """What is compared with once a hand points there, and some layers show it."""
        visitor.point(1, visitor.where(f"layer {name} {across} {down}"))
        report = visitor.until(
            lambda report: (
                report["pointed"] == name
                and report["compared"][:1] == [name]
                and report["compared"] != before
                and report["similar"] > 3
            )
        )
        return report["compared"]

    first = compared_at("stage1.0.conv1", 0.11, 0.27, None)
    second = compared_at("stage1.0.conv1", 0.87, 0.61, first)
    compared_at("stage2.0.conv1", 0.3, 0.4, second)
    visitor.do("similarity.show", on=False)
    visitor.until(lambda report: not report["compared"])


def test_the_ray_is_the_pointer_in_a_cloud(visitor):
    start = visitor.until(lambda report: True)["rig"]
    before = visitor.until(lambda report: True)["number"]
    visitor.do("cloud.show", layer="pool")
    visitor.until(lambda report: report["cloud"])
    visitor.do("view.go_to", camera="cloud")
    visitor.until(lambda report: not near(report["rig"], start))
    visitor.settle(12)
    visitor.point(1, visitor.where("image 20"))
    pointed = visitor.until(lambda report: report["image"] is not None)["image"]
    report = visitor.tap(1, lambda report: report["held"], trigger=1.0)
    assert f"#{pointed}" in report["held"]
    visitor.tap(1, lambda report: not report["held"], b=True)
    visitor.point(1, visitor.where("legend 3"))  # its title, then classes
    visitor.settle()
    visitor.tap(1, lambda report: len(report["classes"]) == 1, trigger=1.0)
    visitor.do("cloud.show", on=False)
    visitor.until(lambda report: report["cloud"] is None)
    assert visitor.until(lambda report: True)["number"] == before
    visitor.tap(0, lambda report: near(report["rig"], start), b=True)


def test_a_controller_falls_asleep_in_the_middle_of_a_grab(visitor):
    name = "stage1.0.conv1"
    visitor.point(1, visitor.where(f"layer {name} 0.5 0.5"))
    before = visitor.until(lambda report: report["pointed"] == name)["undone"]
    visitor.set(1, squeeze=1.0)
    visitor.settle()
    x, y, z = visitor.hands[1].position
    visitor.set(1, position=(x + 0.3, y, z))
    visitor.until(lambda report: name in report["layers"])
    visitor.set(1, active=False, hand=False)
    visitor.until(lambda report: not report["hands"][1] and not report["layers"])
    visitor.set(1, active=True, hand=True, squeeze=0.0, position=(x, y, z))
    report = visitor.until(lambda report: report["hands"][1] and report["pointed"] == name)
    assert not report["layers"]
    assert report["undone"] == before


def test_hands_in_the_program_itself(runtime, display, tmp_path):
    """`vrnn --xr` in a window: a controller folds a bracket, and a key saves the session."""
    with OffscreenApp([ModelSpec()], load_config()) as app:
        person = Person(app.workspace)  # stands where the program's user stands
        bracket = pick_regions(app.world, "bracket")[0]
        aim = looking(RIGHT.position, person.stage(center_of(bracket)))
    pointing = replace(RIGHT, orientation=tuple(aim.orientation.tolist()))
    with runtime.serve() as service, service.remote() as remote:
        remote.send(head=HEAD, right=pointing)
        vrnn = Worn(runtime, service, display, tmp_path, "--xr", "on")
        try:
            vrnn.worn()
            before = vrnn.shot()

            def click(**button) -> None:
                """Press something until frames have seen it: each session is saved by another."""
                for hand in (replace(pointing, **button), pointing):
                    remote.send(head=HEAD, right=hand)
                    for _ in range(4):
                        saved_session(vrnn)

            click(trigger=1.0)
            folded = [[0, bracket.value]]
            vrnn.session_where(lambda saved: saved["state"].get("folds") == folded)
            vrnn.wait_for(lambda: differs(before, vrnn.shot()) > 0.02)
            click(b=True)
            vrnn.session_where(lambda saved: "folds" not in saved["state"])
        finally:
            assert vrnn.close() in (0, 130)
        assert "Traceback" not in (tmp_path / "log.txt").read_text()


def near(values, wanted) -> bool:
    return np.allclose(values, wanted, atol=0.03)
