"""Edges of rectangles are smooth wherever they run, also without samples beside the pixel's own."""

import numpy as np
import pytest

from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import RenderColors, View
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import PANEL, DrawList, ImageQuad, quad_from_edges

SIZE = 200
BLACK = RenderColors(background=(0.0, 0.0, 0.0))


def tilted(angle=0.08):
    """Corner, right and down of a rectangle that is turned in its plane."""
    right = np.array([np.cos(angle), np.sin(angle), 0.0])
    down = np.array([np.sin(angle), -np.cos(angle), 0.0])
    return -0.5 * right - 0.5 * down, right, down


def draw_quad():
    return DrawList(quads=quad_from_edges(*tilted(), (1.0, 1.0, 1.0, 1.0)))


def draw_image():
    origin, right, down = (tuple(vector.tolist()) for vector in tilted())
    white = np.full((4, 4, 3), 255, np.uint8)
    return DrawList(image_quads=(ImageQuad(origin, right, down, white),))


def draw_panel():
    record = np.zeros(1, PANEL)
    record["origin"], record["right"], record["down"] = tilted()
    record["grid"], record["tile"], record["base"] = (1, 1, 1), (1, 1), -1
    record["light"], record["border"] = 1.0, -3.0
    return DrawList(panels={(0, 0): record})


def picture(ctx, draw_list, tile=None):
    """(H, W) brightness of the red channel, linear 0…1."""
    renderer = Renderer(ctx)
    view = View(
        Camera(0, 0, 1, fov=np.pi / 2), (SIZE, SIZE), 1e6, tile=tile, transparent=True, colors=BLACK
    )
    target = RenderTarget(ctx, (SIZE, SIZE) if tile is None else tile[2:])
    if draw_list.panels:
        renderer.maps.allocate(0, {0: 1})
    renderer.draw(target, view, draw_list)
    drawn = target.read_pixels()[..., 0] / 255
    target.release()
    renderer.release()
    return np.where(drawn <= 0.04045, drawn / 12.92, ((drawn + 0.055) / 1.055) ** 2.4)


def left_edge(drawn):
    """Where the left edge is in each row, pixels, from how much of each pixel it covers."""
    rows = drawn[70:130, :100]
    return 100 - np.minimum(rows, 1.0).sum(1) / rows.max()


@pytest.mark.parametrize("make", [draw_quad, draw_image, draw_panel])
def test_a_slanted_edge_runs_straight(ctx, make):
    edge = left_edge(picture(ctx, make()))
    steps = np.arange(len(edge))
    straight = np.polyval(np.polyfit(steps, edge, 1), steps)
    # An edge that covers whole pixels alone is up to half a pixel away, 0.29 in the mean square.
    assert np.sqrt(np.square(edge - straight).mean()) < 0.1


def test_what_stands_in_front_hides_an_edge(ctx):
    behind = quad_from_edges(*tilted(), (1.0, 1.0, 1.0, 1.0))
    cover = quad_from_edges(
        np.array([-2.0, 2.0, 0.2]), np.array([4.0, 0, 0]), np.array([0, -4.0, 0]), (0, 0, 0, 1)
    )
    assert picture(ctx, DrawList(quads=np.concatenate([behind, cover]))).max() < 0.01


def test_a_line_thinner_than_a_pixel_is_not_wider_than_one(ctx):
    origin, right, down = tilted()
    line = quad_from_edges(origin, right, down * 0.002, (1.0, 1.0, 1.0, 1.0))
    drawn = picture(ctx, DrawList(quads=line))
    assert 0.1 < drawn[:, 60:140].sum(0).mean() < 1.0


def test_a_tile_has_the_edges_of_the_whole_picture(ctx):
    whole = picture(ctx, draw_quad())
    tile = picture(ctx, draw_quad(), tile=(20, 40, 100, 80))
    np.testing.assert_allclose(tile, whole[SIZE - 120 : SIZE - 40, 20:120], atol=0.02)
