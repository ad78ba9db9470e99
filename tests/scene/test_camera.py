import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vrnn.scene.camera import Camera, frame_points, interpolate_cameras

angle = st.floats(-1.2, 1.2)
coordinate = st.floats(-50, 50)
points = st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=2, max_size=12)


def clip(camera, aspect, where):
    where = np.concatenate([np.asarray(where, float), np.ones((len(where), 1))], 1)
    return where @ camera.clip_from_world(aspect).T.astype(float)


@given(points, angle, angle, st.floats(0.4, 3.0), st.floats(0.5, 1.4))
def test_framing_shows_all_points_and_wastes_no_room(where, yaw, pitch, aspect, fov):
    where = np.array(where) + np.random.default_rng(0).normal(size=(len(where), 3))
    margin = 0.05
    camera = frame_points(where, Camera(yaw=yaw, pitch=pitch, fov=fov), aspect, margin)
    at = clip(camera, aspect, where)
    seen = np.abs(at[:, :2] / at[:, 3:])
    assert (at[:, 3] > 0).all()
    room = 1 - 2 * margin
    assert seen.max() <= room + 1e-3
    assert seen.max() >= room - 1e-2 or at[:, 3].min() < 0.2


@given(coordinate, coordinate, coordinate, st.floats(-3, 3), angle)
def test_axes_are_the_matrix_of_the_eye(x, y, z, yaw, pitch):
    camera = Camera(x, y, z, yaw, pitch)
    right, up, forward = camera.axes()
    ahead = camera.position + 2 * forward + 0.5 * right - 0.25 * up
    local = camera.eye_from_world().astype(float) @ [*ahead, 1]
    assert np.allclose(local, [0.5, -0.25, -2, 1], atol=1e-3)


@given(angle, angle, st.floats(-0.9, 0.9), st.floats(-0.9, 0.9), st.floats(0.5, 2.5))
def test_a_ray_meets_what_is_drawn_at_its_point(yaw, pitch, x, y, aspect):
    camera = Camera(1, 2, 3, yaw, pitch)
    at = clip(camera, aspect, [camera.position + 7 * camera.ray(x, y, aspect)])[0]
    assert np.allclose(at[:2] / at[3], [x, y], atol=1e-4)


def test_turning_goes_the_short_way_and_motion_ends_where_it_should():
    start, end = Camera(yaw=6.2), Camera(x=4, yaw=0.1)
    middle = interpolate_cameras(start, end, 0.5)
    assert abs((middle.yaw - 6.2915) % (2 * np.pi)) < 0.2
    assert np.allclose(interpolate_cameras(start, end, 1.0).position, end.position)


def test_looking_up_stops_before_the_zenith():
    camera = Camera().turned(0, 99)
    assert camera.pitch < np.pi / 2
    assert np.isfinite(camera.eye_from_world()).all()
