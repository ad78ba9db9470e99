from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vrnn.network.graph import Node
from vrnn.scene.layout.panel_size import panel_size
from vrnn.scene.picking import pick_layer
from vrnn.scene.placement import PanelShape, PlacementFrame


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
