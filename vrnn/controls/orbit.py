"""The mouse of a 3D application: cameras that turn about a point, shift, and come closer."""

from __future__ import annotations

from dataclasses import replace
from math import pi, tan

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.picking import Ray

TURN_ACROSS_VIEW = pi
"""Radians that a drag over the height of the view turns by."""
ZOOM_STEP = 0.85
"""Factor of the distance to what is under the pointer, for each step of the wheel."""
MIN_ZOOM_METERS = 0.03
"""What a step moves at least, so that one gets through a sheet that is very near."""
MAX_PIVOT_DISTANCE = 300.0
"""Meters; what is farther away than this is not turned about."""
EMPTY_PIVOT_DISTANCE = 10.0
"""Meters to the pivot where the pointer is on nothing."""


def pivot_point(ray: Ray, distance: float | None) -> np.ndarray:
    """Find what the view turns about.

    Args:
        ray: From the eye through the pointer.
        distance: To what it hits, meters; None for nothing: then the floor, or the air.

    Returns:
        (3,) meters.
    """
    if distance is None and ray.direction[1] < 0:
        distance = float(-ray.origin[1] / ray.direction[1])
    if distance is None or not 0 < distance < MAX_PIVOT_DISTANCE:
        distance = EMPTY_PIVOT_DISTANCE
    return ray.at(distance)


def orbit(camera: Camera, pivot: np.ndarray, right: float, down: float, floor: float) -> Camera:
    """Turn a camera about a point, which stays where it is in the picture.

    Args:
        camera: Before.
        pivot: (3,) meters.
        right: How far the mouse moved to the right, in heights of the view.
        down: How far it moved down.
        floor: Height below which the eye does not go, meters.
    """
    yaw, pitch = -right * TURN_ACROSS_VIEW, -down * TURN_ACROSS_VIEW
    turned = _turned_about(camera, pivot, yaw, pitch)
    if turned.y < min(floor, camera.y):
        turned = _turned_about(camera, pivot, yaw, 0.0)
    return replace(turned, y=max(turned.y, min(floor, camera.y)))


def _turned_about(camera: Camera, pivot: np.ndarray, yaw: float, pitch: float) -> Camera:
    turned = camera.turned(yaw, pitch)
    seen_from_eye = np.stack(camera.axes()) @ (pivot - camera.position)
    x, y, z = (pivot - seen_from_eye @ np.stack(turned.axes())).tolist()
    return replace(turned, x=x, y=y, z=z)


def pan(camera: Camera, distance: float, right: float, down: float, floor: float) -> Camera:
    """Shift a camera so that what is at a distance follows the mouse.

    Args:
        camera: Before.
        distance: Meters along the view.
        right: How far the mouse moved to the right, in heights of the view.
        down: How far it moved down.
        floor: Height below which the eye does not go, meters.
    """
    height = 2 * tan(camera.fov / 2) * distance
    side, up, _ = camera.axes()
    x, y, z = (camera.position + height * (up * down - side * right)).tolist()
    return replace(camera, x=x, y=max(y, min(floor, camera.y)), z=z)


def zoom(camera: Camera, target: np.ndarray, steps: float, floor: float) -> Camera:
    """Bring a camera closer to a point, which stays where it is in the picture, or away from it.

    Args:
        camera: Before.
        target: (3,) meters.
        steps: Of the wheel; positive comes closer.
        floor: Height below which the eye does not go, meters.
    """
    way = target - camera.position
    distance = float(np.linalg.norm(way))
    if distance < 1e-6 or steps == 0:
        return camera
    moved = distance * (1 - ZOOM_STEP**steps)
    if abs(moved) < MIN_ZOOM_METERS * abs(steps):
        moved = MIN_ZOOM_METERS * steps
    x, y, z = (camera.position + way * (moved / distance)).tolist()
    return replace(camera, x=x, y=max(y, min(floor, camera.y)), z=z)
