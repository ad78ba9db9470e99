"""Hand-written filters of any size: edges, blobs, Gabor, average, identity.

A network correlates: a filter's weight at the right meets what is at the right. All but `average`
and `identity` answer nothing to an even gray.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import prod
from typing import cast

import numpy as np

from vrnn.errors import VrnnError
from vrnn.network.kernel_edits import (
    CONTENT_TEXT,
    KERNEL_FILTERS,
    KernelEdit,
    KernelFilter,
    KernelShape,
)

SIGMAS = 5.0
"""Standard deviations of a Gaussian that a kernel is wide."""


def hand_written_filter(
    kind: KernelFilter, size: tuple[int, ...], angle: float = 0.0, wavelength: float = 4.0
) -> np.ndarray:
    """Return a filter.

    In a sequence it is the filter's answer to what changes along it; in a volume each slice is the
    filter of rows and columns.

    Args:
        kind: Which.
        size: Of the kernel: (n,), (rows, columns) or (depth, rows, columns).
        angle: Of a Gabor filter, degrees: 0 responds to vertical stripes, 90 to horizontal ones.
        wavelength: Of a Gabor filter, in weights.

    Returns:
        float32 of that size.

    Raises:
        VrnnError: The kernel is too small for it.
    """
    if kind == "average":
        return np.full(size, 1 / prod(size), np.float32)
    if kind == "identity":
        found = np.zeros(size, np.float32)
        found[tuple(n // 2 for n in size)] = 1
        return found
    if len(size) == 3:
        plane = hand_written_filter(kind, size[1:], angle, wavelength)
        return np.repeat(plane[None], size[0], 0)
    if not size or max(size) < 2:
        text = " × ".join(map(str, size)) or "1"
        raise VrnnError(
            f"a kernel of {text} has no room for {CONTENT_TEXT[kind]}; choose average, identity, "
            "zero, noise or values"
        )
    found = _flat(kind, (1, size[0]) if len(size) == 1 else size, angle, wavelength)
    if not np.abs(found).max() > 0:
        text = " × ".join(map(str, size))
        raise VrnnError(
            f"a kernel of {text} has no room for {CONTENT_TEXT[kind]}; choose another filter"
        )
    return found.reshape(size).astype(np.float32)


def _flat(kind: KernelFilter, size: tuple[int, ...], angle: float, wavelength: float) -> np.ndarray:
    rows, columns = size
    if kind in ("horizontal sobel", "horizontal scharr", "vertical sobel", "vertical scharr"):
        smooth = _scharr if kind.endswith("scharr") else _binomial
        if kind.startswith("vertical") or rows == 1:
            return np.outer(smooth(rows), _derivative(columns))
        return np.outer(_derivative(rows), smooth(columns))
    if kind == "laplacian":
        return _laplacian(rows, columns)
    if kind == "blob":
        return _blob(rows, columns)
    return _gabor(rows, columns, np.deg2rad(angle), wavelength)


def _binomial(count: int) -> np.ndarray:
    """A row of Pascal's triangle: 1 2 1, 1 4 6 4 1, …"""
    return reduce(np.convolve, [np.ones(2)] * (count - 1), np.ones(1))


def _scharr(count: int) -> np.ndarray:
    """3 10 3, widened by binomials; what is too narrow for it is Sobel's."""
    return np.convolve(_binomial(count - 2), [3.0, 10.0, 3.0]) if count > 2 else _binomial(count)


def _derivative(count: int) -> np.ndarray:
    """−1 0 1, −1 −2 0 2 1, …; 0 for a single weight."""
    if count < 3:
        return np.array([-1.0, 1.0][:count]) if count == 2 else np.zeros(1)
    return np.convolve(_binomial(count - 2), [-1.0, 0.0, 1.0])


def _laplacian(rows: int, columns: int) -> np.ndarray:
    """The sum of the second derivatives along both axes, around the middle."""
    found = np.zeros((rows, columns))
    y, x = rows // 2, columns // 2
    for axis, (count, middle) in enumerate(((rows, y), (columns, x))):
        if count > 2:
            for step in (-1, 1):
                place = (middle + step, x) if axis == 0 else (y, middle + step)
                found[place] += 1
                found[y, x] -= 1
    return found


def _grid(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Down and right from the middle, in weights."""
    down = np.arange(rows) - (rows - 1) / 2
    right = np.arange(columns) - (columns - 1) / 2
    return down[:, None], right[None]


def _blob(rows: int, columns: int) -> np.ndarray:
    """The negative Laplacian of a Gaussian: bright in the middle (Marr and Hildreth 1980)."""
    down, right = _grid(rows, columns)
    variance = (max(rows, columns) / SIGMAS) ** 2
    squared = (down**2 + right**2) / (2 * variance)
    return _balanced(lambda: (1 - squared) * np.exp(-squared), np.exp(-squared))


def _gabor(rows: int, columns: int, angle: float, wavelength: float) -> np.ndarray:
    """A wave below a Gaussian (Daugman 1985); rows go down, so angles turn clockwise."""
    down, right = _grid(rows, columns)
    variance = (max(rows, columns) / SIGMAS) ** 2
    envelope = np.exp(-(down**2 + right**2) / (2 * variance))
    along = right * np.cos(angle) + down * np.sin(angle)
    return _balanced(lambda: envelope * np.cos(2 * np.pi * along / wavelength), envelope)


def _balanced(make: Callable[[], np.ndarray], envelope: np.ndarray) -> np.ndarray:
    """Take so much of the envelope away that the sum is 0."""
    found = make()
    balanced: np.ndarray = found - envelope * (found.sum() / envelope.sum())
    # What is left of a filter that the kernel is too small for is rounding alone.
    return balanced if np.abs(balanced).max() > 1e-9 else np.zeros_like(balanced)


def edit_problem(edit: KernelEdit, shape: KernelShape) -> str:
    """Return why an edit does not fit the kernels of its layer; '' if it does."""
    if shape.refusal:
        return shape.refusal
    if not 0 <= edit.output < shape.outputs:
        return f"{edit.layer} has filters 0 to {shape.outputs - 1}, no filter {edit.output}"
    if edit.input is not None and not 0 <= edit.input < shape.inputs:
        return (
            f"a filter of {edit.layer} has kernels 0 to {shape.inputs - 1}, no kernel {edit.input}"
        )
    if edit.content == "values":
        count = shape.weights if edit.input is not None else shape.weights * shape.inputs
        if len(edit.values) != count:
            what = "a kernel" if edit.input is not None else "a filter"
            return (
                f"{what} of {edit.layer} has {count} weights, but {len(edit.values)} values are "
                "given"
            )
    elif edit.content in KERNEL_FILTERS:
        kind = cast(KernelFilter, edit.content)
        try:
            hand_written_filter(kind, shape.size, edit.angle, edit.wavelength)
        except VrnnError as error:
            return str(error)
    return ""
