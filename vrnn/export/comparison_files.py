"""Two networks compared, as tables and a picture in a folder."""

from __future__ import annotations

from pathlib import Path

from vrnn.export.matrix_picture import draw_matrix
from vrnn.export.png import write_png
from vrnn.network.cka import CkaMatrix
from vrnn.network.comparison import ComparedAnswers, Comparison
from vrnn.network.graph import Network
from vrnn.storage.atomic import make_folder
from vrnn.storage.table import write_table

MATCHING_FILE, WEIGHTS_FILE, CHANNELS_FILE = "matching.csv", "weights.csv", "channels.csv"
CKA_FILE, CKA_PICTURE, SCORES_FILE = "cka.csv", "cka.png", "scores.csv"


def write_comparison_files(folder: Path, found: Comparison, titles: tuple[str, str]) -> None:
    """Write what is known of two networks into a folder that exists.

    Args:
        folder: The folder.
        found: What is written; files of what is not known are left out.
        titles: Names of both networks.

    Raises:
        VrnnError: A file cannot be written.
    """
    _write_matching(folder / MATCHING_FILE, found)
    _write_weights(folder, found)
    if found.cka is not None:
        write_cka(folder, found.cka, titles)
    if found.answers is not None:
        _write_scores(folder / SCORES_FILE, found.answers)


def write_cka(folder: Path, matrix: CkaMatrix, titles: tuple[str, str]) -> None:
    """Write CKA as a table, one row for each layer of the first network, and as a picture.

    Args:
        folder: Where to; made where it is missing.
        matrix: What is written.
        titles: Names of both networks.

    Raises:
        VrnnError: A file cannot be written.
    """
    make_folder(folder)
    rows = (
        (name, *(f"{value:.6f}" for value in values))
        for name, values in zip(matrix.rows, matrix.values.tolist(), strict=True)
    )
    write_table(folder / CKA_FILE, [("layer", *matrix.columns), *rows])
    write_png(folder / CKA_PICTURE, draw_matrix(matrix, titles))


def _write_matching(path: Path, found: Comparison) -> None:
    """Each pair, then what only one network has."""
    first, second = found.networks
    rows: list[tuple[str, ...]] = [
        (*_layer(first, pair.first), *_layer(second, pair.second), pair.reason)
        for pair in found.matching.pairs
    ]
    rows += [(*_layer(first, node), "", "", "") for node in found.matching.first_only]
    rows += [("", "", *_layer(second, node), "") for node in found.matching.second_only]
    head = ("first", "first_shape", "second", "second_shape", "matched_by")
    write_table(path, [head, *rows])


def _layer(network: Network, node: int) -> tuple[str, str]:
    one = network.by_id[node]
    return one.name, "×".join(map(str, one.shape))


def _write_weights(folder: Path, found: Comparison) -> None:
    first, second = found.networks
    rows: list[tuple[str, ...]] = []
    channels: list[tuple[object, ...]] = []
    for one in found.weights:
        names = first.by_id[one.first].name, second.by_id[one.second].name
        shapes = ("×".join(map(str, shape)) for shape in one.shapes)
        relative = "" if one.reason else f"{one.relative:.6g}"
        rows.append((*names, *shapes, relative, one.reason))
        channels += [
            (*names, channel, f"{value:.6g}") for channel, value in enumerate(one.channels.tolist())
        ]
    head = "first", "second", "first_shape", "second_shape", "relative_difference", "note"
    write_table(folder / WEIGHTS_FILE, [head, *rows])
    columns = "first", "second", "channel", "relative_difference"
    write_table(folder / CHANNELS_FILE, [columns, *channels])


def _write_scores(path: Path, answers: ComparedAnswers) -> None:
    """A row for each image: what is right, and what both answer."""
    rows = [
        (
            int(answers.numbers[i]), answers.name(0, int(answers.labels[i])),
            *(
                value
                for k in (0, 1)
                for value in (
                    answers.name(k, int(answers.answers[k, i])), f"{answers.scores[k, i]:.6g}",
                    "right" if answers.correct[k, i] else "wrong",
                )
            ),
        )
        for i in range(len(answers.numbers))
    ]  # fmt: skip
    head = (
        "image", "label", "first_answer", "first_score", "first_is", "second_answer",
        "second_score", "second_is",
    )  # fmt: skip
    write_table(path, [head, *rows])
