"""Panoramas, and stereo pairs for two eyes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import pi

import numpy as np

from vrnn.render.uniforms import View
from vrnn.scene.camera import MAX_PITCH, Camera

Draw = Callable[[View], np.ndarray]
"""Draws a flat picture, see `render_tiled`."""
EYE_DISTANCE = 0.063
"""Meters between a person's eyes, on average."""
FACE_DIRECTIONS = (
    (0.0, 0.0), (-pi / 2, 0.0), (pi, 0.0), (pi / 2, 0.0), (0.0, MAX_PITCH), (0.0, -MAX_PITCH),
)  # fmt: skip
"""Yaw and pitch of each cube face from the panorama's center, radians: ahead, right, behind, left,
up, down."""
FACE_MARGIN = 1.03
"""A face is this much wider than a right angle, so that no pixel lies on its edge."""
STRIP_ROWS = 256
"""Rows of a panorama that are resampled at once: a large one has many directions."""


def render_panorama(draw: Draw, view: View, width: int) -> np.ndarray:
    """Draw everything around the eye as an equirectangular panorama.

    The center is what lies ahead, at the horizon; the left and right edges are what lies behind.

    Args:
        draw: Draws the faces.
        view: Its camera's position and yaw count; pitch and field of view do not.
        width: Pixels, an even number.

    Returns:
        (width // 2, width, 3) uint8 sRGB, or (…, 4) with straight alpha for a transparent view.
    """
    height = width // 2
    face_size = max(64, round(width / 4 * FACE_MARGIN))
    level = replace(view.camera, pitch=0.0, fov=2 * np.arctan(FACE_MARGIN))
    faces = []
    for yaw, pitch in FACE_DIRECTIONS:
        camera = replace(level, yaw=level.yaw + yaw, pitch=pitch)
        size = (face_size, face_size)
        face_view = replace(view, camera=camera, size=size, near=min(view.near, 0.05))
        faces.append((camera, draw(face_view)))
    result = np.empty((height, width, faces[0][1].shape[2]), np.uint8)
    longitude = (np.arange(width) + 0.5) / width * 2 * pi - pi
    face_axes = np.stack([camera.axes()[2] for camera, _ in faces])
    for start in range(0, height, STRIP_ROWS):
        rows = np.arange(start, min(start + STRIP_ROWS, height))
        latitude = pi / 2 - (rows + 0.5) / height * pi
        yaws = level.yaw - longitude[None, :]
        rays = np.stack(
            [
                -np.sin(yaws) * np.cos(latitude)[:, None],
                np.broadcast_to(np.sin(latitude)[:, None], (len(rows), width)),
                -np.cos(yaws) * np.cos(latitude)[:, None],
            ],
            -1,
        )
        nearest = (rays @ face_axes.T).argmax(-1)
        for index, (camera, pixels) in enumerate(faces):
            on_face = nearest == index
            if on_face.any():
                strip = result[rows[0] : rows[-1] + 1]
                strip[on_face] = _sample_face(camera, pixels, rays[on_face])
    return result


def _sample_face(camera: Camera, pixels: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Return the colors of a square picture in some directions, blended from four pixels each.

    Args:
        camera: Where the face was drawn from.
        pixels: (S, S, C) uint8 sRGB, the face, C 3 or 4.
        rays: (N, 3) directions in the world.

    Returns:
        (N, C) uint8.
    """
    right, up, forward = camera.axes()
    depth = rays @ forward
    side = pixels.shape[0]
    x = (rays @ right / depth / FACE_MARGIN + 1) / 2 * side - 0.5
    y = (1 - rays @ up / depth / FACE_MARGIN) / 2 * side - 0.5
    x, y = np.clip(x, 0, side - 1.001), np.clip(y, 0, side - 1.001)
    left, top = x.astype(int), y.astype(int)
    tx, ty = (x - left)[:, None], (y - top)[:, None]
    rows = [pixels[top + i, left] * (1 - tx) + pixels[top + i, left + 1] * tx for i in (0, 1)]
    return np.rint(rows[0] * (1 - ty) + rows[1] * ty).astype(np.uint8)


def render_stereo_pair(draw: Draw, view: View, eye_distance: float = EYE_DISTANCE) -> np.ndarray:
    """Draw what the left and the right eye see, side by side, looking ahead in parallel.

    Args:
        draw: Draws what each eye sees.
        view: Its camera is the midpoint between the eyes; its size is that of one eye's picture.
        eye_distance: Meters between the eyes.

    Returns:
        (H, 2·W, 3) uint8 sRGB.
    """
    pictures = []
    for side in (-0.5, 0.5):
        camera = view.camera.moved(side * eye_distance, 0.0, 0.0)
        eye_view = replace(view, camera=camera, near=min(view.near, 0.05))
        pictures.append(draw(eye_view))
    return np.concatenate(pictures, 1)
