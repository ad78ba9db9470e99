"""Connections are read for what the state shows, laid out, and drawn as far as they are opened."""

import numpy as np
import pytest

from tests.support.offscreen import reset
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.connections import (
    OpenConnections,
    OpenFilter,
    OpenPosition,
    SetConnectionsDisplay,
    ShowConnections,
    StepWindow,
    open_ribbon,
)
from vrnn.commands.edit import Undo
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.layers import ArrangeMaps
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.connection_sums import position_sum
from vrnn.network.importance import ChannelImportance, ImportanceResult
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.connections import connection_bounds, map_places, ribbons_of
from vrnn.scene.importance import NetworkImportance
from vrnn.scene.readout import hover_text
from vrnn.scene.ribbon_net import PIECES
from vrnn.scene.ribbon_picking import RIBBON_KIND
from vrnn.scene.state import State
from vrnn.scene.visuals.connection_caption import connection_texts
from vrnn.scene.visuals.connections import (
    connection_visual,
    stepped,
)
from vrnn.scene.world import WINDOW_SECONDS
from vrnn.style.theme import CARD

LAYER = "stage2.0.conv1"
"""A convolution of 16 maps to 32, with a stride of 2."""


@pytest.fixture(scope="module")
def opened():
    with OffscreenApp([ModelSpec()], load_config()) as made:
        yield made


@pytest.fixture
def app(opened):
    reset(opened)
    return opened


def texts(app):
    state = app.world.state.connections
    return connection_texts(app.world.connections, state, state.opening)


def drawn(app):
    state = app.world.state.connections
    return connection_visual(app.world.connections, state, state.opening)


def test_a_layer_shows_a_ribbon_for_each_pair_of_maps_and_hides_it_again(app):
    before = len(app.world.draw_list().strokes)
    app.do(ShowConnections(LAYER))
    shown = app.world.connections
    assert shown.layer.name == LAYER
    assert len(shown.pairs) == len(shown.which) == 512
    assert texts(app)[0] == f"{LAYER}: convolution, 512 kernels 3 × 3"
    assert len(texts(app)) == 2  # nothing is hidden
    assert len(app.world.draw_list().strokes) == before + len(shown.net.first)
    app.do(ShowConnections(LAYER))
    assert app.world.connections is None
    assert len(app.world.draw_list().strokes) == before
    app.do(Undo())
    assert len(app.world.connections.pairs) == 512


def test_ribbons_lead_from_map_to_map_and_are_colored_by_their_sign(app):
    app.do(ShowConnections(LAYER))
    shown = app.world.connections
    frame = app.world.placement_frame(0)
    part = shown.layer.parts[0]
    sources = map_places(frame, part.source, 16).centers
    targets = map_places(frame, shown.layer.node, 32).centers
    places = shown.net.opened.reshape(512, -1, 3)
    assert np.allclose(places[:, 0], sources[shown.pairs.inputs], atol=1e-4)
    assert np.allclose(places[:, -1], targets[shown.pairs.outputs], atol=1e-4)
    strongest = drawn(app).strokes[-1]
    kernel = part.kernels[shown.pairs.outputs[0], shown.pairs.inputs[0]]
    assert np.abs(kernel).sum() == pytest.approx(np.abs(part.kernels).sum((2, 3)).max(), rel=1e-5)
    assert shown.pairs.values[0] == pytest.approx(kernel.sum(), abs=1e-5)
    red, _, blue = strongest["color"][:3]
    assert (red > blue) == (kernel.sum() > 0)
    app.do(SetConnectionsDisplay(palette="orange-purple"))
    assert not np.allclose(drawn(app).strokes[-1]["color"], strongest["color"])


def test_only_the_strongest_share_is_drawn_and_what_is_hidden_is_told(app):
    app.do(ShowConnections(LAYER))
    app.do(SetConnectionsDisplay(share=0.1))
    shown = app.world.connections
    assert len(shown.pairs) == 51
    weights = np.sort(np.abs(shown.layer.parts[0].kernels).sum((2, 3)).ravel())[::-1]
    assert shown.pairs.share == pytest.approx(weights[:51].sum() / weights.sum(), rel=1e-4)
    assert "the strongest 51 are drawn" in texts(app)[1]
    assert "461 are hidden" in texts(app)[1]
    app.do(ArrangeMaps(LAYER, most=4))
    shown = app.world.connections
    assert len(shown.which) == int((shown.pairs.outputs < 4).sum())
    assert f"{51 - len(shown.which)} of them lead to maps that are not shown" in texts(app)[-1]


def test_weight_times_activation_follows_the_image(app):
    app.do(ShowConnections(LAYER))
    app.do(SetConnectionsDisplay(values="contribution"))
    first = app.world.connections
    maps = first.layer.steps[0].maps
    sums = np.zeros(32)
    np.add.at(sums, first.pairs.outputs, first.pairs.values)
    assert np.allclose(sums, maps.reshape(32, -1).mean(1), atol=1e-4 * np.abs(maps).max())
    app.do(SetInputImage(plain="gray"))
    again = app.world.connections
    assert not np.allclose(again.layer.steps[0].maps, maps)
    assert not np.allclose(again.pairs.values, first.pairs.values)


def test_levels_open_from_a_center_to_one_value_with_its_calculations(app):
    app.do(ShowConnections(LAYER))
    widest = drawn(app).visual
    assert len(widest.quads) == 1  # the card behind the caption
    app.do(OpenConnections(2.0))
    visual = drawn(app)
    assert len(visual.strokes) == 16 * 20  # of one filter
    assert len(visual.visual.quads) == 16 * 10 + 1  # nine weights and a frame each; the card
    app.do(OpenPosition(LAYER, channel=3, row=5, column=7))
    layer = app.world.connections.layer
    one = position_sum(layer, 3, (5, 7))
    labels = [label.text for label in drawn(app).visual.labels]
    assert f"{LAYER}: map 3, row 5, column 7" in labels
    assert any(text.startswith("sum over 16 maps") for text in labels)
    seen = app.world.networks[0].maps[layer.node]
    assert one.steps[-1][1] == pytest.approx(float(seen.values[3, 5, 7]) * seen.scale, rel=2e-3)
    app.do(StepWindow())
    assert app.world.state.connections.column == 8
    app.do(StepWindow(-9))
    assert (app.world.state.connections.row, app.world.state.connections.column) == (4, 15)


def test_a_session_keeps_what_is_shown(app, tmp_path):
    app.do(OpenPosition(LAYER, channel=2, row=1, column=1))
    app.do(SetConnectionsDisplay(bundling=0.25, palette="orange-purple", kernel_sheet=True))
    kept = app.world.state.connections
    app.do(SaveSession(tmp_path / "one.toml"))
    app.do(ShowConnections())
    app.do(OpenSession(tmp_path / "one.toml"))
    assert app.world.state.connections == kept
    assert app.world.connections.sheet is not None
    assert len(app.world.draw_list().image_quads) > 1


def test_what_cannot_be_shown_is_refused_in_a_sentence(app):
    with pytest.raises(VrnnError, match="has no weights and sums no maps"):
        app.do(ShowConnections("input"))
    assert app.world.connections is None
    assert not app.world.state.connections.shown  # nothing is told to be shown, or to be undone
    assert app.workspace.history.state == State()
    with pytest.raises(VrnnError, match="counted from 0"):
        app.do(OpenPosition(LAYER, channel=32))
    with pytest.raises(VrnnError, match="open from 0 to 3"):
        app.do(OpenConnections(3.5))


def test_what_has_appeared_is_brought_into_view_once(app):
    app.workspace.revealed = None
    app.do(ShowConnections(LAYER))
    first = app.workspace.revealed
    low, high = connection_bounds(app.world.connections)
    assert np.allclose(first.points.min(0)[:2], low[:2])
    assert np.allclose(first.points.max(0)[:2], high[:2])
    app.workspace.revealed = None
    app.do(SetConnectionsDisplay(bundling=0.1))
    assert app.workspace.revealed is None
    app.do(OpenConnections(3.0))
    board = app.workspace.revealed
    assert board.points[:, 1].max() > high[1] + 1
    assert board.min_height > first.min_height


def test_a_window_opens_connections_step_by_step_and_slides_on(app):
    app.do(OpenPosition(LAYER, channel=0, row=15, column=14))
    world = app.world
    world.placement.seconds = 1.0
    try:
        world.connection_opening = 0.0
        assert world.advance(0.25)
        assert world.connection_opening == 0.25
        for _ in range(11):
            world.advance(0.25)
        assert world.connection_opening == 3.0
        assert not world.advance(0.25)
        app.do(SetConnectionsDisplay(running=True))
        for _ in range(16):
            world.advance(WINDOW_SECONDS / 8 + 1e-6)
        assert world.connection_steps == 2
        layer, state = world.connections.layer, world.state.connections
        assert stepped(layer, state, world.connection_steps) == (0, 0)  # the first comes again
        app.do(SetConnectionsDisplay(running=False))
        now = world.state.connections
        assert (now.row, now.column, now.running) == (0, 0, False)
    finally:
        world.placement.seconds = 0.0


def point_at_ribbon(app, number):
    """The hit of a ray that meets the middle of a ribbon of the open filter from the front."""
    net = app.world.connections.filter_net
    piece = number * PIECES + PIECES // 2
    places = net.places(1.0)
    middle = (places[net.first[piece]] + places[net.second[piece]]) / 2
    return app.world.pick(middle + np.array([0, 0, 3.0]), np.array([0.0, 0.0, -1.0]))


def test_pointing_at_a_ribbon_tells_what_it_connects_and_a_click_opens_it(app):
    app.do(OpenFilter(5, LAYER))
    shown, state = app.world.connections, app.world.state.connections
    assert (state.opening, state.channel) == (2.0, 5)
    app.world.connection_opening = 2.0
    hit = point_at_ribbon(app, 3)
    assert hit.kind == RIBBON_KIND
    ribbon = hit.value
    kernels = shown.layer.parts[0].kernels
    assert ribbon.output == 5
    assert ribbon.count == 1
    assert ribbon.value == pytest.approx(float(kernels[5, ribbon.input].sum()), abs=1e-5)
    app.world.hover(hit)
    text = hover_text(app.world)
    source = app.world.networks[0].network.by_id[shown.layer.parts[0].source].name
    assert text.startswith(f"map {ribbon.input} of {source} to map 5 of {LAYER}   weight (sum) = ")
    app.world.hover(None)
    app.do(open_ribbon(state, ribbon))
    assert app.world.state.connections.opening == 3.0
    assert app.world.state.connections.channel == 5


def test_the_strongest_of_joined_ribbons_is_named_and_its_filter_opened(app):
    app.do(ShowConnections("stage3.0.conv2"))
    app.world.connection_opening = 1.0
    net, pairs = app.world.connections.net, app.world.connections.pairs
    assert not net.is_separate
    piece = int(np.argmax(net.counts))
    places = net.places(1.0)
    middle = (places[net.first[piece]] + places[net.second[piece]]) / 2
    hit = app.world.pick(middle + np.array([0, 0, 3.0]), np.array([0.0, 0.0, -1.0]))
    assert hit.kind == RIBBON_KIND
    assert hit.value.count > 1
    number = np.flatnonzero((pairs.outputs == hit.value.output) & (pairs.inputs == hit.value.input))
    assert pairs.values[number[0]] == pytest.approx(hit.value.value)
    app.do(open_ribbon(app.world.state.connections, hit.value))
    assert app.world.state.connections.channel == hit.value.output
    with pytest.raises(VrnnError, match="counted from 0"):
        app.do(OpenFilter(10**6))


def test_ribbons_are_as_wide_as_both_maps_matter_where_that_is_known(app):
    app.do(ShowConnections(LAYER))
    shown = app.world.connections
    layer, part = shown.layer, shown.layer.parts[0]
    own = np.linspace(0, 1, layer.outputs, dtype=np.float32)
    source = np.linspace(1, 0.5, len(part.maps), dtype=np.float32)
    channels = {layer.node: own, part.source: source}
    result = ImportanceResult(ChannelImportance("gradient", 0, channels), None, 1, 1)
    plain, which = ribbons_of(layer, shown.places, shown.pairs)
    ribbons, _ = ribbons_of(layer, shown.places, shown.pairs, NetworkImportance(result))
    factor = own[shown.pairs.outputs[which]] * source[shown.pairs.inputs[which]]
    assert np.allclose(ribbons.sizes, plain.sizes * factor)
    assert np.array_equal(ribbons.values, plain.values)


def test_the_caption_stands_on_a_card_of_its_own(app):
    app.do(OpenPosition(LAYER, 3, 2, 2))
    visual = drawn(app).visual
    lines = texts(app)
    first = next(label for label in visual.labels if label.text == lines[-1])
    low = first.origin[1]
    cards = [q for q in visual.quads if np.allclose(q["top"], CARD, atol=1e-3)]
    cards = [q for q in cards if q["origin"][1] > low]
    assert any(q["origin"][1] + q["down"][1] < low for q in cards)
