"""The score of a data set as files: tables, and its confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vrnn.export.plot import BACKGROUND, BRIGHT, INK, TITLE, write_line
from vrnn.export.png import write_png
from vrnn.media.image_set import ImageSet
from vrnn.network.dataset_score import DatasetScore, ScoreComparison, Side
from vrnn.scene.visuals.confusion_board import MAX_CLASSES, class_text, matrix_text, score_lines
from vrnn.storage.atomic import make_folder
from vrnn.storage.table import write_table
from vrnn.style.confusion_colors import confusion_pixels

MATRIX = 640
"""Side of a matrix, pixels, at least."""
NAMES, HEAD, GAP = 150, 150, 30
"""Room for names at the left of a matrix and below it, for the title, and around it; pixels."""
MIN_COUNT_PIXELS = 26
"""Of a cell from which on its count is written in it."""


def export_score(
    folder: Path, found: ScoreComparison, names: Sequence[str], dataset: ImageSet
) -> list[Path]:
    """Write a score: `classes.csv`, `images.csv`, `confusion-now.csv` and, after a change,
    `confusion-before.csv`, each with a picture.

    Args:
        folder: Where to; made where it is missing.
        found: The score.
        names: Of the classes.
        dataset: Tells the files of the images.

    Returns:
        The files.

    Raises:
        VrnnError: One cannot be written.
    """
    make_folder(folder)
    paths = [folder / "classes.csv", folder / "images.csv"]
    write_table(paths[0], _class_rows(found, names))
    write_table(paths[1], _image_rows(found, names, dataset))
    sides: tuple[Side, ...] = ("before", "now") if found.has_change else ("now",)
    for side in sides:
        path = folder / f"confusion-{side}.csv"
        write_table(path, _confusion_rows(found.side(side), names))
        picture = path.with_suffix(".png")
        write_png(picture, confusion_picture(found, names, side))
        paths += [path, picture]
    return paths


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"


def _class_rows(found: ScoreComparison, names: Sequence[str]) -> Iterable[Sequence[object]]:
    """A row for each class, and the first for all."""
    yield (
        "class", "images", "accuracy before", "accuracy", "confidence before", "confidence"
    )  # fmt: skip
    before, now = found.before, found.now
    yield (
        "all", len(now.labels), *map(_number, (before.accuracy, now.accuracy)),
        *map(_number, (before.confidence, now.confidence)),
    )  # fmt: skip
    for number in range(now.classes):
        pairs = (
            before.class_accuracy, now.class_accuracy, before.class_confidence,
            now.class_confidence,
        )  # fmt: skip
        yield (
            class_text(names, number), int(now.counts[number]),
            *(_number(float(values[number])) for values in pairs),
        )  # fmt: skip


def _image_rows(
    found: ScoreComparison, names: Sequence[str], dataset: ImageSet
) -> Iterable[Sequence[object]]:
    yield "image", "file", "label", "answer before", "answer", "confidence", "change"
    wrong, right = set(found.became_wrong.tolist()), set(found.became_right.tolist())
    columns = (
        found.now.numbers, found.now.labels, found.before.answers, found.now.answers,
        found.now.confidences,
    )  # fmt: skip
    for number, label, before, answer, confidence in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        change = "became wrong" if number in wrong else "became right" if number in right else ""
        file = dataset.files[number] if number < len(dataset.files) else ""
        texts = (class_text(names, c) for c in (label, before, answer))
        yield number, file, *texts, _number(confidence), change


def _confusion_rows(score: DatasetScore, names: Sequence[str]) -> Iterable[Sequence[object]]:
    """A row for each class, a column for each answer."""
    texts = [class_text(names, c) for c in range(score.classes)]
    yield "label \\ answer", *texts
    for text, row in zip(texts, score.confusion.tolist(), strict=True):
        yield text, *row


def confusion_picture(
    found: ScoreComparison, names: Sequence[str], side: Side = "now"
) -> Image.Image:
    """Draw a confusion matrix: a row for each class, a column for each answer.

    Args:
        found: The score; of many classes those are drawn that are confused most.
        names: Of the classes.
        side: Which of both.

    Returns:
        RGB.
    """
    score, classes = found.side(side), found.shown_classes(MAX_CLASSES)
    count = max(len(classes), 1)
    cell = max(MATRIX // count, 1)
    counts = score.confusion[np.ix_(classes, classes)]
    matrix = Image.fromarray(confusion_pixels(counts, score.counts[classes]))
    matrix = matrix.resize((cell * count, cell * count), Image.Resampling.NEAREST)
    size = (NAMES + matrix.width + 2 * GAP, HEAD + matrix.height + NAMES + GAP)
    picture = Image.new("RGB", size, BACKGROUND)
    left, top = NAMES + GAP, HEAD
    picture.paste(matrix, (left, top))
    room = picture.width - 2 * GAP
    title = f"{len(score.labels):,} images" + (f", {side}" if found.has_change else "")
    write_line(picture, title, GAP, 46, BRIGHT, size=TITLE, room=room)
    for place, line in enumerate(score_lines(found, names)):
        write_line(picture, line, GAP, 78 + 24 * place, INK, room=room)
    told = "; ".join(filter(None, ("rows: label, columns: answer", matrix_text(found))))
    write_line(picture, told, GAP, HEAD - 14, INK, room=room)
    _write_names(picture, [class_text(names, c) for c in classes.tolist()], cell, (left, top))
    if cell >= MIN_COUNT_PIXELS:
        for (row, column), number in np.ndenumerate(counts):
            if number:
                x, y = left + (column + 0.5) * cell, top + (row + 0.5) * cell + 5
                write_line(picture, f"{number}", x, y, BRIGHT, 0.5, size=min(16, cell // 2))
    return picture


def _write_names(
    picture: Image.Image, texts: Sequence[str], cell: int, corner: tuple[int, int]
) -> None:
    left, top = corner
    size = min(16, max(cell - 2, 6))
    side = cell * len(texts)
    below = Image.new("RGB", (NAMES, side), BACKGROUND)
    for place, text in enumerate(texts):
        y = (place + 0.5) * cell + size / 3
        write_line(picture, text, left - 8, top + y, INK, 1.0, size=size, room=NAMES - 10)
        write_line(below, text, 8, side - y + 2 * size / 3, INK, size=size, room=NAMES - 10)
    # Turned to the right, so that a name reads downward from its column.
    picture.paste(below.rotate(-90, expand=True).crop((0, 0, side, NAMES)), (left, top + side))
