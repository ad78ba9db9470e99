"""The first minute: the opening flight, and the callouts that stay until they were used."""

from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from tests.support.window import LEGEND_SHARE, SIZE, saved_session, write_settings
from vrnn.app.callouts import ANSWER, FILE, LAYERS, PICTURE, TEXTS, Callouts
from vrnn.app.hud import _on_canvas as on_canvas
from vrnn.app.offscreen import OffscreenApp
from vrnn.app.opening_flight import SECONDS, OpeningFlight, opening_cameras
from vrnn.commands.display import FoldAllStages
from vrnn.commands.layers import ScaleLayer
from vrnn.config.loader import load_config
from vrnn.controls.fly_camera import FlyCamera
from vrnn.network.model_spec import ModelSpec
from vrnn.render.uniforms import RenderColors
from vrnn.scene.camera import Camera, frame_points
from vrnn.scene.state import InputImage
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visibility import panel_corners
from vrnn.scene.visuals.free_room import overlap
from vrnn.scene.wall_place import WALL
from vrnn.style import font
from vrnn.style.color_mapping import DEFAULT
from vrnn.ui.hud.callouts import _lines as callout_lines
from vrnn.ui.hud.callouts import draw_callout
from vrnn.ui.hud.overlay import HudCanvas, draw_hint, draw_legend

ASPECT, FOV = 1.6, np.radians(60)


@pytest.fixture(scope="module")
def app():
    with OffscreenApp((ModelSpec("digits"),), load_config()) as app:
        yield app


@pytest.fixture
def flight(app):
    camera = FlyCamera(Camera(fov=FOV), load_config().motion)
    overview = camera_by_name(app.world, "overview", ASPECT, FOV)
    return OpeningFlight(app.world, camera, lambda: overview, True), camera, overview


def in_view(camera, points):
    clip = np.concatenate([points, np.ones((len(points), 1))], 1)
    clip = clip @ camera.clip_from_world(ASPECT).T
    return (clip[:, 3] > 0) & (np.abs(clip[:, :2]) <= clip[:, 3:]).all(1)


def test_it_shows_the_input_then_the_first_row_then_everything(app, flight):
    flight, camera, overview = flight
    assert flight.begin(ASPECT)
    world = app.world
    first, row, last = opening_cameras(world, overview, ASPECT)
    assert camera.camera == first
    assert last == overview
    start = panel_corners(world, 0, world.networks[0].network.inputs[0])
    assert in_view(first, start).all()
    nodes = world.placement_frame(0).placement.layout.rows[0].node_ids
    points = np.concatenate([panel_corners(world, 0, node) for node in nodes])
    assert in_view(row, points).all()
    assert not in_view(first, points).all()
    seconds, passed = 0.05, 0
    while flight.running:
        flight.advance(seconds, ASPECT)
        passed += 1
        assert passed < 200
    assert passed * seconds == pytest.approx(SECONDS, abs=0.1)
    assert camera.camera == overview
    assert not flight.begin(ASPECT)  # a second network, or the model anew


def test_it_moves_without_leaps(flight):
    flight, camera, _ = flight
    flight.begin(ASPECT)
    steps = []
    while flight.running:
        before = camera.camera.position
        flight.advance(1 / 60, ASPECT)
        steps.append(np.linalg.norm(camera.camera.position - before))
    assert max(steps) < 0.6


def test_skipping_shows_everything_and_switching_off_leaves_it_out(app, flight):
    flight, camera, overview = flight
    flight.begin(ASPECT)
    flight.advance(0.5, ASPECT)
    flight.skip()
    assert camera.camera == overview
    assert not flight.running
    assert not OpeningFlight(app.world, camera, lambda: overview, False).begin(ASPECT)


@pytest.fixture
def clip(app):
    return camera_by_name(app.world, "overview", ASPECT, FOV).clip_from_world(ASPECT)


def test_three_callouts_stand_at_the_picture_the_layers_and_the_answer(app, clip, tmp_path):
    callouts = Callouts(True, tmp_path)
    shown = {callout.name: callout for callout in callouts.shown(app.world, clip)}
    assert list(shown) == [PICTURE, LAYERS, ANSWER]
    _, top, right, bottom = shown[PICTURE].about[0]
    assert shown[ANSWER].about[0][3] >= top - 0.02  # the answer is above the picture
    assert min(box[0] for box in shown[LAYERS].about) > right - 0.05  # layers begin at its right
    assert bottom < top


def test_the_overview_while_stages_fold_is_that_of_folded_stages_with_the_wall(app, monkeypatch):
    world, open_state = app.world, app.world.state
    app.do(FoldAllStages(True))
    folded = camera_by_name(world, "overview", ASPECT, FOV)
    folded_state, wall = world.state, world.visuals[WALL]
    app.do(FoldAllStages(False))
    unfolded = world.visuals[WALL]
    monkeypatch.setattr(world.placement, "seconds", 0.8)
    world.set_state(folded_state)
    assert world.placement.is_moving
    resting = world.at_rest()
    found = camera_by_name(resting, "overview", ASPECT, FOV)
    world.set_state(open_state, move=False)
    np.testing.assert_allclose(found.position, folded.position, atol=2e-3)
    followed = resting.visuals[WALL]
    np.testing.assert_allclose(followed.quads["origin"], wall.quads["origin"], atol=1e-3)
    for one, other in zip(followed.pick_regions, wall.pick_regions, strict=True):
        np.testing.assert_allclose(one.origin, other.origin, atol=1e-3)
    assert np.abs(unfolded.quads["origin"] - wall.quads["origin"]).max() > 0.1


def test_the_answer_is_on_the_board_also_where_scores_over_the_input_are_as_wide(app, tmp_path):
    world = app.world
    before = world.state
    app.do(ScaleLayer("input", by=3.0))
    clip = camera_by_name(world, "overview", ASPECT, FOV).clip_from_world(ASPECT)
    shown = {callout.name: callout for callout in Callouts(True, tmp_path).shown(world, clip)}
    world.set_state(before, move=False)
    assert shown[ANSWER].about[0][3] > shown[PICTURE].about[0][1] + 0.2


@pytest.mark.parametrize("arrangement", ["terrace", "conveyor", "by resolution"])
def test_the_layers_that_are_told_of_are_the_first(app, tmp_path, arrangement):
    world, before = app.world, app.world.state
    world.set_state(replace(before, arrangement=arrangement), move=False)
    clip = camera_by_name(world, "overview", ASPECT, FOV).clip_from_world(ASPECT)
    shown = {callout.name: callout for callout in Callouts(True, tmp_path).shown(world, clip)}
    frame = world.placement_frame(0)
    nodes = [node for row in frame.placement.layout.rows[:2] for node in row.node_ids]
    rects = frame.panel_rects[[frame.index[node] for node in nodes]]
    world.set_state(before, move=False)
    middles = np.stack(
        [rects[:, 0], rects[:, 1] + rects[:, 4] / 2, rects[:, 2], 1 + 0 * rects[:, 0]]
    )
    flat = (clip @ middles)[:2] / (clip @ middles)[3]
    assert shown[LAYERS].about
    for left, top, right, bottom in shown[LAYERS].about:
        x, y = flat
        assert ((left < x) & (x < right) & (bottom < y) & (y < top)).any()


def test_each_goes_once_it_was_used_and_that_is_remembered(app, clip, tmp_path):
    world = app.world
    callouts = Callouts(True, tmp_path)
    callouts.update(world, clip, False)
    near = camera_by_name(world, "layer:stage1.0.conv1", ASPECT, FOV).clip_from_world(ASPECT)
    callouts.update(world, near, False)  # it flew by itself
    assert callouts.remaining == [PICTURE, LAYERS, ANSWER]
    callouts.update(world, near, True)
    assert callouts.remaining == [PICTURE, ANSWER]
    shown = {callout.name: callout for callout in callouts.shown(world, clip)}
    left, top, right, bottom = shown[ANSWER].about[0]
    callouts.press(right + 0.1, top)
    assert ANSWER in callouts.remaining
    callouts.press((left + right) / 2, (top + bottom) / 2)
    assert callouts.remaining == [PICTURE]
    assert Callouts(True, tmp_path).remaining == [PICTURE]
    assert (tmp_path / FILE).is_file()
    before = world.state
    world.set_state(before.__class__(input_image=InputImage(number=4)), move=False)
    callouts.update(world, clip, True)
    world.set_state(before, move=False)
    assert callouts.remaining == []
    assert Callouts(True, tmp_path).shown(world, clip) == ()
    assert Callouts(False, tmp_path / "other").remaining == []


@pytest.mark.parametrize("size", [(480, 580), (900, 600), (1000, 640), (1920, 1080)])
def test_callouts_cover_neither_each_other_nor_any_panel(app, tmp_path, size):
    aspect = size[0] / size[1]
    clip = camera_by_name(app.world, "overview", aspect, FOV).clip_from_world(aspect)
    canvas = HudCanvas(size, 1.0)
    room = draw_legend(canvas, RenderColors(), DEFAULT, picture="portrait: colors")
    draw_hint(canvas, "drag turns, the wheel comes closer", room)
    before = len(canvas.taken)
    for callout in Callouts(True, tmp_path).shown(app.world, clip)[::-1]:
        kept, names = (
            [on_canvas(box, canvas) for box in boxes] for boxes in (callout.layers, callout.others)
        )
        about = [on_canvas(box, canvas) for box in callout.about]
        draw_callout(canvas, callout.text, about, kept, callout.prefers_above, names=names)
    cards = canvas.taken[before:]
    assert len(cards) == 3
    boxes = [(left, top, right - left, bottom - top) for left, top, right, bottom in kept + names]
    for i, (x, y, width, height) in enumerate(cards):
        assert width >= font.text_width(list(TEXTS.values())[::-1][i]) * 11
        assert 0 <= x <= size[0] - width
        assert 0 <= y <= size[1] - height
        assert sum(overlap(cards[i], other) for other in canvas.taken if other != cards[i]) == 0
        assert size[0] < 900 or sum(overlap(cards[i], box) for box in boxes) < 60  # a sliver


@pytest.mark.parametrize(
    ("part", "lines"),
    [
        ((140, 30, 160, 80), [(149, 80, 2, 20)]),  # above, and below: to its edge
        ((140, 150, 160, 180), [(149, 136, 2, 14)]),
        ((300, 110, 340, 130), [(200, 119, 100, 2)]),  # at the right, and at the left
        ((20, 110, 60, 130), [(60, 119, 40, 2)]),
        ((300, 200, 340, 230), [(200, 117, 119, 2), (319, 118, 2, 82)]),  # around a corner
        ((20, 10, 60, 30), [(41, 117, 59, 2), (39, 30, 2, 88)]),
        ((90, 90, 210, 140), []),  # on it
    ],
)
def test_a_line_runs_from_a_card_to_what_it_is_about(part, lines):
    assert callout_lines((100, 100, 100, 36), part, np.zeros((0, 4)), np.zeros(0)) == (lines, 0)


@pytest.mark.parametrize(
    ("part", "text", "lines"),
    [
        ((300, 200, 340, 230), (220, 110, 300, 130), [(193, 136, 2, 80), (194, 214, 106, 2)]),
        ((110, 30, 190, 80), (140, 84, 160, 96), [(111, 80, 2, 20)]),  # straight, but beside it
    ],
)
def test_a_line_does_not_cross_text_where_there_is_another_way(part, text, lines):
    around = callout_lines((100, 100, 100, 36), part, np.array([text]), np.ones(1))
    assert around == (lines, 0)


def test_a_line_goes_around_a_title_that_lies_all_along_what_it_is_about():
    card, part, title = (100, 200, 300, 36), (150, 60, 190, 120), (90, 130, 260, 150)
    around = callout_lines(card, part, np.array([title]), np.ones(1))
    assert around == ([(265, 113, 2, 87), (190, 113, 76, 2)], 0)
    # What stands in the way of that one too costs more than the title.
    boxes = np.array([title, (200, 60, 500, 120), (60, 60, 140, 120)])
    assert callout_lines(card, part, boxes, np.array([1.0, 9.0, 9.0])) == ([(169, 120, 2, 80)], 40)


def test_no_line_crosses_the_picture_where_others_of_its_kind_are_near():
    def drawn(instead):
        canvas = HudCanvas((1280, 720), 1.0)
        draw_callout(
            canvas, "layers", [(900, 600, 940, 640)], (), instead=instead,
            names=[(0, 120, 1280, 720)],
        )  # fmt: skip
        return np.abs(canvas.draw_list().quads["right"]).max()

    assert drawn(()) > 400
    assert drawn([(600, 120, 700, 180)]) < 150


def test_a_key_skips_the_flight_in_the_window_and_does_what_it_does(program, tmp_path):
    write_settings(tmp_path / "none", "[window]\ncallouts = false\n")
    vrnn = program("--model", "digits")
    vrnn.find_window()
    vrnn.wait_for(lambda: "layout " in vrnn.output())
    camera = Camera(**saved_session(vrnn)["camera"])  # Ctrl+S is a key: it skips, and saves
    with OffscreenApp((ModelSpec("digits"),), load_config()) as app:
        fov = np.radians(load_config().motion.fov)
        overview = camera_by_name(app.world, "overview", SIZE[0] / SIZE[1], fov, LEGEND_SHARE)
    assert camera.position == pytest.approx(overview.position, abs=0.3)


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(50, 8), nn.Linear(8, 3)

    def forward(self, tokens):
        return self.head(self.embedding(tokens).mean(1))


def test_they_offer_no_clicks_that_do_nothing(app, tmp_path):
    camera = camera_by_name(app.world, "overview", ASPECT, FOV)
    shown = Callouts(True, tmp_path).shown(app.world, camera.clip_from_world(ASPECT))
    assert {callout.name: callout.text for callout in shown} == dict(TEXTS)
    with OffscreenApp((ModelSpec(Tokens()),), load_config()) as other:
        camera = camera_by_name(other.world, "overview", ASPECT, FOV)
        shown = Callouts(True, tmp_path).shown(other.world, camera.clip_from_world(ASPECT))
        texts = {callout.name: callout.text for callout in shown}
    assert texts == {PICTURE: "what goes in", LAYERS: TEXTS[LAYERS], ANSWER: "the answer"}


def test_of_a_cube_nothing_is_offered_to_go_in_or_come_out(tmp_path):
    np.save(tmp_path / "scene.npy", np.random.default_rng(2).normal(size=(6, 8, 5)))
    with OffscreenApp((ModelSpec(f"cube:{tmp_path / 'scene.npy'}"),), load_config()) as other:
        camera = camera_by_name(other.world, "overview", ASPECT, FOV)
        shown = Callouts(True, tmp_path).shown(other.world, camera.clip_from_world(ASPECT))
        texts = {label.text for label in other.world.draw_list().labels}
    assert [callout.name for callout in shown] == [LAYERS]
    assert not any("click" in text or "0 parameters" in text for text in texts)


def test_a_callout_leads_to_all_that_it_is_about(app, tmp_path):
    callouts = Callouts(True, tmp_path)
    for name in (PICTURE, LAYERS, ANSWER):
        points = callouts.points(app.world, name)
        assert len(points) >= 4
        near = frame_points(points, Camera(fov=FOV), 16 / 9).clip_from_world(16 / 9)
        boxes = {one.name: one.about for one in callouts.shown(app.world, near)}
        left, top, right, bottom = boxes[name][0]
        assert max(right - left, top - bottom) > 0.2
