"""Scores and numbers as bars with their names, the best or the first on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vrnn.network.predictions import ClassScores, Values
from vrnn.scene.layout.input_margin import BAR_PITCH
from vrnn.scene.primitives import TextLabel, quad
from vrnn.style import font
from vrnn.style.text import elide
from vrnn.style.theme import ACCENT, CARD, TEXT

TEXT_HEIGHT = 0.14
"""Capital height beside a bar, meters."""
TRACK = (0.020, 0.024, 0.034, 1.0)
OTHER = (0.24, 0.28, 0.38, 1.0)
"""Bar of a class that is not the first."""
OTHER_TEXT = (0.45, 0.48, 0.55, 1.0)
Point = tuple[float, float, float]


@dataclass(frozen=True)
class BarSize:
    """How large bars are.

    Attributes:
        width: Of each, meters.
        pitch: From one to the next, meters.
        text: Capital height, meters.
    """

    width: float
    pitch: float = BAR_PITCH
    text: float = TEXT_HEIGHT


def number_name(index: int, count: int, names: Sequence[str]) -> str:
    """Return the name of one of several numbers that are no classes."""
    return names[index] if len(names) == count else f"value {index}"


def class_name(index: int, class_names: tuple[str, ...]) -> str:
    """Return the name of a class, or its number when it has none."""
    return class_names[index] if index < len(class_names) else f"class {index}"


def score_bars(
    scores: ClassScores, class_names: tuple[str, ...], origin: Point, size: BarSize, ranks: range
) -> tuple[np.ndarray, list[TextLabel]]:
    """Return a bar for each of the best classes, the best one on top and bright where one leads.

    Args:
        scores: Of all classes.
        class_names: Name of each class, may be empty.
        origin: Lower left corner of the bars.
        size: Of the bars.
        ranks: Which classes, 0 for the best.
    """
    x, y, z = origin
    width = size.width
    best = np.argsort(-scores.probabilities, kind="stable")[ranks.start : ranks.stop]
    labels = []
    height = len(best) * size.pitch + 0.02
    quads = [quad(x - 0.1, y + height, width + 0.2, height + 0.06, z - 0.015, CARD)]
    for rank, index in enumerate(best):
        base = y + (len(best) - 1 - rank) * size.pitch
        probability = float(scores.probabilities[index])
        color = ACCENT if index == scores.leader else OTHER
        quads += bar(probability, (x, base, z), width, color)
        percent = f"{probability:.1%}"
        percent_width = font.text_width(percent) * size.text
        room = width - percent_width - 0.1
        text = elide(class_name(int(index), class_names), room, size.text)
        ink = TEXT if index == scores.leader else OTHER_TEXT
        labels.append(TextLabel(text, (x, base + 0.015, z), size.text, ink, fade=5.0))
        right = (x + width - percent_width, base + 0.015, z)
        labels.append(TextLabel(percent, right, size.text, ink, fade=5.0))
    return np.concatenate(quads), labels


def bar(
    part: float, origin: Point, width: float, color: tuple[float, float, float, float]
) -> list[np.ndarray]:
    """Return a bar on its track, `QUAD`s.

    Args:
        part: Of the track, 0…1.
        origin: Left end of the text above it.
        width: Of the track, meters.
        color: Of the bar.
    """
    x, base, z = origin
    length = max(width * part, 0.004)
    track = quad(x, base - 0.03, width, 0.045, z, TRACK)
    return [track, quad(x, base - 0.03, length, 0.045, z + 0.004, color)]


def number_bars(
    values: Values, names: tuple[str, ...], origin: Point, size: BarSize, count: int
) -> tuple[np.ndarray, list[TextLabel]]:
    """Return a bar from zero for each of the first numbers, the first on top; see `score_bars`."""
    x, y, z = origin
    width = size.width
    shown = values.numbers[:count]
    is_finite = np.isfinite(values.numbers)
    peak = float(np.abs(values.numbers[is_finite]).max(initial=0)) or 1.0
    has_negative = bool((values.numbers < 0).any())
    zero, reach = (x + width / 2, width / 2) if has_negative else (x, width)
    height = len(shown) * size.pitch + 0.02
    quads = [quad(x - 0.1, y + height, width + 0.2, height + 0.06, z - 0.015, CARD)]
    labels = []
    for row, number in enumerate(shown.tolist()):
        base = y + (len(shown) - 1 - row) * size.pitch
        length = reach * float(np.clip(np.nan_to_num(number) / peak, -1, 1))
        quads.append(quad(x, base - 0.03, width, 0.045, z, TRACK))
        left, extent = (zero + length, -length) if length < 0 else (zero, length)
        quads.append(quad(left, base - 0.03, max(extent, 0.004), 0.045, z + 0.004, OTHER))
        text = f"{number:.4g}"
        text_width = font.text_width(text) * size.text
        name = number_name(row, len(values.numbers), names)
        name = elide(name, width - text_width - 0.1, size.text)
        labels.append(TextLabel(name, (x, base + 0.015, z), size.text, OTHER_TEXT, fade=5.0))
        right = (x + width - text_width, base + 0.015, z)
        labels.append(TextLabel(text, right, size.text, TEXT, fade=5.0))
    return np.concatenate(quads), labels
