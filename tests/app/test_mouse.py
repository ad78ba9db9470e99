"""The mouse in a real window: images, layers and channels are clicked and dragged."""

import time

from tests.support.window import SIZE, differs, move_mouse, saved_session


def test_a_stranger_puts_another_image_in(program, where):
    vrnn = program()
    vrnn.ready()
    first = vrnn.picture()
    move_mouse(vrnn, *where.region("thumbnail", 5))
    vrnn.xdotool("click", "1")
    move_mouse(vrnn, SIZE[0] // 2, SIZE[1] // 3)
    carried = vrnn.picture()
    assert differs(first, carried) > 0.02  # it floats by the cursor
    move_mouse(vrnn, *where.region("input"))
    vrnn.xdotool("click", "1")
    time.sleep(0.5)
    move_mouse(vrnn, 5, 5)
    assert differs(first, vrnn.picture()) > 0.02
    number = saved_session(vrnn)["state"]["input_image"]["number"]
    assert (
        number
        == where.world.pick_regions()[
            [s.kind for s in where.world.pick_regions()].index("thumbnail") + 5
        ].value.number
    )
    vrnn.press("ctrl+z")
    time.sleep(0.5)
    assert "input_image" not in saved_session(vrnn)["state"]


def test_layers_are_moved_scaled_folded_and_all_of_it_is_undone(program, where):
    vrnn = program()
    vrnn.ready()
    x, y = where.handle("stage2.0.conv2")
    move_mouse(vrnn, x, y)
    vrnn.xdotool("mousedown", "1")
    for step in range(1, 7):
        move_mouse(vrnn, x + 6 * step, y - 10 * step)
    vrnn.xdotool("mouseup", "1")
    time.sleep(0.3)
    moved = saved_session(vrnn)["layers"]
    assert [layer["layer"] for layer in moved] == ["stage2.0.conv2"]
    right, up, _ = moved[0]["offset"]
    assert right > 0.3
    assert up > 0.5

    vrnn.press("ctrl+z")
    time.sleep(0.3)
    x, y = where.region("bracket")
    move_mouse(vrnn, x, y)
    vrnn.xdotool("click", "1")
    time.sleep(1.2)
    content = saved_session(vrnn)
    assert content["layers"] == []
    assert len(content["state"]["folds"]) == 1
    vrnn.press("ctrl+z")
    time.sleep(1.2)

    move_mouse(vrnn, *where.layer("stage3.1.conv2"))
    vrnn.xdotool("click", "--repeat", "2", "--delay", "80", "1")
    time.sleep(1.0)
    assert saved_session(vrnn)["layers"] == [{"layer": "stage3.1.conv2", "folded": True}]
    vrnn.press("g")
    time.sleep(1.5)
    assert len(saved_session(vrnn)["state"]["folds"]) >= 3


def test_a_channel_is_switched_off_and_a_double_kept(program, where):
    vrnn = program()
    vrnn.ready()
    move_mouse(vrnn, *where.layer("stage2.1.conv1"))
    vrnn.press("x")
    time.sleep(0.5)
    vrnn.press("p")
    time.sleep(0.5)
    state = saved_session(vrnn)["state"]
    assert state["ablations"][0]["layer"] == "stage2.1.conv1"
    assert len(state["ablations"][0]["channels"]) == 1
    assert state["pins"][0]["layer"] == "stage2.1.conv1"
    vrnn.press("x")
    time.sleep(0.5)
    assert "ablations" not in saved_session(vrnn)["state"]


def test_a_killed_program_comes_back_to_where_it_was(program, where, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    vrnn = program()
    vrnn.ready()
    vrnn.press("g")
    vrnn.wait_for(lambda: list((tmp_path / "state").rglob("last-*.json")))
    vrnn.process.kill()
    vrnn.process.wait(10)
    again = program()
    again.ready()
    assert "folds" not in saved_session(again)["state"]
    again.press("ctrl+r")
    time.sleep(1.5)
    assert len(saved_session(again)["state"]["folds"]) >= 3
