"""Both eyes in one pass are what two flat pictures from the same places are."""

from math import atan, pi, radians, sin, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.map_blocks import block
from vrnn.network.feature_maps import block_size
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.stereo import (
    StereoTarget,
    choose_stereo_mode,
    clip_from_world,
    near_and_far,
    stereo_modes,
    stereo_view,
)
from vrnn.render.uniforms import StereoView, View
from vrnn.scene.camera import Camera
from vrnn.scene.headset.tracking import Eye, Pose, Rig
from vrnn.scene.primitives import PANEL, STROKE, DrawList, ImageQuad, TextLabel, quad

SIZE = (320, 240)
WAYS = ("multiview", "layer", "two")


def scene(renderer):
    """Something of each kind: maps, a rectangle, an image, strokes on floor and upright, text."""
    values = np.random.default_rng(3).normal(size=(6, 5, 7)).astype(np.float32)
    addresses = renderer.allocate_maps(0, {0: block_size(6, 5, 7)})
    renderer.upload_maps(0, 0, block(values))
    panel = np.zeros(1, PANEL)
    panel["origin"], panel["right"], panel["down"] = (-1, 2.4, -2.5), (2, 0, 0), (0, -1.2, 0)
    panel["grid"], panel["tile"], panel["base"] = (3, 2, 6), (5, 7), addresses[0][1]
    panel["light"], panel["clip"], panel["border"] = 1, 1, 0.02
    strokes = np.zeros(3, STROKE)
    strokes["start"] = (-1.5, 0.01, -1), (-1.2, 0.4, -2), (1.3, 0.2, -1.5)
    strokes["end"] = (1.5, 0.01, -2), (-1.2, 2.2, -2), (1.3, 1.4, -1.5)
    strokes["width"], strokes["kind"] = (0.08, 0.05, 0.12), (0, 0, 1)
    strokes["color"] = (1, 0.5, 0.1, 1)
    image = np.zeros((8, 8, 3), np.uint8)
    image[:4, :4], image[4:, 4:], image[:4, 4:] = (255, 60, 20), (20, 200, 60), (40, 40, 255)
    return DrawList(
        panels={(0, 0): panel},
        quads=quad(0.5, 1.1, 0.7, 0.5, -1.2, (0.9, 0.2, 0.1, 1), (0.1, 0.2, 0.9, 1)),
        strokes=strokes,
        labels=(TextLabel("left 123", (-0.9, 0.85, -1.8), 0.12, (1, 1, 1, 1)),),
        image_quads=(ImageQuad((-0.3, 1.0, -1.0), (0.5, 0, 0), (0, -0.5, 0), image, smooth=False),),
    )


@pytest.fixture
def renderer(ctx):
    made = Renderer(ctx)
    yield made
    made.release()


def target_of(ctx, way, samples=0, size=SIZE):
    if way not in ("auto", *stereo_modes(ctx.extensions)):
        pytest.skip(f"this driver cannot draw by '{way}'")
    return StereoTarget(ctx, size, samples, way)


def both_eyes(renderer, drawing, view, way, samples=0, front=None):
    target = target_of(renderer.ctx, way, samples, view.size)
    renderer.draw_eyes(target, view, drawing, front=front)
    pictures = [target.read_pixels(layer)[..., :3].astype(int) for layer in (0, 1)]
    target.release()
    return pictures


def flat(renderer, drawing, view, samples=0):
    target = RenderTarget(renderer.ctx, view.size, samples)
    renderer.draw(target, view, drawing)
    pixels = target.read_pixels()[..., :3].astype(int)
    target.release()
    return pixels


def eyes_at(x=0.0, y=1.6, z=0.6, apart=0.064, aspect=SIZE[0] / SIZE[1]):
    """Two eyes that a flat camera can be put in the place of."""
    up = radians(35)
    side = atan(tan(up) * aspect)
    fov = (-side, side, up, -up)
    return tuple(Eye(Pose(np.array([x + d, y, z])), fov) for d in (-apart / 2, apart / 2))


def differing(one, other, more_than=3):
    return (np.abs(one - other).max(-1) > more_than).mean()


@pytest.mark.parametrize("samples", [0, 4])
@pytest.mark.parametrize("way", ["auto", *WAYS])
def test_each_eye_sees_what_a_flat_picture_from_there_shows(ctx, renderer, way, samples):
    if way == "multiview" and samples:
        pytest.skip("few drivers smooth edges of several views; then another way is taken")
    drawing = scene(renderer)
    eyes = eyes_at()
    view = stereo_view(eyes, Rig(), SIZE, 100.0)
    seen = both_eyes(renderer, drawing, view, way, samples)
    for eye, pixels in zip(eyes, seen, strict=True):
        camera = Camera(*eye.pose.position, 0.0, 0.0, 2 * eye.fov[2])
        expected = flat(renderer, drawing, View(camera, SIZE, 100.0), samples)
        assert expected.std() > 20
        # Upright strokes are turned to the middle between the eyes, so their edges differ.
        assert differing(pixels, expected) < 0.004
        assert np.abs(pixels - expected).mean() < 0.1
    assert differing(seen[0], seen[1]) > 0.05


def test_one_pass_is_bit_for_bit_two_passes(ctx, renderer):
    drawing = scene(renderer)
    view = stereo_view(eyes_at(), Rig(), SIZE, 100.0)
    for samples in (0, 4):
        one = both_eyes(renderer, drawing, view, "auto", samples)
        two = both_eyes(renderer, drawing, view, "two", samples)
        assert all((a == b).all() for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("way", WAYS)
def test_near_things_move_to_the_other_side(ctx, renderer, way):
    """What is near lies further right in the left eye's picture, by as much as the eyes say."""
    view = stereo_view(eyes_at(x=0, y=1.0, z=0.0), Rig(), SIZE, 1e6)
    middles = {}
    for depth in (1.0, 8.0):
        spot = DrawList(
            quads=quad(
                -0.05 * depth, 1 + 0.05 * depth, 0.1 * depth, 0.1 * depth, -depth, (1, 1, 1, 1)
            )
        )
        seen = both_eyes(renderer, spot, view, way)
        middles[depth] = [np.nonzero((p > 240).all(-1))[1].mean() for p in seen]
    for depth, (left, right) in middles.items():
        apart = 0.064 / depth * view.pixels_per_unit
        assert left - right == pytest.approx(apart, abs=1.0)
    assert middles[1.0][0] > middles[8.0][0] > middles[8.0][1] > middles[1.0][1]


@pytest.mark.parametrize("way", WAYS)
def test_up_is_up_and_left_is_left(ctx, renderer, way):
    view = stereo_view(eyes_at(y=1.0, z=0.0), Rig(), SIZE, 1e6)
    corner = DrawList(quads=quad(-1.0, 1.8, 0.4, 0.4, -2.0, (1, 1, 1, 1)))
    for pixels in both_eyes(renderer, corner, view, way):
        rows, columns = np.nonzero((pixels > 240).all(-1))
        assert rows.max() < SIZE[1] / 2
        assert columns.max() < SIZE[0] / 2


@pytest.mark.parametrize("way", WAYS)
def test_a_field_of_view_that_is_not_symmetric(ctx, renderer, way):
    """A point lies where the angles to the edges say."""
    fov = (-0.9, 0.5, 0.4, -0.7)
    eyes = (Eye(Pose(), fov), Eye(Pose(), (-0.5, 0.9, 0.4, -0.7)))
    view = stereo_view(eyes, Rig(), SIZE, 1e6)
    spot = DrawList(quads=quad(0.3 - 0.02, 0.1 + 0.02, 0.04, 0.04, -1.0, (1, 1, 1, 1)))
    for eye, pixels in zip(eyes, both_eyes(renderer, spot, view, way), strict=True):
        left, right, up, down = (tan(angle) for angle in eye.fov)
        rows, columns = np.nonzero((pixels > 240).all(-1))
        assert columns.mean() + 0.5 == pytest.approx((0.3 - left) / (right - left) * SIZE[0], abs=1)
        assert rows.mean() + 0.5 == pytest.approx((up - 0.1) / (up - down) * SIZE[1], abs=1)


def test_the_rig_carries_the_head_through_the_world(renderer):
    """A stage that is moved, turned and made larger shows what a camera there would."""
    drawing = scene(renderer)
    rig = Rig(np.array([1.0, -1.5, 2.0]), 0.4, 2.0)
    up = radians(35)
    side = atan(tan(up) * SIZE[0] / SIZE[1])
    pitch = -0.1
    turned = np.array([sin(pitch / 2), 0.0, 0.0, np.cos(pitch / 2)])
    head = np.array([0.2, 1.5, 0.1])
    eyes = tuple(
        Eye(Pose(head + np.array([d, 0, 0]), turned), (-side, side, up, -up)) for d in (-0.03, 0.03)
    )
    seen = both_eyes(renderer, drawing, stereo_view(eyes, rig, SIZE, 100.0), "two")
    for eye, pixels in zip(eyes, seen, strict=True):
        place = rig.apply(eye.pose.position)
        camera = Camera(*place.tolist(), 0.4, pitch, 2 * up)
        expected = flat(renderer, drawing, View(camera, SIZE, 100.0))
        assert differing(pixels, expected) < 0.01
    apart = rig.apply(eyes[1].pose.position) - rig.apply(eyes[0].pose.position)
    assert np.linalg.norm(apart) == pytest.approx(2 * 0.06)


def test_things_before_the_eyes_are_over_everything(ctx, renderer):
    wall = DrawList(quads=quad(-2, 4, 4, 4, -0.5, (0.1, 0.1, 0.1, 1)))
    card = DrawList(quads=quad(-1, 3, 2, 2, -2.0, (1, 1, 1, 1)))
    view = stereo_view(eyes_at(y=2.0, z=0.0), Rig(), SIZE, 1e6)
    for pixels in both_eyes(renderer, wall, view, choose_stereo_mode(ctx), front=card):
        assert (pixels[SIZE[1] // 2, SIZE[0] // 2] > 240).all()


def test_no_more_calls_than_for_one_eye(ctx, renderer):
    drawing = scene(renderer)
    flat(renderer, drawing, View(Camera(0.0, 1.6, 0.6, fov=radians(70)), SIZE))
    calls = renderer.counts.draw_calls
    view = stereo_view(eyes_at(), Rig(), SIZE, 100.0)
    both_eyes(renderer, drawing, view, "two")
    assert renderer.counts.draw_calls == 2 * calls
    if choose_stereo_mode(ctx) != "two":
        both_eyes(renderer, drawing, view, choose_stereo_mode(ctx))
        assert renderer.counts.draw_calls == calls


def test_what_is_worth_drawing_is_found_once_for_both_eyes(ctx, renderer, monkeypatch):
    from vrnn.render import renderer as module

    drawing = scene(renderer)
    found = []
    real = module.sort_front_to_back
    monkeypatch.setattr(module, "sort_front_to_back", lambda *a: found.append(1) or real(*a))
    target = target_of(ctx, "two")
    for x in (0.0, 0.1, 0.2, 0.3):  # a head that leans
        renderer.draw_eyes(target, stereo_view(eyes_at(x), Rig(), SIZE, 100.0), drawing)
    target.release()
    assert len(found) == 1


def test_depth_of_both_eyes_is_there(ctx, renderer):
    target = target_of(ctx, choose_stereo_mode(ctx))
    near = DrawList(quads=quad(-2, 3, 4, 4, -1.0, (1, 1, 1, 1)))
    view = stereo_view(eyes_at(y=1.0, z=0.0), Rig(), SIZE, 1e6)
    renderer.draw_eyes(target, view, near)
    low, high = near_and_far(Rig())
    expected = (high / (high - low)) * (1 - low / 1.0)
    for layer in (0, 1):
        middle = target.read_depths(layer)[SIZE[1] // 2, SIZE[0] // 2]
        assert middle == pytest.approx(expected, abs=1e-5)
    target.release()


def test_a_symmetric_projection_is_the_camera_s():
    fov = pi / 3
    side = atan(tan(fov / 2) * 1.5)
    mine = clip_from_world(Eye(Pose(), (-side, side, fov / 2, -fov / 2)), Rig())
    assert np.allclose(mine, Camera(0, 0, 0, fov=fov).clip_from_world(1.5), atol=1e-5)


angles = st.floats(0.1, 1.2)
whole = st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1)
places = st.tuples(*[st.floats(-5, 5)] * 3)


@given(places, whole, st.tuples(angles, angles, angles, angles), places, st.floats(-3, 3),
       st.floats(0.1, 20), places)  # fmt: skip
def test_projections_are_matrices_multiplied(at, quaternion, fov, stage, yaw, scale, point):
    """The numbers written out are what the product of the plain matrices is."""
    left, right, up, down = -fov[0], fov[1], fov[2], -fov[3]
    pose = Pose(np.array(at), np.array(quaternion) / np.linalg.norm(quaternion))
    rig = Rig(np.array(stage), yaw, scale)
    world_from_eye = np.eye(4)
    world_from_eye[:3, :3] = rig.matrix()[:3, :3] / scale @ pose.matrix()[:3, :3]
    world_from_eye[:3, 3] = rig.apply(pose.position)
    x, y, z, _ = np.linalg.inv(world_from_eye) @ (*point, 1)
    found = clip_from_world(Eye(pose, (left, right, up, down)), rig) @ (*point, 1)
    # Where the point is between the edges, as tangents have it, and how deep.
    across = ((x / -z) - tan(left)) / (tan(right) - tan(left)) if abs(z) > 1e-3 else None
    above = ((y / -z) - tan(down)) / (tan(up) - tan(down)) if abs(z) > 1e-3 else None
    assert found[3] == pytest.approx(-z, abs=1e-6)
    if across is not None:
        assert (found[0] / found[3] + 1) / 2 == pytest.approx(across, rel=1e-5, abs=1e-5)
        assert (found[1] / found[3] + 1) / 2 == pytest.approx(above, rel=1e-5, abs=1e-5)


def test_drivers_are_asked_for_what_they_can():
    assert stereo_modes(set()) == ("two",)
    assert stereo_modes({"GL_AMD_vertex_shader_layer"}) == ("layer", "two")
    assert (
        stereo_modes({"GL_OVR_multiview2", "GL_ARB_shader_viewport_layer_array"})[0] == "multiview"
    )


def test_an_eyes_view_has_both(renderer):
    view = stereo_view(eyes_at(), Rig(), SIZE, 100.0)
    assert isinstance(view, StereoView)
    assert view.single_eye(1).clip_matrices.shape == (1, 4, 4)
    assert (view.single_eye(1).clip_matrices[0] == view.clip_matrices[1]).all()
