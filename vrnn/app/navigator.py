"""Where the eye goes in the window, and the viewpoints that are stored."""

from __future__ import annotations

from vrnn.app.headset_manager import HeadsetManager
from vrnn.app.window_parts import WindowParts
from vrnn.commands.context import NavigationActions
from vrnn.errors import VrnnError
from vrnn.scene.camera import Camera
from vrnn.scene.viewpoints import find_layer, frame_layer, start_camera

READY_VIEWS = ("overview", "front", "top")
"""Where numbers 1, 2 and 3 lead until something else is stored; 4 leads to the start."""


class WindowNavigator(NavigationActions):
    """Flies the camera of the window, or moves who wears the headset.

    Attributes:
        viewpoints: The stored cameras, by number from 0.
        user_has_moved: Whether the user has taken the camera: the first view is not changed any
            more then.
    """

    def __init__(self, parts: WindowParts, headset: HeadsetManager, store_key: str) -> None:
        self.viewpoints: dict[int, Camera] = {}
        self.user_has_moved = False
        self._world, self._view, self._fly_camera = parts.world, parts.view, parts.fly_camera
        self._headset, self._store_key = headset, store_key

    def go_to(self, camera: str, network: int | None = None) -> None:
        """Fly to a camera by name, for where everything will be. Raises VrnnError."""
        self._fly(self._camera(camera, network))

    def _camera(self, camera: str, network: int | None) -> Camera:
        name = camera.removeprefix("layer:")
        if name == camera:
            return self._view.camera(name)
        world = self._world.at_rest()
        slot = network
        node = world.node_id(slot, name) if slot is not None else None
        if slot is None or node is None:
            slot, node = find_layer(world, name, slot)
        return frame_layer(world, slot, node, self._view.aspect, self._fly_camera.camera.fov)

    def _fly(self, camera: Camera) -> None:
        self.user_has_moved = True
        visit = self._headset.view
        if visit is not None and self._headset.mirrors_eyes:
            visit.rig_controller.go_to(camera)
        else:
            self._fly_camera.fly_to(camera)

    def frame_everything(self) -> None:
        """Fly to where everything will be in view."""
        if self._world.slots and self._headset.view is None:
            self._fly_camera.fly_to(self._view.camera("overview", at_rest=True))

    def show_first_view(self) -> None:
        """Show everything at once, unless the user has taken the camera."""
        if not self.user_has_moved and self._world.slots:
            self._fly_camera.jump(self._view.camera("overview"))

    def jump(self, camera: Camera) -> None:
        """Be at a camera at once, as a session has it."""
        self.user_has_moved = True
        self._fly_camera.jump(camera)

    def fly(self, camera: Camera) -> None:
        """Fly to a camera, as a session has it."""
        self.user_has_moved = True
        self._fly_camera.fly_to(camera)

    def store_viewpoint(self, number: int) -> None:
        """Remember where the eye is, under a number from 1."""
        self.viewpoints[number - 1] = self._fly_camera.camera

    def go_to_viewpoint(self, number: int) -> None:
        """Go to a viewpoint by its number from 1. Raises VrnnError when none is stored there."""
        index = number - 1
        if index in self.viewpoints:
            self.fly(self.viewpoints[index])
        elif index < len(READY_VIEWS):
            if self._world.slots:
                self.fly(self._view.camera(READY_VIEWS[index]))
        elif index == len(READY_VIEWS) and self._world.slots:
            self.fly(start_camera(self._world, self._fly_camera.camera.fov))
        else:
            held = self._store_key.capitalize()
            raise VrnnError(f"viewpoint {number} is empty: {held}+{number} stores where you are")
