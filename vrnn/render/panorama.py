"""Pictures all around, and for two eyes."""

from __future__ import annotations

from dataclasses import replace
from math import pi

import numpy as np

from vrnn.render.renderer import Renderer
from vrnn.render.screenshot import render_tiled
from vrnn.render.uniforms import View
from vrnn.scene.camera import MAX_PITCH, Camera
from vrnn.scene.primitives import DrawList

EYE_DISTANCE = 0.063
"""Meters between a person's eyes, on average."""
FACE_DIRECTIONS = (
    (0.0, 0.0), (-pi / 2, 0.0), (pi, 0.0), (pi / 2, 0.0), (0.0, MAX_PITCH), (0.0, -MAX_PITCH),
)  # fmt: skip
"""Yaw and pitch from the middle of the picture: ahead, right, behind, left, up, down."""
FACE_MARGIN = 1.03
"""A side's picture is this much wider than a right angle, so that no pixel lies on its edge."""


def render_panorama(renderer: Renderer, view: View, drawing: DrawList, width: int) -> np.ndarray:
    """(width // 2, width, 3) uint8 sRGB: everything around the eye, equirectangular.

    The middle is what lies ahead, level; left and right edge what lies behind. view: whose place
    and yaw count; width: pixels, even.
    """
    height = width // 2
    side = max(64, round(width / 4 * FACE_MARGIN))
    level = replace(view.camera, pitch=0.0, fov=2 * np.arctan(FACE_MARGIN))
    faces = []
    for yaw, pitch in FACE_DIRECTIONS:
        camera = replace(level, yaw=level.yaw + yaw, pitch=pitch)
        part = replace(view, camera=camera, size=(side, side), near=min(view.near, 0.05))
        faces.append((camera, render_tiled(renderer, part, drawing)))
    result = np.empty((height, width, 3), np.uint8)
    across = (np.arange(width) + 0.5) / width * 2 * pi - pi
    best_of = np.stack([camera.axes()[2] for camera, _ in faces])
    for start in range(0, height, 256):  # in strips: a large picture has many directions
        rows = np.arange(start, min(start + 256, height))
        up = pi / 2 - (rows + 0.5) / height * pi
        angle = level.yaw - across[None, :]
        rays = np.stack(
            [
                -np.sin(angle) * np.cos(up)[:, None],
                np.broadcast_to(np.sin(up)[:, None], (len(rows), width)),
                -np.cos(angle) * np.cos(up)[:, None],
            ],
            -1,
        )
        nearest = (rays @ best_of.T).argmax(-1)
        for index, (camera, pixels) in enumerate(faces):
            mine = nearest == index
            if mine.any():
                result[rows[0] : rows[-1] + 1][mine] = _sample_face(camera, pixels, rays[mine])
    return result


def _sample_face(camera: Camera, pixels: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """(N, 3) uint8: what a square picture shows in some directions (N, 3), blended."""
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


def render_stereo_pair(
    renderer: Renderer, view: View, drawing: DrawList, eye_distance: float = EYE_DISTANCE
) -> np.ndarray:
    """(H, 2·W, 3) uint8 sRGB: what the left and the right eye see, side by side, looking ahead in
    parallel. apart: meters between the eyes."""
    pictures = []
    for part in (-0.5, 0.5):
        camera = view.camera.moved(part * eye_distance, 0.0, 0.0)
        eye = replace(view, camera=camera, near=min(view.near, 0.05))
        pictures.append(render_tiled(renderer, eye, drawing))
    return np.concatenate(pictures, 1)
