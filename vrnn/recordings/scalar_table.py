"""Loss, accuracy and whatever else was logged: a CSV of `step,name,value` that only grows."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrnn.errors import VrnnError
from vrnn.storage.input_file import read_text, reason

SCALARS = "scalars.csv"
HEADER = "step,name,value\n"
MAX_TABLE_BYTES = 256 << 20
MAX_NAME = 100
"""Characters of a curve's name."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One scalar over the steps.

    Attributes:
        name: What it is.
        steps: (N,) int64, rising.
        values: (N,) float64; NaN where it was not finite.
    """

    name: str
    steps: np.ndarray
    values: np.ndarray


def append_scalars(folder: Path, step: int, values: Mapping[str, float]) -> None:
    """Add values to the table of a recording.

    Raises:
        VrnnError: It cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows((step, name[:MAX_NAME], repr(float(v))) for name, v in values.items())
    file = folder / SCALARS
    try:
        is_new = not file.exists()
        with file.open("a", encoding="utf-8", newline="") as table:
            table.write((HEADER if is_new else "") + text.getvalue())
    except OSError as error:
        raise VrnnError(f"cannot write '{file}': {reason(error)}") from error


def read_scalars(folder: Path) -> tuple[Curve, ...]:
    """Read the table of a recording; a last row that was cut short is left out.

    Raises:
        VrnnError: It cannot be read.
    """
    file = folder / SCALARS
    if not file.exists():
        return ()
    text = read_text(file, "the scalars", MAX_TABLE_BYTES)
    whole = text[: text.rfind("\n") + 1]
    return curves_of(_rows(csv.reader(io.StringIO(whole))))


def _rows(table: Iterable[list[str]]) -> Iterable[tuple[int, str, float]]:
    for row in table:
        if len(row) != 3:
            continue
        try:
            yield int(row[0]), row[1], float(row[2])
        except ValueError:  # the header, or a row that two writers have mixed
            continue


def curves_of(rows: Iterable[tuple[int, str, float]]) -> tuple[Curve, ...]:
    """Gather scalars into curves, in the order in which their names came; the last value counts.

    Args:
        rows: Step, name and value of each scalar.
    """
    by_name: dict[str, dict[int, float]] = {}
    for step, name, value in rows:
        by_name.setdefault(name, {})[step] = value if math.isfinite(value) else math.nan
    curves = []
    for name, values in by_name.items():
        steps = sorted(values)
        curves.append(Curve(name, np.array(steps), np.array([values[step] for step in steps])))
    return tuple(curves)
