"""Navigation in a headset: the rig for a view by name, and for staying beside a layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import radians

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.framing import frame_named
from vrnn.scene.headset.rig_math import (
    direction,
    heading,
    standing_at,
    table_top,
    with_eye_at,
)
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.viewpoints import camera_by_name, start_camera
from vrnn.scene.visibility import panel_corners
from vrnn.scene.world import World

FIELD_OF_VIEW = radians(75)
"""Radians of what is seen of a layer without turning the head."""
MIN_SHIFT = 1.0
"""Meters of the stage that a layer may move before one is moved with it."""
MAX_STEP = 0.5
"""Meters that a head moves in the room before one counts as having gone elsewhere."""
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
        width: Of its panel, meters.
    """

    slot: int
    node: int
    center: np.ndarray
    width: float


@dataclass(frozen=True, eq=False)
class Anchor:
    """Where one stood by oneself before everything was rearranged.

    Attributes:
        layer: The layer that one was at.
        rig: Where the stage was.
        eye: (3,) where the head was, meters in the world.
        layout: What everything was arranged by.
    """

    layer: NearestLayer
    rig: Rig
    eye: np.ndarray
    layout: tuple[object, ...]


class LayerFollower:
    """Keeps a person beside the layer they are at when everything is rearranged.

    Else the layer would be elsewhere, with nothing in sight. Where one is put depends only on where
    one stood by oneself and on the present arrangement, never on those in between: what is folded
    and opened again leaves one where one was.
    """

    def __init__(self) -> None:
        self._layout: tuple[object, ...] | None = None
        self._anchor: Anchor | None = None
        self._given: tuple[Rig, np.ndarray] | None = None
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
            return self._follow(world.at_rest(), head, rig, layout)
        if not world.is_moving and world.slots and not self._has_stayed(head, rig):
            eye = rig.apply(head.position)
            layer = nearest_layer(world, eye, turned_about_y(direction(head), rig.yaw))
            self._anchor = None if layer is None else Anchor(layer, rig, eye, layout)
        return None

    def _has_stayed(self, head: Pose, rig: Rig) -> bool:
        """Whether one is still where one was put."""
        if self._given is None or rig is not self._given[0]:
            return False
        return float(np.linalg.norm(head.position - self._given[1])) < MAX_STEP

    def _follow(self, world: World, head: Pose, rig: Rig, layout: tuple[object, ...]) -> Rig | None:
        if rig is self._table:
            corners = world.corners()
            self._table = table_top(head, corners.min(0), corners.max(0))
            return self._table
        anchor = self._anchor
        if anchor is None or anchor.layer.slot not in world.networks:
            return None
        shift = np.zeros(3) if layout == anchor.layout else _shift(world, anchor)
        if shift is None:
            return None
        if float(np.linalg.norm(shift)) < MIN_SHIFT * rig.scale:
            wanted = anchor.rig
        else:
            wanted = replace(anchor.rig, position=anchor.rig.position + shift)
        self._given = wanted, np.array(head.position)
        return None if wanted is rig else wanted


def _shift(world: World, anchor: Anchor) -> np.ndarray | None:
    """Meters from where one stood to where one is beside the same layer, None where it is gone."""
    layer, frame = anchor.layer, world.placement_frame(anchor.layer.slot)
    folded = frame.placement.folded.representative
    if layer.node not in frame.index and layer.node not in folded:
        return None
    corners = panel_corners(world, layer.slot, layer.node)
    # Before a smaller panel one stands as much closer.
    closer = min(float(np.ptp(corners[:, 0])) / layer.width, 1.0)
    shift: np.ndarray = corners.mean(0) + closer * (anchor.eye - layer.center) - anchor.eye
    return shift


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
        cosines = offsets @ ahead / np.maximum(distances, 1e-6)
        # What one looks at counts as nearer than the step below it, which may be closer.
        distances = distances / np.maximum(cosines, 1 / BEHIND_FACTOR)
        index = int(np.argmin(distances))
        if distances[index] < min_distance:
            min_distance = float(distances[index])
            node = frame.node_ids[index]
            corners = panel_corners(world, slot, node)
            best = NearestLayer(slot, node, corners.mean(0), float(np.ptp(corners[:, 0])))
    return best
