"""Pictures and layers that are saved while images stream, or that need more than the budgets."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.support.shrinking_maps import Five
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.export.exporter import Exporter
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.view_cone import ViewCone

SIDE = 160
SIZE = (640, 360)


def opened(**budgets):
    config = load_config()
    spec = ModelSpec(Five().eval(), input_size=(SIDE, SIDE))
    return OffscreenApp([spec], replace(config, render=replace(config.render, **budgets)))


def window_exporter(app):
    """The exporter of a window, which does not wait for what is near the camera."""
    return Exporter(app.workspace, app._renderer, app._colors, lambda camera: None)


@pytest.fixture(scope="module")
def app():
    with opened() as app:
        yield app


@pytest.fixture
def exporter(app):
    return window_exporter(app)


def frame(number):
    return np.random.default_rng(number).integers(0, 255, (SIDE, SIDE, 3), np.uint8)


def stream(app, numbers):
    """Let frames come while the overview is looked at; the last one is not waited for."""
    eye = app.eye("overview")
    app._settle(eye)
    app.feed.residency._asked.forget()
    app.feed.residency.views = (ViewCone.of(eye.clip_from_world(16 / 9), eye.position, 0.1, 0.1),)
    *before, last = numbers
    for number in before:
        app.workspace.show_live_frame(frame(number))
        while app.feed.displayed_sequence.get(0) != app._worker.requested:
            app.feed.handle_events(app._worker.wait(60))
            app.workspace.content.upload()
    assert app.world.networks[0].coarse
    app.workspace.show_live_frame(frame(last))


def settled(app, exporter, eye, size, kind="flat"):
    """The picture once all maps of the image are whole, as they are if no other one comes."""
    app._settle(app.eye("overview"))
    assert not app.world.networks[0].coarse
    assert not app.world.networks[0].left_out
    return np.asarray(exporter.picture(eye, size, False, kind))


@pytest.mark.parametrize("camera", ["overview", "layer:first", "layer:third", "layer:fifth"])
def test_a_picture_from_elsewhere_is_that_of_the_newest_frame(app, exporter, tmp_path, camera):
    stream(app, [1, 2, 3])
    file = tmp_path / "picture.png"
    eye = app.eye(camera, SIZE[0] / SIZE[1])
    exporter.save_image(file, eye, SIZE, False, "flat")
    saved = np.asarray(Image.open(file).convert("RGB"))
    np.testing.assert_array_equal(saved, settled(app, exporter, eye, SIZE))
    assert app.workspace.messages == []


def test_a_large_picture_from_where_one_looks(app, exporter):
    size = (2560, 1440)
    stream(app, [4, 5, 6])
    eye = app.eye("overview", 16 / 9)
    found = np.asarray(exporter.picture(eye, size, False, "flat"))
    np.testing.assert_array_equal(found, settled(app, exporter, eye, size))


@pytest.mark.parametrize("kind", ["stereo", "panorama"])
def test_pictures_of_other_kinds(app, exporter, kind):
    stream(app, [7, 8, 9])
    eye = app.eye("layer:first", 1.0)
    found = np.asarray(exporter.picture(eye, (512, 512), False, kind))
    np.testing.assert_array_equal(found, settled(app, exporter, eye, (512, 512), kind))


def test_frames_of_a_video(app, exporter, tmp_path):
    folder = tmp_path / "frames"
    eyes = [app.eye("layer:first", 16 / 9), app.eye("layer:fifth", 16 / 9)]
    stream(app, [10, 11])
    for number, _ in enumerate(exporter.record_video(folder, eyes, 0.2, 10, SIZE), 12):
        app.workspace.show_live_frame(frame(number))
    first = Image.open(sorted(folder.glob("*.png"))[0]).convert("RGB")
    app.workspace.show_live_frame(frame(11))
    wanted = settled(app, exporter, eyes[0], SIZE)
    # Portraits in a stream go on from those before, and so are not the same ones.
    assert (np.asarray(first) == wanted).all(-1).mean() > 0.9


def test_layers_are_all_of_the_newest_frame(app, exporter, tmp_path):
    stream(app, [20, 21, 22])
    exporter.export(tmp_path, "*", 0, ("values",))
    files = sorted(tmp_path.glob("**/*.npy"))
    found = {file.name: np.load(file) for file in files}
    assert len(found) > 4
    app.show(frame(22))
    other = tmp_path / "other"
    exporter.export(other, "*", 0, ("values",))
    for name, values in found.items():
        (file,) = other.glob(f"**/{name}")
        # With packed weights a stream's sums are rounded in another order.
        np.testing.assert_allclose(values, np.load(file), rtol=2e-3, atol=1e-5)


def test_where_maps_do_not_fit_they_are_drawn_part_by_part():
    size, pictures, tiles = (1280, 720), [], 2048
    for budgets in ({"map_memory_mb": 1.3, "host_memory_mb": 2.0}, {}):
        with opened(layer_pictures="maps", **budgets) as app:
            app.show(frame(30))
            exporter, eye = window_exporter(app), app.eye("overview", 16 / 9)
            status = app.feed.residency.status
            assert (status.coarse > 1) == (status.host_whole < status.layers) == bool(budgets)
            found = exporter._maps.tile_size(exporter.view(eye, size))
            assert (found < 720) == bool(budgets)
            tiles = min(tiles, found)
            exporter._maps.tile_size = lambda view, tiles=tiles: tiles  # borders are rounded
            pictures.append(np.asarray(exporter.picture(eye, size, False, "flat")))
            assert app.workspace.messages == []
    np.testing.assert_array_equal(*pictures)


def test_a_layer_that_has_no_room_is_told_of_each_picture():
    with opened(map_memory_mb=0.6) as small:
        writer = window_exporter(small)
        eye = small.eye("layer:first", 16 / 9)
        for _ in range(2):
            small.workspace.messages.clear()
            writer.picture(eye, SIZE, False, "flat")
            (told,) = [text for text in small.workspace.messages if "in the picture" in text]
            assert told.startswith("Five: layer first")
            assert told.endswith("set a larger map_memory_mb, or save a smaller picture")
        node_ids = small.world.networks[0].node_ids
        for more, words in (("second", "and 1 other are"), ("third", "and 2 others are")):
            writer._coarse = {(0, node_ids["first"]), (0, node_ids["second"]), (0, node_ids[more])}
            writer._tell_coarse()
            assert f"{words} coarse in the picture" in small.workspace.messages[-1]


def test_a_pass_that_fails_holds_up_no_picture(app, exporter):
    app.show(frame(31))
    before = np.asarray(exporter.picture(app.eye("overview"), SIZE, False, "flat"))
    app.workspace.show_live_frame(lambda: 1 / 0)
    after = np.asarray(exporter.picture(app.eye("overview"), SIZE, False, "flat"))
    assert app.feed.failures
    app.feed.failures.clear()
    np.testing.assert_array_equal(before, after)
