"""How large a portrait is, and from which positions of a layer its components are found."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np

MAX_SIDE = 56
"""Height and width of a portrait at most, in positions; larger maps are averaged down."""
MAX_FIT_POSITIONS = 196
"""About how many positions the components are found from."""
MAX_STREAM_POSITIONS = 130
"""About how many they are followed with from frame to frame, which takes less to stay right."""
MAX_START_CHANNELS = 192
"""How many of a layer's channels, spread over all of them, tell where the iteration starts."""


def portrait_size(height: int, width: int) -> tuple[int, int]:
    """Return height and width of a portrait: maps' own, or a whole part of them."""
    return -(-height // -(-height // MAX_SIDE)), -(-width // -(-width // MAX_SIDE))


@lru_cache(256)
def start_noise(positions: int) -> np.ndarray:
    """Return (3, P) float32, the same for the same number of positions."""
    random = np.random.default_rng(positions).standard_normal((3, positions))
    return random.astype(np.float32)


@lru_cache(256)
def fit_positions(size: tuple[int, int], most: int = MAX_FIT_POSITIONS) -> slice:
    """Return which positions of (H, W) the components are found from, about so many."""
    positions = size[0] * size[1]
    step = max(1, positions // most) | 1
    # A step with a divisor of the width would take some columns and leave out the others.
    while gcd(step, size[1]) > 1:
        step += 2
    return slice((positions - 1) % step // 2, None, step)
