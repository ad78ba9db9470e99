"""Relevance on panels: its colors, over maps, the same for both eyes, and the light along edges."""

import numpy as np
import pytest

from tests.render.test_stereo import eyes_at
from vrnn.network.derived_maps import from_array
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.stereo import StereoTarget
from vrnn.render.stereo_view import stereo_view
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.primitives import FIRST_RELEVANCE_STORE, PANEL, STROKE, DrawList
from vrnn.style.relevance_colors import color_relevance

SIZE = (128, 128)
RELEVANCE = np.array([[[1.0, -1.0], [0.0, 0.5]]], np.float32)
GROUND = np.array([[[0.0, 0.0], [4.0, 4.0]]], np.float32)


@pytest.fixture
def renderer(ctx):
    renderer = Renderer(ctx)
    for store, values in ((0, GROUND), (FIRST_RELEVANCE_STORE, RELEVANCE)):
        maps = from_array(values)
        renderer.maps.allocate(store, {0: maps.block.size})
        renderer.maps.upload(store, 0, maps.block)
    yield renderer
    renderer.release()


def draw_list(ground=-1, opacity=1000, **fields):
    panel = np.zeros(1, PANEL)
    panel["origin"], panel["right"], panel["down"] = (-1, 1, 0), (2, 0, 0), (0, -2, 0)
    panel["grid"], panel["tile"] = (1, 1, 1), (2, 2)
    panel["range"], panel["clip"], panel["light"] = (-1, 1), 1, 1
    panel["ground"] = (ground, opacity)
    return DrawList(panels={(FIRST_RELEVANCE_STORE, 0): panel}, **fields)


def draw(renderer, drawn, seconds=0.0):
    target = RenderTarget(renderer.ctx, SIZE, 0)
    view = View(Camera(0, 0, 1.3, fov=np.pi / 2), SIZE, fog=1e6, seconds=seconds)
    renderer.draw(target, view, drawn)
    pixels = target.read_pixels()[..., :3].astype(int)
    target.release()
    return pixels


def quarters(pixels):
    near, far = 40, 88
    return pixels[near, near], pixels[near, far], pixels[far, near], pixels[far, far]


def test_it_has_colors_of_its_own_and_no_one_elses(renderer):
    found = quarters(draw(renderer, draw_list()))
    expected = color_relevance(RELEVANCE[0], 1.0).reshape(4, 3).astype(int)
    for color, wanted in zip(found, expected, strict=True):
        assert np.abs(color - wanted).max() <= 3


def test_over_maps_strong_relevance_hides_them_and_none_leaves_them_gray(renderer):
    strong, against, none, half = quarters(draw(renderer, draw_list(ground=0)))
    expected = color_relevance(RELEVANCE[0], 1.0)
    assert np.abs(strong - expected[0, 0]).max() <= 3
    assert np.abs(against - expected[0, 1]).max() <= 3
    assert np.ptp(none) <= 3
    assert none.mean() > 120
    assert half[0] > half[2] + 20
    faint = quarters(draw(renderer, draw_list(ground=0, opacity=0)))
    assert np.ptp(faint[0]) <= 3


def test_both_eyes_see_it(renderer):
    target = StereoTarget(renderer.ctx, SIZE, 0, "auto")
    view = stereo_view(eyes_at(0, 0, 1.3, aspect=1.0), Rig(), SIZE, 1e6)
    renderer.draw_eyes(target, view, draw_list())
    pictures = [target.read_pixels(layer)[..., :3].astype(int) for layer in (0, 1)]
    target.release()
    orange, teal = color_relevance(np.array([[1.0, -1.0]]), 1.0)[0].astype(int)
    for pixels in pictures:
        for color in (orange, teal):
            assert (np.abs(pixels - color).max(-1) <= 3).mean() > 0.02
    assert np.abs(pictures[0] - pictures[1]).mean() > 0.5


def test_light_runs_along_an_edge_with_time_and_only_where_something_flows(renderer):
    strokes = np.zeros(1, STROKE)
    strokes["start"], strokes["end"] = (-1, -0.5, 0.3), (1, -0.5, 0.3)
    strokes["width"], strokes["color"] = 0.3, (0.4, 0.2, 0.05, 1)
    still = DrawList(strokes=strokes)
    np.testing.assert_array_equal(draw(renderer, still), draw(renderer, still, seconds=0.4))
    flowing = strokes.copy()
    flowing["flow"] = (0, 1)
    first, later = (draw(renderer, DrawList(strokes=flowing), seconds=s) for s in (0.0, 0.4))
    assert np.abs(first - later).max() > 20
