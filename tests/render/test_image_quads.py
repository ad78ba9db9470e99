"""An image in the world is the right way up, in its own colors, from near and from afar."""

import numpy as np
import pytest

from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import QUAD, DrawList, ImageQuad, quad

SIZE = 240
NO_FRAME = np.zeros(2, QUAD)
"""What lies behind a card's image: nothing."""
FLIPS = {
    "as it is": lambda a: a,
    "left and right": lambda a: a[:, ::-1],
    "up and down": lambda a: a[::-1],
    "colors": lambda a: a[..., [1, 2, 0]],
}


def draw(ctx, pixels, distance=1.0, smooth=False):
    """(SIZE, SIZE, 3) int of a square image that fills the view at distance 1."""
    renderer = Renderer(ctx)
    image = ImageQuad((-1, 1, 0), (2, 0, 0), (0, -2, 0), np.ascontiguousarray(pixels), smooth)
    view = View(Camera(0, 0, distance, fov=np.pi / 2), (SIZE, SIZE), fog=1e6)
    target = RenderTarget(ctx, (SIZE, SIZE))
    renderer.draw(target, view, DrawList(image_quads=(image,)))
    drawn = target.read_pixels()[..., :3].astype(int)
    target.release()
    renderer.release()
    return drawn


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(2).integers(0, 256, (8, 8, 3), np.uint8)


@pytest.mark.parametrize("name", FLIPS)
def test_pixels_are_drawn_where_they_are(ctx, image, name):
    turned = FLIPS[name](image)
    drawn = draw(ctx, turned)
    middles = (np.arange(8) * 2 + 1) * SIZE // 16
    assert np.abs(drawn[middles][:, middles] - turned).max() <= 1


def test_blended_pixels_are_their_own_color_in_their_middle(ctx, image):
    drawn = draw(ctx, image, smooth=True)
    middles = (np.arange(8) * 2 + 1) * SIZE // 16
    between = drawn[middles][:, (np.arange(7) + 1) * SIZE // 8]
    assert np.abs(drawn[middles][:, middles] - image).max() <= 36  # a 60th of a neighbor's light
    low, high = np.minimum(image[:, :-1], image[:, 1:]), np.maximum(image[:, :-1], image[:, 1:])
    assert ((between >= low.astype(int) - 36) & (between <= high.astype(int) + 36)).all()


def test_the_same_pixels_can_be_sharp_and_blended_one_after_the_other(ctx, image):
    renderer, target = Renderer(ctx), RenderTarget(ctx, (SIZE, SIZE))
    view = View(Camera(0, 0, 1.0, fov=np.pi / 2), (SIZE, SIZE), fog=1e6)
    drawn = {}
    for smooth in (False, True, False):
        card = ImageQuad((-1, 1, 0), (2, 0, 0), (0, -2, 0), image, smooth)
        renderer.draw(target, view, DrawList(), front=DrawList(quads=NO_FRAME, image_quads=(card,)))
        drawn.setdefault(smooth, []).append(target.read_pixels()[..., :3].astype(int))
    target.release()
    renderer.release()
    sharp, again = drawn[False]
    (blended,) = drawn[True]
    assert (sharp == again).all()
    assert len(np.unique(sharp.reshape(-1, 3), axis=0)) <= 65  # its own colors alone
    edges = np.abs(sharp - blended).max(-1) > 8
    assert edges.mean() > 0.5


def test_from_afar_a_fine_pattern_shows_its_mean_light(ctx):
    checkerboard = np.repeat((np.indices((64, 64)).sum(0) % 2 * 255)[..., None], 3, 2)
    drawn = draw(ctx, checkerboard.astype(np.uint8), distance=12.0)
    middle = drawn[SIZE // 2 - 6 : SIZE // 2 + 6, SIZE // 2 - 6 : SIZE // 2 + 6]
    assert middle.std() < 4
    assert np.abs(middle - 188).max() < 8  # half the light of white


def test_seen_from_the_side_a_stripe_keeps_its_place(ctx):
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:32] = (250, 40, 40)
    stripes[32:] = (40, 40, 250)
    renderer = Renderer(ctx)
    image = ImageQuad((-1, 1, 0), (2, 0, 0), (0, -2, 0), stripes)
    camera = Camera(3.0, 0.0, 0.6, yaw=np.arctan2(3.0, 0.6), fov=np.pi / 4)
    target = RenderTarget(ctx, (SIZE, SIZE))
    renderer.draw(target, View(camera, (SIZE, SIZE), fog=1e6), DrawList(image_quads=(image,)))
    drawn = target.read_pixels()[..., :3].astype(int)
    target.release()
    renderer.release()
    upper, lower = drawn[SIZE // 2 - 8, SIZE // 2], drawn[SIZE // 2 + 8, SIZE // 2]
    assert upper.tolist() == pytest.approx([250, 40, 40], abs=2)
    assert lower.tolist() == pytest.approx([40, 40, 250], abs=2)


def test_a_card_hides_the_marks_of_the_world_behind_it(ctx, image):
    renderer, target = Renderer(ctx), RenderTarget(ctx, (SIZE, SIZE))
    view = View(Camera(0, 0, 1.0, fov=np.pi / 2), (SIZE, SIZE), fog=1e6)
    card = ImageQuad((-0.5, 0.5, 0), (1, 0, 0), (0, -1, 0), image)
    marks = quad(-1, 1, 2, 2, 0.0, (1.0, 0.0, 0.0, 1.0))
    front = DrawList(quads=NO_FRAME, image_quads=(card,), marks=marks)
    renderer.draw(target, view, DrawList(), front=front)
    drawn = target.read_pixels()[..., :3].astype(int)
    target.release()
    renderer.release()
    assert drawn[5, 5].tolist() == [255, 0, 0]
    middles = SIZE // 4 + (np.arange(8) * 2 + 1) * SIZE // 32
    assert np.abs(drawn[middles][:, middles] - image).max() <= 1
