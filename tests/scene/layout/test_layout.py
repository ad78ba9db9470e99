from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from types import FrameType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tests.support.networks import branched, build, chain, footprints, networks, residual, rooms
from vrnn.errors import VrnnError
from vrnn.network.graph import Network, NetworkInfo
from vrnn.scene.layout.lanes import MAX_GROWTH
from vrnn.scene.layout.registry import arrange, arrangement_names
from vrnn.scene.layout.stages import find_stages
from vrnn.scene.layout.step_breaking import MAX_STEP_SCALE
from vrnn.scene.layout.terrace_steps import PANEL_SCALE
from vrnn.scene.layout.types import LABEL_STRIP, Footprint, Layout
from vrnn.scene.linalg import turned_point
from vrnn.scene.state import State
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.world import World

ARRANGEMENTS = arrangement_names()
ON_STEPS = ("terrace", "by resolution")
GAP = 0.05


def boxes(layout: Layout, sizes: dict[int, Footprint]) -> np.ndarray:
    """(N, 2, 3): low and high corners of everything a node keeps for itself."""
    result = []
    for node, panel in layout.panels.items():
        size = sizes[node]
        low = (panel.x - panel.width / 2 - size.left, panel.y, panel.z - size.depth)
        top = panel.y + panel.height + LABEL_STRIP + size.above
        result.append((low, (panel.x + panel.width / 2, top, panel.z)))
    return np.array(result)


def overlapping(corners: np.ndarray, axes: tuple[int, ...] = (0, 1, 2)) -> list[tuple[int, int]]:
    low, high = corners[:, 0], corners[:, 1]
    meet = np.ones((len(low), len(low)), bool)
    for axis in axes:
        a, b = low[:, axis], high[:, axis]
        meet &= (a[:, None] < b[None] + 1e-6) & (a[None] < b[:, None] + 1e-6)
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(meet, 1))]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_all_placed_and_none_overlap(arrangement: str, data: st.DataObject) -> None:
    network = data.draw(networks())
    sizes = data.draw(rooms(network))
    layout = arrange(network, sizes, arrangement)
    assert sorted(layout.panels) == sorted(node.id for node in network.nodes)
    assert overlapping(boxes(layout, sizes)) == []
    for node, panel in layout.panels.items():
        size = sizes[node]
        scale = panel.width / size.width
        assert panel.height == pytest.approx(scale * size.height)
        least, most = PANEL_SCALE, PANEL_SCALE * MAX_GROWTH**2 * MAX_STEP_SCALE
        assert least - 1e-6 <= scale <= most + 1e-6
    corners = boxes(layout, sizes)
    assert (corners[:, 0] >= np.array(layout.low) - 1e-4).all()
    assert (corners[:, 1] <= np.array(layout.high) + 1e-4).all()


@pytest.mark.parametrize("arrangement", ON_STEPS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_nothing_hides_anything_from_the_front(arrangement: str, data: st.DataObject) -> None:
    network = data.draw(networks())
    sizes = data.draw(rooms(network))
    layout = arrange(network, sizes, arrangement)
    assert overlapping(boxes(layout, sizes), axes=(0, 1)) == []


@pytest.mark.parametrize("arrangement", ON_STEPS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_rows_hold_every_node_once(arrangement: str, data: st.DataObject) -> None:
    network = data.draw(networks())
    sizes = data.draw(rooms(network))
    layout = arrange(network, sizes, arrangement)
    held = [node for row in layout.rows for node in row.node_ids]
    assert sorted(held) == sorted(layout.panels)
    for row in layout.rows:
        assert row.name
        for node in row.node_ids:
            panel = layout.panels[node]
            assert row.left < panel.x - panel.width / 2
            assert panel.x + panel.width / 2 < row.right
            assert row.back < panel.z < row.front
            assert row.y <= panel.y
            assert panel.y + panel.height + LABEL_STRIP <= row.y + row.height + 1e-6
    by_height = sorted({(row.y, row.front, row.back) for row in layout.rows})
    for (y, _, back), (higher, front, _) in pairwise(by_height):
        assert higher > y
        assert front == pytest.approx(back)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@settings(max_examples=25, deadline=None)
@given(network=networks())
def test_the_same_network_is_placed_the_same(arrangement: str, network: Network) -> None:
    one, two = (arrange(network, footprints(network), arrangement) for _ in range(2))
    assert one.panels == two.panels
    assert one.rows == two.rows
    assert (one.low, one.high) == (two.low, two.high)
    for a, b in zip(one.routes, two.routes, strict=True):
        np.testing.assert_array_equal(a.points, b.points)


@settings(max_examples=60, deadline=None)
@given(network=networks())
def test_data_runs_right_and_up(network: Network) -> None:
    layout = arrange(network, footprints(network), "terrace")
    step = {node: row.y for row in layout.rows for node in row.node_ids}
    for edge in network.edges:
        source, target = layout.panels[edge.source], layout.panels[edge.target]
        assert step[edge.target] >= step[edge.source]
        if step[edge.target] == step[edge.source]:
            assert target.x - target.width / 2 > source.x + source.width / 2


@settings(max_examples=60, deadline=None)
@given(network=networks())
def test_the_conveyor_winds_back_and_forth_and_up(network: Network) -> None:
    layout = arrange(network, footprints(network), "conveyor")
    heights = sorted({row.y for row in layout.rows})
    assert len(heights) % 2 == 1
    tier = {node: heights.index(row.y) for row in layout.rows for node in row.node_ids}
    places = {n: turned_point((p.x, p.y, p.z), -layout.turn) for n, p in layout.panels.items()}
    depths = [{round(places[n][2], 4) for n in tier if tier[n] == i} for i in range(len(heights))]
    assert all(len(found) == 1 for found in depths)
    assert depths == sorted(depths, key=min, reverse=True)
    for edge in network.edges:
        assert tier[edge.target] >= tier[edge.source]
        if tier[edge.target] == tier[edge.source]:
            ahead = places[edge.target][0] - places[edge.source][0]
            assert ahead * (-1) ** tier[edge.target] > 0


@pytest.mark.parametrize("network", [residual(4, 6), chain(120), branched(9), chain(30)])
def test_no_sheet_of_the_conveyor_hides_much_of_another(network: Network) -> None:
    world = World(State("conveyor"))
    world.open(0, network, NetworkInfo("test", (), True, 1000))
    camera = camera_by_name(world, "overview", 16 / 9, np.pi / 4)
    x, y, z, width, height = world.placement_frame(0).panel_rects.T.astype(float)
    corners = [
        np.stack([x + a * width / 2, y + b * height, z, np.ones_like(x)], 1)
        @ camera.clip_from_world(16 / 9).T
        for a, b in ((-1, 0), (1, 0), (1, 1), (-1, 1))
    ]
    pixels = [(c[:, :2] / c[:, 3:] * (1, -1) + 1) * (480, 270) for c in corners]
    away = np.linalg.norm(np.stack([x, y, z], 1) - camera.position, axis=1)
    owner = np.full((540, 960), -1)
    alone = np.zeros(len(x))
    for i in np.argsort(-away):
        image = Image.new("1", (960, 540))
        ImageDraw.Draw(image).polygon([tuple(p[i]) for p in pixels], fill=1)
        alone[i] = np.asarray(image).sum()
        owner[np.asarray(image)] = i
    seen = np.array([(owner == i).sum() for i in range(len(x))])
    assert (seen > 0.7 * alone).all()
    assert seen.sum() > 0.18 * owner.size


def test_stages_of_a_residual_network() -> None:
    stages = find_stages(residual())
    assert [stage.name for stage in stages] == ["stem", "layer1", "layer2", "layer3", "head"]
    assert [block.name for block in stages[1].blocks] == ["layer1.0", "layer1.1", "layer1.2"]


@given(networks())
def test_stages_blocks_and_nodes_are_in_run_order(network: Network) -> None:
    order = [n.id for stage in find_stages(network) for block in stage.blocks for n in block.nodes]
    assert order == [node.id for node in network.nodes]


def test_what_comes_after_a_block_belongs_to_that_block() -> None:
    nodes = [("image", "", (3, 64, 64))]
    for stage in range(3):
        shape = (8, 32 >> stage, 32 >> stage)
        for block in range(3):
            scope = f"layer{stage}.{block}"
            nodes += [(f"{scope}.conv{i}", scope, shape) for i in range(6)]
            nodes.append((f"layer{stage}.op_{block}", f"layer{stage}", shape))
    network = build(nodes, [(i, i + 1) for i in range(len(nodes) - 1)])
    middle = find_stages(network)[1]
    ends = [block.nodes[-1].name for block in middle.blocks]
    assert ends == ["layer1.op_0", "layer1.op_1", "layer1.op_2"]


def test_a_lone_outer_module_is_opened() -> None:
    inner = residual()
    wrapped = build(
        [(f"net.{n.name}" if i else n.name, f"net.{n.scope}".rstrip(".") if i else "", n.shape)
         for i, n in enumerate(inner.nodes)],
        [(edge.source, edge.target) for edge in inner.edges],
    )  # fmt: skip
    names = [stage.name for stage in find_stages(wrapped)]
    assert names == ["stem", "layer1", "layer2", "layer3", "head"]


def test_a_flat_network_is_split_by_resolution() -> None:
    shapes = [(16, 32, 32)] * 5 + [(32, 16, 16)] * 4 + [(64, 8, 8)] * 4
    nodes = [(f"op_{i}", "", shape) for i, shape in enumerate(shapes)]
    network = build(nodes, [(i, i + 1) for i in range(len(nodes) - 1)])
    assert [stage.name for stage in find_stages(network)] == ["32×32", "16×16", "8×8"]


def test_branches_stand_in_lanes_and_meet_in_the_middle() -> None:
    network = branched()
    layout = arrange(network, footprints(network), "terrace")
    panel = {node.name: layout.panels[node.id] for node in network.nodes}
    firsts = [panel[f"mixed0.b{branch}.0"] for branch in range(4)]
    assert len({p.y for p in firsts}) == 4
    assert len({p.x for p in firsts}) == 1
    assert panel["mixed0.b1.1"].y == panel["mixed0.b1.0"].y
    middles = [panel[f"mixed0.{n}"] for n in ("b0.0", "b1.1", "b2.1", "b3.1")]
    center = [p.y + p.height / 2 for p in middles]
    joint = panel["mixed0.cat"]
    assert joint.y + joint.height / 2 == pytest.approx((min(center) + max(center)) / 2)


@pytest.mark.parametrize("arrangement", ON_STEPS)
@pytest.mark.parametrize("network", [residual(4, 6), chain(120), branched(9), chain(30)])
def test_any_network_fills_a_wide_picture(network: Network, arrangement: str) -> None:
    layout = arrange(network, footprints(network), arrangement)
    width, height = (layout.high[i] - layout.low[i] for i in (0, 1))
    assert 1.0 < width / height < 3.0


def tangle(count: int) -> Network:
    """Two edges into each layer, from any of the thirty before it."""
    rng = np.random.default_rng(0)
    edges = sorted(
        {(int(rng.integers(max(0, i - 30), i)), i) for i in range(1, count) for _ in "ab"}
    )
    nodes = [
        (f"s{i // 90}.{i // 6}.op_{i}", f"s{i // 90}.{i // 6}", (64, 14, 14)) for i in range(count)
    ]
    return build(nodes, edges)


def calls_in(function: Callable[[], object]) -> int:
    """Return how many calls of Python functions and of built-in ones it makes."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("make", [tangle, chain])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_a_network_of_four_times_the_layers_takes_little_more_than_four_times_the_work(
    arrangement: str, make: Callable[[int], Network]
) -> None:
    work = []
    for count in (500, 2000):
        network = make(count)
        sizes = footprints(network)
        work.append(calls_in(lambda: arrange(network, sizes, arrangement)))  # noqa: B023
        assert len(arrange(network, sizes, arrangement).panels) == count
    assert work[1] < 6 * work[0]


def test_an_empty_network_takes_no_room() -> None:
    layout = arrange(Network("none", (), (), (), ()), {}, "terrace")
    assert (layout.panels, layout.routes, layout.low) == ({}, (), (0.0, 0.0, 0.0))


def test_what_is_missing_is_said() -> None:
    network = chain(3)
    with pytest.raises(VrnnError, match="terrace, conveyor"):
        arrange(network, footprints(network), "spiral")
    with pytest.raises(VrnnError, match="op_2"):
        arrange(network, {0: Footprint(1, 1), 1: Footprint(1, 1)}, "terrace")
