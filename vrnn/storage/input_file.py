"""Reads whole files that a person names: only regular files, of a size that makes sense."""

from __future__ import annotations

import difflib
import itertools
import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from vrnn.errors import VrnnError

MAX_TEXT_BYTES = 16 << 20
"""Of settings, commands and class names."""
MAX_NAME_BYTES = 255
"""Of each part of a path, on nearly every file system."""
MAX_PATH_BYTES = 4095


def read_bytes(path: Path, what: str, max_bytes: int) -> bytes:
    """Read a file.

    A pipe or a device, which might never end or never begin, is refused and not opened.

    Args:
        path: The file.
        what: What messages call its content: `cannot read the settings in …`.
        max_bytes: The largest size.

    Raises:
        VrnnError: There is no such file, it is no regular one, too large, or cannot be read.
    """
    problem = f"cannot read {what} in '{path}'"
    try:
        check_regular(path)
        # Between the check and this call it may become a pipe; opening that would wait.
        handle = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
        with os.fdopen(handle, "rb") as file:
            content = file.read(max_bytes + 1)
    except VrnnError as error:
        raise VrnnError(f"{problem}: {error}") from error
    except (OSError, ValueError) as error:
        raise VrnnError(f"{problem}: {reason(error)}") from error
    if len(content) > max_bytes:
        raise VrnnError(f"{problem}: it is larger than {max_bytes >> 20} MB")
    return content


def read_text(path: Path, what: str, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """Read a UTF-8 text; arguments and errors as for `read_bytes`."""
    try:
        return read_bytes(path, what, max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise VrnnError(
            f"cannot read {what} in '{path}': it is not UTF-8 text (byte {error.start})"
        ) from error


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Read a TOML file; arguments and errors as for `read_bytes`."""
    try:
        return tomllib.loads(read_text(path, what))
    except RecursionError as error:
        raise VrnnError(f"cannot read {what} in '{path}': it is nested too deeply") from error
    except ValueError as error:
        raise VrnnError(f"cannot read {what} in '{path}': {error}") from error


def check_regular(path: Path) -> None:
    """Check that a path leads to a regular file, without opening it.

    Raises:
        VrnnError: It leads to something else; the message says to what.
        OSError: There is none.
        ValueError: No path can be written so.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        raise VrnnError(f"it is {kind_of_file(mode)}, not a file")


def describe_missing(path: Path, what: str) -> str:
    """Return a sentence about a path that leads to nothing, or not to what is asked for.

    Args:
        path: The path.
        what: What is asked for, such as `weights file`.
    """
    start = f"there is no {what} '{path}'"
    try:
        if path.exists():
            return f"'{path}' is {kind_of_file(path.stat().st_mode)}, not a {what}; name a {what}"
        if path.is_symlink():
            return f"{start}: it is a link to '{os.readlink(path)}', which leads nowhere; fix it"
        if str(path).startswith("~"):
            return f"{start}; the shell replaces ~ only at the start of a word: write $HOME"
        if not path.parent.is_dir():
            return f"{start}, nor a folder '{path.parent}'; give the path from '{Path.cwd()}'"
        names = [entry.name for entry in itertools.islice(os.scandir(path.parent), 5000)]
    except OSError as error:
        return f"{start} ({reason(error)}); check the path"
    similar = difflib.get_close_matches(path.name, names, 3, 0.6)
    return f"{start}; " + (f"there is: {', '.join(similar)}" if similar else "check the path")


def kind_of_file(mode: int) -> str:
    """Return what a message calls a file, by its mode bits."""
    names = (
        (stat.S_ISREG, "a file"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a disk"),
        (stat.S_ISCHR, "a device"),
    )
    return next((name for test, name in names if test(mode)), "something else")


def check_path(text: str) -> Path:
    """Return a path, if a file could have it.

    Raises:
        VrnnError: It is too long, or holds a character that no path can have.
    """
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError as error:
        raise VrnnError(f"{text!a} holds a character that no path can have") from error
    if b"\0" in encoded:
        raise VrnnError(f"{text!a} holds a character that no path can have")
    if len(encoded) > MAX_PATH_BYTES or any(
        len(part) > MAX_NAME_BYTES for part in encoded.replace(os.sep.encode(), b"/").split(b"/")
    ):
        raise VrnnError(
            f"the path '{text[:40]}…' is too long: a name can have {MAX_NAME_BYTES} bytes, "
            f"the whole {MAX_PATH_BYTES}"
        )
    return Path(text)


def reason(error: Exception) -> str:
    """Return why a file cannot be used, as a message goes on after a colon."""
    return (getattr(error, "strerror", None) or str(error)).lower()
