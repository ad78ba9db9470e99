"""Which position of one layer matches a position of another: by the pixels that both depend on."""

from __future__ import annotations

from math import floor

import numpy as np

from vrnn.network.receptive_field import ReceptiveField

Point = tuple[float, float]
"""(y, x) as parts of the input's height and width, 0…1."""


def position_center(
    position: tuple[int, int], shape: tuple[int, int], field: ReceptiveField | None,
    size: tuple[int, int],
) -> Point:  # fmt: skip
    """Return where the receptive field of a position has its middle.

    Where the field tells nothing, as behind a layer that sees all of the input, the position stands
    for its part of the map.

    Args:
        position: (row, column).
        shape: (height, width) of the layer's maps.
        field: Its receptive field; None where it is not known.
        size: (height, width) of the input, pixels.
    """
    found = []
    for axis in (0, 1):
        if field is None or not _tells(field, axis, shape, size):
            found.append((position[axis] + 0.5) / shape[axis])
        else:
            middle = (field.low[axis] + field.high[axis]) / 2
            pixel = field.step[axis] * position[axis] + middle + 0.5
            found.append(min(max(pixel / size[axis], 0.0), 1.0))
    return found[0], found[1]


def matching_position(
    point: Point, shape: tuple[int, int], field: ReceptiveField | None, size: tuple[int, int]
) -> tuple[int, int]:
    """Return the position of a layer whose receptive field has its middle nearest to a point.

    Args:
        point: On the input.
        shape: (height, width) of the layer's maps.
        field: Its receptive field; None where it is not known.
        size: (height, width) of the input, pixels.

    Returns:
        (row, column), inside of the maps.
    """
    found = []
    for axis in (0, 1):
        if field is None or not _tells(field, axis, shape, size):
            number = floor(point[axis] * shape[axis])
        else:
            middle = (field.low[axis] + field.high[axis]) / 2
            number = round((point[axis] * size[axis] - 0.5 - middle) / field.step[axis])
        found.append(min(max(number, 0), shape[axis] - 1))
    return found[0], found[1]


def pixel_positions(
    axis: int, shape: tuple[int, int], field: ReceptiveField | None, size: tuple[int, int]
) -> np.ndarray:
    """Return the position of a layer that matches each pixel along an axis of the input.

    Args:
        axis: 0 for rows, 1 for columns.
        shape: (height, width) of the layer's maps.
        field: Its receptive field; None where it is not known.
        size: (height, width) of the input, pixels.

    Returns:
        (size[axis],) float64, between positions where the middles of their fields are farther
        apart than pixels; inside of the maps.
    """
    pixels = np.arange(size[axis], dtype=np.float64)
    if field is None or not _tells(field, axis, shape, size):
        found = (pixels + 0.5) / size[axis] * shape[axis] - 0.5
    else:
        found = (pixels - (field.low[axis] + field.high[axis]) / 2) / field.step[axis]
    return np.clip(found, 0, shape[axis] - 1)


def spread_over_input(
    values: np.ndarray, field: ReceptiveField | None, size: tuple[int, int], smooth: bool
) -> np.ndarray:
    """Return the values of a layer's positions at the pixels that match them.

    Args:
        values: (H, W) float32.
        field: The layer's receptive field; None where it is not known.
        size: (height, width) of the input, pixels.
        smooth: Whether pixels between positions have a mean of both.

    Returns:
        (height, width) float32.
    """
    for axis in (0, 1):
        shape = (values.shape[0], values.shape[1])
        at = pixel_positions(axis, shape, field, size)
        if not smooth:
            values = np.take(values, np.rint(at).astype(int), axis)
            continue
        first = np.floor(at).astype(int)
        part = (at - first).astype(np.float32)
        part = part[:, None] if axis == 0 else part[None]
        second = np.minimum(first + 1, shape[axis] - 1)
        values = np.take(values, first, axis) * (1 - part) + np.take(values, second, axis) * part
    return values


def _tells(field: ReceptiveField, axis: int, shape: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether a layer's positions see parts of the input beside each other along an axis."""
    middle = (field.low[axis] + field.high[axis]) / 2
    last = middle + field.step[axis] * (shape[axis] - 1)
    is_over_input = middle >= -0.5 * size[axis] and last <= 1.5 * size[axis]
    return not field.covers_input and field.step[axis] > 0 and is_over_input
