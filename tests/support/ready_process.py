"""A process that has imported torch already, and runs vrnn in forks of itself.

Each of the many tests that start vrnn would wait for the same imports. What a fork does is what
`python -m vrnn` does from the first line of the command line on; how the program itself starts is
tried by the tests that start it as a program.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAY_DIFFER = ("XDG_", "VRNN_", "WIN_PD_", "PYTEST_")
"""Beginnings of variables that nothing reads when it is imported."""


class ReadyProcess:
    """Runs vrnn in forks, one after another."""

    def __init__(self) -> None:
        """Start the process; it imports while the first test is prepared."""
        self._environment = dict(os.environ)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.ready_process"], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        atexit.register(self.close)

    def can_run_with(self, environment: Mapping[str, str]) -> bool:
        """Whether what has been imported would be the same with these variables."""
        before = _imported_with(self._environment)
        return self._process.poll() is None and before == _imported_with(environment)

    def run(
        self, words: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Run vrnn with these words in a folder, as `subprocess.run` would.

        Raises:
            subprocess.TimeoutExpired: It took too long, and was ended.
        """
        with tempfile.TemporaryDirectory() as kept:
            out, err = Path(kept) / "out", Path(kept) / "err"
            request = {
                "words": list(words), "folder": str(folder), "environment": dict(environment),
                "out": str(out), "err": str(err), "seconds": seconds,
            }  # fmt: skip
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            if not answer.strip():
                raise subprocess.TimeoutExpired(list(words), seconds)
            code = int(answer)
            command = [sys.executable, "-m", "vrnn", *words]
            return subprocess.CompletedProcess(command, code, out.read_text(), err.read_text())

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def _imported_with(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(MAY_DIFFER)}


def _serve() -> None:
    """Run what is asked for, line by line, and answer each with the exit code."""
    import torch  # noqa: F401

    import vrnn.app.offscreen
    import vrnn.cli.main
    import vrnn.compute.loaded_model
    import vrnn.compute.loading.source  # noqa: F401

    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _run_as_program(request)
        code = _wait(child, request["seconds"])
        print("" if code is None else code, flush=True)


def _wait(child: int, seconds: float) -> int | None:
    """The exit code of a fork; None if it took too long, and was ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


def _run_as_program(request: dict) -> None:
    """Become `python -m vrnn` with its own streams, and end as it does."""
    for stream, path, flags in (
        (0, os.devnull, os.O_RDONLY), (1, request["out"], os.O_WRONLY | os.O_CREAT),
        (2, request["err"], os.O_WRONLY | os.O_CREAT),
    ):  # fmt: skip
        os.dup2(os.open(path, flags, 0o600), stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.path[0] = request["folder"]
    sys.argv = ["vrnn", *request["words"]]
    code = 1
    try:
        runpy.run_module("vrnn", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
