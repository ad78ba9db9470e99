"""Levels of equal resolution, and where they stand."""

from itertools import pairwise

import numpy as np
import pytest

from tests.support.networks import build, chain, footprints
from vrnn.scene.layout.registry import arrange, find_arrangement
from vrnn.scene.layout.resolution_levels import find_levels


def unet(depth=4, padded=True):
    """A U-Net of `depth` levels: two convolutions on each way, a pooling and an upsampling."""
    nodes, edges, ends, side = [("image", "", (3, 256, 256))], [], [], 256

    def add(name, scope, channels):
        nodes.append((name, scope, (channels, side, side)))
        edges.append((len(nodes) - 2, len(nodes) - 1))

    for level in range(depth):
        scope = f"down{level}"
        for i in range(2):
            side -= 0 if padded else 4
            add(f"{scope}.conv{i}", scope, 32 << level)
        if level < depth - 1:
            ends.append(len(nodes) - 1)
            side //= 2
            add(f"{scope}.pool", scope, 32 << level)
    for level in reversed(range(depth - 1)):
        scope = f"up{level}"
        side *= 2
        add(f"{scope}.up", scope, 32 << level)
        add(f"{scope}.cat", scope, 64 << level)
        edges.append((ends[level], len(nodes) - 1))
        for i in range(2):
            side -= 0 if padded else 4
            add(f"{scope}.conv{i}", scope, 32 << level)
    return build(nodes, edges)


def level_names(network):
    return {
        node.name: (part.level, part.leg)
        for part in find_levels(network).parts
        for block in part.stage.blocks
        for node in block.nodes
    }


@pytest.mark.parametrize("padded", [True, False])
def test_a_unet_has_a_leg_down_and_one_up_on_the_same_levels(padded):
    network = unet(padded=padded)
    found = find_levels(network)
    assert found.goes_down == (True, False)
    of = level_names(network)
    for level in range(3):
        assert of[f"down{level}.conv1"] == (level, 0)
        assert of[f"up{level}.cat"] == of[f"up{level}.conv1"] == (level, 1)
    assert of["down2.pool"] == of["down3.conv0"] == (3, 0)


@pytest.mark.parametrize("padded", [True, False])
def test_a_unet_stands_as_a_u(padded):
    network = unet(padded=padded)
    layout = arrange(network, footprints(network), "by resolution")
    at = {node.name: layout.panels[node.id] for node in network.nodes}
    for level in range(3):
        left, right = at[f"down{level}.conv1"], at[f"up{level}.cat"]
        assert left.z == right.z
        assert left.x < 0 < right.x
    for higher, lower in pairwise([at[f"down{level}.conv0"] for level in range(4)]):
        assert higher.y > lower.y
        assert higher.z < lower.z
    assert at["down3.conv0"].y == min(panel.y for panel in at.values())
    # The legs stand at the ends of each level, with the valley between them and none in them.
    for level in (1, 2):
        legs = [
            [at[f"{leg}.{name}"] for name in names.split()]
            for leg, names in ((f"down{level}", "conv0 conv1"), (f"up{level}", "cat conv0 conv1"))
        ]
        ends = [(p.x - p.width / 2, p.x + p.width / 2) for leg in legs for p in leg]
        gaps = [after[0] - before[1] for before, after in pairwise(ends)]
        assert gaps.index(max(gaps)) == 1
        assert max(gaps) > 3 * sorted(gaps)[-2]


def test_a_skip_bridges_the_valley_as_an_arch():
    network = unet()
    layout = arrange(network, footprints(network), "by resolution")
    by_name = {node.name: node.id for node in network.nodes}
    routes = {(r.source, r.target): r for r in layout.routes}
    for level in range(3):
        source, target = by_name[f"down{level}.conv1"], by_name[f"up{level}.cat"]
        points = routes[source, target].points
        between = layout.panels[by_name[f"up{level}.up"]]
        assert points[:, 1].max() > between.y + between.height
        assert (np.diff(points[:, 0]) > -1e-5).all()
        assert routes[source, target].is_skip
    assert np.ptp(routes[by_name["up0.conv0"], by_name["up0.conv1"]].points[:, 1]) < 0.5


def test_a_classifier_comes_down_from_its_image():
    shapes = [(3, 64, 64)] + [(16, 32, 32)] * 3 + [(32, 16, 16)] * 3 + [(64, 1, 1), (10,)]
    network = build(
        [(f"op_{i}", "", shape) for i, shape in enumerate(shapes)],
        [(i, i + 1) for i in range(len(shapes) - 1)],
    )
    found = find_levels(network)
    assert [part.stage.name for part in found.parts] == ["64×64", "32×32", "16×16", "vectors"]
    layout = arrange(network, footprints(network), "by resolution")
    for edge in network.edges:
        assert layout.panels[edge.target].y <= layout.panels[edge.source].y
    assert layout.rows[0].node_ids[0] == 0


def test_a_generator_goes_up_from_its_vector():
    shapes = [(64,), (64, 4, 4), (32, 8, 8), (32, 8, 8), (16, 16, 16), (3, 32, 32)]
    network = build(
        [(f"op_{i}", "", shape) for i, shape in enumerate(shapes)],
        [(i, i + 1) for i in range(len(shapes) - 1)],
    )
    found = find_levels(network)
    assert found.goes_down == (False,)
    assert found.parts[-1].stage.name == "vectors"
    layout = arrange(network, footprints(network), "by resolution")
    for edge in network.edges:
        assert layout.panels[edge.target].y >= layout.panels[edge.source].y


def test_squeeze_and_excitation_stays_in_its_block():
    shapes = [(3, 32, 32), (16, 16, 16), (16, 1, 1), (4, 1, 1), (16, 1, 1), (16, 16, 16), (10,)]
    names = ("image", "b.conv", "b.pool", "b.fc1", "b.fc2", "b.mul", "head")
    nodes = [(name, "b" if "." in name else "", s) for name, s in zip(names, shapes, strict=True)]
    network = build(nodes, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (1, 5), (5, 6)])
    of = level_names(network)
    assert of["b.pool"] == of["b.fc1"] == of["b.fc2"] == of["b.mul"] == (1, 0)
    assert of["head"] == (2, 0)


def test_the_code_of_an_autoencoder_is_the_lowest_level():
    shapes = [(3, 32, 32), (16, 16, 16), (8,), (16, 16, 16), (3, 32, 32)]
    network = build(
        [(f"op_{i}", "", shape) for i, shape in enumerate(shapes)], [(i, i + 1) for i in range(4)]
    )
    levels = [level_names(network)[f"op_{i}"] for i in range(5)]
    assert levels == [(0, 0), (1, 0), (2, 0), (1, 1), (0, 1)]


def test_two_inputs_go_down_together():
    shapes = [(3, 32, 32), (8, 16, 16), (8, 8, 8), (3, 32, 32), (8, 16, 16), (8, 8, 8), (16, 8, 8)]
    network = build(
        [(f"op_{i}", "", shape) for i, shape in enumerate(shapes)],
        [(0, 1), (1, 2), (3, 4), (4, 5), (2, 6), (5, 6)],
    )
    found = find_levels(network)
    assert found.goes_down == (True,)
    assert [len(p.stage.blocks[0].nodes) for p in found.parts if p.level == 2] == [3]


def test_layers_of_one_size_fill_several_steps():
    network = chain(40)
    layout = arrange(network, footprints(network), "by resolution")
    assert len({row.y for row in layout.rows}) > 2
    assert layout.rows[0].y == max(row.y for row in layout.rows)


def test_hyphens_stand_for_spaces():
    assert find_arrangement("by-resolution").name == "by resolution"
