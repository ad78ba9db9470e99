"""Relevance in the world: asked for by commands, kept up with the input, undone, refused."""

import numpy as np
import pytest

from tests.support import golden
from tests.support.few_digits import few_digits
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate
from vrnn.commands.base import UndoableCommand
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.explain import (
    CompareMethods,
    ExplainTarget,
    MeasureFaithfulness,
    SetExplanationMethod,
    SetRelevanceDisplay,
    ShowRelevance,
    explain_class,
)
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.relevance_conditions import RestrictRelevance, RestrictRelevanceToRegion
from vrnn.commands.session import OpenSession, SaveSession
from vrnn.commands.top_activations import ShowTopActivations
from vrnn.commands.view import HoverLayer
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.network.picture_kinds import RELEVANCE_PICTURE
from vrnn.render.context import is_software
from vrnn.scene.layout.input_margin import INPUT_BARS
from vrnn.scene.picking import Hit
from vrnn.scene.pointer_marks import pointer_marks
from vrnn.scene.primitives import FIRST_RELEVANCE_STORE
from vrnn.scene.readout import hover_text
from vrnn.scene.relevance import shares_in
from vrnn.scene.relevance_links import MAX_CELLS, link_marks, links_at
from vrnn.scene.relevance_readout import legend_texts
from vrnn.scene.visuals.distant_pictures import Viewer
from vrnn.style.text import number_text
from vrnn.workspace.faithfulness import VISUAL
from vrnn.workspace.relevant_images import RelevantImagesCard

LAYER = "stage2.0.conv1"
SIZE = (320, 180)


@pytest.fixture(scope="module")
def opened():
    with OffscreenApp([ModelSpec("digits")], load_config()) as app:
        yield app


@pytest.fixture
def app(opened):
    opened.world.hover(None)
    if opened.workspace.history.undo_label:
        opened.do(Undo(times=1_000))
    return opened


def explanation(app):
    return app.world.relevance[0].found.explanation


def pixels(app, camera=f"layer:{LAYER}"):
    return np.asarray(app.picture(camera, SIZE)).astype(int)


def test_it_takes_the_place_of_maps_near_and_far_and_goes_with_undo(app):
    before = pixels(app)
    app.do(ShowRelevance())
    found = app.world.relevance[0]
    assert FIRST_RELEVANCE_STORE in app._renderer.maps.slots
    node = app.world.networks[0].node_ids[LAYER]
    assert app.world.distant_kind(0, node) == RELEVANCE_PICTURE
    assert app.world.distant_pictures[0][node].kind == RELEVANCE_PICTURE
    assert not found.is_stale
    assert any(store == FIRST_RELEVANCE_STORE for store, _ in app.world.draw_list().panels)
    shown = pixels(app)
    assert np.abs(shown - before).mean() > 2
    app.do(Undo())
    assert app.world.relevance == {}
    assert FIRST_RELEVANCE_STORE not in app._renderer.maps.slots
    np.testing.assert_array_equal(pixels(app), before)
    app.do(Redo())
    np.testing.assert_array_equal(pixels(app), shown)


def test_the_digits_with_relevance(app, regenerate, tmp_path):
    app.do(SetInputImage(number=8))
    app.do(ShowRelevance())
    picture = np.asarray(app.picture("overview", (960, 540)))
    golden.check("relevance", picture, regenerate, is_software(app.gl_context), tmp_path)


def test_another_image_is_explained_anew(app):
    app.do(SetInputImage(number=3))
    app.do(ShowRelevance())
    first = explanation(app)
    app.do(SetInputImage(number=8))
    second = explanation(app)
    assert second is not first
    assert np.abs(second.heatmap - first.heatmap).max() > 0


def test_what_is_shown_is_dimmed_until_the_new_one_is_there(app):
    app.do(ShowRelevance())
    workspace = app.workspace
    bright = app.world.draw_list().panels[FIRST_RELEVANCE_STORE, 0]["light"].max()
    workspace.apply_command(SetInputImage(number=5))
    assert app.world.relevance[0].is_stale
    assert app.world.draw_list().panels[FIRST_RELEVANCE_STORE, 0]["light"].max() < bright / 2
    app._wait(app._worker.requested)
    assert not app.world.relevance[0].is_stale


def test_a_stream_lets_an_explanation_come_to_its_end(app):
    app.do(ShowRelevance())
    first = explanation(app)
    frames = np.random.default_rng(0).integers(0, 255, (3, 32, 32, 3), np.uint8)
    for frame in frames:
        app.workspace.show_live_frame(frame)
        assert app.world.relevance[0].found is not None
        app._wait(app._worker.requested)
    assert explanation(app) is not first
    assert not app.world.relevance[0].is_stale
    app.workspace.input.live_frame = None


def test_a_click_on_a_class_explains_it_and_the_same_again_no_more(app):
    state = app.world.state.relevance
    app.do(explain_class(state, 0, 4))
    assert explanation(app).target == "4"
    assert app.world.state.relevance.target == "4"
    app.do(explain_class(app.world.state.relevance, 0, 7))
    assert explanation(app).target == "7"
    app.do(explain_class(app.world.state.relevance, 0, 7))
    assert app.world.relevance == {}


def test_classes_can_be_clicked_in_the_world(app):
    regions = [r for r in app.world.pick_regions() if r.kind == "class"]
    scores = app.world.networks[0].result.outputs[0].probabilities
    best = np.argsort(-scores, kind="stable")
    at_input, on_board = regions[:INPUT_BARS], regions[INPUT_BARS:]
    assert [r.value for r in at_input] == best[:INPUT_BARS].tolist()
    assert [r.value for r in on_board] == best[: len(on_board)].tolist()
    assert len(on_board) > INPUT_BARS
    middle = np.array(regions[1].origin) + np.add(regions[1].right, regions[1].down) / 2
    hit = app.world.pick(middle + np.array([0, 0, 2.0]), np.array([0, 0, -1.0]))
    assert (hit.kind, hit.value) == ("class", int(best[1]))


def test_a_method_that_cannot_be_used_is_refused_and_what_was_shown_stays(app):
    app.do(ShowRelevance())
    before, shown = app.world.state, explanation(app).method
    with pytest.raises(VrnnError, match="attention"):
        app.do(SetExplanationMethod("attention-rollout"))
    assert app.world.state == before
    assert explanation(app).method == shown
    with pytest.raises(VrnnError, match="no method 'magic'"):
        app.do(SetExplanationMethod("magic"))
    with pytest.raises(VrnnError, match="no class"):
        app.do(ExplainTarget("a penguin"))
    with pytest.raises(VrnnError, match="11"):
        app.do(ExplainTarget("11"))
    assert app.world.state == before
    app.do(SetExplanationMethod("integrated-gradients"))
    assert explanation(app).method == "integrated-gradients"


def test_a_method_without_layers_leaves_maps_and_edges_as_they_are(app):
    edges = app.world.draw_list().strokes
    app.do(ExplainTarget(method="saliency"))
    found = app.world.relevance[0].found
    assert not found.maps
    assert found.explanation.heatmap is not None
    np.testing.assert_array_equal(app.world.draw_list().strokes, edges)
    assert app.world.distant_kind(0, 0) == app.world.state.distant_picture


def test_grad_cam_shows_its_one_map(app):
    app.do(ExplainTarget(method="grad-cam"))
    found = app.world.relevance[0].found
    assert len(found.pictures) == 1
    assert not found.maps
    assert (FIRST_RELEVANCE_STORE, 0) in app.world.draw_list().panels


def test_relevance_through_chosen_channels_only(app):
    app.do(ShowRelevance())
    whole = explanation(app).heatmap
    app.do(RestrictRelevance(LAYER, (0, 2)))
    part = explanation(app)
    assert np.abs(part.heatmap - whole).max() > 0
    assert (part.layers[LAYER].channels.nonzero()[0]).tolist() in ([0], [2], [0, 2])
    app.do(RestrictRelevance(LAYER, (0, 2)))
    assert app.world.state.relevance.conditions == ()
    with pytest.raises(VrnnError, match="no channel 99"):
        app.do(RestrictRelevance(LAYER, (99,)))


def test_relevance_through_a_box_of_positions_only(app):
    app.do(ShowRelevance())
    whole = explanation(app).layers[LAYER]
    node = app.world.networks[0].node_ids[LAYER]

    def point(row, column):
        hit = Hit("layer", 1.0, 0, node, 2, row, column)
        app.do(RestrictRelevanceToRegion.for_hit(app.context, hit))
        conditions = app.world.state.relevance.conditions
        return conditions[0].region if conditions else ()

    assert point(2, 3) == (2, 3, 3, 4)
    assert point(4, 1) == (2, 1, 5, 4)
    part = explanation(app).layers[LAYER].picture
    outside = np.ones(part.shape, bool)
    outside[2:5, 1:4] = False
    assert np.abs(part[outside]).max() == 0
    np.testing.assert_allclose(part[~outside], whole.picture[~outside], rtol=1e-3, atol=1e-4)
    app.do(RestrictRelevance(LAYER, (0, 2)))
    (condition,) = app.world.state.relevance.conditions
    assert (condition.channels, condition.region) == ((0, 2), (2, 1, 5, 4))
    assert point(3, 3) == ()
    app.do(RestrictRelevance(LAYER, (0, 2)))
    assert app.world.state.relevance.conditions == ()
    with pytest.raises(VrnnError, match="nothing at row"):
        app.do(RestrictRelevanceToRegion(LAYER, (2, 1, 99, 4)))
    with pytest.raises(VrnnError, match="top < bottom"):
        app.do(RestrictRelevanceToRegion(LAYER, (2, 1, 1, 4)))


def test_ablated_channels_are_explained_as_they_are_shown(app):
    app.do(SetInputImage(number=8))
    app.do(ShowRelevance())
    value = explanation(app).value
    app.do(Ablate(LAYER, channels=(0, 2)))
    found = explanation(app)
    assert found.value != value
    assert found.layers[LAYER].channels[[0, 2]].tolist() == [0, 0]
    scores = app.world.networks[0].result.outputs[0].logits
    assert found.value == pytest.approx(float(scores.max()), rel=1e-4)
    app.do(Undo())
    assert explanation(app).value == pytest.approx(value)


def test_one_scale_for_all_layers_or_each_its_own(app):
    app.do(ShowRelevance())
    relevance = app.world.relevance[0]
    own = {node: relevance.scale(node, "layer") for node in relevance.found.scales}
    common = {node: relevance.scale(node, "network") for node in relevance.found.scales}
    densities = [scale.picture * scale.positions for scale in common.values()]
    np.testing.assert_allclose(densities, densities[0])
    assert all(common[node].maps >= own[node].maps * (1 - 1e-6) for node in own)
    before = pixels(app, "overview")
    app.do(SetRelevanceDisplay.for_hit(app.context, None))
    assert app.world.state.relevance.normalize_by == "network"
    assert np.abs(pixels(app, "overview") - before).mean() > 0.5


def test_over_the_maps_and_over_the_input_with_opacity(app):
    app.do(ShowRelevance())
    in_place = pixels(app)
    app.do(SetRelevanceDisplay(placement="over"))
    over = pixels(app)
    assert np.abs(over - in_place).mean() > 1
    relevance, image = app.world.relevance[0], app.world.networks[0].result.image
    state = app.world.state.relevance
    drawn = relevance.over(image, state)
    assert relevance.over(image, state) is drawn
    app.do(SetRelevanceDisplay(opacity=0.2))
    lighter = relevance.over(image, app.world.state.relevance)
    assert lighter.std(2).mean() < drawn.std(2).mean()
    app.do(SetRelevanceDisplay(smooth=True))
    assert not np.array_equal(relevance.over(image, app.world.state.relevance), lighter)


def test_shares_of_a_block_and_its_skip_sum_to_one_and_edges_show_them(app):
    app.do(ShowRelevance())
    frame = app.world.placement_frame(0)
    network, relevance = frame.placement.network, app.world.relevance[0]
    shares = shares_in(frame.placement, relevance)
    for node in network.nodes:
        leaving = [s for e, s in zip(network.edges, shares, strict=True) if e.source == node.id]
        if len(leaving) > 1 and not any(e.source < node.id < e.target for e in network.edges):
            assert np.abs(leaving).sum() == pytest.approx(1.0)
    visual = app.world._drawing._network(0)
    widths = visual.edges.records["width"][-len(shares) :]  # of the heads
    assert np.argmax(widths) == np.argmax(np.abs(shares))
    app.do(SetRelevanceDisplay(min_share=0.5))
    strokes = app.world._drawing._network(0).edges
    assert ((strokes.colors[:, 3] < 0.1) == (np.abs(shares) < 0.5)).all()


def test_light_runs_along_edges_only_where_things_move_and_relevance_flows(app):
    world = app.world
    assert not world.advance(0.1)
    app.do(ShowRelevance())
    assert not world.advance(0.1)
    before = world.draw_list()
    world.animates_flow = True
    try:
        assert world.advance(0.1)
        assert world.flow_seconds == pytest.approx(0.1)
        assert not world.advance(0.001)
        assert world.draw_list() is before
        app.do(ShowRelevance(False))
        assert not world.advance(0.1)
    finally:
        world.animates_flow = False
    strokes = before.strokes
    assert strokes["flow"][:, 1].max() == 1.0
    assert strokes["flow"][:, 0].max() > 1.0


def test_an_edge_that_is_pointed_at_tells_its_share(app):
    frame = app.world.placement_frame(0)
    route = frame.routes[1]
    middle = (route[0] + route[1]) / 2
    eye = middle + np.array([0.3, 1.0, 1.0])
    ray = (middle - eye) / np.linalg.norm(middle - eye)
    hit = app.world.pick(eye, ray)
    assert hit is None or hit.kind != "edge"
    app.do(ShowRelevance())
    hit = app.world.pick(eye, ray)
    edge = frame.placement.network.edges[1]
    assert (hit.kind, hit.edge) == ("edge", (edge.source, edge.target))
    app.world.hover(hit)
    assert "of what flows past here" in hover_text(app.world)


def test_the_readout_tells_relevance_and_where_it_goes_on_to(app):
    app.do(ShowRelevance())
    app.do(HoverLayer("stage2.1.add", channel=3, position=(2, 5)))
    text = hover_text(app.world)
    found = app.world.relevance[0].found
    node = app.world.networks[0].node_ids["stage2.1.add"]
    value = float(found.maps[node].values[3, 2, 5]) * found.maps[node].scale
    assert f"relevance of channel 3 here = {value:.3g}".replace("-", "−") in text
    assert "relevance came from = stage2.1.add" not in text
    assert "relevance went to = stage2.0.add 9" in text
    title, _, low, high = legend_texts(app.world, app.world.hovered)
    assert title.startswith(f"relevance for {explanation(app).target} = ")
    assert float(high) == -float(low.replace("−", "-"))


def test_the_pointer_tells_and_marks_where_relevance_came_from_and_went_to(app):
    app.do(SetInputImage(number=8))
    app.do(ShowRelevance())
    found = app.world.relevance[0].found
    node = app.world.networks[0].node_ids["stage2.0.conv2"]
    values = found.maps[node].values
    channel, row, column = (int(i) for i in np.unravel_index(values.argmax(), values.shape))
    before = pixels(app, "layer:stage2.0.conv2")
    app.do(HoverLayer("stage2.0.conv2", channel=channel, position=(row, column)))
    links = links_at(app.world, app.world.hovered)
    assert [layer.name for layer in links.came_from] == ["stage2.0.add"]
    assert [layer.name for layer in links.went_to] == ["stage2.0.conv1"]
    expected = float(values[channel, row, column]) * found.maps[node].scale
    assert links.amount == pytest.approx(expected, rel=1e-2)
    text = hover_text(app.world)
    assert "relevance came from = stage2.0.add 100% (channels " in text
    assert "relevance went to = stage2.0.conv1 100% (channels " in text
    middle = app.eye("layer:stage2.0.conv2")
    viewer = Viewer(middle.position, 500.0)
    marks = link_marks(app.world, viewer)
    assert len(marks) == (1 + 1) + (1 + MAX_CELLS)  # of a sum one value alone gives to one
    assert len(pointer_marks(app.world, viewer, False)) >= 4 * len(marks)
    assert np.abs(pixels(app, "layer:stage2.0.conv2") - before).max() > 0
    app.do(HoverLayer("stage2.0.conv2", channel=channel, position=(0, 0)))
    again = links_at(app.world, app.world.hovered)
    assert again is not links
    app.do(HoverLayer())
    assert app.world.relevance_links is None
    app.do(ExplainTarget(method="grad-cam"))
    app.do(HoverLayer("stage2.0.conv2", channel=channel))
    assert app.world.relevance_links is None


def test_how_faithful_it_is_stands_above_the_input_and_follows_it(app):
    with pytest.raises(VrnnError, match="no explanation"):
        app.do(MeasureFaithfulness())
    app.do(SetInputImage(number=8))
    app.do(ShowRelevance())
    before = pixels(app, "overview")
    app.do(MeasureFaithfulness())
    (measured,) = app.workspace.faithfulness.methods
    curves = measured.curves
    assert curves.deletion[0] == pytest.approx(explanation(app).value, rel=1e-4)
    assert curves.areas()["deletion"] < curves.areas()["random"]
    assert not app.workspace.faithfulness.measuring
    assert measured.note == ""
    card = app.world.visuals[VISUAL]
    # It stands over the room beside the input, where the input's image is.
    frame, margin = app.world.placement_frame(0), app.world.networks[0].input_margin
    x, _, _, width, _ = frame.panel_rect(margin.node)
    ground = card.quads[0]
    middle = float(ground["origin"][0] + ground["right"][0] / 2)
    right = x - width / 2 - margin.gap * frame.panel_scale(margin.node)
    assert right - margin.width * frame.panel_scale(margin.node) < middle < right
    texts = [label.text for label in card.labels]
    assert f"area of deletion = {number_text(curves.areas()['deletion'])}" in texts
    assert np.abs(pixels(app, "overview") - before).max() > 20
    app.do(SetInputImage(number=3))
    (again,) = app.workspace.faithfulness.methods
    assert again.curves is not None
    assert again.curves is not curves
    (close,) = app.world.visuals[VISUAL].pick_regions
    app.do(close.value)
    assert app.workspace.faithfulness.methods == ()
    assert VISUAL not in app.world.visuals
    app.do(Undo())
    assert VISUAL in app.world.visuals
    app.do(ShowRelevance(False))
    assert VISUAL not in app.world.visuals


def test_two_methods_stand_side_by_side_with_their_curves(app):
    app.do(SetInputImage(number=8))
    app.do(ShowRelevance())
    app.do(CompareMethods("saliency"))
    first, second = app.workspace.faithfulness.methods
    assert (first.method, second.method) == ("epsilon-plus", "saliency")
    assert first.explanation is explanation(app)
    assert not np.allclose(first.explanation.heatmap, second.explanation.heatmap)
    assert not second.explanation.layers
    areas = [one.curves.areas() for one in (first, second)]
    assert areas[0]["random"] == pytest.approx(areas[1]["random"])
    assert areas[0]["deletion"] != areas[1]["deletion"]
    overlays = [q.pixels for q in app.world.visuals[VISUAL].image_quads]
    assert len(overlays) == 2
    assert np.abs(overlays[0].astype(int) - overlays[1]).max() > 20
    app.do(SetExplanationMethod("alpha2-beta1"))
    assert [m.method for m in app.workspace.faithfulness.methods] == ["alpha2-beta1", "saliency"]
    app.do(CompareMethods())
    assert VISUAL not in app.world.visuals
    with pytest.raises(VrnnError, match="nonsense"):
        app.do(CompareMethods("nonsense"))


@pytest.fixture
def few(tmp_path):
    with OffscreenApp([few_digits(tmp_path / "digits", 24)], load_config()) as app:
        yield app


def test_images_that_use_a_channel_stand_beside_those_that_excite_it(few):
    app = few
    app.do(ShowTopActivations("stage2.1.add", 3))
    assert RelevantImagesCard.visual not in app.world.visuals
    app.do(ExplainTarget("3"))
    card = app.world.visuals[RelevantImagesCard.visual]
    beside = app.world.visuals["top images"]
    texts = [label.text for label in card.labels]
    assert texts[0] == "use it most for 3"
    assert any(text.endswith("%") for text in texts)
    assert {r.value for r in card.pick_regions} != {r.value for r in beside.pick_regions}
    left = max(float((q["origin"] + q["right"])[0]) for q in beside.quads)
    assert min(float(q["origin"][0]) for q in card.quads) > left
    app.do(ExplainTarget("4"))
    texts = [label.text for label in app.world.visuals[RelevantImagesCard.visual].labels]
    assert texts[0] == "use it most for 4"
    app.do(ShowTopActivations())
    assert RelevantImagesCard.visual not in app.world.visuals


def test_a_method_that_cannot_be_compared_is_told(app):
    app.do(ShowRelevance())
    with pytest.raises(VrnnError, match="attention"):
        app.do(CompareMethods("attention-rollout"))
    assert app.world.state.relevance.beside == ""
    assert app.workspace.faithfulness.methods == ()
    app.workspace.input.live_frame = np.zeros((32, 32, 3), np.uint8)
    try:
        app.do(CompareMethods("saliency"))
        assert [one.curves for one in app.workspace.faithfulness.methods] == [None, None]
    finally:
        app.workspace.input.live_frame = None


def test_a_session_keeps_it(app, tmp_path):
    app.do(ExplainTarget("7", method="alpha2-beta1"))
    app.do(SetRelevanceDisplay(normalize_by="network", min_share=0.25))
    app.do(SaveSession(tmp_path / "why.json"))
    state = app.world.state.relevance
    app.do(ShowRelevance(False))
    app.do(OpenSession(tmp_path / "why.json"))
    assert app.world.state.relevance == state
    assert explanation(app).target == "7"


def test_every_command_is_offered_only_where_it_can_be_done(app):
    with pytest.raises(VrnnError, match="show relevance first"):
        SetRelevanceDisplay.for_hit(app.context, None)
    node = app.world.networks[0].node_ids[LAYER]
    at_map = Hit("layer", 1.0, 0, node, 3)
    assert RestrictRelevance.for_hit(app.context, at_map) == RestrictRelevance(LAYER, (3,))
    assert ExplainTarget.for_hit(app.context, at_map) == ExplainTarget(f"layer {LAYER} #3")
    with pytest.raises(VrnnError, match="one map"):
        RestrictRelevance.for_hit(app.context, Hit("layer", 1.0, 0, node, -1))
    assert isinstance(ShowRelevance(), UndoableCommand)
