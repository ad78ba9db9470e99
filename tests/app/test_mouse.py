"""The mouse in a real window: images, layers and channels are clicked and dragged."""

import numpy as np

from tests.support.window import SIZE, differs, move_mouse, saved_session
from vrnn.scene.camera import Camera


def test_a_stranger_puts_another_image_in(program, where):
    vrnn = program()
    vrnn.ready()
    first = vrnn.picture()
    point_at(vrnn, *where.region("thumbnail", 5))
    vrnn.xdotool("click", "1")
    move_mouse(vrnn, SIZE[0] // 2, SIZE[1] // 3)
    vrnn.picture_where(lambda seen: differs(first, seen) > 0.02)  # it floats by the cursor
    point_at(vrnn, *where.region("input"))
    vrnn.xdotool("click", "1")
    session = vrnn.session_where(lambda saved: "input_image" in saved["state"])
    thumbnails = [r for r in where.world.pick_regions() if r.kind == "thumbnail"]
    assert session["state"]["input_image"] == {"number": thumbnails[5].value.number}
    move_mouse(vrnn, 5, 5)
    vrnn.picture_where(lambda seen: differs(first, seen) > 0.02)
    vrnn.press("ctrl+z")
    vrnn.session_where(lambda saved: "input_image" not in saved["state"])


def test_the_tile_named_input_takes_an_image_too(program, where):
    vrnn = program()
    vrnn.ready()
    first = vrnn.picture()
    point_at(vrnn, *where.region("thumbnail", 3))
    vrnn.xdotool("click", "1")
    point_at(vrnn, *where.layer("input"))
    left, top = np.array(where.region("input")) - 8
    middle = (slice(top - 60, top + 60), slice(left - 60, left + 60))
    vrnn.picture_where(lambda seen: orange(seen[middle]) > orange(first[middle]) + 100)  # it glows
    vrnn.xdotool("click", "1")
    session = vrnn.session_where(lambda saved: "input_image" in saved["state"])
    thumbnails = [r for r in where.world.pick_regions() if r.kind == "thumbnail"]
    assert session["state"]["input_image"] == {"number": thumbnails[3].value.number}


def orange(pixels):
    """How many pixels have the color of what is pointed at."""
    return int(((pixels[..., 0] > 200) & (pixels[..., 2] < 130)).sum())


def test_layers_are_moved_scaled_folded_and_all_of_it_is_undone(program, where):
    vrnn = program()
    vrnn.ready()
    x, y = where.handle("stage2.0.conv2")
    point_at(vrnn, x, y)
    vrnn.xdotool("mousedown", "1")
    before = vrnn.picture()
    for step in range(1, 7):
        move_mouse(vrnn, x + 6 * step, y - 10 * step)
    vrnn.picture_where(lambda seen: differs(before, seen) > 0.005)
    vrnn.xdotool("mouseup", "1")
    moved = vrnn.session_where(lambda saved: saved["layers"])["layers"]
    assert [layer["layer"] for layer in moved] == ["stage2.0.conv2"]
    right, up, _ = moved[0]["offset"]
    assert right > 0.3
    assert up > 0.5

    vrnn.press("ctrl+z")
    vrnn.session_where(lambda saved: not saved["layers"])
    point_at(vrnn, *where.region("bracket"))
    vrnn.xdotool("click", "1")
    content = vrnn.session_where(lambda saved: "folds" in saved["state"])
    assert content["layers"] == []
    assert len(content["state"]["folds"]) == 1
    vrnn.press("ctrl+z")
    vrnn.session_where(lambda saved: "folds" not in saved["state"])

    point_at(vrnn, *where.layer("stage3.1.conv2"))
    vrnn.xdotool("click", "--repeat", "2", "--delay", "80", "1")
    content = vrnn.session_where(lambda saved: saved["layers"])
    assert content["layers"] == [{"layer": "stage3.1.conv2", "folded": True}]
    vrnn.press("g")
    vrnn.session_where(lambda saved: len(saved["state"].get("folds", ())) >= 3)


def point_at(vrnn, x, y):
    """Move the mouse, and wait until nothing moves any more: it has arrived, and so have layers."""
    vrnn.picture()
    move_mouse(vrnn, x, y)
    vrnn.picture()


def test_a_layer_is_moved_also_where_the_drag_is_over_within_one_frame(program, where):
    vrnn = program()
    vrnn.ready()
    first = camera_of(vrnn)
    x, y = where.handle("stage2.0.conv2")
    point_at(vrnn, x, y)
    there = ("mousemove", "--window", vrnn.window, str(x + 36), str(y - 60))
    vrnn.xdotool("mousedown", "1", *there, "mouseup", "1")
    (moved,) = vrnn.session_where(lambda saved: saved["layers"])["layers"]
    assert moved["layer"] == "stage2.0.conv2"
    right, up, _ = moved["offset"]
    assert right > 0.3
    assert up > 0.5
    assert camera_of(vrnn) == first


def test_a_channel_is_switched_off_and_a_double_kept(program, where):
    vrnn = program()
    vrnn.ready()
    vrnn.press("l", "l", "l")  # maps from afar too: in a portrait there is no channel to point at
    vrnn.session_where(lambda saved: saved["state"].get("distant_picture") == "")
    point_at(vrnn, *where.layer("stage2.1.conv1"))
    vrnn.press("x")
    vrnn.session_where(lambda saved: "ablations" in saved["state"])
    vrnn.press("p")
    state = vrnn.session_where(lambda saved: "pins" in saved["state"])["state"]
    assert state["ablations"][0]["layer"] == "stage2.1.conv1"
    assert len(state["ablations"][0]["channels"]) == 1
    assert state["pins"][0]["layer"] == "stage2.1.conv1"
    vrnn.press("x")
    vrnn.session_where(lambda saved: "ablations" not in saved["state"])


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
    again.session_where(lambda saved: len(saved["state"].get("folds", ())) >= 3)


def camera_of(vrnn):
    return Camera(**saved_session(vrnn)["camera"])


def test_drags_and_the_wheel_move_the_view_and_a_double_click_restores_it(program):
    vrnn = program()
    vrnn.ready()
    first = camera_of(vrnn)
    middle, empty = (SIZE[0] // 2, SIZE[1] // 2), (SIZE[0] // 2, 12)

    def drag(button, right, down, *keys):
        move_mouse(vrnn, *middle)
        for key in keys:
            vrnn.xdotool("keydown", key)
        vrnn.xdotool("mousedown", button)
        for step in range(1, 9):
            move_mouse(vrnn, middle[0] + right * step // 8, middle[1] + down * step // 8)
        vrnn.xdotool("mouseup", button)
        for key in keys:
            vrnn.xdotool("keyup", key)
        return camera_of(vrnn)

    turned = drag("1", 120, 60)
    assert turned.pitch < first.pitch  # one looks more from above
    assert turned.yaw != first.yaw
    for shifted in (drag("2", 90, 0), drag("1", 90, 0, "shift")):
        assert (shifted.yaw, shifted.pitch) == (turned.yaw, turned.pitch)
        assert shifted.x != turned.x
    looking = drag("3", 60, 0)
    assert (looking.position == shifted.position).all()
    assert looking.yaw != shifted.yaw

    move_mouse(vrnn, *middle)
    vrnn.xdotool("click", "--repeat", "4", "--delay", "30", "4")
    vrnn.picture()  # it has come to rest
    closer = camera_of(vrnn)
    assert (closer.yaw, closer.pitch) == (looking.yaw, looking.pitch)
    assert closer.y < looking.y
    drag("3", 0, -SIZE[1] // 3)  # into the sky
    move_mouse(vrnn, *empty)
    vrnn.xdotool("click", "--repeat", "2", "--delay", "80", "1")
    vrnn.wait_for(lambda: camera_of(vrnn) == first)
