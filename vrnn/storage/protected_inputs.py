"""The files that a run reads, none of which it may write over."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vrnn.errors import VrnnError

_protected: list[Path] = []


@contextmanager
def protect_inputs(paths: Iterable[Path | None]) -> Iterator[None]:
    """Let no output take the place of these files, or of an image in these folders.

    Args:
        paths: Files, and folders of images, that are read; None counts for nothing.
    """
    added = [path for path in paths if path is not None]
    _protected.extend(added)
    try:
        yield
    finally:
        del _protected[len(_protected) - len(added) :]


def check_no_input(path: Path) -> None:
    """Check that a file that is to be written is not one that is read.

    Raises:
        VrnnError: It is.
    """
    if not _protected or not path.exists():
        return
    real = Path(os.path.realpath(path))
    for one in _protected:
        with suppress(OSError, ValueError):
            if one.is_dir():
                is_image = path.suffix.lower() == ".png"
                if is_image and real.is_relative_to(os.path.realpath(one)):
                    raise VrnnError(f"it is one of the images in '{one}'; name another file")
            elif os.path.samefile(one, path):
                raise VrnnError("it is read in the same run; name another file")
