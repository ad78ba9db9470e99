"""The window beside a training stands back behind it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vrnn.compute.training.watch_window import NICENESS, _stand_back


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="no niceness here")
def test_a_window_stands_back_within_its_session_and_among_sessions() -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        _stand_back(process.pid)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == NICENESS
        shared = Path(f"/proc/{process.pid}/autogroup")
        if shared.exists() and shared.read_text().strip():
            assert shared.read_text().split()[-1] == str(NICENESS)
        assert process.stdin is not None
        process.stdin.close()
