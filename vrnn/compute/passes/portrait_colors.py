"""From scores of components to the colors of a portrait, and their bytes."""

from __future__ import annotations

import numpy as np

from vrnn.compute.passes.portrait_components import FLAT

CONTRAST = 0.22
"""Part of the range from black to white that one standard deviation takes."""
MAX_SCORE = 1e15
"""Largest value whose square, summed over a layer, float32 holds with room."""
ROUNDING = 1e-5
"""Deviation beside the mean up to which a component is nothing but float32's rounding."""


def only_finite(values: np.ndarray) -> np.ndarray:
    """Return the values, with 0 in the place of what is not finite."""
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


def bounded(scores: np.ndarray) -> np.ndarray:
    """Return the scores, finite and together no larger than that their squares are in range."""
    finite = only_finite(scores)
    return finite / max(1.0, float(np.abs(finite).max(initial=0.0)) / MAX_SCORE)


def gray_colors(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (3, P) colors of a single map (1, h, w), and their (P, 3) bytes."""
    flat = only_finite(values.reshape(1, -1))
    colors = np.repeat(standardized(flat), 3, 0)
    return colors, color_bytes(colors)


def centered(scores: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return (3, P) scores less their (3, 1) means, 0 for those that are nothing but rounding."""
    scores = scores - means
    count = scores.shape[1]
    for row, (mean,) in zip(scores, means.tolist(), strict=True):
        if float(row @ row) <= count * (ROUNDING * mean) ** 2:
            row[:] = 0.0
    return scores


def color_bytes(colors: np.ndarray) -> np.ndarray:
    """Return (P, 3) uint8 sRGB of (3, P) colors."""
    levels = colors * np.float32(CONTRAST * 255.0)
    levels += np.float32(128.0)
    np.maximum(levels, np.float32(0.0), out=levels)
    np.minimum(levels, np.float32(255.0), out=levels)
    return np.ascontiguousarray(levels.astype(np.uint8).T)


def standardized(values: np.ndarray) -> np.ndarray:
    """Return (K, …) with mean 0 and deviation 1, 0 where it hardly varies beside the others."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    flat = flat - flat.mean(1, keepdims=True)
    variance = np.square(flat).mean(1, keepdims=True)
    is_flat = variance <= FLAT * max(float(variance.max(initial=0.0)), 1e-300)
    flat = np.where(is_flat, 0.0, flat / np.sqrt(np.where(is_flat, 1.0, variance)))
    return flat.reshape(values.shape).astype(np.float32)
