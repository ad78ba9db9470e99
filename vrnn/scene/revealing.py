"""Bringing into view what a command has made: whether it is seen, and from where it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atan, radians, tan

import numpy as np

from vrnn.scene.camera import Camera, frame_points
from vrnn.scene.framing import MAX_FIELD_OF_VIEW
from vrnn.scene.layer_names import find_layer
from vrnn.scene.visibility import free_depth, panel_corners, rect_corners
from vrnn.scene.visuals.pinned_layers import pinned_layer_rect
from vrnn.scene.world import World

MIN_SEEN_HEIGHT = 0.14
"""Part of the view's height below which something is too small to be seen appear."""
EDGE = 0.99
"""Part of the view, from its middle, that counts as in view."""
PITCH_OVER = radians(-28)
"""Pitch of a view over what stands before a layer."""


@dataclass(frozen=True, eq=False)
class Revealed:
    """Something that has appeared beside a layer.

    Attributes:
        slot: The layer's network.
        node: The layer; -1 for something that stands alone.
        points: (N, 3) its corners, meters.
        min_height: Part of the view's height below which it is too small to be read.
    """

    slot: int
    node: int
    points: np.ndarray
    min_height: float = MIN_SEEN_HEIGHT


def revealed_layer(world: World, network: int, layer: str) -> Revealed:
    """Return a layer, with a copy that is pinned to it.

    Args:
        world: The world, at rest.
        network: Number of the network.
        layer: Name of the layer, or of a module that stands for it.

    Raises:
        VrnnError: There is no such layer.
    """
    node = world.node_id(network, layer)
    if node is None:
        _, node = find_layer(world, layer, network)
    corners = [panel_corners(world, network, node)]
    frame = world.placement_frame(network)
    for pin in world.pinned_layers.values():
        is_here = pin.network == network and world.node_id(network, pin.beside) == node
        if is_here and node in frame.index:
            corners.append(rect_corners(pinned_layer_rect(pin, frame, node)))
    return Revealed(network, node, np.concatenate(corners))


def is_seen(
    points: np.ndarray, clip_from_world: np.ndarray, min_height: float = MIN_SEEN_HEIGHT
) -> bool:
    """Return whether something is wholly in a view, and large enough to be noticed.

    Args:
        points: (N, 3) its corners, meters.
        clip_from_world: (4, 4) of the view.
        min_height: Part of the view's height that it has at least.
    """
    clip = np.concatenate([points, np.ones((len(points), 1))], 1) @ clip_from_world.T
    if (clip[:, 3] <= 0).any():
        return False
    flat = clip[:, :2] / clip[:, 3:]
    is_inside = np.abs(flat).max() <= EDGE
    return bool(is_inside and np.ptp(flat[:, 1]) / 2 >= min_height)


def reveal_camera(world: World, revealed: Revealed, aspect: float, fov: float) -> Camera:
    """Return a camera that faces a layer with what has appeared beside it.

    Args:
        world: The world.
        revealed: What has appeared.
        aspect: Width / height of the picture.
        fov: Vertical field of view, radians; a wider one is used where there is little room.
    """
    slot, node = revealed.slot, revealed.node
    if node < 0:
        return frame_points(revealed.points, Camera(yaw=0.0, pitch=0.0, fov=fov), aspect, 0.05)
    corners = np.concatenate([panel_corners(world, slot, node), revealed.points])
    camera = frame_points(corners, Camera(yaw=0.0, pitch=0.0, fov=fov), aspect, margin=0.08)
    z, free = float(corners[0, 2]), free_depth(world, slot, node)
    if camera.z - z < free:
        return camera
    closer = max(free - 0.1, 0.3)
    wide = 2 * atan(tan(fov / 2) * (camera.z - z) / closer)
    if wide <= MAX_FIELD_OF_VIEW:
        return replace(camera, z=z + closer, fov=wide)
    # There is no room before the layer: look over what stands there.
    return frame_points(corners, Camera(yaw=0.0, pitch=PITCH_OVER, fov=fov), aspect, margin=0.08)
