"""Writes files so that a half-written one is never seen.

A file gets a temporary name beside its own until it is whole. What stands there keeps its
permissions and its owner, a link stays a link, and a pipe or a device is written to.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from vrnn.errors import VrnnError
from vrnn.storage.input_file import check_path, kind_of_file, reason
from vrnn.storage.leftovers import PART, PREFIX, remove_leftovers
from vrnn.storage.protected_inputs import check_no_input

PIPE_SECONDS = 10.0
"""How long a pipe that nobody reads is waited for."""


def check_writable(path: Path) -> None:
    """Raise VrnnError when a file could not be written here, before the work is done."""
    try:
        problem = _problem(path)
        check_no_input(path)
    except (OSError, ValueError) as error:
        problem = reason(error)
    except VrnnError as error:
        problem = str(error)
    if problem:
        raise VrnnError(f"cannot write '{path}': {problem}")


def _problem(path: Path) -> str:
    """Say why a file could not be written; '' if it could. May raise OSError or VrnnError."""
    check_path(str(path))
    there = _status(path)
    folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
    if there is None:
        if not folder.exists():
            return f"there is no folder '{folder}'; create it first"
        if not folder.is_dir():
            return f"'{folder}' is not a folder"
        if not os.access(folder, os.W_OK):
            return f"no permission to write in '{folder}'"
        return ""
    if stat.S_ISDIR(there.st_mode):
        return "it is a folder; name a file in it"
    if stat.S_ISBLK(there.st_mode) or stat.S_ISSOCK(there.st_mode):
        return f"it is {kind_of_file(there.st_mode)}; name a file"
    return "" if os.access(path, os.W_OK) else "no permission to write it"


def _status(path: Path) -> os.stat_result | None:
    """Look where a path leads; None where nothing is yet."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise VrnnError(f"'{path.parent}' is not a folder") from None


def make_folder(path: Path) -> None:
    """Create a folder and those above it unless they exist.

    Raises:
        VrnnError: It cannot be created.
    """
    try:
        check_path(str(path))
        path.mkdir(parents=True, exist_ok=True)
    except VrnnError as error:
        raise VrnnError(f"cannot create the folder '{path}': {error}") from error
    except (OSError, ValueError) as error:
        raise VrnnError(f"cannot create the folder '{path}': {reason(error)}") from error


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
    """Provide an empty file, for programs that want a name to write to.

    At the end of the `with` it replaces `path`; after an error it is gone and an older file of that
    name stays as it was.

    Args:
        path: The file that is replaced, or a pipe or device that its content is written to.

    Yields:
        The path of the empty file, with the suffix of `path`.

    Raises:
        VrnnError: It cannot be written; also for an OSError inside the `with`.
    """
    check_writable(path)
    try:
        temporary, replaces = _new_file(path)
    except OSError as error:
        raise VrnnError(f"cannot write '{path}': {reason(error)}") from error
    try:
        yield temporary
        if replaces:
            _replace(temporary, path)
        else:
            _copy_into(temporary, path)
    except OSError as error:
        raise VrnnError(f"cannot write '{path}': {reason(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _new_file(path: Path) -> tuple[Path, bool]:
    """Create the empty file; also return whether it can take the place of `path`."""
    there = _status(path)
    folder = Path(os.path.realpath(path)).parent
    replaces = (
        (there is None or (stat.S_ISREG(there.st_mode) and there.st_nlink == 1))
        and os.access(folder, os.W_OK)
        and not _is_printed_to(there)
    )
    if replaces:
        remove_leftovers(folder)
    suffix = path.suffix if len(path.suffix) < 16 else ""
    handle, name = tempfile.mkstemp(
        dir=folder if replaces else None, prefix=PREFIX, suffix=f"{PART}{suffix}"
    )
    os.close(handle)
    return Path(name), replaces


def _is_printed_to(there: os.stat_result | None) -> bool:
    """Whether standard output or error goes to a file, so that its name must keep leading there."""
    return there is not None and _standard_stream(there) is not None


def _standard_stream(there: os.stat_result) -> int | None:
    """Return the descriptor of the standard stream that is a file or device, None if neither."""
    for number in (1, 2):
        with suppress(OSError):
            if os.path.samestat(os.fstat(number), there):
                return number
    return None


def _replace(temporary: Path, path: Path) -> None:
    """Let a whole new file take the place of another, or of nothing."""
    target = Path(os.path.realpath(path))
    there = _status(target)
    if there is None:
        # mkstemp makes a file that only its owner may read; give it the usual permissions.
        temporary.chmod(0o666 & ~_umask())
    elif not _copy_ownership(temporary, target, there):
        _copy_into(temporary, path)
        return
    try:
        temporary.replace(target)
    except OSError as error:
        if error.errno != errno.EBUSY:  # a single file that is mounted, as into a container
            raise
        _copy_into(temporary, path)


def _copy_ownership(temporary: Path, target: Path, there: os.stat_result) -> bool:
    """Give a new file the owner, permissions and attributes of another; False if not allowed."""
    if hasattr(os, "chown"):
        new = temporary.stat()
        if (new.st_uid, new.st_gid) != (there.st_uid, there.st_gid):
            try:
                os.chown(temporary, there.st_uid, there.st_gid)
            except PermissionError:
                return False
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(target):
                os.setxattr(temporary, name, os.getxattr(target, name))
    temporary.chmod(stat.S_IMODE(there.st_mode))
    return True


def _copy_into(source: Path, path: Path) -> None:
    """Write the content of a file into another file, a pipe or a device that is there."""
    there = os.stat(path)
    number = _standard_stream(there)
    with source.open("rb") as content:
        if number is not None:
            # What is printed before and after has to stand before and behind it.
            for stream in (sys.stdout, sys.stderr):
                with suppress(AttributeError, ValueError):
                    stream.flush()
            with os.fdopen(os.dup(number), "wb") as file:
                shutil.copyfileobj(content, file)
            return
        handle = _open_pipe(path) if stat.S_ISFIFO(there.st_mode) else os.open(path, os.O_WRONLY)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(content, file)
            if stat.S_ISREG(there.st_mode):
                file.truncate()


def _open_pipe(path: Path) -> int:
    """Open a named pipe to write, as soon as somebody reads it."""
    end = time.monotonic() + PIPE_SECONDS
    while True:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() > end:
                raise OSError(errno.ENXIO, "it is a pipe that nobody reads") from error
            time.sleep(0.05)
        else:
            os.set_blocking(handle, True)
            return handle


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
