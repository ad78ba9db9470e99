"""A board with the confusion matrix of a data set beside its network: a click shows images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vrnn.network.dataset_score import DatasetScore, ImageGroup, ScoreComparison, Side
from vrnn.scene.primitives import (
    ImageQuad,
    PickRegion,
    TextLabel,
    Visual,
    outline_quads,
    quad,
)
from vrnn.style import font
from vrnn.style.confusion_colors import confusion_pixels
from vrnn.style.text import elide
from vrnn.style.theme import ACCENT, ANNOTATION, CARD, RGBA, STRUCTURE, TEXT

SCORE_VISUAL = "data set score"
"""Name of the board among the world's visuals."""
MATRIX = 2.6
"""Side of a matrix, meters."""
NAMES = 0.75
"""Room for names of classes at the left of a matrix and above it, meters."""
GAP = 0.2
TITLE_HEIGHT, TEXT_HEIGHT = 0.13, 0.09
"""Capital heights, meters."""
HEAD = 1.25
"""Height of the title and the lines below it, meters."""
CELL_KIND = "cell"
"""Of what is pointed at to see images: cells, and those that changed."""
MAX_CLASSES = 32
"""Rows of a matrix; of more classes those are shown that are confused most."""
MAX_THUMBNAILS, COLUMNS = 20, 4
"""Images of a cell that are shown, and how many stand in a row."""
SIDE = 0.5
"""Of an image, meters."""
NEARER = 0.006
"""From one sheet to the one on it, meters."""
MIN_CELL_TEXT = 0.09
"""Meters of a cell from which on its count is written in it."""

Select = Callable[[ImageGroup, Side, int, int], Any]
"""Makes the command that shows the images of a cell, or of those that changed."""


@dataclass(frozen=True, eq=False)
class CellImages:
    """The images of what is pointed at.

    Attributes:
        title: What they have in common.
        pixels: (S, S, 3) uint8 sRGB each; None for one that is still to come.
        captions: Text below each.
        commands: What a click on each does; None for nothing.
    """

    title: str
    pixels: tuple[np.ndarray | None, ...] = ()
    captions: tuple[str, ...] = ()
    commands: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class ConfusionBoard:
    """What a board shows.

    Attributes:
        found: The score.
        names: Of the classes.
        lines: What is written below the title.
        selected: Side, label and answer of the cell that is marked; None for none.
        images: Those of what is pointed at; None for none.
    """

    found: ScoreComparison
    names: tuple[str, ...]
    lines: tuple[str, ...]
    selected: tuple[Side, int, int] | None = None
    images: CellImages | None = None
    classes: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", self.found.shown_classes(MAX_CLASSES))

    @property
    def sides(self) -> tuple[Side, ...]:
        """The matrices that stand beside each other."""
        return ("before", "now") if self.found.has_change else ("now",)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, meters; the room for images is always there."""
        width = len(self.sides) * (NAMES + MATRIX + GAP) + GAP + COLUMNS * (SIDE + 0.06) + GAP
        return width, HEAD + NAMES + MATRIX + 2 * GAP


def confusion_board(
    board: ConfusionBoard, position: tuple[float, float, float], select: Select, close: Any
) -> Visual:
    """Return the board.

    Args:
        board: What it shows.
        position: Middle of its lower edge, meters.
        select: Makes what a click on a cell does.
        close: What a click on the close button does.
    """
    width, height = board.size
    left, top, z = position[0] - width / 2, position[1] + height, position[2]
    parts = [_head(board, left, top, z, width, select, close)]
    for number, side in enumerate(board.sides):
        corner = (
            left + GAP + number * (NAMES + MATRIX + GAP) + NAMES, top - HEAD - NAMES, z + NEARER
        )  # fmt: skip
        parts.append(_matrix(board, side, corner, select))
    images_left = left + GAP + len(board.sides) * (NAMES + MATRIX + GAP)
    images = board.images or CellImages("point at a cell: its images stand here")
    parts.append(_images(images, images_left, top - HEAD, z + NEARER))
    return Visual(
        np.concatenate([quad(left, top, width, height, z, CARD), *(p.quads for p in parts)]),
        tuple(one for part in parts for one in part.labels),
        tuple(one for part in parts for one in part.image_quads),
        tuple(one for part in parts for one in part.pick_regions),
    )


def _label(
    text: str, x: float, y: float, z: float, color: RGBA = TEXT, height: float = TEXT_HEIGHT
) -> TextLabel:
    return TextLabel(text, (x, y, z + NEARER), height, color, fade=5.0)


def _head(
    board: ConfusionBoard, left: float, top: float, z: float, width: float, select: Select,
    close: Any,
) -> Visual:  # fmt: skip
    """The title, what was found, and what can be clicked of it."""
    x, room, button = left + GAP, width - 2 * GAP, "× close"
    right = left + width - GAP - font.text_width(button) * TEXT_HEIGHT
    title = f"data set scored: {len(board.found.now.labels):,} images"
    labels = [
        _label(elide(title, room - 1, TITLE_HEIGHT), x, top - 0.28, z, TEXT, TITLE_HEIGHT),
        _label(button, right, top - 0.28, z, ACCENT),
    ]
    regions = [PickRegion("button", (right - 0.1, top - 0.1, z), (0.6, 0, 0), (0, -0.28, 0), close)]
    y = top - 0.5
    for line in board.lines:
        labels.append(_label(elide(line, room, TEXT_HEIGHT), x, y, z))
        y -= 0.18
    if board.found.has_change:
        groups: tuple[tuple[ImageGroup, int], ...] = (
            ("became wrong", len(board.found.became_wrong)),
            ("became right", len(board.found.became_right)),
        )
        for group, count in groups:
            text = f"{count:,} {group}"
            labels.append(_label(text, x, y, z, ACCENT if count else STRUCTURE))
            long = font.text_width(text) * TEXT_HEIGHT
            corner = (x - 0.05, y + 0.14, z + NEARER)
            command = select(group, "now", 0, 0)
            regions.append(PickRegion(CELL_KIND, corner, (long + 0.1, 0, 0), (0, -0.2, 0), command))
            x += long + 0.4
    return Visual(np.zeros(0, quad(0, 0, 1, 1, 0, CARD).dtype), tuple(labels), (), tuple(regions))


def _matrix(
    board: ConfusionBoard, side: Side, corner: tuple[float, float, float], select: Select
) -> Visual:
    """A matrix with the names of its classes: a row for each class, a column for each answer."""
    x, y, z = corner
    score, classes = board.found.side(side), board.classes
    count = max(len(classes), 1)
    cell = MATRIX / count
    counts = score.confusion[np.ix_(classes, classes)]
    pixels = confusion_pixels(counts, score.counts[classes])
    image = ImageQuad((x, y, z), (MATRIX, 0, 0), (0, -MATRIX, 0), pixels, smooth=False)
    title = {"before": "before", "now": "now" if board.found.has_change else ""}[side]
    labels = [
        _label("label", x - NAMES, y + 0.08, z, STRUCTURE),
        _label(f"{title}   answer →".strip(), x - NAMES, y + NAMES - 0.12, z, STRUCTURE),
    ]
    labels += _names(board, classes, corner, cell)
    if cell >= MIN_CELL_TEXT * 1.6:
        labels += _counts(counts, corner, cell)
    quads = _marks(board, side, counts, corner, cell)
    regions = [
        PickRegion(
            CELL_KIND, (x + column * cell, y - row * cell, z), (cell, 0, 0), (0, -cell, 0),
            select("cell", side, int(classes[row]), int(classes[column])),
        )
        for row, column in np.ndindex(len(classes), len(classes))
    ]  # fmt: skip
    return Visual(np.concatenate(quads), tuple(labels), (image,), tuple(regions))


def _names(
    board: ConfusionBoard, classes: np.ndarray, corner: tuple[float, float, float], cell: float
) -> list[TextLabel]:
    x, y, z = corner
    height = min(TEXT_HEIGHT * 0.8, cell * 0.6)
    labels = []
    for place, number in enumerate(classes.tolist()):
        text = elide(class_text(board.names, number), NAMES - 0.12, height)
        wide = font.text_width(text) * height
        middle = (place + 0.5) * cell
        labels.append(_label(text, x - 0.06 - wide, y - middle - height / 2, z, TEXT, height))
        origin = (x + middle + height / 2, y + 0.06, z + NEARER)
        up = (-1.0, 0.0, 0.0)
        labels.append(TextLabel(text, origin, height, TEXT, (0.0, 1.0, 0.0), up, fade=5.0))
    return labels


def _counts(counts: np.ndarray, corner: tuple[float, float, float], cell: float) -> list[TextLabel]:
    x, y, z = corner
    labels = []
    for (row, column), number in np.ndenumerate(counts):
        if number:
            text = f"{number:,}"
            height = min(TEXT_HEIGHT, cell * 0.4, 0.8 * cell / max(font.text_width(text), 1e-6))
            left = x + (column + 0.5) * cell - font.text_width(text) * height / 2
            base = y - (row + 0.5) * cell - height / 2
            labels.append(_label(text, left, base, z, (1.0, 1.0, 1.0, 1.0), height))
    return labels


def _marks(
    board: ConfusionBoard, side: Side, counts: np.ndarray, corner: tuple[float, float, float],
    cell: float,
) -> list[np.ndarray]:  # fmt: skip
    """Frames around the cell that is chosen, and around those that changed."""
    x, y, z = corner
    classes = board.classes
    quads = [np.zeros(0, quad(0, 0, 1, 1, 0, CARD).dtype)]

    def frame(row: int, column: int, color: RGBA, line: float) -> None:
        place = (x + column * cell, y - row * cell, cell, cell, z + NEARER / 2)
        quads.extend(outline_quads(*place, line, color))

    if side == "now" and board.found.has_change:
        before = board.found.before.confusion[np.ix_(classes, classes)]
        for row, column in np.argwhere(before != counts).tolist():
            frame(row, column, ANNOTATION, min(0.012, 0.1 * cell))
    if board.selected is not None and board.selected[0] == side:
        rows = np.flatnonzero(classes == board.selected[1])
        columns = np.flatnonzero(classes == board.selected[2])
        if len(rows) and len(columns):
            frame(int(rows[0]), int(columns[0]), ACCENT, min(0.03, 0.2 * cell))
    return quads


def _images(images: CellImages, left: float, top: float, z: float) -> Visual:
    room = COLUMNS * (SIDE + 0.06)
    labels = [_label(elide(images.title, room, TEXT_HEIGHT), left, top - 0.12, z)]
    quads, pictures, regions = [np.zeros(0, quad(0, 0, 1, 1, 0, CARD).dtype)], [], []
    for place, pixels in enumerate(images.pixels):
        row, column = divmod(place, COLUMNS)
        corner = (left + column * (SIDE + 0.06), top - 0.22 - row * (SIDE + 0.14), z)
        across, down = (SIDE, 0.0, 0.0), (0.0, -SIDE, 0.0)
        if pixels is None:
            quads.append(quad(corner[0], corner[1], SIDE, SIDE, z, (*STRUCTURE[:3], 0.16)))
        else:
            pictures.append(ImageQuad(corner, across, down, pixels))
        caption = elide(images.captions[place], SIDE, 0.055)
        labels.append(_label(caption, corner[0], corner[1] - SIDE - 0.085, z, TEXT, 0.055))
        if images.commands[place] is not None:
            regions.append(PickRegion("button", corner, across, down, images.commands[place]))
    return Visual(np.concatenate(quads), tuple(labels), tuple(pictures), tuple(regions))


def class_text(names: Sequence[str], number: int) -> str:
    """Return what people call a class."""
    if number < 0:
        return "no answer"
    return names[number] if number < len(names) else f"class {number}"


def score_lines(found: ScoreComparison, names: Sequence[str]) -> tuple[str, ...]:
    """Return what is told of a score: accuracy, confidence, and what was left out."""

    def change(one: Callable[[DatasetScore], float]) -> str:
        now = f"{one(found.now):.1%}"
        return f"{one(found.before):.1%} → {now}" if found.has_change else now

    lines = [
        f"accuracy {change(lambda s: s.accuracy)}, mean confidence {change(lambda s: s.confidence)}"
    ]
    told = []
    if len(found.now.labels) + len(found.skipped) < found.image_count:
        told.append(f"of {found.image_count:,} images, spread evenly")
    if found.skipped:
        told.append(f"{len(found.skipped):,} left out")
    missing = found.missing_classes
    if missing:
        some = ", ".join(class_text(names, c) for c in missing[:3])
        more = ", …" if len(missing) > 3 else ""
        told.append(f"no images of {len(missing):,} classes: {some}{more}")
    return (*lines, "; ".join(told)) if told else tuple(lines)


def matrix_text(found: ScoreComparison) -> str:
    """Return what is told of a matrix: which classes it leaves out; '' for none."""
    used = len(found.now.counts) - len(found.missing_classes)
    if used <= MAX_CLASSES:
        return ""
    return f"{MAX_CLASSES} of {used:,} classes, those that are confused most"
