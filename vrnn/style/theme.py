"""Themes, and colors that more than one part of the world is drawn in: linear RGBA, 0…1.

All colors are written for the dark theme. The light one turns their lightness round, so whatever
is drawn follows, and what stands out in one theme does so in the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from vrnn.style.theme_names import Theme

LIGHTNESS_SUM = 107.0
"""CIE L* of a color in the dark theme and in the light one together."""
STRONG_LIGHTNESS = 46.0
"""L* in the light theme of strong colors, such as the accent."""
STRONG_FROM, STRONG_TO = 40.0, 70.0
"""L* from which a saturated color in the dark theme is a strong one, and from which it fully is."""
LUMINANCE_WEIGHTS = (0.2126, 0.7152, 0.0722)
"""Of linear red, green and blue (ITU-R BT.709)."""
PALE_TINT, STRONG_TINT = 0.3, 1.5
"""Parts of the tint that weak and strong colors keep in the light theme."""
DARKEST = 0.008856
"""Luminance below which CIE L* is linear."""

RGBA = tuple[float, float, float, float]

ACCENT: RGBA = (1.0, 0.52, 0.10, 1.0)
"""What is hovered, selected or first."""
ANNOTATION: RGBA = (0.25, 0.80, 0.62, 1.0)
"""What the user or the model's author added: labels, annotations, pinned copies."""
TEXT: RGBA = (0.75, 0.78, 0.84, 1.0)
"""Text on a card."""
WARNING: RGBA = (1.0, 0.40, 0.05, 1.0)
"""What is to be taken with care, or is wrong."""
STRUCTURE: RGBA = (0.36, 0.43, 0.58, 1.0)
"""Names and brackets of stages and modules."""
CARD: RGBA = (0.0065, 0.008, 0.0115, 1.0)
"""A surface that images and text lie on."""
BUTTON: RGBA = (0.030, 0.036, 0.052, 1.0)
"""A surface that can be clicked."""


KIND_COLORS: Mapping[str, RGBA] = MappingProxyType(
    {
        "convolution": (0.0, 0.168, 0.445, 1.0),
        "norm": (0.093, 0.456, 0.815, 1.0),
        "attention": (0.604, 0.191, 0.386, 1.0),
        "merge": (0.871, 0.776, 0.054, 1.0),
        "pool": (0.0, 0.342, 0.171, 1.0),
        "linear": (0.665, 0.112, 0.0, 1.0),
    }
)
"""Of each kind of layer: the hues that Okabe and Ito chose for all kinds of color vision (Color
Universal Design, 2008)."""


def with_alpha(color: RGBA, alpha: float) -> RGBA:
    """Return the color with another opacity, 0…1."""
    return (*color[:3], alpha)


def themed(colors: np.ndarray, theme: Theme) -> np.ndarray:
    """Return colors of the dark theme as another theme has them; shaders/lib/theme.glsl does too.

    Args:
        colors: (..., 3) linear, 0…1.
        theme: The theme.

    Returns:
        (..., 3) of the same dtype; in the light theme of the luminance that belongs to the
        lightness which is turned round.
    """
    if theme == "dark":
        return colors
    weights = np.array(LUMINANCE_WEIGHTS)
    linear = colors.astype(np.float64)
    luminance = linear @ weights
    highest = linear.max(-1)
    saturation = (highest - linear.min(-1)) / np.maximum(highest, 1e-6)
    lightness = np.where(
        luminance > DARKEST, 116 * np.cbrt(luminance) - 16, luminance * (8 / DARKEST)
    )
    t = np.clip((lightness - STRONG_FROM) / (STRONG_TO - STRONG_FROM), 0, 1)
    t = t * t * (3 - 2 * t)
    strength = saturation * t
    turned = LIGHTNESS_SUM - lightness + (STRONG_LIGHTNESS - LIGHTNESS_SUM + lightness) * strength
    turned = np.clip(turned, 0, 100)
    target = np.where(turned > 8, ((turned + 16) / 116) ** 3, turned * (DARKEST / 8))[..., None]
    scaled = (linear + 1e-6) * (target / (luminance + 1e-6)[..., None])
    # What would be brighter than a screen can show becomes paler, at the same luminance.
    excess = scaled.max(-1, keepdims=True)
    kept = np.where(excess > 1, (1 - target) / np.maximum(excess - target, 1e-6), 1.0)
    kept *= PALE_TINT + (STRONG_TINT - PALE_TINT) * t[..., None]
    result: np.ndarray = np.clip(target + (scaled - target) * kept, 0, 1).astype(colors.dtype)
    return result


def themed_color(color: tuple[float, float, float], theme: Theme) -> tuple[float, float, float]:
    """Return one linear RGB color as a theme has it, see `themed`."""
    red, green, blue = themed(np.array(color), theme).tolist()
    return red, green, blue


def contrast(first: np.ndarray, second: np.ndarray) -> float:
    """Return the contrast ratio of two linear RGB colors, 1…21 (WCAG 2.2)."""
    bright, dark = sorted((float(c @ LUMINANCE_WEIGHTS) for c in (first, second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)
