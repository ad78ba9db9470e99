"""Along which axes of an input its pixels lie, before anything is known of the model."""

from __future__ import annotations

from collections.abc import Sequence

from vrnn.network.axes import AxisRole

IMAGE_CHANNELS = (1, 3, 4)
"""Channels of gray and color images, without and with transparency."""
MIN_IMAGE_SIDE = 8
"""Least height and width of what looks like an image."""

Places = tuple[int | None, int | None]
"""Axes of rows and columns, counted from the end; None where there is none."""


def input_places(shape: Sequence[int], is_float: bool, roles: Sequence[AxisRole] = ()) -> Places:
    """Return along which axes of an input rows and columns lie.

    Args:
        shape: Its shape.
        is_float: Whether it holds floating-point numbers, not indices.
        roles: What its axes hold, if that is known.
    """
    if roles and len(roles) == len(shape):
        return _places_of_roles(roles)
    if len(shape) < 3 or not is_float:
        return None, None
    if looks_channels_last(shape):
        return -3, -2
    if len(shape) >= 4 or looks_like_image(shape):
        return -2, -1
    return None, -1


def looks_like_image(shape: Sequence[int]) -> bool:
    """Return whether three axes are those of an image without a batch."""
    return (
        len(shape) == 3 and shape[0] in IMAGE_CHANNELS and min(shape[1:]) >= MIN_IMAGE_SIDE
        and shape[0] != 1
    )  # fmt: skip


def looks_channels_last(shape: Sequence[int]) -> bool:
    """Return whether axes are those of images with their channels last."""
    return (
        len(shape) in (3, 4) and shape[-1] in IMAGE_CHANNELS and shape[-3] not in IMAGE_CHANNELS
        and min(shape[-3:-1]) >= MIN_IMAGE_SIDE
    )  # fmt: skip


def _places_of_roles(roles: Sequence[AxisRole]) -> Places:
    def place(*wanted: AxisRole) -> int | None:
        return next((i - len(roles) for i, role in enumerate(roles) if role in wanted), None)

    row = place("height")
    return (row, place("width")) if row is not None else (None, place("width", "time"))
