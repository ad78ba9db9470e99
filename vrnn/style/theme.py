"""Colors that more than one part of the world is drawn in: linear RGBA, 0…1."""

from __future__ import annotations

RGBA = tuple[float, float, float, float]

ACCENT: RGBA = (1.0, 0.52, 0.10, 1.0)
"""What is hovered, selected or first."""
ANNOTATION: RGBA = (0.25, 0.80, 0.62, 1.0)
"""What the user or the model's author added: labels, annotations, pinned copies."""
TEXT: RGBA = (0.75, 0.78, 0.84, 1.0)
"""Text on a card."""
STRUCTURE: RGBA = (0.36, 0.43, 0.58, 1.0)
"""Names and brackets of stages and modules."""
CARD: RGBA = (0.0065, 0.008, 0.0115, 1.0)
"""A surface that images and text lie on."""
BUTTON: RGBA = (0.030, 0.036, 0.052, 1.0)
"""A surface that can be clicked."""


def with_alpha(color: RGBA, alpha: float) -> RGBA:
    """Return the color with another opacity, 0…1."""
    return (*color[:3], alpha)
