"""Tables as CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from vrnn.storage.atomic import write_atomically


def write_table(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write a table as CSV, in UTF-8 with line feeds; what cannot be
    encoded is written as its number.

    Args:
        path: The file, which is there complete or as it was.
        rows: The first one has the names of the columns.

    Raises:
        VrnnError: The file cannot be written.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_atomically(path, text.getvalue().encode("utf-8", "backslashreplace"))
