"""An image from the clipboard."""

from __future__ import annotations

import os
import queue
import threading
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from vrnn.errors import VrnnError
from vrnn.media.image_reader import MAX_PIXELS, SUFFIXES, read_image, to_rgb


def clipboard_image(timeout: float = 2.0) -> np.ndarray | None:
    """(H, W, 3) uint8 sRGB: the image in the clipboard, or in the image file that was copied there.

    None when there is neither. Linux hands over images only, no files, and needs a small tool.
    Raises VrnnError when that is missing, when the image cannot be read, and when the clipboard has
    not answered after so many seconds.
    """
    found = _grabbed(timeout)
    if isinstance(found, Image.Image):
        if found.width * found.height > MAX_PIXELS:
            raise VrnnError(
                f"the image in the clipboard has more than {MAX_PIXELS // 10**6} million pixels; "
                "copy a smaller one"
            )
        try:
            return to_rgb(found)
        except (OSError, ValueError, SyntaxError) as error:
            raise VrnnError(f"the image in the clipboard cannot be read: {error}") from error
    for file in found or ():
        if Path(file).suffix.lower() in SUFFIXES:
            return read_image(Path(file))
    return None


def _grabbed(seconds: float) -> Image.Image | list[str] | None:
    """What Pillow finds: an image, names of files, or nothing.

    In a thread of its own: where the clipboard belongs to this very program, it answers only once
    the caller has gone on.
    """
    answer: queue.SimpleQueue[Image.Image | list[str] | BaseException | None] = queue.SimpleQueue()

    def grab() -> None:
        from PIL import ImageGrab

        try:
            answer.put(ImageGrab.grabclipboard())
        except Exception as error:
            answer.put(error)

    threading.Thread(target=grab, name="vrnn-clipboard", daemon=True).start()
    try:
        found = answer.get(timeout=seconds)
    except queue.Empty:
        raise VrnnError(f"the clipboard did not answer within {seconds:g} s; copy again") from None
    if isinstance(found, NotImplementedError):
        raise VrnnError(f"taking images from the clipboard needs {_tool()}") from found
    if isinstance(found, UnidentifiedImageError):
        raise VrnnError("the image in the clipboard cannot be read; copy it as PNG") from found
    if isinstance(found, BaseException):
        reason = " ".join(str(found).split()) or type(found).__name__
        raise VrnnError(f"the clipboard cannot be read: {reason}") from found
    return found


def _tool() -> str:
    """The package that Linux lacks, and the line that installs it."""
    package = "wl-clipboard" if os.environ.get("WAYLAND_DISPLAY") else "xclip"
    return f"the package {package}; on Debian and Ubuntu run: sudo apt-get install -y {package}"
