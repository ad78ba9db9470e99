"""Where one stands in a headset, for what a flat window would show from a camera."""

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
from vrnn.scene.viewpoints import camera_by_name, find_layer, frame_layer, start_camera
from vrnn.scene.visibility import panel_corners
from vrnn.scene.world import World

FIELD_OF_VIEW = radians(75)
"""Of view: what of a layer is seen without turning the head."""
MIN_SHIFT = 1.0
"""Meters of the stage that a layer may go without one's going along."""


def start_rig(world: World, head: Pose) -> Rig:
    """On the floor before the input, looking at it."""
    where = start_camera(world, FIELD_OF_VIEW) if world.slots else Camera()
    yaw = where.yaw - heading(head)
    return standing_at(Rig(yaw=yaw), head.position, np.array([where.x, 0.0, where.z]))


def rig_for_view(world: World, head: Pose, view: str, network: int | None = None) -> Rig:
    """Where a camera by name leads: `overview` is everything on a table before the head. Raises
    VrnnError."""
    if view == "overview":
        corners = world.corners()
        return table_top(head, corners.min(0), corners.max(0))
    name = view.removeprefix("layer:")
    if name == view:
        camera = camera_by_name(world, name, 1.0, FIELD_OF_VIEW)
    else:
        slot = network
        node = world.node_id(slot, name) if slot is not None else None
        if slot is None or node is None:
            slot, node = find_layer(world, name, slot)
        camera = frame_layer(world, slot, node, 1.0, FIELD_OF_VIEW)
    return with_eye_at(head, camera.position, camera.yaw)


@dataclass(frozen=True, eq=False)
class NearestLayer:
    """The layer that one stands at. center: (3,) meters, of its panel."""

    slot: int
    node: int
    center: np.ndarray


class LayerFollower:
    """Keeps one beside the layer that one stood at when the whole place is arranged anew: it would
    else be elsewhere, with nothing in sight."""

    def __init__(self) -> None:
        self._layout: object = None
        self._beside: NearestLayer | None = None
        self._table: Rig | None = None

    def set_table(self, rig: Rig) -> None:
        """The whole place was set on a table, by this rig."""
        self._table = rig

    def follow(self, world: World, head: Pose, rig: Rig) -> Rig | None:
        """Where to stand now; None: where one is. Called now and then, and after each change."""
        state = world.state
        layout = (state.arrangement, state.folds, world.slots)
        before, self._layout = self._layout, layout
        if before is not None and layout != before:
            return self._follow(world.at_rest(), head, rig)
        if not world.is_moving and world.slots:
            ahead = turned_about_y(direction(head), rig.yaw)
            self._beside = nearest(world, rig.apply(head.position), ahead)
        return None

    def _follow(self, world: World, head: Pose, rig: Rig) -> Rig | None:
        if rig is self._table:
            corners = world.corners()
            self._table = table_top(head, corners.min(0), corners.max(0))
            return self._table
        beside = self._beside
        if beside is None or beside.slot not in world.networks:
            return None
        pose = world.placement_frame(beside.slot)
        if (
            beside.node not in pose.index
            and beside.node not in pose.placement.folded.representative
        ):
            return None
        by = panel_corners(world, beside.slot, beside.node).mean(0) - beside.center
        if float(np.linalg.norm(by)) < MIN_SHIFT * rig.scale:
            return None
        return replace(rig, position=rig.position + by)


def nearest(world: World, eye: np.ndarray, ahead: np.ndarray) -> NearestLayer | None:
    """The layer that an eye (3,) looking along `ahead` (3,) stands at: what lies behind it counts
    as if it were far away."""
    best: NearestLayer | None = None
    least = np.inf
    for slot in world.slots:
        pose = world.placement_frame(slot)
        middle = pose.panel_rects[:, :3] + pose.panel_rects[:, 4:] * (0.0, 0.5, 0.0)
        to = middle - eye
        away = np.linalg.norm(to, axis=1)
        away = np.where(to @ ahead > 0.5 * away, away, 10 * away)
        index = int(np.argmin(away))
        if away[index] < least:
            least = float(away[index])
            node = pose.node_ids[index]
            best = NearestLayer(slot, node, panel_corners(world, slot, node).mean(0))
    return best
