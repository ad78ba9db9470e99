"""What is pointed at is marked by frames of constant width; what takes a held image glows."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.picking import Hit
from vrnn.scene.pointer_marks import (
    MAP_PIXELS,
    image_targets,
    pointer_marks,
    screen_frame,
    target_boxes,
)
from vrnn.scene.primitives import PickRegion
from vrnn.scene.visuals.distant_pictures import Viewer
from vrnn.style.theme import ACCENT

SIZE = (1280, 720)


def look(distance, x=0.0):
    camera = Camera(x, 1.0, distance, fov=1.0)
    view = View(camera, SIZE)
    return view, Viewer(camera.position, view.pixels_per_unit)


def pixels(view, points):
    """(N, 2) where points are on the screen."""
    clip = np.concatenate([points, np.ones((len(points), 1))], 1) @ view.clip_from_world.T
    return (clip[:, :2] / clip[:, 3:] + 1) / 2 * SIZE


@pytest.mark.parametrize("distance", [1.5, 6.0, 60.0])
def test_a_frame_is_as_wide_from_near_as_from_afar(distance):
    view, viewer = look(distance)
    panel = PickRegion("map", (-0.5, 1.5, 0), (1, 0, 0), (0, -1, 0))
    for line in screen_frame(panel, viewer, 3.0):
        thickness = np.stack([line["origin"], line["origin"] + line["down"]])
        width = np.linalg.norm(np.diff(pixels(view, thickness), axis=0))
        assert width == pytest.approx(3.0, rel=0.12)


def test_the_map_is_marked_first_and_what_can_be_clicked():
    world, network, _ = small_world()
    node = next(n for n in network.nodes if n.operation == "conv2d")
    _, viewer = look(20.0)
    world.hover(Hit("layer", 1.0, 0, node.id, 3, 0, 0))
    marks = pointer_marks(world, viewer, False)
    frame = world.placement_frame(0)
    maps = frame.map_placements(node.id)
    center = frame.panel_rect(node.id)[:3] + maps.centers[3]
    inside = marks["origin"] + (marks["right"] + marks["down"]) / 2 - center
    assert len(marks) >= 4
    assert np.abs(inside[:4, :2]).max() <= maps.sizes[3].max() * 0.8
    region = world.pick_regions()[0]
    for kind, count in (("bracket", 4), ("handle", 0)):
        world.hover(Hit(kind, 1.0, region=replace(region, kind=kind)))
        assert len(pointer_marks(world, viewer, False)) == count
    world.hover(None)
    assert len(pointer_marks(world, viewer, False)) == 0


def test_both_forms_of_the_input_glow_while_an_image_is_held():
    world, network, _ = small_world()
    targets = image_targets(world)
    assert [t.kind for t in targets] == ["input", "layer"]
    assert targets[1].node == network.inputs[0]
    marks = pointer_marks(world, look(20.0)[1], True)
    assert len(marks) == 2 * 4 * 3
    assert (marks["top"][:, :3] == np.array(ACCENT[:3], np.float32)).all()
    for target in targets:
        center = np.array(target.origin) + (np.array(target.right) + np.array(target.down)) / 2
        assert (np.linalg.norm(marks["origin"] - center, axis=1) < 6).sum() >= 12
    assert MAP_PIXELS > 2  # seen on any monitor


def test_where_an_image_can_be_put_is_told_for_the_card_that_follows_the_pointer():
    world, _, _ = small_world()
    view, _ = look(30.0)
    targets = image_targets(world)
    boxes = target_boxes(world, view.clip_from_world, SIZE[0] / SIZE[1])
    assert len(boxes) == len(targets) >= 2
    for (left, top, width, height), target in zip(boxes, targets, strict=True):
        origin = np.array(target.origin)
        upper_left, lower_right = pixels(
            view, np.array([origin, origin + target.right + target.down])
        )
        assert left * SIZE[1] == pytest.approx(upper_left[0], abs=2)
        assert top * SIZE[1] == pytest.approx(SIZE[1] - upper_left[1], abs=2)
        assert (left + width) * SIZE[1] == pytest.approx(lower_right[0], abs=2)
        assert (top + height) * SIZE[1] == pytest.approx(SIZE[1] - lower_right[1], abs=2)
    behind = View(Camera(0.0, 1.0, -90.0, fov=1.0), SIZE)
    assert target_boxes(world, behind.clip_from_world, 1.0) == ()
