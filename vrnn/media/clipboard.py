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
    """Read the image on the clipboard, or in the image file that was copied there.

    Linux hands over images only, no files, and needs a small tool.

    Args:
        timeout: Seconds after which a clipboard that has not answered is given up.

    Returns:
        (H, W, 3) uint8 sRGB; None when there is neither.

    Raises:
        VrnnError: The tool is missing, the image cannot be read, or the clipboard does not answer.
    """
    content = _grab(timeout)
    if isinstance(content, Image.Image):
        if content.width * content.height > MAX_PIXELS:
            raise VrnnError(
                f"the image on the clipboard has more than {MAX_PIXELS // 10**6} million pixels; "
                "copy a smaller one"
            )
        try:
            return to_rgb(content)
        except (OSError, ValueError, SyntaxError) as error:
            raise VrnnError(f"the image on the clipboard cannot be read: {error}") from error
    for file in content or ():
        if Path(file).suffix.lower() in SUFFIXES:
            return read_image(Path(file))
    return None


def _grab(timeout: float) -> Image.Image | list[str] | None:
    """Return what Pillow finds: an image, names of files, or nothing.

    Runs in a thread of its own: where the clipboard belongs to this very program, it answers only
    once the caller has gone on.
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
        content = answer.get(timeout=timeout)
    except queue.Empty:
        raise VrnnError(f"the clipboard did not answer within {timeout:g} s; copy again") from None
    if isinstance(content, NotImplementedError):
        raise VrnnError(f"pasting images needs {_missing_tool()}") from content
    if isinstance(content, UnidentifiedImageError):
        raise VrnnError("the image on the clipboard cannot be read; copy it as PNG") from content
    if isinstance(content, BaseException):
        reason = " ".join(str(content).split()) or type(content).__name__
        raise VrnnError(f"the clipboard cannot be read: {reason}") from content
    return content


def _missing_tool() -> str:
    """Return the package that Linux lacks, and the line that installs it."""
    package = "wl-clipboard" if os.environ.get("WAYLAND_DISPLAY") else "xclip"
    return f"the package {package}; on Debian and Ubuntu run: sudo apt-get install -y {package}"
