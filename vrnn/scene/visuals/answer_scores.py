"""The scores of a classifier on the board with the answer: the best class large, then others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.predictions import TIE, ClassScores, Output, Values, caption
from vrnn.scene.layout.answer_room import BOARD_TEXT, SECTION_WIDTH
from vrnn.scene.primitives import QUAD, PickRegion, TextLabel, Visual
from vrnn.scene.visuals.class_regions import class_regions
from vrnn.scene.visuals.output_bars import BarSize, Point, bar, class_name, score_bars
from vrnn.style import font
from vrnn.style.text import elide, wrap
from vrnn.style.theme import ACCENT, ANNOTATION, RGBA, TEXT, WARNING

HEADING_SIZES = (0.34, 0.24)
"""Capital height of the best class: of a short name at most, and of one in two lines, meters."""
LINE_PITCH = 1.5
"""From one of these lines to the next, in heights."""
UNDER_HEADING = 0.14
"""Room for the bar under the best class, meters."""
ROW = BarSize(SECTION_WIDTH, 0.335, BOARD_TEXT)
"""Of the bars of other classes."""
MAX_ROWS = 4
"""Other classes at most."""
MAX_VERDICT_LINES = 2
UNTRAINED = "untrained weights: meaningless"
"""In place of right or wrong where no answer means anything."""
NO_LEADER = "no class leads"
"""In place of the best class where others have as high a score."""


@dataclass(frozen=True)
class _Heading:
    """The best class.

    Attributes:
        labels: Its name and its share.
        bottom: Where it ends, y in meters.
    """

    labels: tuple[TextLabel, ...]
    bottom: float


def answer_scores(
    scores: ClassScores, names: tuple[str, ...], true_label: str | None, corner: Point, top: float
) -> Visual:
    """Return the section of a classifier's scores.

    Args:
        scores: Of all classes.
        names: Name of each class, may be empty.
        true_label: See `answer_board`.
        corner: Lower left corner of the section.
        top: Its upper end, y in meters.
    """
    x, y, z = corner
    leader = scores.leader
    name = NO_LEADER if leader is None else class_name(leader, names)
    heading = _heading(name, _share_text(scores), (x, top, z))
    verdict, color = _verdict(scores, name, true_label)
    lines = wrap(verdict, SECTION_WIDTH, BOARD_TEXT, MAX_VERDICT_LINES)
    below = [
        TextLabel(line, (x, y + 0.02 + ROW.pitch * i, z), BOARD_TEXT, color, fade=4.0)
        for i, line in enumerate(reversed(lines))
    ]
    bottom = y + ROW.pitch * len(lines) + 0.05
    first = 0 if leader is None else 1
    room = int((heading.bottom - bottom) / ROW.pitch + 1e-6)
    ranks = range(first, min(len(scores.probabilities), first + min(room, MAX_ROWS)))
    origin = (x, heading.bottom - ROW.pitch * len(ranks) + 0.05, z)
    parts = [np.zeros(0, QUAD)]
    texts: list[TextLabel] = []
    regions: tuple[PickRegion, ...] = ()
    if leader is not None:
        base = (x, heading.bottom + UNDER_HEADING - 0.03, z)
        parts += bar(float(scores.probabilities[leader]), base, SECTION_WIDTH, ACCENT)
        size = (SECTION_WIDTH, 0.0, 0.0), (0.0, heading.bottom - top, 0.0)
        regions += (PickRegion("class", (x, top, z + 0.006), *size, leader),)
    if len(ranks):
        quads, texts = score_bars(scores, names, origin, ROW, ranks)
        parts.append(quads)
        regions += class_regions(scores, origin, ROW, ranks)
    return Visual(np.concatenate(parts), (*heading.labels, *texts, *below), (), regions)


def answer_text(output: Output, names: tuple[str, ...]) -> str:
    """Return an answer in a few words: the best class with its share, or a lone number; '' where
    it takes more than words.

    Args:
        output: Of a network.
        names: Name of each class, may be empty.
    """
    if isinstance(output, ClassScores) and len(output.probabilities):
        leader = output.leader
        name = NO_LEADER if leader is None else class_name(leader, names)
        return f"{name} {_share_text(output)}"
    if isinstance(output, Values) and len(output.numbers) == 1:
        name = names[0] if len(names) == 1 else output.name
        return f"{name} {float(output.numbers[0]):.4g}"
    return ""


def _heading(name: str, share: str, corner: Point) -> _Heading:
    """The name as large as it fits beside its share, else in two lines. corner: upper left."""
    x, top, z = corner
    largest, smallest = HEADING_SIZES
    share_width = font.text_width(share)
    size = min(largest, SECTION_WIDTH / (font.text_width(name) + 1.0 + share_width))
    lines = [name]
    if size < smallest:
        size = smallest
        lines = wrap(name, SECTION_WIDTH, size, 2)
        room = SECTION_WIDTH - (share_width + 1.0) * size
        lines = [*lines[:-1], elide(lines[-1], room, size)] if len(lines) > 1 else [*lines, ""]
    base = top - size
    labels = []
    for number, line in enumerate(lines):
        base = top - size - LINE_PITCH * size * number
        labels.append(TextLabel(line, (x, base, z), size, ACCENT, fade=4.0))
    right = (x + SECTION_WIDTH - share_width * size, base, z)
    labels.append(TextLabel(share, right, size, TEXT, fade=4.0))
    return _Heading(tuple(label for label in labels if label.text), base - UNDER_HEADING)


def _verdict(scores: ClassScores, name: str, true_label: str | None) -> tuple[str, RGBA]:
    """What is to be said under the answer, and in which color."""
    if true_label is None:
        return UNTRAINED, WARNING
    if true_label:
        if scores.leader is None:
            return f"label: {true_label}", ANNOTATION
        if name == true_label:
            return f"label: {true_label} · right", ANNOTATION
        return f"label: {true_label} · wrong", WARNING
    return ("" if scores.is_sure else caption(scores)), ANNOTATION


def _share_text(scores: ClassScores) -> str:
    """How likely the best class is, and where none leads how many are as likely."""
    highest = float(scores.probabilities.max())
    text = f"{highest:.0%}" if highest >= 0.0995 or highest == 0 else f"{highest:.1%}"
    if scores.leader is not None:
        return text
    count = int((scores.probabilities >= highest * (1 - TIE)).sum())
    every = count == len(scores.probabilities)
    return f"{text} for {'each' if every else f'{count:,} classes'}"
