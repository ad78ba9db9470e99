"""Text that is fitted in, and numbers as people say them."""

from __future__ import annotations

from vrnn.style import font


def wrap(text: str, max_width: float, height: float, max_lines: int) -> list[str]:
    """Return a text in lines that are not too wide; the last one is cut where there are too many.

    Args:
        text: The text.
        max_width: In any unit.
        height: Of a capital letter, in the same unit.
        max_lines: How many lines there may be.
    """
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < max_lines:
        count = 1
        while count < len(words) and font.text_width(" ".join(words[: count + 1])) * height <= (
            max_width
        ):
            count += 1
        count = len(words) if len(lines) == max_lines - 1 else count
        lines.append(elide(" ".join(words[:count]), max_width, height))
        words = words[count:]
    return lines


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


def number_text(value: float) -> str:
    """Return a number with its sign where it is negative, three digits of it."""
    return f"{value:.3g}".replace("-", "−")
