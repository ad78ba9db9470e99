"""The opening flight: past the input and the first layers to the overview."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vrnn.controls.fly_camera import FlyCamera
from vrnn.scene.camera import Camera, frame_points, interpolate_cameras
from vrnn.scene.visibility import panel_corners
from vrnn.scene.world import World

SECONDS = 4.0
"""Duration of the flight."""
STOPS = (0.0, 0.16, 0.5, 0.6, 1.0)
"""Parts of the duration: at the input until the second, at the first row from the third to the
fourth, then at the overview."""
FIRST_LAYERS = 6
"""Layers that are seen at the second stop where there are no rows."""


class OpeningFlight:
    """Moves the camera for the first seconds, until a key or the mouse is pressed."""

    def __init__(
        self, world: World, fly_camera: FlyCamera, overview: Callable[[], Camera], enabled: bool
    ) -> None:
        """Create a flight that has not begun.

        Args:
            world: What is flown past.
            fly_camera: The camera that flies.
            overview: Gives the camera at which it ends, as the window is at this moment.
            enabled: Whether there is a flight at all.
        """
        self._world, self._fly_camera, self._overview = world, fly_camera, overview
        self._enabled = enabled
        self._progress: float | None = None

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._progress is not None

    def begin(self, aspect: float) -> bool:
        """Begin at the input; False where it has flown already, or is switched off.

        Args:
            aspect: Width / height of the view.
        """
        if not self._enabled or not self._world.slots:
            return False
        self._enabled, self._progress = False, 0.0
        self.advance(0.0, aspect)
        return True

    def advance(self, seconds: float, aspect: float) -> None:
        """Let time go on.

        Args:
            seconds: That have passed.
            aspect: Width / height of the view.
        """
        if self._progress is None:
            return
        self._progress += seconds / SECONDS
        if self._progress >= 1 or not self._world.slots:
            self._progress = None
            self._fly_camera.jump(self._overview())
            return
        self._fly_camera.jump(self._camera(self._progress, aspect))

    def skip(self) -> None:
        """End it, and go to the overview at once."""
        if self._progress is not None:
            self._progress = None
            self._fly_camera.jump(self._overview())

    def stop(self) -> None:
        """End it where it is, as something else moves the camera."""
        self._progress = None

    def _camera(self, progress: float, aspect: float) -> Camera:
        first, row, overview = opening_cameras(self._world, self._overview(), aspect)
        _, leave, arrive, go_on, end = STOPS
        if progress < go_on:
            part = (progress - leave) / (arrive - leave)
            return interpolate_cameras(first, row, min(max(part, 0.0), 1.0))
        return interpolate_cameras(row, overview, (progress - go_on) / (end - go_on))


def opening_cameras(world: World, overview: Camera, aspect: float) -> tuple[Camera, Camera, Camera]:
    """Return the cameras of the flight: before the input, before the first row, and the overview.

    Args:
        world: The world, with at least one network.
        overview: The last camera.
        aspect: Width / height of the view.
    """
    slot = world.slots[0]
    frame = world.placement_frame(slot)
    network = world.networks[slot].network
    start = world.shown_node(slot, network.inputs[0])
    corners = [panel_corners(world, slot, start)]
    for region in world.pick_regions():
        if region.kind == "input" and region.slot == slot:
            origin, right, down = map(np.array, (region.origin, region.right, region.down))
            corners.append(np.array([origin, origin + right + down]))
    ahead = Camera(yaw=overview.yaw / 3, pitch=overview.pitch / 3, fov=overview.fov)
    first = frame_points(np.concatenate(corners), ahead, aspect, margin=0.2)
    rows = frame.placement.layout.rows
    members = [node for row in rows if row.y == rows[0].y for node in row.node_ids]
    members = members or [node.id for node in network.nodes[:FIRST_LAYERS]]
    shown = [world.shown_node(slot, node) for node in members]
    points = np.concatenate([*corners, *(panel_corners(world, slot, node) for node in shown)])
    above = Camera(yaw=overview.yaw / 1.5, pitch=overview.pitch / 1.5, fov=overview.fov)
    return first, frame_points(points, above, aspect, margin=0.08), overview
