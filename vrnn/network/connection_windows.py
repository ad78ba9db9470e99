"""Which values of an input meet which weights of a kernel."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np

from vrnn.network.connections import ConnectionPart, Position, SlidingWindow


def window_places(
    window: SlidingWindow, position: Position, sizes: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return where in the input each weight of a kernel lies for one position of the result.

    Args:
        window: The window.
        position: Of the result.
        sizes: Of the input.

    Returns:
        (K, axes) int places, which may lie outside the input, and (K,) bool whether each counts: it
        lies inside.
    """
    if window.adaptive:
        spans = [
            np.arange(p * size // count, -(-(p + 1) * size // count))
            for p, size, count in zip(position, sizes, window.adaptive, strict=True)
        ]
        places = np.array(list(product(*spans)), int).reshape(-1, len(sizes))
        return places, np.ones(len(places), bool)
    steps = np.indices(window.size).reshape(len(window.size), -1).T
    stride, padding = np.array(window.stride), np.array(window.padding)
    offsets = steps * np.array(window.dilation)
    if window.is_transposed:
        reached = np.array(position) + padding - offsets
        places = reached // stride
        counts = (reached % stride == 0).all(1)
    else:
        places = np.array(position) * stride - padding + offsets
        counts = np.ones(len(places), bool)
    return places, counts & ((places >= 0) & (places < np.array(sizes))).all(1)


def window_values(
    part: ConnectionPart, position: Position, inputs: np.ndarray | slice = slice(None)
) -> np.ndarray:
    """Return what of some input maps a position of the result sees, 0 outside, (I, K) float32."""
    places, counts = window_places(part.window, position, part.maps.shape[1:])
    maps = part.maps[inputs]
    found = np.zeros((len(maps), len(places)), np.float32)
    inside = tuple(places[counts].T)
    found[:, counts] = maps[(slice(None), *inside)]
    return found


def mean_window_values(part: ConnectionPart, positions: tuple[int, ...]) -> np.ndarray:
    """Return what each weight meets on the mean over all positions of the result.

    Args:
        part: With a window of constant size and without gains.
        positions: Sizes of the result.

    Returns:
        (I, K) float32.
    """
    window, sizes = part.window, part.maps.shape[1:]
    found = np.zeros((len(part.maps), prod(window.size)), np.float32)
    for number, step in enumerate(np.ndindex(*window.size)):
        spans = [
            _met_span(window, axis, at, sizes[axis], positions[axis])
            for axis, at in enumerate(step)
        ]
        met = part.maps[(slice(None), *spans)].reshape(len(part.maps), -1)
        found[:, number] = met.sum(1, dtype=np.float64) / max(prod(positions), 1)
    return found


def _met_span(window: SlidingWindow, axis: int, step: int, size: int, count: int) -> slice:
    """The places of an input axis that one weight of a kernel meets."""
    stride, padding = window.stride[axis], window.padding[axis]
    offset = step * window.dilation[axis] - padding
    if window.is_transposed:  # place q reaches q * stride + offset
        first = max(0, -(offset // stride))
        last = min(size - 1, (count - 1 - offset) // stride)
        return slice(first, max(last + 1, first))
    first = max(0, -(offset // stride))
    last = min(count - 1, (size - 1 - offset) // stride)
    if last < first:
        return slice(0, 0)
    return slice(first * stride + offset, last * stride + offset + 1, stride)
