"""The tooltip at the pointer says what is there, and stays in the picture."""

import numpy as np
import pytest

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.connections import OpenFilter, ShowConnections
from vrnn.commands.key_bindings import KeyMap
from vrnn.commands.view import HoverLayer
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.uniforms import RenderColors
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import QUAD
from vrnn.scene.ribbon_net import PIECES
from vrnn.style.color_mapping import DEFAULT
from vrnn.style.theme import ACCENT
from vrnn.ui.hud.overlay import (
    BACKGROUND,
    BRIGHT_COLOR,
    TEXT_COLOR,
    HudCanvas,
    draw_hint,
    draw_legend,
)
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
    assert found.actions[0] == "click: pick up this map"
    assert {"V features", "F go there"} <= set(found.actions)


def test_a_layer_between_its_maps_offers_no_map(app):
    app.do(HoverLayer("stage1.0.conv1"))
    found = tooltip_at(app)
    assert len(found.lines) == 3
    assert not any("take" in action for action in found.actions)


@pytest.mark.parametrize("kind", sorted(CLICKS))
def test_other_things_say_what_a_click_does(app, kind):
    value = {"bracket": "stage2", "class": 3}.get(kind)
    node = app.world.networks[0].node_ids["stage1.0.conv1"] if kind == "handle" else -1
    found = tooltip_at(app, Hit(kind, 1.0, node=node, value=value))
    assert found.actions == (CLICKS[kind],)
    if kind == "bracket":
        assert found.lines == ("stage2",)
    if kind == "class":
        assert found.lines == ("3",)
    if kind == "handle":
        assert found.lines == ("stage1.0.conv1",)


def test_a_ribbon_says_what_it_connects_and_what_a_click_opens(app):
    app.do(OpenFilter(5, "stage2.0.conv1"))
    app.world.connection_opening = 2.0
    net = app.world.connections.filter_net
    places, piece = net.places(1.0), 3 * PIECES + PIECES // 2
    middle = (places[net.first[piece]] + places[net.second[piece]]) / 2
    hit = app.world.pick(middle + np.array([0, 0, 3.0]), np.array([0.0, 0.0, -1.0]))
    try:
        found = tooltip_at(app, hit)
        assert found.lines[0].endswith("of stage1.1.add to map 5 of stage2.0.conv1")
        assert found.lines[1].startswith("weight (sum) = ")
        assert found.actions == ("click: all its calculations",)
    finally:
        app.do(ShowConnections())


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


@pytest.mark.parametrize("size", [(640, 400), (1000, 640), (1920, 1080)])
@pytest.mark.parametrize("note", ["", "needs a data set: start with --data FOLDER"])
def test_it_never_lies_on_the_legend_or_on_a_note(size, note):
    for across in np.linspace(0.02, 0.98, 7):
        for down in np.linspace(0.02, 0.98, 7):
            canvas = HudCanvas(size, 0.8)
            room = draw_legend(canvas, RenderColors(), DEFAULT, picture="portrait: colors")
            if note:
                draw_hint(canvas, note, room)
            assert len(canvas.taken) == 1 + bool(note)
            before = len(canvas.draw_list().quads)
            what = Tooltip(("layer4.1.conv2", "512 × 7×7", "channel 5 (3, 2) = 0.1"), ("X ablate",))
            draw_tooltip(canvas, what, across * canvas.width, down * canvas.height)
            tooltip = pixels_of(canvas.draw_list().quads[before])
            for left, top, width, height in canvas.taken:
                box = np.array([left, top, left + width, top + height]) * canvas.scale
                assert not overlaps(tooltip, box), (across, down)


def pixels_of(quad):
    """Left, top, right and bottom of a quad, pixels."""
    end = quad["origin"] + quad["right"] + quad["down"]
    return np.array([*quad["origin"][:2], *end[:2]])


def overlaps(a, b):
    return bool((np.maximum(a[:2], b[:2]) + 0.5 < np.minimum(a[2:], b[2:])).all())


@pytest.mark.parametrize("color", [TEXT_COLOR, BRIGHT_COLOR, ACCENT])
def test_text_on_a_card_is_readable_over_the_brightest_map(color):
    """The contrast of WCAG 2 between text and a card over white: 4.5 is what it asks for."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    behind = (1 - BACKGROUND[3]) * 1.0 + BACKGROUND[3] * float(weights @ BACKGROUND[:3])
    text = float(weights @ color[:3])
    assert (text + 0.05) / (behind + 0.05) >= 4.5
