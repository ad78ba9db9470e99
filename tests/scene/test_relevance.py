"""Relevance in the world: its numbers beside NumPy, and where and how it stands as golden text."""

from dataclasses import replace

import numpy as np
import pytest

from tests.scene.test_geometry import SCORES, image, ramp, world_of
from tests.support import geometry, golden_text
from tests.support.map_blocks import feature_maps
from tests.support.networks import branched, residual
from vrnn.explanations.relevance_maps import RelevanceMaps, RelevanceScale
from vrnn.explanations.results import Explanation, LayerRelevance
from vrnn.network.graph import Edge, Network, Node
from vrnn.network.picture_kinds import RELEVANCE_PICTURE
from vrnn.scene.network_object import folded_map_id
from vrnn.scene.picking import Hit
from vrnn.scene.readout import hover_text
from vrnn.scene.relevance import (
    NetworkRelevance,
    edge_flows,
    edge_shares,
    incoming_shares,
)
from vrnn.scene.relevance_readout import edge_text, layer_text, legend_texts
from vrnn.scene.relevance_state import RelevanceState
from vrnn.scene.state import AblationState, LayerState, State
from vrnn.scene.visuals.edges import ARROW_WIDTH, LINE_WIDTH, EdgeStrokes
from vrnn.scene.visuals.relevance_edges import relevance_strokes
from vrnn.style.relevance_colors import overlay_relevance
from vrnn.style.relevance_table import relevance_color

SHOWN = RelevanceState(shown=True)


def explanation_of(network, without=(), has_edges=True):
    layers = {
        node.name: LayerRelevance(
            node.id, node.name, np.zeros((1, 1, 1), np.float32), np.zeros(1, np.float32),
            0.5 * node.id - 1.25,
        )
        for node in network.nodes
        if node.id not in without
    }  # fmt: skip
    edges = {
        (edge.source, edge.target): (-1.0) ** number * (0.2 + number % 5)
        for number, edge in enumerate(network.edges)
    }
    return Explanation(
        "epsilon-plus", "cat", 12.5, {}, ramp(4, 6, low=-2, high=3), image(4, 6), layers,
        edges=edges if has_edges else {},
    )  # fmt: skip


def relevant_maps(network, without=(), has_maps=True, has_edges=True):
    """Relevance of some layers, that of each on other values."""
    maps, pictures, scales = {}, {}, {}
    for node in network.nodes:
        if node.id in without:
            continue
        pictures[node.id] = feature_maps(ramp(1, 3, 4, low=-node.id, high=1.0))
        scales[node.id] = RelevanceScale(0.5 + node.id, 2.0 + node.id, 12)
        if has_maps and node.id % 2:
            maps[node.id] = feature_maps(ramp(7, 3, 4, low=-1.0, high=node.id))
    return RelevanceMaps(explanation_of(network, without, has_edges), maps, pictures, scales)


def explained_world(network=None, state=None, is_stale=False, seen=SHOWN, **given):
    network = network or residual(1, 2)
    state = replace(state or State(), relevance=seen)
    world = world_of(network, [SCORES], state)
    found = relevant_maps(network, **given)
    keys = [*found.maps, *map(folded_map_id, found.pictures)]
    addresses = {key: (number % 2, 64 * number) for number, key in enumerate(keys[:-1])}
    world.set_relevance(0, NetworkRelevance(0, found, addresses, is_stale))
    return world


ONE_MAP = State().with_layer((0, "layer1.0.conv1"), LayerState(folded=True))
WORLDS = {
    "in-place": explained_world,
    "one-scale": lambda: explained_world(seen=replace(SHOWN, normalize_by="network")),
    "over": lambda: explained_world(seen=replace(SHOWN, placement="over", opacity=0.35)),
    "stale": lambda: explained_world(is_stale=True),
    "some": lambda: explained_world(without=(2, 3)),
    "sums-alone": lambda: explained_world(has_maps=False),
    "no-edges": lambda: explained_world(has_edges=False),
    "large-shares": lambda: explained_world(seen=replace(SHOWN, min_share=0.4)),
    "one-map": lambda: explained_world(state=ONE_MAP),
    "branches": lambda: explained_world(branched(1)),
    "folded": lambda: explained_world(state=State(folds=frozenset({(0, "layer1.1")}))),
    "ablated": lambda: explained_world(
        state=State(ablations=(AblationState(0, "layer1.0.conv2"),))
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_with_relevance_stands_as_it_was_approved(name, regenerate):
    world = WORLDS[name]()
    golden_text.check(
        f"geometry/relevance-{name}", geometry.draw_list_lines(world.draw_list()), regenerate
    )


@pytest.mark.parametrize("name", WORLDS)
def test_what_is_said_of_it_is_as_it_was_approved(name, regenerate):
    world = WORLDS[name]()
    network = world.placement_frame(0).placement.network
    lines = [f"legend: {legend_texts(world, None)}"]
    for node in network.nodes:
        for channel, picture in ((-1, ""), (2, ""), (2, "portrait")):
            hit = Hit("layer", 1.0, 0, node.id, channel, row=2, column=9, picture=picture)
            lines.append(f"{node.name} {channel} {picture}: {layer_text(world, hit)}")
            lines.append(f"  legend: {legend_texts(world, hit)}")
        hit = Hit("layer", 1.0, 0, node.id, 1, row=0, column=1)
        lines.append(f"  at its first row: {layer_text(world, hit)}")
    for edge in network.edges:
        hit = Hit("edge", 1.0, 0, edge=(edge.source, edge.target))
        lines.append(f"{hit.edge}: {edge_text(world, hit)}")
    others = [
        Hit("edge", 1.0, 0, edge=(0, 99)),
        Hit("edge", 1.0, 0),
        Hit("edge", 1.0, 1, edge=(0, 1)),
    ]
    lines += [f"{hit.slot} {hit.edge}: '{edge_text(world, hit)}'" for hit in others]
    far = Hit("layer", 1.0, 1, 1, 0)
    lines.append(f"another network: '{layer_text(world, far)}' {legend_texts(world, far)}")
    world.hover(Hit("layer", 1.0, 0, network.nodes[1].id, 2, row=1, column=1))
    lines.append(f"hovered: {hover_text(world)}")
    golden_text.check(f"views/relevance-{name}", lines, regenerate)


def network_of(count, pairs):
    nodes = tuple(Node(10 * i, f"n{i}", "conv2d", "", "", (2, 3, 3)) for i in range(count))
    edges = tuple(Edge(10 * a, 10 * b) for a, b in pairs)
    return Network("random", nodes, edges, (0,), (10 * (count - 1),))


@pytest.mark.parametrize("seed", range(12))
def test_shares_are_of_all_that_flows_past_the_source_of_an_edge(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 9))
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count) if rng.random() < 0.5]
    network = network_of(count, pairs)
    flows = {
        (10 * a, 10 * b): float(rng.normal()) for a, b in pairs if rng.random() < 0.8
    }  # some edges carry nothing
    shares = edge_shares(network, flows)
    assert shares.shape == (len(pairs),)
    for (a, b), share in zip(pairs, shares, strict=True):
        past = sum(abs(amount) for (c, d), amount in flows.items() if c // 10 <= a < d // 10)
        expected = flows.get((10 * a, 10 * b), 0.0) / past if past else 0.0
        assert share == pytest.approx(expected)
    for node in network.nodes:
        found = incoming_shares(network, node.id, shares.tolist())
        own = [
            (a * 10, share)
            for (a, b), share in zip(pairs, shares, strict=True)
            if 10 * b == node.id and share
        ]
        assert found == sorted(own, key=lambda pair: -abs(pair[1]))


def test_flows_of_a_folded_network_are_summed_and_those_inside_are_left_out():
    edges = {(0, 1): 2.0, (1, 2): 5.0, (0, 2): 0.5, (2, 3): -1.0, (1, 3): 0.25}
    assert edge_flows(edges, {1: 2, 2: 2}) == {(0, 2): 2.5, (2, 3): -0.75}
    assert edge_flows(edges, {}) == edges
    assert edge_flows({}, {1: 2}) == {}


def test_edges_are_as_wide_and_bright_as_what_they_carry():
    world = explained_world()
    usual = world_of(residual(1, 2), [SCORES])._drawing._network(0).edges
    assert isinstance(usual, EdgeStrokes)
    count = len(usual.colors)
    shares = np.linspace(-1, 1, count)
    shares[0] = 0
    found = relevance_strokes(usual, shares, 0.3, 0.5)
    heads = usual.records["kind"] == 1
    for number, share in enumerate(shares):
        own = usual.edge_indices == number
        is_hidden = abs(share) < 0.3
        size = 0.6 if is_hidden else 0.6 + 2.0 * abs(share) ** 0.5
        np.testing.assert_allclose(found.records["width"][own & ~heads], LINE_WIDTH * size, 1e-6)
        np.testing.assert_allclose(
            found.records["width"][own & heads], ARROW_WIDTH * max(0.7, 0.55 * size), 1e-6
        )
        assert (found.records["flow"][own, 1] == (not is_hidden)).all()
        lengths = np.linalg.norm(usual.records["end"] - usual.records["start"], axis=1)[own]
        start = np.cumsum(lengths) - lengths
        np.testing.assert_allclose(found.records["flow"][own, 0], start, atol=1e-4)
        if is_hidden:
            assert found.colors[number, 3] == np.float32(0.04)
            np.testing.assert_array_equal(found.colors[number, :3], usual.colors[number, :3])
        else:
            hue = np.array(relevance_color(np.sign(share)))[:3]
            light = (0.18 + 0.82 * abs(share)) * 0.5
            np.testing.assert_allclose(found.colors[number], [*(hue * light), 0.95], 1e-5)
        assert found.keeps_colors[number] == (not is_hidden)
    assert world.relevance[0].light == 1.0


def test_relevance_lies_over_the_image_that_went_in():
    seen = image(8, 12)
    heatmap = ramp(8, 12, low=-1, high=2)
    found = Explanation("m", "t", 1.0, {}, heatmap)

    def over(how, is_stale=False, explanation=found):
        maps = RelevanceMaps(explanation, {}, {}, {})
        return NetworkRelevance(0, maps, is_stale=is_stale).over(seen, how)

    for opacity in (0.0, 0.3, 1.0):
        how = replace(SHOWN, opacity=opacity)
        np.testing.assert_array_equal(over(how), overlay_relevance(seen, heatmap, opacity))
    dimmed = overlay_relevance(seen, heatmap, 0.9).astype(float) * 0.45
    np.testing.assert_allclose(over(SHOWN, is_stale=True), dimmed, atol=1)
    small = replace(found, heatmap=np.full((2, 3), 0.5, np.float32))
    even = overlay_relevance(seen, np.full((8, 12), 0.5, np.float32), 0.9)
    np.testing.assert_array_equal(over(SHOWN, explanation=small), even)
    for nothing in (None, np.zeros((0, 0), np.float32)):
        assert over(SHOWN, explanation=replace(found, heatmap=nothing)) is seen
    broken = heatmap.copy()
    broken[2, 3] = np.nan
    fixed = np.nan_to_num(broken)
    np.testing.assert_array_equal(
        over(SHOWN, explanation=replace(found, heatmap=broken)),
        overlay_relevance(seen, fixed, 0.9),
    )


def test_smooth_relevance_is_blurred_and_keeps_its_sum():
    seen = image(200, 300)
    heatmap = np.zeros((200, 300), np.float32)
    heatmap[100, 150] = 1
    found = Explanation("m", "t", 1.0, {}, heatmap)
    maps = RelevanceMaps(found, {}, {}, {})
    sharp = NetworkRelevance(0, maps).over(seen, SHOWN).astype(int)
    smooth = NetworkRelevance(0, maps).over(seen, replace(SHOWN, smooth=True)).astype(int)
    plain = overlay_relevance(seen, np.zeros_like(heatmap), 0.9).astype(int)
    rows = np.flatnonzero(np.abs(smooth - plain).max((1, 2)) > 6)
    columns = np.flatnonzero(np.abs(smooth - plain).max((0, 2)) > 6)
    assert 4 <= len(rows) <= 40  # some hundredths of 300 pixels
    assert 4 <= len(columns) <= 40
    assert rows.mean() == pytest.approx(100, abs=4)
    assert columns.mean() == pytest.approx(150, abs=4)
    assert (np.abs(sharp - plain).max(2) > 6).sum() <= 1


def test_a_picture_of_relevance_is_made_again_only_for_something_else():
    found = Explanation("m", "t", 1.0, {}, ramp(8, 12))
    relevance = NetworkRelevance(0, RelevanceMaps(found, {}, {}, {}))
    seen, other = image(8, 12), image(8, 12)[::-1].copy()
    first = relevance.over(seen, SHOWN)
    assert relevance.over(seen, replace(SHOWN, method="other")) is first
    for how in (replace(SHOWN, opacity=0.5), replace(SHOWN, smooth=True)):
        assert relevance.over(seen, how) is not first
    assert not np.array_equal(relevance.over(other, SHOWN), first)


def test_when_relevance_is_taken_away_its_pictures_go_and_those_of_other_networks_stay():
    world = world_of(residual(1, 1), [SCORES], State(relevance=SHOWN))
    network = world.networks[0].network
    found = relevant_maps(network)
    picture = object()
    for slot in (0, 1):
        world.set_layer_picture(slot, network.nodes[1].id, RELEVANCE_PICTURE, picture)
    world.set_layer_picture(0, network.nodes[1].id, "other", picture)
    world.set_relevance(0, NetworkRelevance(0, found, {}))
    strokes = world.draw_list().strokes
    world.set_relevance(0, None)
    assert world.relevance == {}
    node = network.nodes[1].id
    assert set(world.layer_pictures) == {(1, node, RELEVANCE_PICTURE), (0, node, "other")}
    assert not np.array_equal(world.draw_list().strokes["color"], strokes["color"])
    world.set_relevance(0, None)
