"""How curves, sequences and graphs are drawn, read back pixel by pixel."""

import numpy as np
import pytest

from tests.support import golden
from tests.support.map_blocks import block
from tests.support.presented import (
    WORDS,
    audio_network,
    draw_world,
    graph_network,
    presented_world,
    text_network,
)
from vrnn.network.feature_maps import block_size
from vrnn.network.node_layout import layout_nodes
from vrnn.render.context import is_software
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import RenderColors, View
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import CURVE, GRAPH, PANEL, DrawList

SIZE = 240
LAYOUT = -7
"""Id of the block with the layout of a graph."""


def draw_panel(ctx, values, style, layout=None, distance=1.0):
    """(SIZE, SIZE, 3) of one panel that fills the view at distance 1, of values from -1 to 1."""
    channels, height, width = values.shape
    renderer = Renderer(ctx)
    sizes = {0: block_size(channels, height, width)}
    if layout is not None:
        sizes[LAYOUT] = layout.block_size
    addresses = renderer.maps.allocate(0, sizes)
    renderer.maps.upload(0, 0, block(values))
    panel = np.zeros(1, PANEL)
    panel["origin"], panel["right"], panel["down"] = (-1, 1, 0), (2, 0, 0), (0, -2, 0)
    panel["grid"], panel["tile"] = (1, channels, channels), (height, width)
    panel["base"], panel["light"], panel["clip"] = addresses[0][1], 1, 1
    panel["range"], panel["style"], panel["lookup"] = (-1, 1), style, -1
    if layout is not None:
        renderer.maps.upload(0, LAYOUT, layout.block())
        panel["lookup"] = addresses[LAYOUT][1]
    target = RenderTarget(ctx, (SIZE, SIZE))
    colors = RenderColors(positive=(1, 1, 1), negative=(0, 0, 1))
    view = View(Camera(0, 0, distance, fov=np.pi / 2), (SIZE, SIZE), fog=1e6, colors=colors)
    renderer.draw(target, view, DrawList(panels={(0, 0): panel}))
    pixels = target.read_pixels()[..., :3].astype(int)
    target.release()
    renderer.release()
    return pixels


def line_of(pixels):
    """(SIZE,) row of the brightest pixel in each column."""
    return pixels.sum(-1).argmax(0)


def test_a_curve_rises_where_values_rise(ctx):
    values = np.linspace(-1, 1, 50, dtype=np.float32)[None, None]
    line = line_of(draw_panel(ctx, values, CURVE))[20:-20]
    assert line[0] > 0.8 * SIZE  # low at the left: near the bottom
    assert line[-1] < 0.2 * SIZE
    assert (np.diff(line) <= 0).all()


def test_a_high_value_has_the_color_of_its_sign(ctx):
    values = np.sign(np.sin(np.linspace(0, 6.28, 200, dtype=np.float32)))[None, None]
    pixels = draw_panel(ctx, values, CURVE)
    red, green, blue = pixels[-40:, 3 * SIZE // 4].max(0)
    assert blue > 150 > max(red, green)
    assert pixels[:40, SIZE // 4].max(0).min() > 150


def test_one_peak_among_thousands_of_values_is_seen(ctx):
    """A mean over what falls into a pixel would hide it."""
    values = np.zeros((1, 1, 2048), np.float32)
    values[0, 0, 1001:1010] = 1.0
    top = draw_panel(ctx, values, CURVE)[10:60].max(-1)
    seen = np.flatnonzero(top.max(0) > 150)
    assert len(seen)
    assert abs(seen.mean() - (0.5 + 0.94 * (1005 / 2048 - 0.5)) * SIZE) < 4


def test_values_that_are_not_finite_show_in_a_curve(ctx):
    values = np.zeros((1, 1, 40), np.float32)
    values[0, 0, 20] = np.nan
    red, green, _ = draw_panel(ctx, values, CURVE)[SIZE // 2, int(SIZE * 0.512)]
    assert red > 200 > green + 50


def test_each_row_of_a_map_and_each_channel_has_a_curve_of_its_own(ctx):
    values = np.full((2, 2, 30), -1, np.float32)
    values[1, 0] = 1  # third from above
    pixels = draw_panel(ctx, values, CURVE)
    heights = [line_of(pixels[q * SIZE // 4 : (q + 1) * SIZE // 4])[SIZE // 2] for q in range(4)]
    assert heights[2] < SIZE // 12
    assert min(heights[0], heights[1], heights[3]) > SIZE // 7


def test_from_afar_curves_are_bands_of_color(ctx):
    values = np.full((64, 1, 64), 1, np.float32)
    pixels = draw_panel(ctx, values, CURVE, distance=4.0)
    assert pixels[SIZE // 2 - 10 : SIZE // 2 + 10, SIZE // 2].min() > 180


def test_the_nodes_of_a_graph_have_the_color_of_their_value(ctx):
    layout = layout_nodes(6, np.array([[i, (i + 1) % 6] for i in range(6)]))
    values = np.array([1, -1, 1, -1, 1, -1], np.float32)[None, None]
    pixels = draw_panel(ctx, values, GRAPH, layout)
    for node, (across, down) in enumerate(layout.positions.tolist()):
        column, row = (int(((p - 0.5) * 0.94 + 0.5) * SIZE) for p in (across, down))
        red, green, blue = pixels[row, column]
        assert blue > 200
        assert (min(red, green) > 200) == (node % 2 == 0)
    begin, end = layout.positions[:2]
    across, down = (begin + end) / 2
    middle = pixels[
        int(((down - 0.5) * 0.94 + 0.5) * SIZE), int(((across - 0.5) * 0.94 + 0.5) * SIZE)
    ]
    assert middle.sum() > pixels[8:12, 8:12].mean((0, 1)).sum() + 20  # an edge, not the ground


@pytest.mark.parametrize(
    ("name", "network", "camera"),
    [
        ("text", text_network, "layer:embedding"),
        ("text", text_network, "overview"),
        ("audio", audio_network, "overview"),
        ("graph", graph_network, "layer:conv1"),
    ],
)
def test_pictures(ctx, name, network, camera, regenerate, tmp_path):
    renderer = Renderer(ctx)
    world = presented_world(network(), renderer, WORDS if name == "text" else ())
    pixels = draw_world(ctx, world, renderer, camera, (640, 360))
    renderer.release()
    golden.check(
        f"presented-{name}-{camera.split(':')[0]}", pixels, regenerate, is_software(ctx), tmp_path
    )
