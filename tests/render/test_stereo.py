"""Both eyes' pictures match two flat pictures from the same positions."""

from math import atan, pi, radians, sin, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.map_blocks import block
from vrnn.network.feature_maps import block_size
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.stereo import StereoTarget, choose_stereo_mode, stereo_modes
from vrnn.render.stereo_view import clip_from_world, near_and_far, stereo_view
from vrnn.render.uniforms import StereoView, View
from vrnn.scene.camera import Camera
from vrnn.scene.headset.tracking import Eye, Pose, Rig
from vrnn.scene.primitives import PANEL, STROKE, DrawList, ImageQuad, TextLabel, quad

SIZE = (320, 240)
STEREO_MODES = ("multiview", "layer", "two")


def create_scene(renderer):
    """One of each kind: maps, a rectangle, an image, strokes on the floor and upright, text."""
    values = np.random.default_rng(3).normal(size=(6, 5, 7)).astype(np.float32)
    addresses = renderer.maps.allocate(0, {0: block_size(6, 5, 7)})
    renderer.maps.upload(0, 0, block(values))
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
    renderer = Renderer(ctx)
    yield renderer
    renderer.release()


def create_target(ctx, mode, samples=0, size=SIZE):
    if mode not in ("auto", *stereo_modes(ctx.extensions)):
        pytest.skip(f"this driver cannot draw by '{mode}'")
    return StereoTarget(ctx, size, samples, mode)


def draw_both_eyes(renderer, draw_list, view, mode, samples=0, front=None):
    target = create_target(renderer.ctx, mode, samples, view.size)
    renderer.draw_eyes(target, view, draw_list, front=front)
    pictures = [target.read_pixels(layer)[..., :3].astype(int) for layer in (0, 1)]
    target.release()
    return pictures


def draw_flat(renderer, draw_list, view, samples=0):
    target = RenderTarget(renderer.ctx, view.size, samples)
    renderer.draw(target, view, draw_list)
    pixels = target.read_pixels()[..., :3].astype(int)
    target.release()
    return pixels


def eyes_at(x=0.0, y=1.6, z=0.6, eye_distance=0.064, aspect=SIZE[0] / SIZE[1]):
    """Two eyes with a symmetric field of view, as a flat camera has."""
    up = radians(35)
    side = atan(tan(up) * aspect)
    fov = (-side, side, up, -up)
    offsets = (-eye_distance / 2, eye_distance / 2)
    return tuple(Eye(Pose(np.array([x + offset, y, z])), fov) for offset in offsets)


def differing_fraction(first, second, tolerance=3):
    return (np.abs(first - second).max(-1) > tolerance).mean()


@pytest.mark.parametrize("samples", [0, 4])
@pytest.mark.parametrize("mode", ["auto", *STEREO_MODES])
def test_each_eye_matches_a_flat_picture_from_its_position(ctx, renderer, mode, samples):
    if mode == "multiview" and samples:
        pytest.skip("few drivers multisample several views; then another mode is chosen")
    draw_list = create_scene(renderer)
    eyes = eyes_at()
    view = stereo_view(eyes, Rig(), SIZE, 100.0)
    pictures = draw_both_eyes(renderer, draw_list, view, mode, samples)
    for eye, pixels in zip(eyes, pictures, strict=True):
        camera = Camera(*eye.pose.position, 0.0, 0.0, 2 * eye.fov[2])
        expected = draw_flat(renderer, draw_list, View(camera, SIZE, 100.0), samples)
        assert expected.std() > 20
        # Upright strokes are turned to the middle between the eyes, so their edges differ.
        assert differing_fraction(pixels, expected) < 0.004
        assert np.abs(pixels - expected).mean() < 0.1
    assert differing_fraction(pictures[0], pictures[1]) > 0.05


def test_one_pass_gives_the_bytes_of_two_passes(ctx, renderer):
    draw_list = create_scene(renderer)
    view = stereo_view(eyes_at(), Rig(), SIZE, 100.0)
    for samples in (0, 4):
        one_pass = draw_both_eyes(renderer, draw_list, view, "auto", samples)
        two_passes = draw_both_eyes(renderer, draw_list, view, "two", samples)
        assert all((a == b).all() for a, b in zip(one_pass, two_passes, strict=True))


@pytest.mark.parametrize("mode", STEREO_MODES)
def test_disparity_is_that_of_the_eyes_distance(ctx, renderer, mode):
    """What is near lies further right in the left eye's picture, by distance over depth."""
    view = stereo_view(eyes_at(x=0, y=1.0, z=0.0), Rig(), SIZE, 1e6)
    centers = {}
    for depth in (1.0, 8.0):
        square = DrawList(
            quads=quad(
                -0.05 * depth, 1 + 0.05 * depth, 0.1 * depth, 0.1 * depth, -depth, (1, 1, 1, 1)
            )
        )
        pictures = draw_both_eyes(renderer, square, view, mode)
        centers[depth] = [np.nonzero((p > 240).all(-1))[1].mean() for p in pictures]
    for depth, (left, right) in centers.items():
        disparity = 0.064 / depth * view.pixels_per_unit
        assert left - right == pytest.approx(disparity, abs=1.0)
    assert centers[1.0][0] > centers[8.0][0] > centers[8.0][1] > centers[1.0][1]


@pytest.mark.parametrize("mode", STEREO_MODES)
def test_up_is_up_and_left_is_left(ctx, renderer, mode):
    view = stereo_view(eyes_at(y=1.0, z=0.0), Rig(), SIZE, 1e6)
    corner = DrawList(quads=quad(-1.0, 1.8, 0.4, 0.4, -2.0, (1, 1, 1, 1)))
    for pixels in draw_both_eyes(renderer, corner, view, mode):
        rows, columns = np.nonzero((pixels > 240).all(-1))
        assert rows.max() < SIZE[1] / 2
        assert columns.max() < SIZE[0] / 2


@pytest.mark.parametrize("mode", STEREO_MODES)
def test_an_asymmetric_field_of_view(ctx, renderer, mode):
    """A point lies between the edges as their tangents say."""
    fov = (-0.9, 0.5, 0.4, -0.7)
    eyes = (Eye(Pose(), fov), Eye(Pose(), (-0.5, 0.9, 0.4, -0.7)))
    view = stereo_view(eyes, Rig(), SIZE, 1e6)
    square = DrawList(quads=quad(0.3 - 0.02, 0.1 + 0.02, 0.04, 0.04, -1.0, (1, 1, 1, 1)))
    for eye, pixels in zip(eyes, draw_both_eyes(renderer, square, view, mode), strict=True):
        left, right, up, down = (tan(angle) for angle in eye.fov)
        rows, columns = np.nonzero((pixels > 240).all(-1))
        assert columns.mean() + 0.5 == pytest.approx((0.3 - left) / (right - left) * SIZE[0], abs=1)
        assert rows.mean() + 0.5 == pytest.approx((up - 0.1) / (up - down) * SIZE[1], abs=1)


def test_the_rig_moves_the_head_through_the_world(renderer):
    """A stage that is moved, turned and scaled shows what a camera there would."""
    draw_list = create_scene(renderer)
    rig = Rig(np.array([1.0, -1.5, 2.0]), 0.4, 2.0)
    up = radians(35)
    side = atan(tan(up) * SIZE[0] / SIZE[1])
    pitch = -0.1
    orientation = np.array([sin(pitch / 2), 0.0, 0.0, np.cos(pitch / 2)])
    head = np.array([0.2, 1.5, 0.1])
    eyes = tuple(
        Eye(Pose(head + np.array([d, 0, 0]), orientation), (-side, side, up, -up))
        for d in (-0.03, 0.03)
    )
    pictures = draw_both_eyes(renderer, draw_list, stereo_view(eyes, rig, SIZE, 100.0), "two")
    for eye, pixels in zip(eyes, pictures, strict=True):
        position = rig.apply(eye.pose.position)
        camera = Camera(*position.tolist(), 0.4, pitch, 2 * up)
        expected = draw_flat(renderer, draw_list, View(camera, SIZE, 100.0))
        assert differing_fraction(pixels, expected) < 0.01
    offset = rig.apply(eyes[1].pose.position) - rig.apply(eyes[0].pose.position)
    assert np.linalg.norm(offset) == pytest.approx(2 * 0.06)


def test_the_front_list_is_drawn_over_everything(ctx, renderer):
    wall = DrawList(quads=quad(-2, 4, 4, 4, -0.5, (0.1, 0.1, 0.1, 1)))
    card = DrawList(quads=quad(-1, 3, 2, 2, -2.0, (1, 1, 1, 1)))
    view = stereo_view(eyes_at(y=2.0, z=0.0), Rig(), SIZE, 1e6)
    for pixels in draw_both_eyes(renderer, wall, view, choose_stereo_mode(ctx), front=card):
        assert (pixels[SIZE[1] // 2, SIZE[0] // 2] > 240).all()


def test_one_pass_takes_as_many_calls_as_one_eye(ctx, renderer):
    draw_list = create_scene(renderer)
    draw_flat(renderer, draw_list, View(Camera(0.0, 1.6, 0.6, fov=radians(70)), SIZE))
    calls = renderer.draw_calls
    view = stereo_view(eyes_at(), Rig(), SIZE, 100.0)
    draw_both_eyes(renderer, draw_list, view, "two")
    assert renderer.draw_calls == 2 * calls
    if choose_stereo_mode(ctx) != "two":
        draw_both_eyes(renderer, draw_list, view, choose_stereo_mode(ctx))
        assert renderer.draw_calls == calls


def test_both_eyes_share_one_culling_result(ctx, renderer, monkeypatch):
    from vrnn.render import draw_lists as module

    draw_list = create_scene(renderer)
    calls = []
    find = module.find_visible
    monkeypatch.setattr(module, "find_visible", lambda *a: calls.append(1) or find(*a))
    target = create_target(ctx, "two")
    for x in (0.0, 0.1, 0.2, 0.3):  # a head that leans
        renderer.draw_eyes(target, stereo_view(eyes_at(x), Rig(), SIZE, 100.0), draw_list)
    target.release()
    assert len(calls) == 1


def test_depths_of_both_eyes_can_be_read(ctx, renderer):
    target = create_target(ctx, choose_stereo_mode(ctx))
    near = DrawList(quads=quad(-2, 3, 4, 4, -1.0, (1, 1, 1, 1)))
    view = stereo_view(eyes_at(y=1.0, z=0.0), Rig(), SIZE, 1e6)
    renderer.draw_eyes(target, view, near)
    low, high = near_and_far(Rig())
    expected = (high / (high - low)) * (1 - low / 1.0)
    for layer in (0, 1):
        center = target.read_depths(layer)[SIZE[1] // 2, SIZE[0] // 2]
        assert center == pytest.approx(expected, abs=1e-5)
    target.release()


def test_a_symmetric_projection_is_that_of_the_camera():
    fov = pi / 3
    side = atan(tan(fov / 2) * 1.5)
    projection = clip_from_world(Eye(Pose(), (-side, side, fov / 2, -fov / 2)), Rig())
    assert np.allclose(projection, Camera(0, 0, 0, fov=fov).clip_from_world(1.5), atol=1e-5)


angles = st.floats(0.1, 1.2)
quaternions = st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1)
positions = st.tuples(*[st.floats(-5, 5)] * 3)


@given(positions, quaternions, st.tuples(angles, angles, angles, angles), positions,
       st.floats(-3, 3), st.floats(0.1, 20), positions)  # fmt: skip
def test_projections_are_products_of_matrices(position, quaternion, fov, stage, yaw, scale, point):
    """The numbers written out equal the product of the plain matrices."""
    left, right, up, down = -fov[0], fov[1], fov[2], -fov[3]
    pose = Pose(np.array(position), np.array(quaternion) / np.linalg.norm(quaternion))
    rig = Rig(np.array(stage), yaw, scale)
    world_from_eye = np.eye(4)
    world_from_eye[:3, :3] = rig.matrix()[:3, :3] / scale @ pose.matrix()[:3, :3]
    world_from_eye[:3, 3] = rig.apply(pose.position)
    x, y, z, _ = np.linalg.inv(world_from_eye) @ (*point, 1)
    clip = clip_from_world(Eye(pose, (left, right, up, down)), rig) @ (*point, 1)
    # Where the point is between the edges, as a fraction of their tangents, and how deep.
    across = ((x / -z) - tan(left)) / (tan(right) - tan(left)) if abs(z) > 1e-3 else None
    above = ((y / -z) - tan(down)) / (tan(up) - tan(down)) if abs(z) > 1e-3 else None
    assert clip[3] == pytest.approx(-z, abs=1e-6)
    if across is not None:
        assert (clip[0] / clip[3] + 1) / 2 == pytest.approx(across, rel=1e-5, abs=1e-5)
        assert (clip[1] / clip[3] + 1) / 2 == pytest.approx(above, rel=1e-5, abs=1e-5)


def test_the_best_mode_of_a_driver_comes_first():
    assert stereo_modes(set()) == ("two",)
    assert stereo_modes({"GL_AMD_vertex_shader_layer"}) == ("layer", "two")
    assert (
        stereo_modes({"GL_OVR_multiview2", "GL_ARB_shader_viewport_layer_array"})[0] == "multiview"
    )


def test_a_single_eye_is_the_first_of_its_view(renderer):
    view = stereo_view(eyes_at(), Rig(), SIZE, 100.0)
    assert isinstance(view, StereoView)
    assert view.single_eye(1).clip_matrices.shape == (1, 4, 4)
    assert (view.single_eye(1).clip_matrices[0] == view.clip_matrices[1]).all()
