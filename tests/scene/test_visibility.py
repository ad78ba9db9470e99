"""Which layers and maps a view shows, against points that are projected one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scene.test_geometry import world_of
from tests.support.networks import residual
from tests.support.worlds import small_world
from vrnn.scene.camera import Camera
from vrnn.scene.state import LayerState, State
from vrnn.scene.visibility import channels_in_view, free_depth, layers_in_view, panel_corners

ASPECT = 1.5
WORLD, NETWORK, _ = small_world()
CAMERAS = st.builds(
    Camera,
    *(st.floats(-8, 12), st.floats(0.2, 6), st.floats(-8, 12)),
    *(st.floats(-3, 3), st.floats(-1, 1), st.just(1.0)),
)


def is_seen(camera, points):
    """Which of (N, 3) points are in a camera's view."""
    clip = np.column_stack([points, np.ones(len(points))]) @ camera.clip_from_world(ASPECT).T
    return (np.abs(clip[:, :3]) <= clip[:, 3:]).all(1)


@given(CAMERAS)
def test_every_layer_of_which_a_point_is_seen_is_in_view_and_none_behind_the_eye(camera):
    found = layers_in_view(WORLD, camera.clip_from_world(ASPECT))
    frame = WORLD.placement_frame(0)
    forward = camera.axes()[2]
    across, up = (a.ravel() for a in np.meshgrid(np.linspace(-0.5, 0.5, 9), np.linspace(0, 1, 9)))
    for node in frame.node_ids:
        x, y, z, width, height = frame.panel_rect(node).tolist()
        points = np.stack([x + across * width, y + up * height, np.full_like(up, z)], 1)
        if is_seen(camera, points).any():
            assert (0, node) in found
        if ((points - camera.position) @ forward < 0).all():
            assert (0, node) not in found


def test_a_view_of_one_layer_has_no_other_beside_it():
    frame = WORLD.placement_frame(0)
    for node in frame.node_ids:
        x, y, z, width, height = frame.panel_rect(node).tolist()
        eye = Camera(x, y + height / 2, z + 0.2, 0.0, 0.0, 0.1)
        assert layers_in_view(WORLD, eye.clip_from_world(ASPECT)) >= {(0, node)}
        for side, up in ((0.55, 0.0), (-0.55, 0.0), (0.0, 0.55), (0.0, -0.55)):
            past = Camera(
                x + side * width + np.sign(side) * 0.05,
                y + height / 2 + up * height + np.sign(up) * 0.05, z + 0.2, 0.0, 0.0, 0.1,
            )  # fmt: skip
            assert (0, node) not in layers_in_view(WORLD, past.clip_from_world(ASPECT))


@given(CAMERAS)
def test_channels_are_in_view_whose_maps_middle_is_seen(camera):
    frame = WORLD.placement_frame(0)
    for node in frame.node_ids:
        maps = frame.map_placements(node)
        seen = is_seen(camera, frame.panel_rect(node)[:3] + maps.centers)
        expected = tuple(maps.channels[seen].tolist())
        assert channels_in_view(WORLD, 0, node, camera.clip_from_world(ASPECT)) == expected


def test_a_layer_with_one_map_for_all_has_no_channels_in_view():
    world, network, _ = small_world()
    node = network.nodes[2]
    x, y, z = panel_corners(world, 0, node.id).mean(0).tolist()
    clip = Camera(x, y, z + 9, 0.0, 0.0, 1.0).clip_from_world(ASPECT)
    assert channels_in_view(world, 0, node.id, clip)
    world.set_state(State().with_layer((0, node.name), LayerState(folded=True)), move=False)
    assert channels_in_view(world, 0, node.id, clip) == ()


@pytest.mark.parametrize("arrangement", ["terrace", "conveyor"])
def test_room_before_a_layer_ends_at_the_next_panel_that_covers_it(arrangement):
    world = world_of(residual(4, 6), state=State(arrangement))
    frame = world.placement_frame(0)
    depths = []
    for node in frame.node_ids:
        x, y, z, width, height = frame.panel_rect(node).tolist()
        nearest = np.inf
        for other in frame.node_ids:
            ox, oy, oz, ow, oh = frame.panel_rect(other).tolist()
            is_across = x - width / 2 < ox + ow / 2 and ox - ow / 2 < x + width / 2
            if is_across and y < oy + oh and oy < y + height and oz > z + 0.01:
                nearest = min(nearest, oz - z)
        depths.append(nearest)
        assert free_depth(world, 0, node) == pytest.approx(nearest)
    assert np.isfinite(depths).any() == (arrangement == "conveyor")
