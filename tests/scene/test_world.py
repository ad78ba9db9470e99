"""The world by itself: no torch, no OpenGL."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.support.networks import build, residual
from tests.support.worlds import INFO, small_world
from vrnn.errors import VrnnError
from vrnn.network.block_addresses import assign_addresses
from vrnn.network.feature_maps import map_shape
from vrnn.network.predictions import ClassScores, Segmentation
from vrnn.network.results import Ablation
from vrnn.scene.camera import Camera
from vrnn.scene.layer_names import find_layer
from vrnn.scene.placement import grid_placements
from vrnn.scene.state import LayerState, State
from vrnn.scene.value_range import network_range
from vrnn.scene.viewpoints import camera_by_name, near_and_fog
from vrnn.scene.visibility import panel_corners
from vrnn.scene.world import World
from vrnn.style import font
from vrnn.style.color_mapping import ColorMapping


def panels(world):
    """Of one network, in the order of its layers."""
    return np.concatenate(list(world.draw_list().panels.values()))


def test_every_layer_has_a_panel_and_waits_for_its_maps():
    world = World()
    network = residual(2)
    world.set_addresses(0, assign_addresses(world.open(0, network, INFO)))
    assert len(panels(world)) == len(network.nodes)
    assert (panels(world)["base"] == -1).all()


def test_maps_appear_where_they_are_stored():
    world, network, _ = small_world()
    addresses = world.networks[0].addresses
    assert [addresses[n.id][1] for n in network.nodes] == list(panels(world)["base"])
    assert len(panels(world)) == len(network.nodes)


@pytest.mark.parametrize("scale", ["map", "layer", "network"])
def test_colors_span_what_was_asked(scale):
    world, network, maps = small_world()
    world.set_state(State(color_mapping=ColorMapping(normalize_by=scale)))
    ranges = dict(zip([n.id for n in network.nodes], panels(world)["range"], strict=True))
    low, high = network_range(maps.values(), ColorMapping(normalize_by=scale))
    for node in network.nodes:
        layer = maps[node.id]
        vector = layer.height * layer.width == 1
        if scale == "network":
            assert ranges[node.id] * layer.scale == pytest.approx((low, high), rel=1e-3)
        elif scale == "layer" or vector:
            peak = layer.peak
            assert ranges[node.id] * layer.scale == pytest.approx((-peak, peak), rel=1e-3)
        else:
            assert not ranges[node.id].any()


def test_a_move_is_continuous_and_ends_where_it_should():
    world, _, _ = small_world()
    before = panels(world)["origin"].copy()
    edges = len(world.draw_list().strokes)
    world.set_state(State("conveyor"))
    last, steps = before, []
    while world.advance(1 / 60):
        now = panels(world)["origin"].copy()
        steps.append(np.abs(now - last).max())
        last = now
    assert len(steps) > 20
    assert max(steps) < np.abs(last - before).max() / 5
    again = World(State("conveyor"))
    again.networks = world.networks
    assert np.allclose(panels(again)["origin"], last)
    world.set_state(State("terrace"))
    while world.advance(1 / 60):
        assert len(world.draw_list().strokes)
    assert np.allclose(panels(world)["origin"], before)
    assert len(world.draw_list().strokes) == edges


def test_turning_back_in_mid_move_does_not_jump():
    world, _, _ = small_world()
    world.set_state(State("conveyor"))
    for _ in range(10):
        world.advance(1 / 60)
    middle = panels(world)["origin"].copy()
    world.set_state(State("terrace"))
    assert np.allclose(panels(world)["origin"], middle, atol=1e-4)


@pytest.mark.parametrize("layer", [{"form": "ring"}, {"form": "line", "spread": 2.0}, {"most": 3}])
def test_maps_go_to_another_form_without_a_jump(layer):
    world, network, _ = small_world()
    node = network.nodes[2]

    def maps():
        """Middle of each map of the layer, by channel."""
        records = panels(world)
        frame = world.placement_frame(0)
        if node.id in frame.separate_maps:
            found = frame.separate_maps[node.id]
            at = frame.panel_rect(node.id)[:3]
            return dict(zip(found.channels.tolist(), found.centers + at, strict=True))
        shape = frame.placement.panel_shapes[node.id]
        grid = grid_placements(shape.grid, map_shape(node.shape), frame.panel_rect(node.id))
        assert len(records) == len(network.nodes)
        return dict(
            zip(grid.channels.tolist(), grid.centers + frame.panel_rect(node.id)[:3], strict=True)
        )

    begun = maps()
    world.set_state(State().with_layer((0, node.name), LayerState(**layer)))
    last, largest, steps = begun, 0.0, 0
    while world.advance(1 / 60):
        now = maps()
        largest = max(
            [largest, *(float(np.linalg.norm(now[c] - last[c])) for c in now.keys() & last.keys())]
        )
        last, steps = now, steps + 1
    whole = max(float(np.linalg.norm(last[c] - begun[c])) for c in last)
    assert steps > 20
    assert largest < max(whole / 5, 0.05)


def test_pointing_lights_a_layer_and_its_neighbors_and_dims_the_rest():
    world, network, _ = small_world()
    node = network.nodes[3].id
    middle = panel_corners(world, 0, node).mean(0) - (0, 0.2, 0)
    eye = middle + np.array([0.0, 0, 3])
    hit = world.pick(eye, np.array([0.0, 0, -1]))
    assert hit is not None
    assert hit.node == node
    world.hover(hit)
    lit = panels(world)
    near = {e.source for e in network.edges if e.target == node}
    near |= {e.target for e in network.edges if e.source == node} | {node}
    bright = {n.id for n, r in zip(network.nodes, lit, strict=True) if r["light"] == 1}
    assert bright == near
    assert (lit["border"] < 0).sum() == 1
    world.hover(None)
    assert (panels(world)["light"] == 1).all()


def test_networks_stand_side_by_side():
    world = World()
    for slot in range(3):
        world.set_addresses(slot, assign_addresses(world.open(slot, residual(2), INFO)))
    for arrangement in ("terrace", "conveyor"):
        world.set_state(State(arrangement))
        while world.advance(1.0):
            continue
        spans = []
        for slot in range(3):
            rects = world.placement_frame(slot).panel_rects
            left = (rects[:, 0] - rects[:, 3] / 2).min()
            spans.append((left, (rects[:, 0] + rects[:, 3] / 2).max()))
        assert all(a[1] + 2 < b[0] for a, b in pairwise(spans))


def test_the_best_class_is_named_with_its_share_and_random_weights_are_told():
    scores = ClassScores(9, np.array([0.1, 2.0]), np.array([0.13, 0.87], np.float32))
    world, _, _ = small_world([scores])
    labels = world.draw_list().labels
    texts = {label.text for label in labels}
    names = {name: [one for one in labels if one.text == name] for name in ("dog", "cat")}
    for name, shares in (("dog", ("87%", "87.0%")), ("cat", ("13.0%",))):
        for label in names[name]:  # each in one line with its own
            beside = [one for one in labels if one.origin[1:] == label.origin[1:]]
            share = next(one for one in beside if one.text in shares)
            assert label.origin[0] < share.origin[0]
    for dog, cat in zip(names["dog"], names["cat"], strict=True):  # at the input, on the board
        assert dog.origin[1] > cat.origin[1]
    assert "untrained weights" in texts
    assert "1,234 parameters" in texts


def test_a_segmentation_lies_over_the_image_in_its_colors():
    classes = np.zeros((16, 16), np.int32)
    classes[:, 8:] = 1
    world, _, _ = small_world([Segmentation(9, classes, 2)])
    pictures = world.draw_list().image_quads
    assert len(pictures) == 5  # the input, small over it and large on the board, with legends
    left, right = pictures[1].pixels[:, :14].mean((0, 1)), pictures[1].pixels[:, 18:].mean((0, 1))
    assert np.abs(left - right).max() > 40


def test_labels_never_cover_maps():
    world, _, _ = small_world()
    drawing = world.draw_list()
    boxes = panels(world)
    for label in drawing.labels:
        if label.height > 0.2 or label.up != (0.0, 1.0, 0.0):
            continue
        left, bottom, z = label.origin
        right, top = left + font.text_width(label.text) * label.height, bottom + label.height
        for box in boxes[np.abs(boxes["origin"][:, 2] - z) < 0.05]:
            x, y = box["origin"][:2]
            beside = right < x or left > x + box["right"][0]
            above = bottom > y or top < y + box["down"][1]
            assert beside or above, label.text


@pytest.mark.parametrize("aspect", [0.6, 1.0, 16 / 9, 3.0])
@pytest.mark.parametrize("name", ["overview", "front", "top"])
def test_a_named_camera_sees_everything(name, aspect):
    world, _, _ = small_world()
    camera = camera_by_name(world, name, aspect, np.pi / 4)
    corners = world.corners()
    near, _ = near_and_fog(world, camera)
    clip = np.c_[corners, np.ones(len(corners))] @ camera.clip_from_world(aspect, near).T
    assert (np.abs(clip[:, :2]) <= clip[:, 3:] * 0.955).all()
    assert (clip[:, 2] >= -clip[:, 3]).all()


def test_the_camera_of_the_input_faces_its_picture():
    world, _, _ = small_world()
    (region, *_) = [region for region in world.pick_regions() if region.kind == "input"]
    origin, right, down = map(np.array, (region.origin, region.right, region.down))
    corners = np.array([origin, origin + right, origin + down, origin + right + down])
    camera = camera_by_name(world, "input", 1.5, 1.0)
    clip = np.c_[corners, np.ones(4)] @ camera.clip_from_world(1.5).T
    flat = clip[:, :2] / clip[:, 3:]
    assert (np.abs(flat) <= 1).all()
    assert np.abs(flat).max(0).max() > 0.75
    with pytest.raises(VrnnError, match="no picture of an input"):
        camera_by_name(World(), "input", 1.5, 1.0)


def test_layers_are_found_by_name_or_by_a_part_only_one_has():
    world, network, _ = small_world()
    node = network.nodes[4]
    assert find_layer(world, node.name) == (0, node.id)
    with pytest.raises(VrnnError, match="no layer 'nonsense'"):
        find_layer(world, "nonsense")
    with pytest.raises(VrnnError, match="ambiguous name"):
        find_layer(world, "conv")
    camera = camera_by_name(world, f"layer:{node.name}", 1.5, 1.0)
    assert isinstance(camera, Camera)
    assert camera.z > panel_corners(world, 0, node.id)[0, 2]


def test_a_camera_of_a_module_shows_all_its_layers_and_nothing_is_ambiguous():
    world, network, _ = small_world()
    modules = world.networks[0].modules
    name = next(name for name in modules if 1 < len(modules[name]) < len(network.nodes))
    camera = camera_by_name(world, f"layer:{name}", 1.5, 1.0)
    corners = np.concatenate([panel_corners(world, 0, node) for node in modules[name]])
    clip = np.c_[corners, np.ones(len(corners))] @ camera.clip_from_world(1.5).T
    assert (np.abs(clip[:, :2]) <= clip[:, 3:]).all()
    everything = camera_by_name(world, "overview", 1.5, 1.0)
    assert np.linalg.norm(camera.position - everything.position) > 0.5


def test_a_network_of_one_layer_stands_too():
    world = World()
    world.set_addresses(
        0, assign_addresses(world.open(0, build([("input", "", (3, 8, 8))], []), INFO))
    )
    assert len(panels(world)) == 1
    assert np.isfinite(camera_by_name(world, "overview", 1.5, 1.0).position).all()


def test_the_result_before_an_ablation_is_kept_for_the_same_input():
    world, network, maps = small_world()
    shown = world.networks[0]
    ablations = (Ablation(network.nodes[1].id, (0,)),)
    before = shown.result
    assert shown.before_ablation is None
    ablated = replace(before, sequence=2, ablations=ablations)
    world.set_result(0, ablated)
    assert shown.result.ablations == ablations
    assert shown.before_ablation.sequence == before.sequence
    assert shown.before_ablation.outputs == before.outputs
    # A frame of a stream: the image asked for is the same, what went in is not.
    world.set_result(0, replace(ablated, image=before.image + 1))
    assert shown.before_ablation is None
    source = network.inputs[0]
    other = replace(maps[source], stored=maps[source].block + 1)
    world.set_result(0, replace(ablated, maps={**maps, source: other}))
    assert shown.before_ablation is None
    # With maps that have no room, nobody knows whether the same went in.
    world.set_result(0, replace(ablated, maps={}))
    assert shown.before_ablation is None
    world.set_result(0, ablated)
    assert shown.before_ablation is not None
    world.set_result(0, before)
    assert shown.before_ablation is None
