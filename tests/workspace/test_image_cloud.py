"""The cloud beside the network: shown by commands, colored, filtered, selected, kept, filmed."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.image_cloud import SetCloudDisplay, ShowImageCloud, SlideBack, SlideForward
from vrnn.commands.image_cloud_classes import ExportClasses, MakeClass, RemoveClass
from vrnn.commands.image_cloud_selection import (
    ExportSelection,
    FilmCloud,
    FilterCloud,
    SelectImages,
)
from vrnn.commands.inputs import GrabImage, SetInputImage
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.commands.view import GoToView
from vrnn.config.loader import load_config
from vrnn.controls.pointer import Pointer
from vrnn.errors import VrnnError
from vrnn.network.image_cloud import CloudImages
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.cloud_state import OwnClass
from vrnn.scene.image_cloud import CLOUD_VISUAL, cloud_extent
from vrnn.scene.picking import Hit, Ray
from vrnn.workspace.cloud_categories import categories, name_images, visible_images
from vrnn.workspace.cloud_motion import CloudMotion, carried_over


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with OffscreenApp([ModelSpec("digits")], load_config()) as app:
        yield app


@pytest.fixture
def app(opened):
    if opened.workspace.history.undo_label:
        opened.do(Undo(times=1_000))
    return opened


def drawn(app):
    cloud = app.world.image_cloud
    assert cloud is not None
    return cloud


def legend(app):
    return [label.text for label in app.world.visuals[CLOUD_VISUAL].labels]


def test_the_data_set_stands_beside_the_network_and_goes_again(app):
    app.do(ShowImageCloud("pool"))
    cloud = drawn(app)
    assert len(cloud.numbers) == 359
    assert "data set by pool" in legend(app)
    assert "PCA in 2 dimensions · 359 images" in legend(app)
    high = app.world.placement_frame(0).placement.layout.high[0]
    assert cloud.centers[:, 0].min() > high
    seen = np.asarray(app.picture("cloud", (640, 360))).astype(int)
    assert len(drawn(app).thumbnails) + len(drawn(app).dots) == 359
    assert len(drawn(app).thumbnails) > 300
    app.do(ShowImageCloud(on=False))
    assert app.world.image_cloud is None
    assert CLOUD_VISUAL not in app.world.visuals
    with pytest.raises(VrnnError, match="there is no cloud of images to look at"):
        app.picture("cloud", (640, 360))
    app.do(Undo())
    assert np.abs(np.asarray(app.picture("cloud", (640, 360))).astype(int) - seen).mean() < 0.5


def test_far_images_are_dots_in_the_color_of_their_class(app):
    app.do(ShowImageCloud("pool"))
    cloud = drawn(app)
    middle = cloud.centers.mean(0)
    far = ",".join(f"{n:.2f}" for n in (middle[0], middle[1], 900.0)) + ",0,0"
    app.do(SetCloudDisplay(marks_input=False))
    app.picture(far, (320, 240))
    assert not len(drawn(app).thumbnails)
    assert len(drawn(app).dots) == 359
    assert len(np.unique(drawn(app).dots["color"], axis=0)) == 10


def test_a_click_picks_an_image_up_and_puts_it_into_the_network(app):
    app.do(ShowImageCloud("pool"))
    cloud = drawn(app)
    eye = cloud.centers[7].astype(float) + np.array([0.0, 0.0, 3.0])
    ray = Ray(eye, np.array([0.0, 0.0, -1.0]))
    hit = app.world.pick(ray.origin, ray.direction)
    number = hit.value
    pointer = Pointer(app.workspace, app.dispatcher, lambda: None)
    assert pointer.command_for(hit) == GrabImage(number)
    pointer.press(hit, ray)
    pointer.release()
    assert app.workspace.hand.image.command == SetInputImage(number=number)
    lines = app.workspace.image_cloud.selection.describe(number)
    assert lines[0] == f"#{number}"
    assert lines[1].startswith("class: ")
    assert lines[2].startswith("answer: ")
    app.workspace.hand.image = None


def test_the_input_lands_where_it_is_with_its_neighbors(app):
    app.do(ShowImageCloud("pool"))
    app.do(SetInputImage(number=20))
    landing = app.workspace.image_cloud._landing.found
    assert landing.number == 20
    assert 20 not in landing.feature_neighbors
    assert {"nearest in features", "nearest in pixels"} <= set(legend(app))
    cloud = drawn(app)
    left, top, _ = cloud.landed.origin
    center = cloud.centers[cloud.row_of(20)]
    assert left + cloud.landed.right[0] / 2 == pytest.approx(center[0], abs=1e-3)
    assert top + cloud.landed.down[1] / 2 == pytest.approx(center[1], abs=1e-3)
    assert len(cloud.strokes) == 10
    labels = app.workspace.images
    assert {labels.label(int(n)) for n in landing.feature_neighbors} == {labels.label(20)}
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    key = app.workspace.input.remember(noise)
    app.do(SetInputImage(pixels=key))
    landed = app.workspace.image_cloud._landing.found
    assert landed.number == -1
    assert not np.array_equal(landed.position, landing.position)
    app.do(SetCloudDisplay(marks_input=False))
    assert drawn(app).landed is None


def test_filters_leave_only_some_to_be_seen_and_picked(app):
    app.do(ShowImageCloud("pool"))
    app.do(FilterCloud(classes=("3", "5")))
    cloud, images = drawn(app), app.workspace.images
    assert {images.label(int(n)) for n in cloud.numbers} == {3, 5}
    app.do(FilterCloud(answers=("3",)))
    names = app.workspace.image_cloud.selection.names
    shown = visible_images(names, app.world.state.cloud)
    assert set(names.answers[shown]) == {"3"}
    app.do(FilterCloud((), (), "wrong"))
    wrong = len(drawn(app).numbers)
    app.do(FilterCloud(correct="right"))
    assert wrong + len(drawn(app).numbers) == 359
    with pytest.raises(VrnnError, match="no filter 'odd'"):
        app.do(FilterCloud(correct="odd"))


def test_a_click_on_the_legend_filters_and_shows_all_again(app):
    app.do(ShowImageCloud("pool"))
    buttons = [r.value for r in app.world.visuals[CLOUD_VISUAL].pick_regions if r.kind == "button"]
    assert buttons[0] == SetCloudDisplay(color="answer")
    assert buttons[4] == FilterCloud(classes=("3",))
    app.do(buttons[4])
    assert len(drawn(app).numbers) < 60
    again = [r.value for r in app.world.visuals[CLOUD_VISUAL].pick_regions if r.kind == "button"]
    assert again[4] == FilterCloud(classes=())


def test_what_is_selected_is_counted_listed_and_exported(app, tmp_path):
    app.do(ShowImageCloud("pool"))
    with pytest.raises(VrnnError, match="no image of a cloud is selected"):
        app.do(ExportSelection(tmp_path / "none.csv"))
    number = int(drawn(app).numbers[40])
    app.do(SelectImages(around=number, radius=0.2))
    chosen = app.world.state.cloud.selected
    assert number in chosen
    selection = app.workspace.image_cloud.selection
    assert sum(count for _, count in selection.counts()) == len(chosen)
    wider = SelectImages.for_hit(app.context, Hit("cloud image", 1.0, value=number))
    app.do(wider)
    assert set(app.world.state.cloud.selected) > set(chosen)
    app.do(Undo())
    assert app.world.state.cloud.selected == chosen
    app.do(SelectImages((1, 2), adds=True))
    assert app.world.state.cloud.selected == tuple(sorted({*chosen, 1, 2}))
    app.do(ExportSelection(tmp_path / "names.csv"))
    with (tmp_path / "names.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(app.world.state.cloud.selected)
    assert {"name", "class", "prediction", "own class"} == rows[0].keys()
    app.do(SelectImages())
    with pytest.raises(VrnnError, match="image 9999 is not in the cloud"):
        app.do(SelectImages(around=9999))


def test_a_selection_becomes_a_class_that_colors_filters_and_is_exported(app, tmp_path):
    app.do(ShowImageCloud("pool"))
    with pytest.raises(VrnnError, match="select images of the cloud first"):
        app.do(MakeClass("round"))
    app.do(SelectImages((0, 1, 2, 3)))
    app.do(MakeClass(" round "))
    state = app.world.state.cloud
    assert (state.own_classes, state.color) == ((OwnClass("round", (0, 1, 2, 3)),), "own")
    assert state.selected == ()
    assert {"class of your own", "round  4", "other images  355"} <= set(legend(app))
    app.do(MakeClass("", (3, 5)))
    assert app.world.state.cloud.own_classes == (
        OwnClass("round", (0, 1, 2)), OwnClass("own class 1", (3, 5))
    )  # fmt: skip
    colors = colors_of(app)
    assert len({colors[0], colors[3], colors[7]}) == 3
    assert colors[0] == colors[2]
    app.do(FilterCloud(own=("own class 1",)))
    assert drawn(app).numbers.tolist() == [3, 5]
    app.do(FilterCloud(own=("no class",)))
    assert len(drawn(app).numbers) == 354
    app.do(FilterCloud(own=()))
    lines = app.workspace.image_cloud.selection.describe(5)
    assert lines[-1] == "own class: own class 1"
    app.do(ExportClasses(tmp_path / "own.csv"))
    with (tmp_path / "own.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["own class"] for row in rows] == [*["round"] * 3, *["own class 1"] * 2]
    labels = [app.workspace.images.label(n) for n in (0, 1, 2, 3, 5)]
    assert [row["class"] for row in rows] == [str(label) for label in labels]
    app.do(SelectImages(own_class="round"))
    assert app.world.state.cloud.selected == (0, 1, 2)


def colors_of(app):
    """The color of each image, by its number: eye far, so that all are dots."""
    app.do(SetCloudDisplay(marks_input=False))
    middle = drawn(app).centers.mean(0)
    app.picture(f"{middle[0]:.2f},{middle[1]:.2f},900,0,0", (320, 240))
    return [tuple(color) for color in drawn(app).dots["color"].tolist()]


def test_a_class_of_images_that_all_went_to_another_is_gone(app, tmp_path):
    app.do(ShowImageCloud("pool"))
    app.do(MakeClass("a", (1, 2)))
    app.do(FilterCloud(own=("a",)))
    app.do(MakeClass("b", (1, 2, 3)))
    state = app.world.state.cloud
    assert (state.own_names, state.own) == (("b",), ())
    app.do(MakeClass("b", (9,)))
    assert app.world.state.cloud.find_own_class("b").numbers == (9,)
    app.do(Undo())
    assert app.world.state.cloud.find_own_class("b").numbers == (1, 2, 3)
    app.do(SaveSession(tmp_path / "own.json"))
    kept = app.world.state.cloud
    app.do(RemoveClass("b"))
    assert not app.world.state.cloud.own_classes
    assert "none yet: select images" in legend(app)
    app.do(OpenSession(tmp_path / "own.json"))
    assert app.world.state.cloud == kept


@pytest.mark.parametrize(("command", "reason"), [
    (MakeClass("no class", (1,)), "'no class' cannot name a class"),
    (MakeClass("x" * 61, (1,)), "cannot name a class: choose another name of up to 60 letters"),
    (MakeClass("two\nlines", (1,)), "cannot name a class"),
    (RemoveClass("odd"), "there is no class 'odd' of your own; there are: none"),
    (FilterCloud(own=("odd",)), "there is no class 'odd' of your own"),
    (SelectImages(own_class="odd"), "there is no class 'odd' of your own"),
    (ExportClasses(Path("none.csv")), "no image of a cloud is in a class of your own"),
])  # fmt: skip
def test_a_class_that_cannot_be_is_refused(app, command, reason):
    app.do(ShowImageCloud("pool"))
    before = app.world.state
    with pytest.raises(VrnnError, match=reason):
        app.do(command)
    assert app.world.state == before


def test_there_are_as_many_classes_as_colors(app):
    app.do(ShowImageCloud("pool"))
    for number in range(11):
        app.do(MakeClass("", (number,)))
    with pytest.raises(VrnnError, match="there are 11 classes of your own already; remove one"):
        app.do(MakeClass("", (11,)))
    app.do(MakeClass("own class 3", (11,)))
    assert len(set(colors_of(app))) == 12


def test_images_slide_from_layer_to_layer_and_drift(app):
    app.do(ShowImageCloud("pool"))
    before = drawn(app).positions
    app.do(SlideBack())
    state = app.world.state.cloud
    assert (state.anchor, state.layer) == ("pool", "stage3.1.add")
    after = drawn(app).positions
    moved = np.linalg.norm(after - before, axis=1).mean()
    turned = np.linalg.norm(-after - before, axis=1).mean()
    assert moved < turned / 2
    app.do(SlideForward())
    np.testing.assert_array_equal(drawn(app).positions, before)
    app.do(SetCloudDisplay("pixels"))
    with pytest.raises(VrnnError, match="pixels is the first layer"):
        app.do(SlideBack())
    with pytest.raises(VrnnError, match=r"one slides along pixels, .*, not to 'stem'"):
        app.do(SetCloudDisplay("stem"))


def test_a_session_brings_the_cloud_back(app, tmp_path):
    app.do(ShowImageCloud("pool"))
    app.do(SetCloudDisplay(dimensions=3, color="correct"))
    app.do(FilterCloud(classes=("1", "7")))
    app.do(SelectImages((4, 9)))
    state, positions = app.world.state, drawn(app).positions
    app.do(SaveSession(tmp_path / "cloud.json"))
    app.do(ShowImageCloud(on=False))
    app.do(OpenSession(tmp_path / "cloud.json"))
    assert app.world.state.cloud == state.cloud
    np.testing.assert_allclose(drawn(app).positions, positions, atol=1e-5)
    assert drawn(app).positions.shape[1] == 3


def test_what_cannot_be_placed_goes_back_to_what_was(app):
    app.do(ShowImageCloud("pool"))
    before = app.world.state
    manager = app.workspace.image_cloud
    images = app.feed.datasets[0]
    app.feed.datasets.clear()
    try:
        with pytest.raises(VrnnError, match="needs a data set: start with --data FOLDER"):
            app.do(ShowImageCloud("head"))
    finally:
        app.feed.datasets[0] = images
    assert app.world.state == before
    with pytest.raises(VrnnError, match="there is no layer 'conv9'"):
        app.do(ShowImageCloud("conv9"))
    manager._fail("the features of 'pool' are NaN or infinite for every image")
    assert app.world.state.cloud.shown or not app.workspace.history.undo_label


def test_a_film_along_the_layers_moves_images_and_leaves_all_as_it_was(app, tmp_path):
    app.do(ShowImageCloud("pool"))
    before = app.world.state
    film = FilmCloud(tmp_path / "film", ("pool", "head"), "cloud", 0.5, 6.0, (320, 180))
    app.do(film)
    files = sorted((tmp_path / "film").glob("*.png"))
    assert len(files) == 4
    frames = [np.asarray(Image.open(file)).astype(int) for file in files]
    changes = [np.abs(frame - frames[0]).mean() for frame in frames]
    assert changes[0] < changes[1] < changes[-1]
    assert app.world.state == before
    assert app.workspace.image_cloud.cloud.layer == "pool"
    app.do(Redo()) if app.workspace.history.redo_label else None
    with pytest.raises(VrnnError, match="needs at least two layers"):
        app.do(replace(film, layers=("pool",)))
    with pytest.raises(VrnnError, match=r"one slides along pixels, .*, not to 'stem'"):
        app.do(replace(film, layers=("pool", "stem")))


def test_the_camera_of_the_cloud_is_one_to_go_to(app):
    app.do(ShowImageCloud("pool"))
    app.do(GoToView("cloud"))
    assert app.camera == "cloud"
    app.camera = "overview"


# Names, colors and motion.


def images_with(labels, answers):
    count = len(labels)
    return CloudImages(
        np.arange(count), np.array(labels, np.int32), np.array(answers, np.int32), count
    )


@pytest.mark.parametrize(("labels", "names", "answer_names", "expected"), [
    ((0, 1, -1, 0), ("cat", "dog"), ("Dog", "Cat"), (0, 0, -1, 1)),
    ((0, 1, -1, 0), (), (), (1, 1, -1, 0)),
    ((0, 1, -1, 0), ("n01", "n02"), ("cat", "dog"), (-1, -1, -1, -1)),
])  # fmt: skip
def test_answers_are_right_where_both_name_the_same_class(labels, names, answer_names, expected):
    named = name_images(images_with(labels, (0, 1, 0, 1)), names, answer_names)
    if answer_names == ("Dog", "Cat"):
        assert named.classes.tolist() == ["cat", "dog", "no class", "cat"]
    assert named.correct.tolist() == list(expected)


def test_many_classes_share_the_last_color():
    labels = [k for k in range(30) for _ in range(30 - k)]
    named = name_images(images_with(labels, labels), (), ())
    found, members = categories(named, "class")
    assert len(found) == 12
    assert found[-1].text == "19 other classes"
    assert sum(one.count for one in found) == len(labels)
    assert [int((members == k).sum()) for k in range(12)] == [one.count for one in found]
    assert len({one.color for one in found}) == 12


def test_images_are_carried_over_by_their_numbers(app):
    app.do(ShowImageCloud("pool"))
    cloud = app.workspace.image_cloud.cloud
    rows = np.arange(0, 359, 2)
    numbers = cloud.images.numbers
    start = carried_over(numbers[rows], cloud.positions[rows] + 5, numbers, cloud.positions)
    np.testing.assert_allclose(start[rows], cloud.positions[rows] + 5, rtol=1e-6)
    np.testing.assert_array_equal(start[1], cloud.positions[1])
    motion = CloudMotion()
    motion.go_to(cloud, 1.0)
    assert not motion.is_moving
    seen = cloud_extent(cloud.positions).place(cloud.positions)
    other = replace(cloud, layer="head")
    told = []
    for part in (0.0, 0.5, 1.0):
        motion.show_between(cloud, other, part)
        told.append(motion.cloud.layer)
        np.testing.assert_allclose(motion.positions, seen, atol=1e-6)
    assert told == ["pool", "pool → head", "head"]
    motion.go_to(cloud, 0.0)
    moved = replace(cloud, positions=cloud.positions[::-1])
    motion.go_to(moved, 1.0)
    assert motion.is_moving
    np.testing.assert_allclose(motion.positions, seen, atol=1e-6)
    assert motion.advance()
    assert not np.array_equal(motion.positions, seen[::-1])


def test_an_image_far_from_all_others_stands_at_the_edge_and_is_told(app):
    app.do(ShowImageCloud("pool"))
    manager = app.workspace.image_cloud
    positions = manager.cloud.positions.copy()
    positions[:2] = (30.0, 0.1), (-0.2, -40.0)
    manager.show(replace(manager.cloud, positions=positions))
    app.picture("cloud", (320, 180))
    told = "PCA in 2 dimensions · 359 images · 2 images lie further out than the edge"
    assert told in legend(app)
    away = np.abs(drawn(app).centers[:, :2] - manager._place().center[:2])
    assert (away + drawn(app).side / 2 <= manager._place().size / 2 + 1e-4).all()
    assert np.sort(away.max(1))[len(away) // 2] > 0.1 * manager._place().size
    np.testing.assert_array_equal(drawn(app).positions[1], positions[1])
    manager.show_again()
