"""What T, P and V make is brought into view, is not covered, moves along, and can be taken away."""

from itertools import combinations

import numpy as np
import pytest

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetArrangement
from vrnn.commands.edit import Undo
from vrnn.commands.feature_visualization import ShowFeatureVisualization
from vrnn.commands.layers import PinLayer
from vrnn.commands.top_activations import ShowTopActivations
from vrnn.commands.window import ReleaseCursor
from vrnn.config.loader import load_config
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.camera import Camera
from vrnn.scene.picking import Hit
from vrnn.scene.revealing import Revealed, is_seen, reveal_camera
from vrnn.scene.state import State
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visibility import panel_corners
from vrnn.scene.visuals.pinned_layers import pinned_layer_rect
from vrnn.workspace.top_activations import VISUAL

LAYER = "stage2.0.conv2"
ASPECT, FOV = 1.6, np.radians(60)


@pytest.fixture
def app():
    with OffscreenApp((ModelSpec("digits"),), load_config()) as app:
        yield app


def card_box(app):
    """Left, bottom, right and top of the card of top images."""
    card = app.world.visuals[VISUAL].quads[0]
    left, top, _ = card["origin"].tolist()
    return np.array([left, top + card["down"][1], left + card["right"][0], top])


def pin_boxes(app):
    frame = app.world.placement_frame(0)
    for pin in app.world.pinned_layers.values():
        rect = pinned_layer_rect(pin, frame, app.world.node_id(0, pin.beside))
        x, y, _, width, height = rect.tolist()
        yield np.array([x - width / 2, y, x + width / 2, y + height])


def overlap(a, b):
    return bool((np.maximum(a[:2], b[:2]) < np.minimum(a[2:], b[2:])).all())


@pytest.mark.parametrize("first", ["pins", "images"])
def test_copies_and_top_images_do_not_cover_each_other(app, first):
    images = [ShowTopActivations(LAYER, 3)]
    pins = [PinLayer(name) for name in (LAYER, "stage2.0.skip.0", "stage2.0.conv1")]
    for command in pins + images if first == "pins" else images + pins:
        app.do(command)
    boxes = [card_box(app), *pin_boxes(app)]
    assert len(boxes) == 4
    assert not any(overlap(a, b) for a, b in combinations(boxes, 2))


def test_the_card_moves_with_its_layer_and_is_hidden_with_it(app):
    app.do(ShowTopActivations(LAYER, 3))
    before = card_box(app)
    app.do(SetArrangement("conveyor"))
    layer = app.world.placement_frame(0).panel_rect(app.world.node_id(0, LAYER))
    after = card_box(app)
    assert not np.allclose(before, after)
    assert (after[0] + after[2]) / 2 == pytest.approx(layer[0], abs=1e-3)


@pytest.mark.parametrize("arrangement", ["terrace", "conveyor", "by resolution"])
@pytest.mark.parametrize("far", [True, False])
@pytest.mark.parametrize(
    "command",
    [
        ShowTopActivations(LAYER, 3),
        PinLayer(LAYER),
        ShowFeatureVisualization(LAYER, 0, FeatureVisSettings(steps=1)),
    ],
    ids=["T", "P", "V"],
)
def test_what_is_made_comes_into_view(app, command, arrangement, far):
    app.do(SetArrangement(arrangement))
    near = camera_by_name(app.world, f"layer:{LAYER}", ASPECT, FOV)
    away = Camera(near.x + 60, near.y, near.z + 80, fov=FOV)
    camera = away if far else near
    app.workspace.revealed = None
    app.do(command)
    revealed = app.workspace.revealed
    assert revealed is not None
    clip = camera.clip_from_world(ASPECT)
    if far:
        assert not is_seen(revealed.points, clip)
    flown = reveal_camera(app.world.at_rest(), revealed, ASPECT, FOV)
    assert is_seen(revealed.points, flown.clip_from_world(ASPECT))
    corners = panel_corners(app.world, 0, revealed.node)
    assert is_seen(corners, flown.clip_from_world(ASPECT))  # the layer itself too


def test_what_fills_the_view_or_is_behind_is_not_seen():
    square = np.array([(-1, 0, 0), (1, 0, 0), (-1, 2, 0), (1, 2, 0)], float)
    ahead = Camera(0, 1, 4, fov=FOV).clip_from_world(1.0)
    assert is_seen(square, ahead)
    assert not is_seen(square, Camera(0, 1, 0.5, fov=FOV).clip_from_world(1.0))
    assert not is_seen(square, Camera(0, 1, -4, fov=FOV).clip_from_world(1.0))
    assert not is_seen(square, Camera(0, 1, 40, fov=FOV).clip_from_world(1.0))
    assert Revealed(0, 1, square).points is square


def test_the_same_key_takes_it_away(app):
    context = app.context
    node = app.world.node_id(0, LAYER)
    hit = Hit("layer", 1.0, 0, node, 3)
    app.do(ShowTopActivations.for_hit(context, hit))
    assert VISUAL in app.world.visuals
    other = ShowTopActivations.for_hit(context, Hit("layer", 1.0, 0, node, 4))
    assert other == ShowTopActivations(LAYER, 4)  # of another channel are shown instead
    app.do(ShowTopActivations.for_hit(context, hit))
    assert VISUAL not in app.world.visuals


def test_escape_takes_one_after_the_other_away(app):
    app.context.interface.release_cursor = lambda: False  # nothing is held
    before = app.world.state
    app.do(ShowFeatureVisualization(LAYER, 0, FeatureVisSettings(steps=1)))
    app.do(PinLayer("stage1.0.conv1"))
    app.do(PinLayer(LAYER))
    app.do(ShowTopActivations(LAYER, 3))
    app.do(ReleaseCursor())
    assert VISUAL not in app.world.visuals
    app.do(ReleaseCursor())
    assert [pin.layer for pin in app.world.state.pins] == ["stage1.0.conv1"]
    app.do(ReleaseCursor())
    assert app.world.state.pins == ()
    app.do(ReleaseCursor())
    assert app.world.state.layer((0, LAYER)).features is None
    app.do(ReleaseCursor())  # nothing is left to take away
    assert app.world.state.pins == before.pins
    app.do(Undo(2))
    assert [pin.layer for pin in app.world.state.pins] == ["stage1.0.conv1"]


def test_escape_first_lets_go(app):
    app.context.interface.release_cursor = lambda: True
    app.do(PinLayer(LAYER))
    app.do(ReleaseCursor())
    assert app.world.state != State()
    assert len(app.world.state.pins) == 1
