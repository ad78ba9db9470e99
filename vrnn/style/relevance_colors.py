"""The colors of relevance: orange speaks for the target, teal against it.

They are no colors of activations, which are blue, black and white.
"""

from __future__ import annotations

import numpy as np

FOR, AGAINST = (255, 122, 26), (0, 176, 178)
"""sRGB."""
CLIP_PERCENTILE = 99.5
"""Of the magnitudes, where color is full: a few pixels would leave all others dark."""
GAMMA = 0.7


def color_scale(heatmap: np.ndarray) -> float:
    """Return the magnitude at which color is full.

    Args:
        heatmap: (H, W), finite.
    """
    magnitudes = np.abs(heatmap)
    scale = float(np.percentile(magnitudes, CLIP_PERCENTILE)) if heatmap.size else 0.0
    return scale or float(magnitudes.max(initial=0.0)) or 1.0


def color_relevance(heatmap: np.ndarray, scale: float | None = None) -> np.ndarray:
    """Return relevance on black, (H, W, 3) uint8 sRGB.

    Args:
        heatmap: (H, W), finite.
        scale: The magnitude at which color is full; None for that of `color_scale`.
    """
    strength = _strength(heatmap, scale)
    return np.rint(_hue(heatmap) * strength).astype(np.uint8)


def overlay_relevance(
    image: np.ndarray, heatmap: np.ndarray, opacity: float = 1.0, scale: float | None = None
) -> np.ndarray:
    """Return relevance over a dimmed gray image, (H, W, 3) uint8 sRGB.

    Args:
        image: (H, W, 3) uint8 sRGB.
        heatmap: (H, W), finite.
        opacity: Of the relevance, 0…1.
        scale: See `color_relevance`.
    """
    gray = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    ground = np.repeat((40 + 0.55 * gray)[..., None], 3, -1)
    alpha = _strength(heatmap, scale) * opacity
    return np.rint(ground * (1 - alpha) + _hue(heatmap) * alpha).astype(np.uint8)


def _strength(heatmap: np.ndarray, scale: float | None) -> np.ndarray:
    share = np.abs(heatmap) / (scale or color_scale(heatmap))
    strength: np.ndarray = np.clip(share, 0, 1)[..., None] ** GAMMA
    return strength


def _hue(heatmap: np.ndarray) -> np.ndarray:
    return np.where((heatmap < 0)[..., None], np.array(AGAINST), np.array(FOR))
