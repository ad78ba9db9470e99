"""Seen from above, a network is a drawn graph: boxes in the colors of kinds, names, edges."""

from dataclasses import replace

import numpy as np
import pytest

from tests.scene.test_geometry import SCORES, world_of
from tests.scene.test_panel_share import opened, resnet50, unet, vit
from tests.support.networks import branched, residual
from tests.support.worlds import small_world
from vrnn.scene.plan_view import plan_opacity, plan_view
from vrnn.scene.state import State
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.world import World
from vrnn.style.theme import KIND_COLORS
from vrnn.ui.hud.minimap import EDGE_COLOR, draw_minimap
from vrnn.ui.hud.overlay import HudCanvas
from vrnn.ui.hud.plan import SHADE, draw_plan, edge_pieces, plan_boxes, plan_hit

SIZE = (1920, 1080)
ARRANGEMENTS = ("terrace", "conveyor", "by resolution")


def drawn(draw, world, camera):
    canvas = HudCanvas(SIZE)
    draw(canvas, world, camera)
    return canvas.draw_list()


def of_kind(records, kind):
    color = np.array(KIND_COLORS[kind][:3]) * SHADE
    return records[np.abs(records["top"][:, :3] - color).max(1) < 1e-4]


def boxes_of(world, camera):
    frame = world.placement_frame(0)
    return plan_boxes(plan_view(world, camera, SIZE[0] / SIZE[1]), frame, SIZE[1])


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_from_above_each_layer_is_a_box_with_its_name(arrangement):
    world = world_of(residual(2, 2), state=State(arrangement))
    camera = camera_by_name(world, "top", 16 / 9, np.radians(45))
    found = drawn(draw_plan, world, camera)
    nodes = world.networks[0].network.nodes
    kinds = [sum(node.operation == "conv2d" for node in nodes), "convolution"]
    assert len(of_kind(found.quads, kinds[1])) == kinds[0]
    texts = {label.text for label in found.labels}
    assert len(texts & {part for n in nodes for part in (n.name, n.name.split(".")[-1])}) > 2
    words = {
        word for row in world.placement_frame(0).placement.layout.rows for word in row.name.split()
    }
    assert words <= {word for text in texts for word in text.split()}


@pytest.mark.parametrize("network", [residual(2, 2), resnet50(), unet(), vit()])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_the_plan_fills_the_picture_and_no_box_covers_another(network, arrangement):
    world = opened(network)
    world.set_state(State(arrangement), move=False)
    boxes = boxes_of(world, camera_by_name(world, "top", 16 / 9, np.radians(45)))
    left, top, right, low = boxes.T
    assert (left >= 0).all()
    assert (right <= SIZE[0]).all()
    assert (top >= 0).all()
    assert (low <= SIZE[1]).all()
    assert np.ptp([left.min(), right.max()]) > 0.6 * SIZE[0]
    if len(world.placement_frame(0).placement.layout.rows) > 3:
        assert np.ptp([top.min(), low.max()]) > 0.5 * SIZE[1]
    for i in range(len(boxes)):
        across = np.minimum(right, right[i]) - np.maximum(left, left[i])
        down = np.minimum(low, low[i]) - np.maximum(top, top[i])
        shared = np.minimum(across, down)
        shared[i] = 0.0
        assert shared.max() <= 0.5


def test_branches_that_stand_above_each_other_share_a_place():
    world = world_of(branched(), state=State("terrace"))
    frame = world.placement_frame(0)
    boxes = boxes_of(world, camera_by_name(world, "top", 16 / 9, np.radians(45)))
    x = frame.panel_rects[:, 0].round(2)
    same = [np.flatnonzero(x == value) for value in np.unique(x)]
    stacked = [i for group in same if len(group) > 1 for i in [group]]
    assert stacked
    for group in stacked:
        from_top = group[np.argsort(-frame.panel_rects[group, 1])]
        assert (np.diff(boxes[from_top, 1]) > 0).all()
        assert (boxes[from_top[1:], 1] >= boxes[from_top[:-1], 3] - 1e-6).all()


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_the_plan_follows_the_camera(arrangement):
    world = world_of(residual(2, 2), state=State(arrangement))
    camera = camera_by_name(world, "top", 16 / 9, np.radians(45))
    boxes = boxes_of(world, camera)
    nearer = replace(camera, y=camera.y - 8.0)
    assert (np.diff(boxes_of(world, nearer)[:, [0, 2]]) > np.diff(boxes[:, [0, 2]])).all()
    right, _, _ = camera.axes()
    aside = camera.position + 2.0 * right
    moved = replace(camera, x=float(aside[0]), z=float(aside[2]))
    steps = boxes_of(world, moved)[:, 0] - boxes[:, 0]
    assert (steps < -1.0).all()
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)


def test_it_fades_in_as_the_camera_looks_down_from_above():
    world = world_of(residual(2, 2))
    above = camera_by_name(world, "top", 16 / 9, np.radians(45))
    parts = [plan_opacity(world, replace(above, pitch=np.radians(p))) for p in (-30, -56, -89)]
    assert parts[0] == 0
    assert 0 < parts[1] < 1
    assert parts[2] == 1
    assert plan_opacity(world, replace(above, y=1.7)) == 0  # who looks at their feet
    overview = camera_by_name(world, "overview", 16 / 9, np.radians(45))
    found = drawn(draw_plan, world, overview)
    assert not len(found.quads)
    assert not found.labels
    assert plan_opacity(World(), above) == 0


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_a_box_that_is_pointed_at_is_its_layer(arrangement):
    world = world_of(residual(2, 2), state=State(arrangement))
    camera = camera_by_name(world, "top", 16 / 9, np.radians(45))
    frame = world.placement_frame(0)
    boxes = boxes_of(world, camera) / SIZE[1]
    for node, (left, top, right, low) in zip(frame.node_ids, boxes.tolist(), strict=True):
        cursor = ((left + right) / (16 / 9) - 1, 1 - (top + low))
        hit = plan_hit(world, camera, 16 / 9, cursor)
        assert (hit.kind, hit.slot, hit.node, hit.channel) == ("layer", 0, node, -1)
    assert plan_hit(world, camera, 16 / 9, (0.0, -0.99)) is None
    overview = camera_by_name(world, "overview", 16 / 9, np.radians(45))
    assert plan_hit(world, overview, 16 / 9, (0.0, 0.0)) is None


def test_the_plan_tells_the_answer():
    world, _, _ = small_world([SCORES], ("cat", "dog", "owl"))
    found = drawn(draw_plan, world, camera_by_name(world, "top", 16 / 9, np.radians(45)))
    leader = ("cat", "dog", "owl")[SCORES.leader]
    assert any(label.text.startswith(f"{leader} ") for label in found.labels)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_the_minimap_shows_kinds_edges_and_names(arrangement):
    world = world_of(residual(2, 2), state=State(arrangement))
    camera = camera_by_name(world, "overview", 16 / 9, np.radians(45))
    found = drawn(draw_minimap, world, camera)
    nodes = world.networks[0].network.nodes
    convolutions = sum(node.operation == "conv2d" for node in nodes)
    assert len(of_kind(found.quads, "convolution")) == convolutions
    is_edge = np.abs(found.quads["top"] - np.array(EDGE_COLOR)).max(1) < 1e-5
    assert is_edge.sum() >= len(nodes) - 1
    assert found.labels
    corners = np.concatenate([found.quads["origin"], found.quads["origin"] + found.quads["down"]])
    assert (corners[:, 0] < 460 * canvas_scale()).all()


def canvas_scale():
    return HudCanvas(SIZE).scale


def test_edges_at_one_place_are_drawn_once_and_kept():
    world = world_of(residual(2, 2))
    frame = world.placement_frame(0)
    pieces = edge_pieces(frame)
    assert len(pieces) < sum(len(route) - 1 for route in frame.routes)
    assert edge_pieces(frame) is pieces
    assert len(np.unique(pieces.reshape(-1, 4).round(3), axis=0)) == len(pieces)


def test_no_text_of_the_plan_lies_over_a_card():
    canvas = HudCanvas((960, 540), 1.0)
    canvas.text(100, 100, "under", 10, (1, 1, 1, 1))
    canvas.text(100, 300, "beside", 10, (1, 1, 1, 1))
    canvas.card(90, 80, 60, 40)
    canvas.text(100, 100, "on it", 10, (1, 1, 1, 1))
    canvas.cover(90, 280, 5, 40)
    assert [label.text for label in canvas.draw_list().labels] == ["beside", "on it"]
