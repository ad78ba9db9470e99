"""Writes PNG files, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from vrnn.errors import VrnnError
from vrnn.storage.atomic import write_atomically


def write_png(path: Path, picture: Image.Image) -> None:
    """Write a PNG.

    Raises:
        VrnnError: It cannot be written; an older file of that name stays as it was.
    """
    try:
        write_atomically(path, lambda file: picture.save(file, "PNG", compress_level=6))
    except MemoryError as error:
        raise VrnnError(f"not enough memory to write '{path}'; pass a smaller --size") from error
