"""Arrays that can be computed again, kept in files of plain NumPy in the user's cache folder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vrnn.storage.atomic import make_folder, write_atomically


class ArrayCache:
    """A folder of files, each with some arrays. What is damaged counts as missing."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Use a folder, which may not exist yet.

        Args:
            folder: The folder.
            max_bytes: Of all files; the oldest are deleted beyond that.
        """
        self._folder, self._max_bytes = folder, max_bytes

    def load(self, name: str) -> dict[str, np.ndarray] | None:
        """Read the arrays of a name; None if there are none, or they cannot be read."""
        try:
            with (
                (self._folder / f"{name}.npz").open("rb") as file,
                np.load(file, allow_pickle=False) as data,
            ):
                return {key: data[key] for key in data.files}
        except Exception:  # a damaged file fails in as many ways as there are bytes in it
            return None

    def save(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write arrays under a name, a part of a file's name.

        Raises:
            VrnnError: The folder is not writable.
        """
        make_folder(self._folder)

        def write(file: BinaryIO) -> None:
            named: dict[str, np.ndarray] = dict(arrays)
            np.savez(file, allow_pickle=False, **named)

        write_atomically(self._folder / f"{name}.npz", write)
        self._delete_oldest(f"{name}.npz")

    def _delete_oldest(self, kept: str) -> None:
        with suppress(OSError):
            files = [(path, path.stat()) for path in self._folder.glob("*.npz")]
            files.sort(key=lambda file: file[1].st_mtime, reverse=True)
            total = 0
            for path, status in files:
                total += status.st_size
                if total > self._max_bytes and path.name != kept:
                    path.unlink(missing_ok=True)
