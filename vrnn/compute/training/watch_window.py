"""The window that follows a recording, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from vrnn.config.display import has_display
from vrnn.storage.log import logger

NICENESS = 15
"""How far the window stands back behind the training, where both want the processor."""


def open_window(folder: Path) -> subprocess.Popen[bytes] | None:
    """Open a window that follows a recording; None where there is no screen.

    Args:
        folder: The recording.
    """
    if not has_display():
        logger.warning(f"no window: there is no display; see it later with: vrnn watch {folder}")
        return None
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "vrnn", "watch", str(folder.resolve())]
    try:
        window = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        logger.warning(f"no window: {error}; see it later with: vrnn watch {folder}")
        return None
    _stand_back(window.pid)
    return window


def _stand_back(process: int) -> None:
    """Let the training have the processor first.

    Linux shares it between sessions first (`man 7 sched`, autogroups) and by niceness only within
    each: a window in a session of its own would get as much as the training, however nice it is.
    """
    if hasattr(os, "setpriority"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process, NICENESS)
    with suppress(OSError):  # no Linux, or one without autogroups
        Path(f"/proc/{process}/autogroup").write_text(str(NICENESS))
