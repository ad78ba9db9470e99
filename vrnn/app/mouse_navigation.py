"""The free mouse moves the eye: drags turn and shift the view, the wheel brings it closer."""

from __future__ import annotations

import time

import numpy as np

from vrnn.app.navigator import WindowNavigator
from vrnn.app.window_parts import WindowParts
from vrnn.controls.events import MouseDrag, Scroll
from vrnn.controls.fly_camera import MIN_EYE_HEIGHT
from vrnn.controls.orbit import orbit, pan, pivot_point, zoom
from vrnn.controls.pointer import DOUBLE_CLICK_SECONDS, MAX_CLICK_PIXELS


class MouseNavigation:
    """Turns drags and the wheel into moves of the camera, as 3D applications do."""

    def __init__(self, parts: WindowParts, navigator: WindowNavigator) -> None:
        self._window, self._view, self._world = parts.window, parts.view, parts.world
        self._fly_camera, self._navigator = parts.fly_camera, navigator
        self._button = ""
        self._pivot = np.zeros(3)
        self._traveled = 0.0
        self._clicked_nothing_at = -1.0

    @property
    def dragging(self) -> bool:
        """Whether a button is held that was pressed over the world."""
        return bool(self._button)

    def press(self, button: str) -> None:
        """Begin to drag with a button: `left`, `middle` or `right`."""
        self._button, self._traveled = button, 0.0
        self._pivot = self._point_under_cursor()

    def release(self) -> None:
        """End the drag."""
        self._button = ""

    def drag(self, event: MouseDrag) -> None:
        """Move the eye: look around with the right button, turn with the left, shift with others.

        Args:
            event: How far the mouse moved.
        """
        if self._window.captured or self._button == "right":
            self._fly_camera.rotate(event.right, event.down)
            self._navigator.take_camera()
            return
        if not self._button:
            return
        before, self._traveled = self._traveled, self._traveled + abs(event.right) + abs(event.down)
        if before <= MAX_CLICK_PIXELS:  # a click, so far
            return
        camera = self._fly_camera.camera
        points = max(self._view.size[1] / self._window.pixels_per_point, 1.0)
        right, down = event.right / points, event.down / points
        shifted = any(map(self._window.is_key_down, ("LEFT_SHIFT", "RIGHT_SHIFT")))
        if self._button == "middle" or shifted:
            distance = float(camera.axes()[2] @ (self._pivot - camera.position))
            camera = pan(camera, max(distance, 0.1), right, down, MIN_EYE_HEIGHT)
        else:
            camera = orbit(camera, self._pivot, right, down, MIN_EYE_HEIGHT)
        self._fly_camera.jump(camera)
        self._navigator.take_camera()

    def scroll(self, event: Scroll) -> None:
        """Come closer to what is under the cursor; sideways, as on trackpads, shift the view."""
        target, camera = self._point_under_cursor(), self._fly_camera.destination
        camera = zoom(camera, target, event.steps, MIN_EYE_HEIGHT)
        if event.across:
            distance = float(np.linalg.norm(target - camera.position))
            camera = pan(camera, distance, -event.across / 20, 0.0, MIN_EYE_HEIGHT)
        self._fly_camera.glide_to(camera)
        self._navigator.take_camera()

    def click_nothing(self) -> None:
        """Show everything after two quick clicks on nothing."""
        now = time.perf_counter()
        if now - self._clicked_nothing_at < DOUBLE_CLICK_SECONDS:
            self._navigator.go_to("overview")
        self._clicked_nothing_at = now

    def _point_under_cursor(self) -> np.ndarray:
        ray = self._view.cursor_ray
        hit = self._world.pick(ray.origin, ray.direction)
        return pivot_point(ray, None if hit is None else hit.distance)
