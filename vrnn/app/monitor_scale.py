"""How large text is on a monitor, where the system names no scale factor of its own."""

from __future__ import annotations

MILLIMETERS_PER_INCH = 25.4
USUAL_DENSITY = 110.0
"""Pixels per inch at which text of the usual size is read well."""
HIGH_DENSITY = 144.0
"""Pixels per inch from which on text is enlarged; below it reported sizes differ too much."""
MIN_PLAUSIBLE_MM = 90
"""A height below this is none: projectors and virtual displays report 0, or a ratio."""
USUAL_ROWS = 1440
"""Rows of pixels that fill a desk at the usual text size, whatever the monitor's size is."""
MAX_SCALE = 4.0
STEPS = 4
"""Scales are multiples of one over this."""


def choose_scale(system_scale: float, rows: int, height_mm: int) -> float:
    """Return how many pixels a point of text has on a monitor.

    Args:
        system_scale: The system's scale factor; 1 where it has none.
        rows: Height of the monitor, pixels.
        height_mm: Height of the monitor, millimeters; 0 where it is not known.

    Returns:
        The system's factor where there is one, else 1 to 4, by the density of pixels or, where
        that is usual or not known, by their number.
    """
    if system_scale != 1.0:
        return system_scale
    density = rows * MILLIMETERS_PER_INCH / height_mm if height_mm >= MIN_PLAUSIBLE_MM else 0.0
    scale = max(density / USUAL_DENSITY if density >= HIGH_DENSITY else 1.0, rows / USUAL_ROWS)
    return min(MAX_SCALE, max(1.0, round(scale * STEPS) / STEPS))
