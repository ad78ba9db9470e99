"""What a runtime's own compositor shows on a screen."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import numpy as np
from PIL import Image

PATIENCE = 60.0


def composed_picture(
    process: subprocess.Popen[str], display: str, folder: Path, drawn: Path
) -> np.ndarray:
    """Wait until a frame was drawn and the screen rests after it.

    Args:
        process: Draws, and stands still.
        display: The X server's name.
        folder: For a file.
        drawn: A file that is there as soon as the frame was drawn.

    Returns:
        (H, W, 3) uint8, without what is black around it.
    """
    end = time.monotonic() + PATIENCE
    before = None
    while time.monotonic() < end:
        assert process.poll() is None, process.stderr and process.stderr.read()[-2000:]
        if not drawn.exists():
            time.sleep(0.1)
            continue
        now = _screen(display, folder)
        if before is not None and _has_content(now) and np.array_equal(before, now):
            return _without_border(now)
        before = now
        time.sleep(0.3)
    raise AssertionError("the compositor's picture never rests")


def _screen(display: str, folder: Path) -> np.ndarray:
    path = folder / "composed.png"
    words = ["import", "-window", "root", str(path)]
    subprocess.run(words, env=os.environ | {"DISPLAY": display}, check=True, timeout=30)
    return np.asarray(Image.open(path).convert("RGB"))


def _has_content(screen: np.ndarray) -> bool:
    return bool((screen.max(-1) > 12).mean() > 0.2)


def _without_border(screen: np.ndarray) -> np.ndarray:
    """The part of a screen that is not black: nothing that vrnn draws is."""
    lit = screen.max(-1) > 12
    rows, columns = np.nonzero(lit.mean(1) > 0.2)[0], np.nonzero(lit.mean(0) > 0.2)[0]
    return screen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
