"""Rig controllers: what moves the stage of a headset view through the world."""

from __future__ import annotations

from typing import Protocol

from vrnn.scene.camera import Camera
from vrnn.scene.headset.panel_image import PanelImage
from vrnn.scene.headset.rig_math import rig_for_camera
from vrnn.scene.headset.tracking import Pose, Rig, TrackingFrame
from vrnn.scene.primitives import DrawList
from vrnn.scene.viewpoints import start_camera
from vrnn.workspace.workspace import Workspace


class RigController(Protocol):
    """Moves the stage, and does what hands ask for."""

    @property
    def rig(self) -> Rig:
        """Where the stage is in the world."""

    def update(self, tracking: TrackingFrame, seconds: float) -> object:
        """Takes the input of a frame.

        Args:
            tracking: What the headset reports.
            seconds: Since the last frame.
        """

    def go_to(self, camera: Camera) -> None:
        """Goes where a flat camera is, looking its way."""

    def draw(self, tracking: TrackingFrame) -> tuple[DrawList | None, DrawList | None]:
        """Returns what is in the world beside the networks, and what lies before everything."""

    def panel_images(self, most: int) -> tuple[PanelImage, ...]:
        """Returns the panels that the runtime shall show by itself, and what is on them.

        Args:
            most: How many it shows.
        """

    def prepare_next_frame(self) -> None:
        """Does, between two frames, what need not be seen in the very same one."""


class StationaryRig:
    """Stays before the input: one walks on one's own feet only.

    Attributes:
        rig: Where the stage is in the world.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.rig = Rig()
        self._started = False
        self._head: Pose | None = None

    def go_to(self, camera: Camera) -> None:
        """Goes where a flat camera is, looking its way."""
        if self._head is not None:
            self.rig = rig_for_camera(camera, self._head)

    def update(self, tracking: TrackingFrame, seconds: float) -> None:
        """Goes before the input once the head is tracked and a network is there."""
        self._head = tracking.head or self._head
        world = self._workspace.world
        if not self._started and tracking.head is not None and world.slots:
            self._started = True
            self.rig = rig_for_camera(start_camera(world, 1.0), tracking.head, on_floor=True)

    def draw(self, tracking: TrackingFrame) -> tuple[DrawList | None, DrawList | None]:
        """Returns nothing to be drawn."""
        return None, None

    def panel_images(self, most: int) -> tuple[PanelImage, ...]:
        """Returns no panel."""
        return ()

    def prepare_next_frame(self) -> None:
        """Does nothing."""
