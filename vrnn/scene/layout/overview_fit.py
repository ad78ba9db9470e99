"""How steps fill the overview: the camera that looks at them, what it sees, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, tan

import numpy as np

from vrnn.scene.camera import Camera, frame_points
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.layout.step_breaking import RISE, StepTable
from vrnn.scene.layout.terrace_steps import Step, fill_step, step_width

TYPICAL_DEPTH = 2.0
"""Depth of a step, meters, as long as the tracks on it are not known."""
OVERVIEW_PITCH = -13.0
"""Degrees that the overview looks down: far enough to look over each step at the next."""
OVERVIEW = Camera(pitch=OVERVIEW_PITCH * pi / 180, fov=50 * pi / 180)
"""Where the whole is looked at from; framing() finds the place."""
OVERVIEW_MARGIN = 0.025
"""Part of the picture that a view of everything leaves free at each side."""
LEGEND_MARGIN = 0.07
"""The same at the lower side, where the legend lies over the picture; floors and titles may be
there too."""
MAX_SPREAD = 0.25
"""Part of the network's width or height that gaps are widened by at most to fill the overview."""


def filled_steps(steps: Sequence[Step], aspect: float = PICTURE_ASPECT) -> tuple[Step, ...]:
    """Return the steps, each as wide as the others seem to be from the overview.

    Args:
        steps: The steps.
        aspect: Width / height of the picture.
    """
    width = max(step_width(step) for step in steps)
    filled = tuple(fill_step(step, width) for step in steps)
    depths = view_of(filled, aspect).depths
    wider = width * depths / depths[0]
    return tuple(fill_step(step, float(room)) for step, room in zip(steps, wider, strict=True))


def step_rooms(steps: Sequence[Step], aspect: float = PICTURE_ASPECT) -> list[float]:
    """Return the width that each step would have if it seemed as wide as the widest, meters.

    Args:
        steps: The steps.
        aspect: Width / height of the picture.
    """
    depths = view_of(steps, aspect).depths
    widest = max(step_width(step) / depth for step, depth in zip(steps, depths, strict=True))
    return [float(widest * depth) for depth in depths]


def panel_share(steps: Sequence[Step], view: StepsView) -> float:
    """Return the share of the overview that panels cover."""
    areas = [sum(unit.panel_area for unit in step) for step in steps]
    return float((np.array(areas) / view.pictures).sum())


def filled_view(steps: StepTable, aspect: float = PICTURE_ASPECT) -> tuple[float, StepsView]:
    """Return the share of the overview that panels cover of `filled_steps`, and that overview.

    Many ways to break steps are measured so, without making any of them.

    Args:
        steps: The steps before they are filled.
        aspect: Width / height of the picture.
    """
    width = float(steps.width.max())
    filled = steps.filled(width)
    depths = view_of_rows(_boxes(filled.width, filled.height), OVERVIEW, aspect).depths
    filled = steps.filled(width * depths / depths[0])
    view = view_of_rows(_boxes(filled.width, filled.height), OVERVIEW, aspect)
    return float((filled.panel_area / view.pictures).sum()), view


@dataclass(frozen=True, eq=False)
class StepsView:
    """The overview of steps.

    Attributes:
        depths: (S,) distance of each step's middle along the view, meters.
        pictures: (S,) what the picture shows at each, square meters.
        filled: The parts of the picture's width and height that are filled.
    """

    depths: np.ndarray
    pictures: np.ndarray
    filled: tuple[float, float]


@dataclass(frozen=True, eq=False)
class RowBoxes:
    """The rooms of R rows of panels, the middle of each one's foot at x = 0, meters.

    Attributes:
        half: (R,) of their widths.
        y: (R,) of their feet.
        z: (R,) of their panels.
        height: (R,) of the highest thing on each.
    """

    half: np.ndarray
    y: np.ndarray
    z: np.ndarray
    height: np.ndarray


def view_of(steps: Sequence[Step], aspect: float = PICTURE_ASPECT) -> StepsView:
    """Return what the overview shows of steps.

    Args:
        steps: The steps.
        aspect: Width / height of the picture.
    """
    heights = [max(unit.height for unit in step) for step in steps]
    widths = [step_width(step) for step in steps]
    return view_of_rows(_boxes(np.array(widths), np.array(heights)), OVERVIEW, aspect)


def _boxes(widths: np.ndarray, heights: np.ndarray) -> RowBoxes:
    """The rooms of steps of (S,) widths and heights in meters, the lowest first."""
    feet = np.r_[0.0, np.cumsum(heights + RISE)[:-1]]
    return RowBoxes(widths / 2, feet, -TYPICAL_DEPTH * np.arange(len(widths)), heights)


def view_of_rows(rows: RowBoxes, camera: Camera, aspect: float = PICTURE_ASPECT) -> StepsView:
    """Return what a camera that shows all of them shows of rows.

    Args:
        rows: From the nearest to the furthest.
        camera: Its direction and field of view; the place is found.
        aspect: Width / height of the picture.
    """
    corners = np.concatenate([
        np.stack([side * rows.half, rows.y + height, rows.z + depth], 1)
        for side in (-1, 1)
        for height, depth in ((0.0, 1.2), (rows.height, 0.0))
    ])  # fmt: skip
    centers = np.stack([np.zeros_like(rows.z), rows.y + rows.height / 2, rows.z], 1)
    margins = OVERVIEW_MARGIN, LEGEND_MARGIN
    eye = frame_points(corners, camera, aspect, *margins)
    depths = (centers - eye.position) @ eye.axes()[2]
    clip = np.c_[corners, np.ones(len(corners))] @ eye.clip_from_world(aspect).T
    across, up = (np.ptp(clip[:, :2] / clip[:, 3:], axis=0) / 2).tolist()
    pictures = aspect * (2 * tan(camera.fov / 2) * depths) ** 2
    return StepsView(depths, pictures, (across, up))


@dataclass(frozen=True)
class Spread:
    """What gaps are widened by so that steps fill a picture in both directions.

    Attributes:
        across: Part of its width that each step gains.
        up: Added to the free height between two steps, meters.
    """

    across: float = 0.0
    up: float = 0.0


def spread_of(
    steps: Sequence[Step], most: float = MAX_SPREAD, aspect: float = PICTURE_ASPECT
) -> Spread:
    """Return what is missing in the direction in which steps do not fill the overview.

    Args:
        steps: The steps.
        most: Part of their width or height that gaps are widened by at most.
        aspect: Width / height of the picture.
    """
    across, up = view_of(steps, aspect).filled
    if across < up:
        return Spread(across=min(up / across - 1, most))
    if len(steps) == 1:
        return Spread()
    height = sum(max(unit.height for unit in step) + RISE for step in steps)
    return Spread(up=height * min(across / up - 1, most) / (len(steps) - 1))
