"""Runs pytest again and again from one process that has imported what all tests need, as torch.

It reads requests as lines of JSON from its standard input: the folder, pytest's arguments, and the
seconds that they may take. Each is run in a fork, and answered with a line of its exit code, which
is null where it took too long, and what it printed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PRELOADED = ("torch", "numpy", "PIL.Image", "networkx", "hypothesis", "pytest", "safetensors.torch")
"""Modules that take long to import and know nothing of vrnn."""
POLL_SECONDS = 0.02


def run_tests(folder: str, words: list[str], seconds: float) -> dict[str, Any]:
    """Run pytest in a fork.

    Args:
        folder: The repository to test.
        words: pytest's arguments.
        seconds: What it may take.
    """
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _become_pytest(folder, words, output.fileno())
        code = _wait_for(child, time.monotonic() + seconds)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return {"code": code, "output": text}


def _become_pytest(folder: str, words: list[str], output: int) -> None:
    """Run pytest in place of this process."""
    code = 3
    try:
        os.setsid()
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = folder
        own = str(Path(__file__).resolve().parents[2])
        sys.path[:] = [folder, *(path for path in sys.path if path not in ("", own, folder))]
        for name in [n for n in sys.modules if n.partition(".")[0] in ("benchmarks", "vrnn")]:
            del sys.modules[name]
        pytest = importlib.import_module("pytest")
        code = int(pytest.main(words))
        sys.stdout.flush()
    finally:
        os._exit(code)


def _wait_for(child: int, end: float) -> int | None:
    """Wait for a child, and end it with all that it has started where it takes too long."""
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done or time.monotonic() > end:
            break
        time.sleep(POLL_SECONDS)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, 9)
    if not done:
        os.waitpid(child, 0)
        return None
    return os.waitstatus_to_exitcode(status)


def main() -> None:
    """Answer requests until there are no more."""
    for name in PRELOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(run_tests(*json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
