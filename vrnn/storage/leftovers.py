"""Temporary files that a killed process left behind."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

PREFIX, PART = ".vrnn-", ".part"
"""How the name of a temporary file begins, and what follows its random part."""
OLD_SECONDS = 3600.0
"""A file that nobody has written to for so long belongs to no process that still works on it."""

_NAME = re.compile(rf"{re.escape(PREFIX)}[a-z0-9_]{{8}}{re.escape(PART)}(\.\w{{1,15}})?")
_seen: set[str] = set()


def remove_leftovers(folder: Path) -> None:
    """Delete old temporary files of vrnn from a folder, once in each process."""
    key = os.path.realpath(folder)
    if key in _seen:
        return
    _seen.add(key)
    before = time.time() - OLD_SECONDS
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < before:
                        os.unlink(entry.path)
