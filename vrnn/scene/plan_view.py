"""The plan of the world: from above, its steps are bands of one height, drawn one over the other.

From above sheets are seen edge on, and a network is many times as wide as it is deep. So the plan
is a drawing of its own: along the rows it is what a camera above sees; across them each step is a
band, with its layers in the upper part and the tracks of their edges in the lower one, as high as
it takes to fill the picture. It moves and grows with the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sin, tan

import numpy as np

from vrnn.scene.camera import MAX_PITCH, Camera
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.world import World

LAYERS_PART = 0.55
"""Part of a band where the layers' feet are, from its far end."""
MARGINS = (0.02, 0.03, 0.02, 0.10)
"""Parts of the picture that are free at the left, above, at the right, and below, where the legend
lies."""
MAX_BAND = 0.17
"""Height of a band beside the width of the world at most."""
ABOVE = 6.0
"""Meters above all things from which on the plan is seen."""
PITCHES = np.radians((-50.0, -62.0))
"""Pitches of a view between which the plan fades in."""


@dataclass(frozen=True, eq=False)
class PlanBounds:
    """What a plan has to show, turned as the rows are.

    Attributes:
        left: Along the rows, meters.
        right: Along the rows, meters.
        depths: (K,) z of the ends of steps and of the layers on them, rising, meters.
        bands: (K,) where these are in the plan, in bands.
        top: Height of everything, meters.
        turn: Of the rows, see `Layout`; radians.
    """

    left: float
    right: float
    depths: np.ndarray
    bands: np.ndarray
    top: float
    turn: float

    @property
    def count(self) -> float:
        """Height of the plan, in bands."""
        return float(self.bands[-1] - self.bands[0])


@dataclass(frozen=True, eq=False)
class PlanView:
    """A plan in a picture.

    Attributes:
        bounds: What it shows.
        middle: Of the picture: along the rows in meters, across them in bands.
        scale: What a meter along the rows is, in heights of the picture.
        band: What a band is, in heights of the picture.
        aspect: Width / height of the picture.
    """

    bounds: PlanBounds
    middle: tuple[float, float]
    scale: float
    band: float
    aspect: float

    def feet(self, points: np.ndarray) -> np.ndarray:
        """Return where the feet of what stands somewhere are in the picture.

        Args:
            points: (N, 3) in the world, meters.

        Returns:
            (N, 2) to the right from its left edge and down from its upper one, in its heights.
        """
        flat = turned_about_y(points, -self.bounds.turn)[:, [0, 2]]
        found = self.place(flat)
        bands = np.floor(_in_bands(self.bounds, flat[:, 1])) + LAYERS_PART
        found[:, 1] = 0.5 + (bands - self.middle[1]) * self.band
        return found

    def place(self, flat: np.ndarray) -> np.ndarray:
        """Return where places are in the picture, (..., 2) as `feet` has them.

        Args:
            flat: (..., 2) x and z, turned back as the rows are, meters.
        """
        band = _in_bands(self.bounds, flat[..., 1])
        across = self.aspect / 2 + (flat[..., 0] - self.middle[0]) * self.scale
        down = 0.5 + (band - self.middle[1]) * self.band
        return np.stack([across, down], -1)


def plan_bounds(world: World) -> PlanBounds | None:
    """Return what a plan has to show; None for an empty world."""
    if not world.slots:
        return None
    frames = [world.placement_frame(slot) for slot in world.slots]
    turn = frames[0].placement.layout.turn
    steps: dict[tuple[float, float], list[float]] = {}
    ends, top = [], 0.0
    for frame in frames:
        places = turned_about_y(frame.panel_rects[:, :3].astype(float), -turn)
        half = frame.panel_rects[:, 3] / 2
        ends += [(places[:, 0] - half).min(), (places[:, 0] + half).max()]
        feet = places[:, 2] + half * sin(turn)  # where the nearest edge of each is
        offset = turned_about_y(frame.offset.astype(float)[None], -turn)[0]
        top = max(top, frame.placement.layout.high[1] + float(offset[1]))
        for row in frame.placement.layout.rows:
            ends += [row.left + offset[0], row.right + offset[0]]
            at = steps.setdefault((row.back + offset[2], row.front + offset[2]), [])
            at += [float(feet[frame.index[n]]) for n in row.node_ids if n in frame.index]
        if not frame.placement.layout.rows:
            back, front = float(places[:, 2].min()) - 1, float(places[:, 2].max()) + 1
            steps.setdefault((back, front), []).extend(feet.tolist())
    depths, bands = _knots(steps)
    return PlanBounds(float(min(ends)), float(max(ends)), depths, bands, top, turn)


def _knots(
    steps: dict[tuple[float, float], list[float]],
) -> tuple[np.ndarray, np.ndarray]:
    """z of the ends of steps and of what stands on them, and where these are, in bands."""
    depths, bands, reached = [], [], -np.inf
    band = 0.0
    for (back, front), on_it in sorted(steps.items()):
        if front <= reached + 1e-3:
            continue  # beside others
        begin = max(back, reached + 1e-3)
        feet = max(on_it, default=(begin + front) / 2)
        depths += [begin, min(max(feet, begin + 1e-3), front - 1e-3), front]
        bands += [band, band + LAYERS_PART, band + 1.0]
        reached, band = front, band + 1.0
    return np.array(depths), np.array(bands)


def _in_bands(bounds: PlanBounds, depth: np.ndarray) -> np.ndarray:
    """Where places across the rows are in the plan; beyond its ends as within the nearest band."""
    first, last = bounds.depths[[0, -1]]
    within = np.interp(depth, bounds.depths, bounds.bands)
    outside = np.minimum(depth - first, 0.0) + np.maximum(depth - last, 0.0)
    typical = bounds.count / max(float(last - first), 1e-6)
    return np.asarray(within + outside * typical)


def plan_camera(world: World, aspect: float, fov: float) -> Camera:
    """Return the camera above everything whose plan fills the picture.

    Args:
        world: The world, with at least one network.
        aspect: Width / height of the picture.
        fov: Vertical field of view, radians.
    """
    bounds = plan_bounds(world)
    assert bounds is not None
    left, upper, right, lower = MARGINS
    width = bounds.right - bounds.left
    band = _band_height(bounds, aspect)
    by_width = width / (aspect * (1 - left - right))
    by_height = bounds.count * band / (1 - upper - lower)
    height = max(by_width, by_height)  # meters that the picture is high
    x = (bounds.left + bounds.right) / 2 + (right - left) / 2 * aspect * height
    middle = bounds.count / 2 + (lower - upper) / 2 * height / band
    z = float(np.interp(middle, bounds.bands, bounds.depths))
    if middle > bounds.bands[-1]:
        z = float(bounds.depths[-1])
    up = height / (2 * tan(fov / 2))
    place = turned_about_y(np.array([[x, 0.0, z]]), bounds.turn)[0]
    # Not quite straight down: the eye is that much nearer.
    camera = Camera(yaw=bounds.turn, pitch=-MAX_PITCH, fov=fov)
    eye = place - camera.axes()[2] * up
    return Camera(
        float(eye[0]), bounds.top + float(eye[1]), float(eye[2]), bounds.turn, -MAX_PITCH, fov
    )


def plan_view(world: World, camera: Camera, aspect: float) -> PlanView | None:
    """Return the plan that a camera sees; None where it sees none.

    Args:
        world: The world.
        camera: The camera.
        aspect: Width / height of the picture.
    """
    bounds = plan_bounds(world) if plan_opacity(world, camera) > 0.01 else None
    if bounds is None:
        return None
    ahead = camera.axes()[2]
    away = (camera.y - bounds.top) / -ahead[1]
    looked_at = turned_about_y((camera.position + ahead * away)[None], -bounds.turn)[0]
    height = 2 * tan(camera.fov / 2) * away
    middle = float(looked_at[0]), float(_in_bands(bounds, looked_at[2:])[0])
    return PlanView(bounds, middle, 1 / height, _band_height(bounds, aspect) / height, aspect)


def plan_opacity(world: World, camera: Camera) -> float:
    """Return how much of the plan is seen from a camera, 0…1."""
    first, whole = PITCHES
    part = float(np.clip((camera.pitch - first) / (whole - first), 0.0, 1.0))
    if part <= 0.0 or not world.slots:
        return 0.0
    tops = [
        world.placement_frame(slot).placement.layout.high[1]
        + float(world.placement_frame(slot).offset[1])
        for slot in world.slots
    ]
    return part * float(np.clip((camera.y - max(tops)) / ABOVE, 0.0, 1.0))


def _band_height(bounds: PlanBounds, aspect: float) -> float:
    """What a band is, in meters along the rows, so that a picture is full."""
    left, upper, right, lower = MARGINS
    width = bounds.right - bounds.left
    full = (1 - upper - lower) / (aspect * (1 - left - right)) * width / bounds.count
    return float(min(full, MAX_BAND * width))
