"""Hands in a real window: Xvfb shows it, xdotool moves the mouse where things are seen to be."""

import json
import time

import numpy as np
import pytest

from tests.app.test_window import SIZE, differs, display, program  # noqa: F401
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.viewpoints import camera_by_name


class Where:
    """Where things stand in the window's first view, from the same world without a screen."""

    def __init__(self, studio) -> None:
        self.world = studio.world
        fov = np.radians(load_config().motion.fov)
        self.camera = camera_by_name(self.world, "overview", SIZE[0] / SIZE[1], fov)

    def pixel(self, point) -> tuple[int, int]:
        clip = self.camera.clip_from_world(SIZE[0] / SIZE[1]) @ np.array([*point, 1.0])
        x, y = clip[:2] / clip[3]
        return round((x + 1) / 2 * SIZE[0]), round((1 - y) / 2 * SIZE[1])

    def spot(self, kind: str, index: int = 0) -> tuple[int, int]:
        spots = [s for s in self.world.pick_regions() if s.kind == kind]
        spot = spots[index]
        middle = np.array(spot.origin) + (np.array(spot.right) + np.array(spot.down)) / 2
        return self.pixel(middle)

    def handle(self, layer: str) -> tuple[int, int]:
        node = self.world.networks[0].node_ids[layer]
        spot = next(s for s in self.world.pick_regions() if s.kind == "handle" and s.node == node)
        return self.pixel(np.array(spot.origin) + (np.array(spot.right) + np.array(spot.down)) / 2)

    def layer(self, name: str) -> tuple[int, int]:
        x, y, z, _, height = (
            self.world.placement_frame(0).panel_rect(self.world.networks[0].node_ids[name]).tolist()
        )
        return self.pixel((x + 0.05, y + height / 2 + 0.05, z))


@pytest.fixture(scope="module")
def where():
    with OffscreenApp([ModelSpec()], load_config()) as studio:
        yield Where(studio)


def kept(vrnn):
    """The place as the program keeps it."""
    before = set(vrnn.folder.glob("vrnn-*.json"))
    vrnn.press("ctrl+s")
    new = vrnn.wait_for(lambda: set(vrnn.folder.glob("vrnn-*.json")) - before)
    return json.loads(new.pop().read_text())


def move(vrnn, x, y):
    vrnn.xdotool("mousemove", "--window", vrnn.window, str(x), str(y), "sleep", "0.3")


def test_a_stranger_puts_another_image_in(program, where):  # noqa: F811
    vrnn = program()
    vrnn.ready()
    first = vrnn.picture()
    move(vrnn, *where.spot("thumbnail", 5))
    vrnn.xdotool("click", "1")
    move(vrnn, SIZE[0] // 2, SIZE[1] // 3)
    carried = vrnn.picture()
    assert differs(first, carried) > 0.02  # it floats by the cursor
    move(vrnn, *where.spot("input"))
    vrnn.xdotool("click", "1")
    time.sleep(0.5)
    move(vrnn, 5, 5)
    assert differs(first, vrnn.picture()) > 0.02
    number = kept(vrnn)["state"]["input_image"]["number"]
    assert (
        number
        == where.world.pick_regions()[
            [s.kind for s in where.world.pick_regions()].index("thumbnail") + 5
        ].value.number
    )
    vrnn.press("ctrl+z")
    time.sleep(0.5)
    assert "input_image" not in kept(vrnn)["state"]


def test_layers_are_moved_scaled_folded_and_all_of_it_is_undone(program, where):  # noqa: F811
    vrnn = program()
    vrnn.ready()
    x, y = where.handle("stage2.0.conv2")
    move(vrnn, x, y)
    vrnn.xdotool("mousedown", "1")
    for step in range(1, 7):
        move(vrnn, x + 6 * step, y - 10 * step)
    vrnn.xdotool("mouseup", "1")
    time.sleep(0.3)
    moved = kept(vrnn)["layers"]
    assert [layer["layer"] for layer in moved] == ["stage2.0.conv2"]
    right, up, _ = moved[0]["offset"]
    assert right > 0.3
    assert up > 0.5

    vrnn.press("ctrl+z")
    time.sleep(0.3)
    x, y = where.spot("bracket")
    move(vrnn, x, y)
    vrnn.xdotool("click", "1")
    time.sleep(1.2)
    content = kept(vrnn)
    assert content["layers"] == []
    assert len(content["state"]["folds"]) == 1
    vrnn.press("ctrl+z")
    time.sleep(1.2)

    move(vrnn, *where.layer("stage3.1.conv2"))
    vrnn.xdotool("click", "--repeat", "2", "--delay", "80", "1")
    time.sleep(1.0)
    assert kept(vrnn)["layers"] == [{"network": 0, "layer": "stage3.1.conv2", "folded": True}]
    vrnn.press("g")
    time.sleep(1.5)
    assert len(kept(vrnn)["state"]["folds"]) >= 3


def test_a_channel_is_switched_off_and_a_double_kept(program, where):  # noqa: F811
    vrnn = program()
    vrnn.ready()
    move(vrnn, *where.layer("stage2.1.conv1"))
    vrnn.press("x")
    time.sleep(0.5)
    vrnn.press("p")
    time.sleep(0.5)
    state = kept(vrnn)["state"]
    assert state["ablations"][0]["layer"] == "stage2.1.conv1"
    assert len(state["ablations"][0]["channels"]) == 1
    assert state["pins"][0]["layer"] == "stage2.1.conv1"
    vrnn.press("x")
    time.sleep(0.5)
    assert "ablations" not in kept(vrnn)["state"]


def test_a_killed_program_comes_back_to_where_it_was(program, where, monkeypatch, tmp_path):  # noqa: F811
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    vrnn = program()
    vrnn.ready()
    vrnn.press("g")
    vrnn.wait_for(lambda: list((tmp_path / "state").rglob("last-*.json")))
    vrnn.process.kill()
    vrnn.process.wait(10)
    again = program()
    again.ready()
    assert "folds" not in kept(again)["state"]
    again.press("ctrl+r")
    time.sleep(1.5)
    assert len(kept(again)["state"]["folds"]) >= 3
