"""A box of positions is dragged over a map, over a picture from afar, or over the input."""

import numpy as np
import pytest

from tests.support.offscreen import reset
from tests.support.worlds import small_world
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.edit import Undo
from vrnn.commands.similarity import ShowSimilarity
from vrnn.config.loader import load_config
from vrnn.controls.pointer import Pointer
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.map_areas import begin_region, map_area, panel_area
from vrnn.scene.picking import Ray
from vrnn.scene.region_marks import region_marks
from vrnn.scene.visuals.distant_pictures import Viewer

LAYER = "stage2.0.conv1"


@pytest.fixture(scope="module")
def opened():
    with OffscreenApp([ModelSpec()], load_config()) as made:
        yield made


@pytest.fixture
def app(opened):
    reset(opened)
    opened.world.viewer = None  # maps at any distance
    return opened


def ray_at(area, row, column, shape):
    """A ray at the middle of a position, from a little before it."""
    origin, right, down = (np.array(edge) for edge in (area.origin, area.right, area.down))
    normal = np.cross(right, down)
    normal = -normal / np.linalg.norm(normal)
    point = origin + right * (column + 0.5) / shape[1] + down * (row + 0.5) / shape[0]
    return Ray(point + 0.3 * normal, -normal)


def drag(app, area, shape, first, *ends):
    pointer = Pointer(app.workspace, app.dispatcher, lambda: None)
    start = ray_at(area, *first, shape)
    pointer.press(app.world.pick(start.origin, start.direction), start, boxes=True)
    assert pointer.dragging
    for end in ends:
        pointer.move(ray_at(area, *end, shape), along_floor=False)
    return pointer


def shape_of(app, node):
    maps = app.world.networks[0].maps[node]
    return maps.height, maps.width


def test_relevance_flows_through_a_box_that_is_dragged_over_a_map(app):
    node = app.world.networks[0].node_ids[LAYER]
    area, shape = map_area(app.world, 0, node, 3), shape_of(app, node)
    pointer = drag(app, area, shape, (6, 9), (5, 9), (2, 4))
    assert app.world.dragged_region.box == (2, 4, 5, 6)
    pointer.release()
    assert app.world.dragged_region is None
    relevance = app.world.state.relevance
    assert relevance.shown
    assert [(c.layer, c.channels, c.region) for c in relevance.conditions] == [
        (LAYER, (), (2, 4, 7, 10))
    ]
    app.do(Undo())
    assert not app.world.state.relevance.shown


def test_a_drag_ends_at_the_edge_of_its_map(app):
    node = app.world.networks[0].node_ids[LAYER]
    area, shape = map_area(app.world, 0, node, 0), shape_of(app, node)
    drag(app, area, shape, (1, 1), (40, 50)).release()
    assert app.world.state.relevance.conditions[0].region == (1, 1, *shape)


@pytest.mark.parametrize("where", ["map", "input"])
def test_with_similarity_the_box_is_what_positions_are_compared_with(app, where):
    app.do(ShowSimilarity(True))
    network = app.world.networks[0]
    if where == "input":
        node = network.network.inputs[0]
        area = next(r for r in app.world.pick_regions() if r.kind == "input")
    else:
        node = network.node_ids[LAYER]
        area = panel_area(app.world, 0, node)  # similarity is one picture of the whole layer
    drag(app, area, shape_of(app, node), (3, 2), (4, 5)).release()
    held = app.world.state.similarity.reference
    assert (held.layer, held.row, held.column) == (network.network.by_id[node].name, 3, 2)
    assert (held.rows, held.columns) == (2, 4)
    assert not app.world.state.relevance.shown


def test_escape_lets_go_of_a_box(app):
    node = app.world.networks[0].node_ids[LAYER]
    area, shape = map_area(app.world, 0, node, 0), shape_of(app, node)
    pointer = drag(app, area, shape, (1, 1), (3, 3))
    assert pointer.cancel()
    pointer.release()
    assert app.world.dragged_region is None
    assert not app.world.state.relevance.conditions


def test_a_layer_of_one_position_has_no_boxes(app):
    node = app.world.networks[0].network.outputs[0]
    area = panel_area(app.world, 0, node)
    ray = ray_at(area, 0, 0, (1, 1))
    hit = app.world.pick(ray.origin, ray.direction)
    assert hit.node == node
    assert begin_region(app.world, hit) is None


def test_the_box_and_the_region_of_relevance_are_framed():
    world, network, maps = small_world()
    node = next(n.id for n in network.nodes if maps[n.id].height > 3)
    area = map_area(world, 0, node, 0)
    shape = maps[node].height, maps[node].width
    ray = ray_at(area, 1, 1, shape)
    world.dragged_region = begin_region(world, world.pick(ray.origin, ray.direction))
    world.dragged_region = world.dragged_region.dragged_to(ray_at(area, 2, 3, shape))
    viewer = Viewer(np.array([0.0, 1.0, 5.0]), 500.0)
    (frame,) = region_marks(world, viewer)
    assert frame.right[0] == pytest.approx(3 / shape[1] * area.right[0], rel=1e-5)
    assert frame.down[1] == pytest.approx(2 / shape[0] * area.down[1], rel=1e-5)
    assert frame.origin[0] == pytest.approx(area.origin[0] + area.right[0] / shape[1], rel=1e-5)
