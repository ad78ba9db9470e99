"""The user's list of code that may run when a session names it: digests, one in each line."""

from __future__ import annotations

import os
from pathlib import Path

from vrnn.storage.log import logger
from vrnn.storage.paths import state_dir

MAX_BYTES = 10_000_000
"""Of the list: what stands behind is not read, and asked for again."""


def _file() -> Path:
    return state_dir() / "trusted-code.txt"


def is_trusted(digest: str) -> bool:
    """Whether code was allowed before."""
    try:
        with _file().open("rb") as file:
            return digest.encode() in file.read(MAX_BYTES).splitlines()
    except OSError:
        return False


def trust(digest: str) -> None:
    """Allow code from now on. Where the list cannot be written, the user is asked again."""
    if is_trusted(digest):
        return
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # One short write at the end: two programs never mix their lines.
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, f"{digest}\n".encode())
        finally:
            os.close(handle)
    except OSError as error:
        logger.debug("cannot remember that code was allowed: %s", error)
