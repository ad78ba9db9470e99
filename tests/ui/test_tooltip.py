"""The tooltip at the pointer says what is there, and stays in the picture."""

import pytest

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.key_bindings import KeyMap
from vrnn.commands.view import HoverLayer
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import QUAD
from vrnn.ui.hud.overlay import HudCanvas
from vrnn.ui.hud.tooltip import CLICKS, Tooltip, draw_tooltip, find_tooltip


@pytest.fixture(scope="module")
def app():
    with OffscreenApp((ModelSpec(),), load_config()) as app:
        yield app


def tooltip_at(app, hit=None):
    if hit is not None:
        app.world.hover(hit)
    return find_tooltip(app.workspace, KeyMap(load_config().keys))


def test_a_channel_says_its_value_and_what_can_be_done(app):
    app.do(HoverLayer("stage1.0.conv1", channel=6, position=(19, 1)))
    found = tooltip_at(app)
    assert found.lines[0] == "stage1.0.conv1"
    assert found.lines[1].startswith("conv 3×3")
    assert found.lines[2] == "16 × 32×32"
    assert found.lines[3].startswith("channel 6 (19, 1) = ")
    assert found.actions[0] == "click: take this map"
    assert {"V features", "F go there"} <= set(found.actions)


def test_a_layer_between_its_maps_offers_no_map(app):
    app.do(HoverLayer("stage1.0.conv1"))
    found = tooltip_at(app)
    assert len(found.lines) == 3
    assert not any("take" in action for action in found.actions)


@pytest.mark.parametrize("kind", sorted(CLICKS))
def test_other_things_say_what_a_click_does(app, kind):
    value = "stage2" if kind == "bracket" else None
    node = app.world.networks[0].node_ids["stage1.0.conv1"] if kind == "handle" else -1
    found = tooltip_at(app, Hit(kind, 1.0, node=node, value=value))
    assert found.actions == (CLICKS[kind],)
    if kind == "bracket":
        assert found.lines == ("stage2",)
    if kind == "handle":
        assert found.lines == ("stage1.0.conv1",)


def test_nothing_says_nothing(app):
    app.world.hover(None)
    assert tooltip_at(app) is None


@pytest.mark.parametrize("size", [(640, 360), (1000, 640), (3840, 2160)])
@pytest.mark.parametrize("where", [(0.0, 0.0), (0.99, 0.0), (0.0, 0.99), (0.99, 0.99), (0.5, 0.5)])
def test_it_stays_in_the_picture_and_off_the_pointer(size, where):
    canvas = HudCanvas(size)
    x, y = where[0] * canvas.width, where[1] * canvas.height
    long = Tooltip(("layer4.1.conv2", "conv 3×3, 512→512 · batch norm · ReLU"), ("X ablate",) * 6)
    draw_tooltip(canvas, long, x, y)
    (quad,) = canvas.draw_list().quads
    assert quad.dtype == QUAD
    left, top, _ = quad["origin"].tolist()
    right, bottom, _ = (quad["origin"] + quad["right"] + quad["down"]).tolist()
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    at = where[0] * size[0], where[1] * size[1]
    assert not (left <= at[0] <= right and top <= at[1] <= bottom)
