"""What the runtime is told of a frame: each eye's own pose and angles, near before far."""

from ctypes import POINTER, cast
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.render.stereo_view import clip_from_world, near_and_far
from vrnn.scene.headset.tracking import Eye, Pose, Rig
from vrnn.xr import runtime
from vrnn.xr.projection_layer import ProjectionLayer

numbers = st.floats(-2, 2)
angles = st.floats(0.2, 1.2)


@st.composite
def eyes(draw):
    """An eye, unlike any other."""
    orientation = np.array([draw(numbers) for _ in range(3)] + [2.5])
    left, right, up, down = (draw(angles) for _ in range(4))
    pose = Pose(
        np.array([draw(numbers) for _ in range(3)]), orientation / np.linalg.norm(orientation)
    )
    return Eye(pose, (-left, right, up, -down))


@pytest.fixture(scope="module")
def xr():
    return runtime.load()


def swapchain(size=(640, 480)):
    return SimpleNamespace(size=size, handle=None)


def told(info, xr):
    """The views that `xrEndFrame` finds behind the structure that it is given."""
    layer = cast(info._layers[0], POINTER(xr.CompositionLayerProjection)).contents
    assert layer.view_count == 2
    return [layer._views[number] for number in (0, 1)]


def depth_of(view, xr):
    return cast(view.next, POINTER(xr.CompositionLayerDepthInfoKHR)).contents


@given(eyes(), eyes(), eyes(), st.floats(0.01, 1), st.floats(2, 1000))
def test_each_view_has_its_own_eye_and_near_is_before_far(xr, first, left, right, near, far):
    layer = ProjectionLayer(xr, None, swapchain(), swapchain())
    layer.fill(1, (first, first), (0.5, 1.5))  # what an earlier frame left must not stay
    info = layer.fill(123, (left, right), (near, far))
    assert info.display_time == 123
    views = told(info, xr)
    for number, (view, eye) in enumerate(zip(views, (left, right), strict=True)):
        position, orientation = view.pose.position, view.pose.orientation
        assert (position.x, position.y, position.z) == pytest.approx(eye.pose.position, abs=1e-6)
        assert (orientation.x, orientation.y, orientation.z, orientation.w) == pytest.approx(
            eye.pose.orientation, abs=1e-6
        )
        fov = view.fov
        assert (fov.angle_left, fov.angle_right, fov.angle_up, fov.angle_down) == pytest.approx(
            eye.fov, abs=1e-6
        )
        assert view.sub_image.image_array_index == number
        depth = depth_of(view, xr)
        assert (depth.near_z, depth.far_z) == pytest.approx((near, far), rel=1e-6)
        assert (depth.min_depth, depth.max_depth) == (0.0, 1.0)
        assert depth.sub_image.image_array_index == number


def test_without_depth_nothing_follows_a_view(xr):
    info = ProjectionLayer(xr, None, swapchain(), None).fill(1, (Eye(), Eye()), (0.1, 10.0))
    assert not any(view.next for view in told(info, xr))
    extent = told(info, xr)[0].sub_image.image_rect.extent
    assert (extent.width, extent.height) == (640, 480)


def test_the_planes_are_those_that_depth_was_drawn_with():
    """In meters of the stage, whatever its scale; the nearer one first."""
    for scale in (0.1, 1.0, 30.0):
        rig = Rig(np.zeros(3), 0.0, scale)
        near, far = near_and_far(rig)
        assert 0 < near < far
        clip = clip_from_world(Eye(), rig)
        for meters, depth in ((near, -1.0), (far, 1.0)):
            _, _, z, w = clip @ np.array([0.0, 0.0, -meters, 1.0])
            assert z / w == pytest.approx(depth, abs=1e-3)
