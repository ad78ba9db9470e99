"""Navigation in a headset: the rig for a view by name, and for staying beside a layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import radians

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.headset.rig_math import (
    direction,
    heading,
    standing_at,
    table_top,
    with_eye_at,
)
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.viewpoints import camera_by_name, frame_named, start_camera
from vrnn.scene.visibility import panel_corners
from vrnn.scene.world import World

FIELD_OF_VIEW = radians(75)
"""Radians of what is seen of a layer without turning the head."""
MIN_SHIFT = 1.0
"""Meters of the stage that a layer may move before one is moved with it."""
BEHIND_FACTOR = 10
"""By which the distance of a layer that is not ahead counts more."""


def start_rig(world: World, head: Pose) -> Rig:
    """Returns the rig on the floor before the input, looking at it.

    Args:
        world: Its first network is looked at.
        head: In the stage.
    """
    start = start_camera(world, FIELD_OF_VIEW) if world.slots else Camera()
    yaw = start.yaw - heading(head)
    return standing_at(Rig(yaw=yaw), head.position, np.array([start.x, 0.0, start.z]))


def rig_for_view(world: World, head: Pose, view: str, network: int | None = None) -> Rig:
    """Returns the rig for a view by name.

    Args:
        world: What is looked at.
        head: In the stage.
        view: The name of a camera, `layer:` with the name of a layer, or `overview`: everything on
            a table before the head.
        network: The number of the layer's network; None for any.

    Raises:
        VrnnError: There is no such camera or layer.
    """
    if view == "overview":
        corners = world.corners()
        return table_top(head, corners.min(0), corners.max(0))
    name = view.removeprefix("layer:")
    if name == view:
        camera = camera_by_name(world, name, 1.0, FIELD_OF_VIEW)
    else:
        camera = frame_named(world, name, network, 1.0, FIELD_OF_VIEW)
    return with_eye_at(head, camera.position, camera.yaw)


@dataclass(frozen=True, eq=False)
class NearestLayer:
    """The layer that one is at.

    Attributes:
        slot: The number of its network.
        node: Its number in the network.
        center: (3,) meters, of its panel.
    """

    slot: int
    node: int
    center: np.ndarray


class LayerFollower:
    """Keeps a person beside the layer they are at when everything is rearranged.

    Else the layer would be elsewhere, with nothing in sight.
    """

    def __init__(self) -> None:
        self._layout: object = None
        self._nearest: NearestLayer | None = None
        self._table: Rig | None = None

    def set_table(self, rig: Rig) -> None:
        """Notes the rig with which everything is on a table, so that it stays there."""
        self._table = rig

    def follow(self, world: World, head: Pose, rig: Rig) -> Rig | None:
        """Looks whether everything was rearranged; called now and then, and after each change.

        Args:
            world: What is followed.
            head: In the stage.
            rig: Where the stage is.

        Returns:
            Where the stage has to be now; None: where it is.
        """
        state = world.state
        layout = (state.arrangement, state.folds, world.slots)
        previous, self._layout = self._layout, layout
        if previous is not None and layout != previous:
            return self._follow(world.at_rest(), head, rig)
        if not world.is_moving and world.slots:
            ahead = turned_about_y(direction(head), rig.yaw)
            self._nearest = nearest_layer(world, rig.apply(head.position), ahead)
        return None

    def _follow(self, world: World, head: Pose, rig: Rig) -> Rig | None:
        if rig is self._table:
            corners = world.corners()
            self._table = table_top(head, corners.min(0), corners.max(0))
            return self._table
        nearest = self._nearest
        if nearest is None or nearest.slot not in world.networks:
            return None
        frame = world.placement_frame(nearest.slot)
        folded = frame.placement.folded.representative
        if nearest.node not in frame.index and nearest.node not in folded:
            return None
        shift = panel_corners(world, nearest.slot, nearest.node).mean(0) - nearest.center
        if float(np.linalg.norm(shift)) < MIN_SHIFT * rig.scale:
            return None
        return replace(rig, position=rig.position + shift)


def nearest_layer(world: World, eye: np.ndarray, ahead: np.ndarray) -> NearestLayer | None:
    """Finds the layer that an eye is at.

    Args:
        world: What is looked at.
        eye: (3,) meters.
        ahead: (3,) unit vector along which it looks: what is not ahead counts as far away.

    Returns:
        The layer; None where there is none.
    """
    best: NearestLayer | None = None
    min_distance = np.inf
    for slot in world.slots:
        frame = world.placement_frame(slot)
        middles = frame.panel_rects[:, :3] + frame.panel_rects[:, 4:] * (0.0, 0.5, 0.0)
        offsets = middles - eye
        distances = np.linalg.norm(offsets, axis=1)
        is_ahead = offsets @ ahead > 0.5 * distances
        distances = np.where(is_ahead, distances, BEHIND_FACTOR * distances)
        index = int(np.argmin(distances))
        if distances[index] < min_distance:
            min_distance = float(distances[index])
            node = frame.node_ids[index]
            best = NearestLayer(slot, node, panel_corners(world, slot, node).mean(0))
    return best
