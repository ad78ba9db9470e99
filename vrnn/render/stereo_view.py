"""The views of two eyes in a headset, from the eyes' poses and the rig's place in the world."""

from __future__ import annotations

from math import cos, sin, tan

import numpy as np

from vrnn.render.uniforms import FovTangents, RenderColors, StereoView
from vrnn.scene.camera import FAR
from vrnn.scene.headset.tracking import Eye, Rig
from vrnn.scene.linalg import quaternion_axes

DEFAULT_COLORS = RenderColors()
NEAR = 0.05
"""Meters of the stage within which nothing is drawn."""
MAX_HEAD_MOVE = 0.5
"""Meters of the stage that a head may move before everything is culled again."""

Row = tuple[float, float, float, float]
Matrix = tuple[Row, Row, Row, Row]


def stereo_view(
    eyes: tuple[Eye, Eye],
    rig: Rig,
    size: tuple[int, int],
    fog: float,
    colors: RenderColors | None = None,
) -> StereoView:
    """Return what two eyes on a stage see of the world.

    Args:
        eyes: The left and the right one, in the stage's coordinates.
        rig: Where the stage stands in the world.
        size: Width and height of one eye's picture in pixels.
        fog: Meters at which fog has taken most of the light.
        colors: Of the world; None for `DEFAULT_COLORS`.
    """
    left_fov, right_fov = fov_tangents(eyes[0]), fov_tangents(eyes[1])
    near, far = near_and_far(rig)
    left_clip, (lx, ly, lz) = _clip_rows(eyes[0], rig, left_fov, near, far)
    right_clip, (rx, ry, rz) = _clip_rows(eyes[1], rig, right_fov, near, far)
    midpoint = np.array(((lx + rx) / 2, (ly + ry) / 2, (lz + rz) / 2))
    height = (left_fov[2] - left_fov[3] + right_fov[2] - right_fov[3]) / 2
    return StereoView(
        np.array((left_clip, right_clip), np.float32), midpoint, size, size[1] / height, fog,
        colors or DEFAULT_COLORS, max_move=MAX_HEAD_MOVE * max(1.0, rig.scale),
        fov_tangents=(left_fov, right_fov),
    )  # fmt: skip


def fov_tangents(eye: Eye) -> FovTangents:
    """Return the tangents to the left, right, upper and lower edge of what an eye sees."""
    left, right, up, down = eye.fov
    return tan(left), tan(right), tan(up), tan(down)


def near_and_far(rig: Rig) -> tuple[float, float]:
    """Return the meters of the world between which things are drawn."""
    return NEAR * rig.scale, max(FAR, 100 * rig.scale)


def clip_from_world(eye: Eye, rig: Rig) -> np.ndarray:
    """Return one eye's projection, clip from world.

    Returns:
        (4, 4) float64.
    """
    return np.array(_clip_rows(eye, rig, fov_tangents(eye), *near_and_far(rig))[0])


def _clip_rows(
    eye: Eye, rig: Rig, fov: FovTangents, near: float, far: float
) -> tuple[Matrix, tuple[float, float, float]]:
    """Compute an eye's projection and its position in the world.

    Depth is in meters of the world, however large the stage stands in it.

    Written out in numbers: this is done for each frame when nothing else is left to do, and arrays
    of so few cost ten times as much.

    Args:
        eye: In the stage's coordinates.
        rig: Where the stage stands in the world.
        fov: Tangents to the edges of the picture.
        near: Meters of the world within which nothing is drawn.
        far: Meters of the world beyond which nothing is drawn.

    Returns:
        The rows of the matrix, clip from world, and the eye's position in meters.
    """
    px, py, pz = eye.pose.position.tolist()
    ox, oy, oz = rig.position.tolist()
    c, s, k = cos(rig.yaw), sin(rig.yaw), rig.scale
    position = (ox + k * (c * px + s * pz), oy + k * py, oz + k * (c * pz - s * px))
    axes = []
    for ax, ay, az in quaternion_axes(eye.pose.orientation):  # right, up, back
        ax, az = c * ax + s * az, c * az - s * ax
        axes.append((ax, ay, az, -(ax * position[0] + ay * position[1] + az * position[2])))
    right, up, back = axes
    low, high, top, bottom = fov
    a, b = 2 / (high - low), (high + low) / (high - low)
    d, e = 2 / (top - bottom), (top + bottom) / (top - bottom)
    f, g = -(far + near) / (far - near), -2 * far * near / (far - near)
    bx, by, bz, bw = back
    rows = (
        (
            a * right[0] + b * bx,
            a * right[1] + b * by,
            a * right[2] + b * bz,
            a * right[3] + b * bw,
        ),
        (d * up[0] + e * bx, d * up[1] + e * by, d * up[2] + e * bz, d * up[3] + e * bw),
        (f * bx, f * by, f * bz, f * bw + g),
        (-bx, -by, -bz, -bw),
    )
    return rows, position
