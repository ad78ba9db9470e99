"""Text that is fitted in, and numbers as people say them."""

from __future__ import annotations

from vrnn.style import font


def elide(text: str, max_width: float, height: float) -> str:
    """Return a text, cut with an ellipsis where it would be too wide.

    Args:
        text: The text.
        max_width: In any unit.
        height: Of a capital letter, in the same unit.
    """
    if font.text_width(text) * height <= max_width:
        return text
    while text and font.text_width(text + "…") * height > max_width:
        text = text[:-1]
    return text.rstrip() + "…"


def format_duration(seconds: float) -> str:
    """Return a duration in words: `12 s`, `3 min`, `2 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
