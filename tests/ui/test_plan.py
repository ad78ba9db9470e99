"""Seen from above, a network is a drawn graph: boxes in the colors of kinds, names, edges."""

import numpy as np
import pytest

from tests.scene.test_geometry import world_of
from tests.support.networks import residual
from vrnn.scene.camera import Camera
from vrnn.scene.state import State
from vrnn.scene.viewpoints import camera_by_name
from vrnn.style.theme import KIND_COLORS
from vrnn.ui.hud.minimap import EDGE_COLOR, draw_minimap
from vrnn.ui.hud.overlay import HudCanvas
from vrnn.ui.hud.plan import SHADE, draw_plan, edge_pieces, plan_opacity

SIZE = (1920, 1080)
ARRANGEMENTS = ("terrace", "conveyor", "by resolution")


def drawn(draw, world, camera):
    canvas = HudCanvas(SIZE)
    draw(canvas, world, camera)
    return canvas.draw_list()


def of_kind(records, kind):
    color = np.array(KIND_COLORS[kind][:3]) * SHADE
    return records[np.abs(records["top"][:, :3] - color).max(1) < 1e-4]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_from_above_each_layer_is_a_box_with_its_name(arrangement):
    world = world_of(residual(2, 2), state=State(arrangement))
    camera = camera_by_name(world, "top", 16 / 9, np.radians(45))
    found = drawn(draw_plan, world, camera)
    nodes = world.networks[0].network.nodes
    kinds = [sum(node.operation == "conv2d" for node in nodes), "convolution"]
    assert len(of_kind(found.quads, kinds[1])) == kinds[0]
    assert len(found.quads) == len(nodes)
    corners = np.concatenate(
        [found.quads["origin"], found.quads["origin"] + found.quads["right"] + found.quads["down"]]
    )
    assert (corners[:, :2] >= 0).all()
    assert (corners[:, 0] <= SIZE[0]).all()
    assert (corners[:, 1] <= SIZE[1]).all()
    texts = {label.text for label in found.labels}
    assert len(texts & {part for n in nodes for part in (n.name, n.name.split(".")[-1])}) > 2
    assert {row.name for row in world.placement_frame(0).placement.layout.rows} <= texts


def test_it_fades_in_as_the_camera_looks_down():
    assert plan_opacity(Camera(pitch=np.radians(-30))) == 0
    assert 0 < plan_opacity(Camera(pitch=np.radians(-56))) < 1
    assert plan_opacity(Camera(pitch=np.radians(-89))) == 1
    world = world_of(residual(2, 2))
    overview = camera_by_name(world, "overview", 16 / 9, np.radians(45))
    found = drawn(draw_plan, world, overview)
    assert not len(found.quads)
    assert not found.labels


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
    assert (corners[:, 0] > 1400 * canvas_scale()).all()


def canvas_scale():
    return HudCanvas(SIZE).scale


def test_edges_at_one_place_are_drawn_once_and_kept():
    world = world_of(residual(2, 2))
    frame = world.placement_frame(0)
    pieces = edge_pieces(frame)
    assert len(pieces) < sum(len(route) - 1 for route in frame.routes)
    assert edge_pieces(frame) is pieces
    assert len(np.unique(pieces.reshape(-1, 4).round(3), axis=0)) == len(pieces)
