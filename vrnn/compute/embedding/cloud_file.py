"""Clouds of images as files: NumPy archives, or tables in Parquet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.image_cloud import ImageCloud
from vrnn.storage.atomic import check_writable, write_atomically

AXES = ("x", "y", "z")


def check_embedding_file(path: Path) -> None:
    """Check that a cloud can be written to a file, before the work is done.

    Raises:
        VrnnError: It has another ending, cannot be written, or needs a library that is not there.
    """
    if path.suffix not in (".npz", ".parquet"):
        raise VrnnError(f"'{path}' should end in .npz or .parquet")
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise VrnnError(
            "Parquet needs pyarrow, which is not installed; run: pip install pyarrow, or name a "
            "file that ends in .npz"
        )
    check_writable(path)


def image_name(images: ImageSet, number: int) -> str:
    """Return what an image is called in lists: its file, else what it shows, else its number."""
    if images.files:
        return str(images.files[number])
    return images.captions[number] if images.captions else f"#{number}"


def embedding_columns(
    clouds: Sequence[ImageCloud], images: ImageSet, class_names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return clouds as columns of a table, a row for each image that is in all of them.

    Args:
        clouds: Of the same images by several layers, at least one.
        images: The data set.
        class_names: Of the model's answers.

    Returns:
        `number`, `name`, `class`, `prediction` (texts, '' where unknown), `label` and `answer`
        (numbers of classes, −1 where unknown), and `x`, `y` and perhaps `z`: float32, of several
        layers with its name before, as in `layer1.x`.
    """
    numbers = clouds[-1].images.numbers
    for cloud in clouds:
        numbers = np.intersect1d(numbers, cloud.images.numbers)
    rows = [np.searchsorted(cloud.images.numbers, numbers) for cloud in clouds]
    last = clouds[-1].images.take(rows[-1])
    columns = {
        "number": numbers,
        "name": np.array([image_name(images, n) for n in numbers.tolist()], np.str_),
        "class": _names(last.labels, images.names),
        "prediction": _names(last.answers, class_names),
        "label": last.labels,
        "answer": last.answers,
    }
    for cloud, chosen in zip(clouds, rows, strict=True):
        before = f"{cloud.layer}." if len(clouds) > 1 else ""
        for axis in range(cloud.dimensions):
            columns[before + AXES[axis]] = cloud.positions[chosen, axis]
    return columns


def _names(numbers: np.ndarray, names: Sequence[str]) -> np.ndarray:
    found = {
        number: "" if number < 0 else names[number] if number < len(names) else f"class {number}"
        for number in np.unique(numbers).tolist()
    }
    return np.array([found[number] for number in numbers.tolist()], np.str_)


def write_embedding(
    path: Path, clouds: Sequence[ImageCloud], images: ImageSet, class_names: Sequence[str]
) -> None:
    """Write clouds to a file, see `embedding_columns`.

    Raises:
        VrnnError: It cannot be written.
    """
    columns = embedding_columns(clouds, images, class_names)
    if path.suffix == ".parquet":
        write_atomically(path, _parquet_bytes(columns))
        return

    def write(file: BinaryIO) -> None:
        named: dict[str, Any] = dict(columns)
        np.savez_compressed(file, **named)

    write_atomically(path, write)


def _parquet_bytes(columns: dict[str, np.ndarray]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table(
        {
            name: column.tolist() if column.dtype.kind == "U" else column
            for name, column in columns.items()
        }
    )
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()
