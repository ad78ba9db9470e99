"""Writes files so that a half-written one is never seen."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vrnn.errors import VrnnError


def check_writable(path: Path) -> None:
    """Raise VrnnError when a file could not be written here, before the work is done."""
    folder = path.parent
    if not folder.exists():
        raise VrnnError(f"cannot write '{path}': there is no folder '{folder}'; create it first")
    if not folder.is_dir():
        raise VrnnError(f"cannot write '{path}': '{folder}' is not a folder")
    if path.is_dir():
        raise VrnnError(f"cannot write '{path}': it is a folder; name a file in it")
    if not os.access(folder, os.W_OK):
        raise VrnnError(f"cannot write '{path}': no permission to write in '{folder}'")


def make_folder(path: Path) -> None:
    """Create a folder and those above it unless they exist.

    Raises:
        VrnnError: It cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VrnnError(f"cannot create the folder '{path}': {_reason(error)}") from error


def write_atomically(path: Path, content: bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file under a temporary name and move it into place when it is whole.

    Args:
        path: The file.
        content: The bytes, or a function that writes them to an open binary file.

    Raises:
        VrnnError: It cannot be written; an older file of that name stays as it was.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        if callable(content):
            content(file)
        else:
            file.write(content)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Provide an empty file beside `path`, for programs that want a name to write to.

    At the end of the `with` it replaces `path`; after an error it is gone and an older file of that
    name stays as it was.

    Args:
        path: The file that is replaced.

    Yields:
        The path of the empty file, with the suffix of `path`.

    Raises:
        VrnnError: It cannot be written; also for an OSError inside the `with`.
    """
    check_writable(path)
    try:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}-", suffix=f".part{path.suffix}"
        )
    except OSError as error:
        raise VrnnError(f"cannot write '{path}': {_reason(error)}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes a file that only its owner may read; give it the usual permissions.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise VrnnError(f"cannot write '{path}': {_reason(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
