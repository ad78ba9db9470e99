"""Images of a cloud: dots and thumbnails in their places and colors, for two eyes too."""

from unittest.mock import patch

import numpy as np
import pytest

from tests.render.test_stereo import SIZE as EYE_SIZE
from tests.render.test_stereo import draw_both_eyes, eyes_at
from vrnn.render import cloud_renderer
from vrnn.render.culling import MANY_DOTS, nearest_dots
from vrnn.render.picture_store import PICTURE_SIDE
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.stereo_view import stereo_view
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.primitives import CLOUD_STORE, DOT, THUMBNAIL, DrawList
from vrnn.style.srgb import srgb_to_linear

SIZE = 240
RED, GREEN = (213, 94, 0), (0, 158, 115)


def linear(rgb):
    return (*srgb_to_linear(np.array(rgb, np.uint8)).tolist(), 1.0)


def cloud(size=0.5, turned=0.0):
    """A dot at the left, and a thumbnail of four colors in a green frame at the right."""
    dots, thumbnails = np.zeros(1, DOT), np.zeros(1, THUMBNAIL)
    dots["center"], dots["size"], dots["color"] = (-0.5, 0, 0), size, linear(RED)
    thumbnails["center"], thumbnails["size"] = (0.5, 0, 0), size
    thumbnails["frame"] = (*linear(GREEN)[:3], 0.2)
    thumbnails["picture"] = (0, turned)
    return DrawList(dots=dots, thumbnails=thumbnails)


def four_colors():
    texels = np.full((PICTURE_SIDE, PICTURE_SIDE, 4), 255, np.uint8)
    half = PICTURE_SIDE // 2
    texels[:half, :half, :3], texels[:half, half:, :3] = (250, 20, 30), (20, 240, 40)
    texels[half:, :half, :3], texels[half:, half:, :3] = (30, 40, 230), (220, 210, 20)
    return texels


@pytest.fixture
def renderer(ctx):
    made = Renderer(ctx)
    made.pictures.allocate(CLOUD_STORE, 1)
    made.pictures.upload(CLOUD_STORE, 0, four_colors())
    yield made
    made.release()


def pixel(point, size=SIZE, distance=1.0):
    """Row and column of a point of the plane z = 0."""
    x, y = point[0] / distance, point[1] / distance
    return round((1 - y) / 2 * size), round((x + 1) / 2 * size)


@pytest.mark.parametrize("turned", [0.0, 1.0])
def test_dots_and_thumbnails_have_their_places_and_colors(ctx, renderer, turned):
    view = View(Camera(0, 0, 1.0, fov=np.pi / 2), (SIZE, SIZE), fog=1e6)
    target = RenderTarget(ctx, (SIZE, SIZE))
    renderer.draw(target, view, cloud(turned=turned))
    drawn = target.read_pixels()[..., :3].astype(int)
    target.release()
    assert np.abs(drawn[pixel((-0.5, 0))] - RED).max() <= 2
    # Square, 64 pixels wide at most.
    background = drawn[pixel((-0.9, 0.9))]
    half = 32 / SIZE * 2
    assert np.abs(drawn[pixel((-0.5 - half * 0.9, half * 0.9))] - RED).max() <= 2
    assert np.abs(drawn[pixel((-0.5 - half * 1.1, half * 0.9))] - background).max() <= 2
    side = 0.5 if not turned else 0.42  # seen from aside, its far half is smaller
    for (x, y), color in {
        (-1, 1): (250, 20, 30), (1, 1): (20, 240, 40), (-1, -1): (30, 40, 230),
        (1, -1): (220, 210, 20),
    }.items():  # fmt: skip
        at = pixel((0.5 + x * side / 4, y * side / 4))
        assert np.abs(drawn[at] - color).max() <= 6  # sRGB by a polynomial
    assert np.abs(drawn[pixel((0.5, 0.29))] - GREEN).max() <= 2
    assert renderer.draw_calls <= 6


def test_far_dots_are_at_least_two_pixels_wide(ctx, renderer):
    view = View(Camera(0, 0, 400.0, fov=np.pi / 2), (SIZE, SIZE), fog=1e9)
    target = RenderTarget(ctx, (SIZE, SIZE))
    renderer.draw(target, view, cloud(0.01))
    drawn = target.read_pixels()[..., :3].astype(int)
    target.release()
    assert (np.abs(drawn - RED).max(-1) <= 2).sum() >= 4


@pytest.mark.parametrize("mode", ["multiview", "layer", "two"])
def test_both_eyes_see_the_cloud_each_from_its_place(ctx, renderer, mode):
    view = stereo_view(eyes_at(y=0.0, z=2.0, eye_distance=0.3), Rig(), EYE_SIZE, 1e6)
    left, right = draw_both_eyes(renderer, cloud(0.4), view, mode)
    places = []
    for drawn in (left, right):
        found = np.argwhere(np.abs(drawn - RED).max(-1) <= 3)
        framed = np.argwhere(np.abs(drawn - GREEN).max(-1) <= 3)
        assert len(found) > 20
        assert len(framed) > 20
        places.append((found[:, 1].mean(), framed[:, 1].mean()))
    # What is near is further left for the right eye.
    assert places[1][0] < places[0][0]
    assert places[1][1] < places[0][1]


def test_of_many_small_dots_in_a_pixel_the_nearest_is_drawn_and_of_large_ones_all(ctx, renderer):
    random = np.random.default_rng(4)
    dots = np.zeros(4 * MANY_DOTS, DOT)
    dots["center"] = random.uniform(-0.3, 0.3, (len(dots), 3))
    dots["size"], dots["color"] = 0.004, linear(RED)
    is_near = dots["center"][:, 2] > 0.2
    dots["color"][is_near] = linear(GREEN)
    view = View(Camera(0, 0, 1, 0, 0, np.pi / 2), (SIZE, SIZE), fog=1e6)

    def seen(records):
        return nearest_dots(records, view.clip_from_world, view.size, view.pixels_per_unit)

    chosen = seen(dots)
    assert len(np.unique(chosen)) == len(chosen) < 0.6 * len(dots)
    depth = 1 - dots["center"][:, 2]
    across = np.floor((dots["center"][:, :2] / depth[:, None] + 1) / 2 * SIZE).astype(int)
    nearest = np.full((SIZE, SIZE), np.inf)
    np.minimum.at(nearest, tuple(across.T), depth)
    assert np.abs(depth[chosen] - nearest[tuple(across[chosen].T)]).max() < 2e-5
    assert len(chosen) == np.isfinite(nearest).sum()
    target = RenderTarget(ctx, (SIZE, SIZE))
    pictures = []
    for records in (dots, dots[:1]):
        renderer.draw(target, view, DrawList(dots=records))
        pictures.append(target.read_pixels().astype(int))
    with patch.object(cloud_renderer, "MANY_DOTS", len(dots) + 1):
        renderer.draw(target, view, DrawList(dots=dots))
    every = target.read_pixels().astype(int)
    target.release()
    is_drawn = (np.abs(every - pictures[1]) > 40).any(-1)
    differs = (np.abs(every - pictures[0]) > 40).any(-1)
    assert differs.sum() < 0.1 * is_drawn.sum()
    dots["size"] = 0.2
    assert len(seen(dots)) == len(dots)
    dots["center"][:, 2] = 2.0  # behind
    assert len(seen(dots)) == 0
