import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vrnn.render import screenshot
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import DrawList, ImageQuad, TextLabel, quad


@given(st.integers(1, 700), st.integers(1, 700), st.integers(16, 300))
def test_tiles_cover_each_pixel_once(width, height, side):
    count = np.zeros((height, width), int)
    for left, bottom, w, h in screenshot.split_into_tiles(width, height, side):
        count[bottom : bottom + h, left : left + w] += 1
    assert (count == 1).all()


def create_scene():
    image = np.zeros((4, 4, 3), np.uint8)
    image[::2, ::2] = (255, 80, 20)
    return DrawList(
        quads=quad(-2, 1.5, 1.2, 1.5, -1, (0.9, 0.2, 0.1, 1), (0.1, 0.2, 0.9, 1)),
        labels=(TextLabel("tile 123", (-1.5, 0.2, 0), 0.4, (1, 1, 1, 1)),),
        image_quads=(ImageQuad((0.2, 1.6, 0), (1.5, 0, 0), (0, -1.5, 0), image, smooth=False),),
    )


def test_tiles_join_without_a_seam(ctx):
    renderer = Renderer(ctx)
    view = View(Camera(0, 1, 4), (300, 200))
    whole = screenshot.render_tiled(renderer, view, create_scene()).astype(int)
    tiled = screenshot.render_tiled(renderer, view, create_scene(), tile_size=96).astype(int)
    assert np.abs(whole - tiled).max() <= 2
    renderer.release()


def test_the_same_bytes_each_time(ctx):
    renderer = Renderer(ctx)
    view = View(Camera(0, 1, 4), (200, 120))
    pictures = [screenshot.render_tiled(renderer, view, create_scene()).tobytes() for _ in range(3)]
    assert len(set(pictures)) == 1
    renderer.release()


def test_transparent_has_straight_alpha(ctx):
    renderer = Renderer(ctx)
    view = View(Camera(0, 1, 4), (200, 120), fog=1e9, transparent=True)
    half = DrawList(quads=quad(-2, 3, 4, 4, 0, (0.5, 0.25, 0.0, 0.5)))
    pixels = screenshot.render_tiled(renderer, view, half)
    assert pixels.shape == (120, 200, 4)
    middle, corner = pixels[60, 100].astype(int), pixels[2, 2]
    assert abs(middle[3] - 128) <= 1
    assert np.abs(middle[:3] - [188, 137, 0]).max() <= 3  # linear 0.5 and 0.25 as sRGB
    assert corner[3] == 0
    renderer.release()
