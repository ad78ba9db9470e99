from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.worlds import small_world
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.graph import Node
from vrnn.network.model_spec import ModelSpec
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.layout.panel_size import panel_size
from vrnn.scene.picking import Hit, PickRegions, pick_layer
from vrnn.scene.placement import PanelShape, PlacementFrame
from vrnn.scene.primitives import PickRegion
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visuals.distant_pictures import Viewer


def node(number, shape):
    return Node(number, f"n{number}", "conv2d", "conv", "", shape)


def pick(rects, nodes, grids, eye, direction):
    """`pick_layer` among panels in their usual grids."""
    shapes = {n.id: PanelShape(grid) for n, grid in zip(nodes, grids, strict=True)}
    ids = tuple(n.id for n in nodes)
    index = {n: i for i, n in enumerate(ids)}
    frame = PlacementFrame(
        SimpleNamespace(panel_shapes=shapes), ids, rects, [], {}, np.zeros(3), index
    )
    return pick_layer(frame, {n.id: n for n in nodes}, 0, eye, direction)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.data())
def test_a_ray_at_a_texel_finds_its_channel_and_place(channels, height, width, data):
    shape = (channels, height, width)
    grid = panel_size(shape)
    rects = np.array([[0.5, 0.2, -3.0, grid.width, grid.height]], np.float32)
    channel = data.draw(st.integers(0, channels - 1))
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    across = (channel % grid.columns + (column + 0.5) / width) / grid.columns
    down = (channel // grid.columns + (row + 0.5) / height) / grid.rows
    target = np.array([0.5 + (across - 0.5) * grid.width, 0.2 + (1 - down) * grid.height, -3.0])
    eye = np.array([0.1, 1.7, 4.0])
    direction = (target - eye) / np.linalg.norm(target - eye)
    hit = pick(rects, [node(7, shape)], [grid], eye, direction)
    assert hit is not None
    assert (hit.node, hit.channel, hit.row, hit.column) == (7, channel, row, column)
    assert abs(hit.distance - np.linalg.norm(target - eye)) < 1e-3


def test_the_nearer_panel_is_hit_and_nothing_behind_the_eye():
    shape = (4, 8, 8)
    grid = panel_size(shape)
    rects = np.array([[0, 0, z, 2, 2] for z in (-9.0, -3.0, 5.0)], np.float32)
    nodes, grids = [node(i, shape) for i in range(3)], [grid] * 3
    ahead = np.array([0.0, 0.0, -1.0])
    hit = pick(rects, nodes, grids, np.array([0.0, 1.0, 0.0]), ahead)
    assert hit is not None
    assert hit.node == 1
    assert pick(rects, nodes, grids, np.array([9.0, 1.0, 0.0]), ahead) is None


def eye_ray(view, x, y):
    """The ray of a pixel: origin and direction."""
    camera = view.camera
    width, height = view.size
    return camera.position, camera.ray(2 * x / width - 1, 1 - 2 * y / height, width / height)


@pytest.mark.parametrize("distance", [3.0, 60.0])
@pytest.mark.parametrize("kind", ["bracket", "corner", "handle", "features"])
def test_small_things_are_at_least_sixteen_pixels_wide_and_high(kind, distance):
    view = View(Camera(0.0, 1.0, distance, fov=1.0), (1280, 720))
    node = -1 if kind == "bracket" else 7
    region = PickRegion(kind, (0.0, 1.0, 0.0), (0.01, 0, 0), (0, -0.01, 0), None, 0, node)
    tiny = PickRegions([region])
    layer = (0, 7)
    hit = [
        (x, y)
        for x in range(600, 680)
        for y in range(320, 400)
        if tiny.pick_near(*eye_ray(view, x + 0.5, y + 0.5), view.pixels_per_unit, layer)
    ]
    columns, rows = zip(*hit, strict=True)
    assert 15 <= max(columns) - min(columns) + 1 <= 18
    assert 15 <= max(rows) - min(rows) + 1 <= 18
    if kind == "corner":  # outward from the layer, which ends at its upper left
        assert min(columns) >= 639
        assert min(rows) >= 359


def test_what_is_large_is_not_made_larger_and_the_nearest_of_several_is_hit():
    view = View(Camera(0.0, 1.0, 30.0, fov=1.0), (1280, 720))
    high, wide = (0, -4.0, 0), (4.0, 0, 0)
    large = PickRegions([PickRegion("bracket", (0.0, 1.0, 0.0), wide, high)])
    assert large.pick_near(*eye_ray(view, 638, 380), view.pixels_per_unit) is None
    brackets = [PickRegion("bracket", (0.0, y, 0.0), wide, (0, -0.02, 0), y) for y in (1.0, 0.8)]
    two = PickRegions(brackets)
    for y in (1.0, 0.8):
        row = 360 + (1.0 - y + 0.01) / 30.0 * view.pixels_per_unit
        assert two.pick_near(*eye_ray(view, 660, row), view.pixels_per_unit).value == y


def test_a_bracket_that_runs_through_the_corner_of_a_layer_comes_after_it():
    view = View(Camera(0.0, 1.0, 60.0, fov=1.0), (1280, 720))
    corner = PickRegion("corner", (0.0, 1.0, 0.0), (0.16, 0, 0), (0, -0.16, 0), None, 0, 7)
    bracket = PickRegion("bracket", (-4.0, 0.97, 0.0), (8.0, 0, 0), (0, -0.02, 0), "stage")
    both = PickRegions([bracket, corner])
    for layer, column, kind in (((0, 7), 645, "corner"), (None, 645, "bracket")):
        hit = both.pick_near(*eye_ray(view, column, 361), view.pixels_per_unit, layer)
        assert hit.kind == kind
    assert both.pick_near(*eye_ray(view, 670, 361), view.pixels_per_unit, (0, 7)).kind == "bracket"


def test_brackets_of_the_first_view_can_be_hit_around_where_they_are():
    with OffscreenApp((ModelSpec("digits"),), load_config()) as app:
        world = app.world
        camera = camera_by_name(world, "overview", 1.6, np.radians(60))
        view = View(camera, (1000, 625))
        world.viewer = Viewer(camera.position, view.pixels_per_unit)
        for region in (r for r in world.pick_regions() if r.kind == "bracket"):
            middle = np.array([region.origin, region.right, region.down]).T @ (1, 0.5, 0.5)
            clip = view.clip_from_world @ np.array([*middle, 1.0])
            x, y = (clip[:2] / clip[3] * (1, -1) + 1) / 2 * view.size
            for down in (-5, 5):
                hit = world.pick(*eye_ray(view, x, y + down))
                assert hit is not None, region.value
                assert hit.kind in ("bracket", "layer", "handle"), region.value
            assert world.pick(*eye_ray(view, x, y)).kind == "bracket"


def test_the_corner_of_the_layer_that_is_pointed_at_is_before_what_is_behind():
    world, network, _ = small_world()
    node = next(n for n in network.nodes if n.operation == "conv2d")
    x, y, z, width, _ = world.placement_frame(0).panel_rect(node.id).tolist()
    view = View(Camera(x, y + 1, z + 60, fov=1.0), (1280, 720))
    world.viewer = Viewer(view.camera.position, view.pixels_per_unit)
    world.hover(Hit("layer", 1.0, 0, node.id))
    clip = view.clip_from_world @ np.array([x + width / 2, y, z, 1.0])
    right, down = (clip[:2] / clip[3] * (1, -1) + 1) / 2 * view.size
    hit = world.pick(*eye_ray(view, right + 12, down + 12))
    assert hit is not None
    assert (hit.kind, hit.node) == ("corner", node.id)
