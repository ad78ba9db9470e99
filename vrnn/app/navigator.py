"""Navigation in the window: flies the camera, and stores viewpoints."""

from __future__ import annotations

from vrnn.app.headset_manager import HeadsetManager
from vrnn.app.opening_flight import OpeningFlight
from vrnn.app.window_parts import WindowParts
from vrnn.commands.context import NavigationActions
from vrnn.commands.key_bindings import printed_key
from vrnn.config.schema import Keys
from vrnn.errors import VrnnError
from vrnn.scene.camera import Camera
from vrnn.scene.revealing import Revealed, is_seen, reveal_camera
from vrnn.scene.viewpoints import frame_named, start_camera

READY_VIEWS = ("overview", "front", "top")
"""Viewpoints 1, 2 and 3 until others are stored; 4 is the start."""


class WindowNavigator(NavigationActions):
    """Flies the camera of the window, or moves the user in the headset.

    Attributes:
        viewpoints: The stored cameras, by number from 0.
        user_has_moved: Whether the user has moved the camera; the first view is then left as it
            is.
        opening: The flight of the first seconds.
    """

    def __init__(
        self, parts: WindowParts, headset: HeadsetManager, keys: Keys, has_opening: bool = False
    ) -> None:
        self.viewpoints: dict[int, Camera] = {}
        self.user_has_moved = False
        self._world, self._view, self._fly_camera = parts.world, parts.view, parts.fly_camera
        self._window = parts.window
        self._headset, self._keys = headset, keys
        self.opening = OpeningFlight(
            parts.world, parts.fly_camera, lambda: parts.view.camera("overview"), has_opening
        )

    def go_to(self, camera: str, network: int | None = None) -> None:
        """Fly to a camera by name, aimed at where everything will be at rest.

        Args:
            camera: Its name, see `vrnn.scene.viewpoints.camera_by_name`.
            network: Number of the network of a layer; None for any.

        Raises:
            VrnnError: When there is no such camera.
        """
        self._fly(self._camera(camera, network))

    def _camera(self, camera: str, network: int | None) -> Camera:
        name = camera.removeprefix("layer:")
        if name == camera:
            return self._view.camera(name)
        fov = self._fly_camera.camera.fov
        return frame_named(self._world.at_rest(), name, network, self._view.aspect, fov)

    def _fly(self, camera: Camera) -> None:
        self.user_has_moved = True
        headset_view = self._headset.view
        if headset_view is not None and self.follows_head:
            headset_view.rig_controller.go_to(camera)
        else:
            self._fly_camera.fly_to(camera)

    def reveal(self, revealed: Revealed) -> None:
        """Fly to where something that has appeared is seen, unless it is in view already."""
        camera = self._fly_camera.destination
        seen = is_seen(revealed.points, camera.clip_from_world(self._view.aspect))
        if not seen and self._headset.view is None:
            world = self._world.at_rest()
            self._fly(reveal_camera(world, revealed, self._view.aspect, camera.fov))

    def toggle_walking(self) -> None:
        """Capture the mouse, so that it looks around, or release it."""
        self._window.capture(not self._window.captured)

    @property
    def walking_hint(self) -> str:
        """How to walk, while the mouse looks around; '' else."""
        if not self._window.captured:
            return ""
        keys = self._keys
        walk = " ".join(map(printed_key, (keys.forward, keys.left, keys.back, keys.right)))
        rise = f"{printed_key(keys.up)} {printed_key(keys.down)}"
        return (
            f"walking: the mouse looks around · {walk} move, {rise} up and down · the wheel sets "
            "the speed · Esc ends"
        )

    def frame_everything(self) -> None:
        """Fly to where everything is in view."""
        if self._world.slots and self._headset.view is None:
            self._fly_camera.fly_to(self._view.camera("overview", at_rest=True))

    def begin_opening(self) -> None:
        """Fly to the first view, or jump there where that has been seen."""
        flies = not self.user_has_moved and self._headset.view is None
        if not flies or not self.opening.begin(self._view.aspect):
            self.show_first_view()

    def advance_opening(self, seconds: float) -> None:
        """Let time go on in the opening flight."""
        if self.user_has_moved or self._headset.view is not None:
            self.opening.stop()
        self.opening.advance(seconds, self._view.aspect)

    def show_first_view(self) -> None:
        """Jump to where everything is in view, unless the user has moved the camera."""
        if self.opening.running:
            return
        if not self.user_has_moved and self._world.slots:
            self._fly_camera.jump(self._view.camera("overview"))

    def jump(self, camera: Camera) -> None:
        """Move the eye to the camera of a session at once."""
        self.user_has_moved = True
        self._fly_camera.jump(camera)

    def fly(self, camera: Camera) -> None:
        """Fly to the camera of a session."""
        self._fly(camera)

    @property
    def follows_head(self) -> bool:
        """Whether the window's camera is where a head is."""
        return self._headset.view is not None and self._headset.mirrors_eyes

    def store_viewpoint(self, number: int) -> None:
        """Store the present camera under a number from 1."""
        self.viewpoints[number - 1] = self._fly_camera.camera

    def go_to_viewpoint(self, number: int) -> None:
        """Fly to a viewpoint.

        Args:
            number: Its number from 1.

        Raises:
            VrnnError: When none is stored under this number.
        """
        index = number - 1
        if index in self.viewpoints:
            self.fly(self.viewpoints[index])
        elif index < len(READY_VIEWS):
            if self._world.slots:
                self.fly(self._view.camera(READY_VIEWS[index]))
        elif index == len(READY_VIEWS) and self._world.slots:
            self.fly(start_camera(self._world, self._fly_camera.camera.fov))
        else:
            modifier = self._keys.store.capitalize()
            raise VrnnError(
                f"viewpoint {number} is empty: {modifier}+{number} stores where you are"
            )
