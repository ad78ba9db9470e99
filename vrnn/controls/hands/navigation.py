"""Where one stands in a headset, for what a flat window would show from a camera."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import radians

import numpy as np

from vrnn.commands.session import Look
from vrnn.scene.camera import Camera
from vrnn.scene.headset.rig_math import direction, eye_at, heading, stood, table_top, turned_vector
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.viewpoints import at_layer, find_layer, named, start
from vrnn.scene.world import World

FIELD = radians(75)
"""Of view: what of a layer is seen without turning the head."""
NOTICED = 1.0
"""Metres of the stage that a layer may go without one's going along."""


def at_start(world: World, head: Pose) -> Rig:
    """On the floor before the input, looking at it."""
    where = start(world, FIELD) if world.slots else Camera()
    yaw = where.yaw - heading(head)
    return stood(Rig(yaw=yaw), head.position, np.array([where.x, 0.0, where.z]))


def seen_from(world: World, head: Pose, look: Look) -> Rig:
    """Where an action leads: `overview` is everything on a table before the head. Raises
    VrnnError."""
    if look.camera == "overview":
        corners = world.corners()
        return table_top(head, corners.min(0), corners.max(0))
    name = look.camera.removeprefix("layer:")
    if name == look.camera:
        camera = named(world, name, 1.0, FIELD)
    else:
        slot = look.network
        node = world.node_id(slot, name) if slot is not None else None
        if slot is None or node is None:
            slot, node = find_layer(world, name, slot)
        camera = at_layer(world, slot, node, 1.0, FIELD)
    return eye_at(head, camera.position, camera.yaw)


@dataclass(frozen=True, eq=False)
class Beside:
    """The layer that one stands at. centre: (3,) metres, of its panel."""

    slot: int
    node: int
    centre: np.ndarray


class Companion:
    """Keeps one beside the layer that one stood at when the whole place is arranged anew: it would
    else be elsewhere, with nothing in sight."""

    def __init__(self) -> None:
        self._layout: object = None
        self._beside: Beside | None = None
        self._table: Rig | None = None

    def on_table(self, rig: Rig) -> None:
        """The whole place was set on a table, by this rig."""
        self._table = rig

    def follow(self, world: World, head: Pose, rig: Rig) -> Rig | None:
        """Where to stand now; None: where one is. Called now and then, and after each change."""
        state = world.state
        layout = (state.arrangement, state.folds, world.slots)
        before, self._layout = self._layout, layout
        if before is not None and layout != before:
            return self._follow(world.settled(), head, rig)
        if not world.moving and world.slots:
            ahead = turned_vector(direction(head), rig.yaw)
            self._beside = nearest(world, rig.apply(head.position), ahead)
        return None

    def _follow(self, world: World, head: Pose, rig: Rig) -> Rig | None:
        if rig is self._table:
            corners = world.corners()
            self._table = table_top(head, corners.min(0), corners.max(0))
            return self._table
        beside = self._beside
        if beside is None or beside.slot not in world.stands:
            return None
        pose = world.pose(beside.slot)
        if beside.node not in pose.index and beside.node not in pose.standing.folded.home:
            return None
        by = world.panel_corners(beside.slot, beside.node).mean(0) - beside.centre
        if float(np.linalg.norm(by)) < NOTICED * rig.scale:
            return None
        return replace(rig, position=rig.position + by)


def nearest(world: World, eye: np.ndarray, ahead: np.ndarray) -> Beside | None:
    """The layer that an eye (3,) looking along `ahead` (3,) stands at: what lies behind it counts
    as if it were far away."""
    best: Beside | None = None
    least = np.inf
    for slot in world.slots:
        pose = world.pose(slot)
        middle = pose.places[:, :3] + pose.places[:, 4:] * (0.0, 0.5, 0.0)
        to = middle - eye
        away = np.linalg.norm(to, axis=1)
        away = np.where(to @ ahead > 0.5 * away, away, 10 * away)
        index = int(np.argmin(away))
        if away[index] < least:
            least = float(away[index])
            node = pose.ids[index]
            best = Beside(slot, node, world.panel_corners(slot, node).mean(0))
    return best
