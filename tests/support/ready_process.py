"""A process that has imported torch already, and runs programs in forks of itself.

Each of the many tests that start vrnn would wait for the same imports. What a fork does is what
`python -m vrnn` does from the first line of the command line on; how the program itself starts is
tried by the tests that start it as a program.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.signals import restore_interrupt

ROOT = Path(__file__).resolve().parents[2]
MAY_DIFFER = ("DISPLAY", "WAYLAND_DISPLAY", "XDG_", "VRNN_", "WIN_PD_", "PYTEST_")
"""Beginnings of variables that nothing reads when it is imported."""


class ForkedProgram:
    """A program that runs in a fork of a ready process; as `subprocess.Popen`, as far as needed.

    Attributes:
        pid: Its process.
    """

    def __init__(self, ready: ReadyProcess, pid: int, words: Sequence[str]) -> None:
        """Take the fork that a ready process has made."""
        self.pid = pid
        self._ready, self._words = ready, list(words)
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        if self._code is None:
            answer = self._ready.ask({"do": "poll", "pid": self.pid})
            self._code = int(answer) if answer else None
        return self._code

    def wait(self, timeout: float) -> int:
        """Wait for its end: its exit code.

        Raises:
            subprocess.TimeoutExpired: It still runs after so many seconds.
        """
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(self._words, timeout)
            time.sleep(0.01)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(9)


class ReadyProcess:
    """Runs programs in forks of itself."""

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

    def start(
        self, program: Sequence[str], folder: Path, environment: Mapping[str, str],
        out: str, err: str,
    ) -> ForkedProgram:  # fmt: skip
        """Start a program in a fork.

        Args:
            program: What would follow `python`: `-m` and a module, `-c` and code, or a script, and
                its words.
            folder: Where it runs.
            environment: Its variables.
            out: File that takes its standard output.
            err: File that takes its standard error.
        """
        request = {
            "do": "start", "program": list(program), "folder": str(folder),
            "environment": dict(environment), "out": out, "err": err,
        }  # fmt: skip
        return ForkedProgram(self, int(self.ask(request)), program)

    def run(
        self, program: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as `subprocess.run` would; see `start`.

        Raises:
            subprocess.TimeoutExpired: It took too long, and was ended.
        """
        with tempfile.TemporaryDirectory() as kept:
            out, err = Path(kept) / "out", Path(kept) / "err"
            running = self.start(program, folder, environment, str(out), str(err))
            try:
                code = running.wait(seconds)
            finally:
                running.kill()
            command = [sys.executable, *program]
            return subprocess.CompletedProcess(command, code, out.read_text(), err.read_text())

    def ask(self, request: dict[str, object]) -> str:
        """The process's answer to a request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def _imported_with(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(MAY_DIFFER)}


def _serve() -> None:
    """Answer requests, line by line: start a program, or tell its exit code."""
    import torch  # noqa: F401

    import vrnn.app.offscreen
    import vrnn.cli.main
    import vrnn.compute.loaded_model
    import vrnn.compute.loading.source  # noqa: F401

    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "start":
            child = os.fork()
            if child == 0:
                _run_as_program(request)
            print(child, flush=True)
            continue
        ended, status = os.waitpid(request["pid"], os.WNOHANG)
        print(os.waitstatus_to_exitcode(status) if ended else "", flush=True)


def _run_as_program(request: dict) -> None:
    """Become the program with its own streams, and end as it does."""
    restore_interrupt(signal.default_int_handler)
    for stream, path, flags in (
        (0, os.devnull, os.O_RDONLY), (1, request["out"], os.O_WRONLY | os.O_CREAT),
        (2, request["err"], os.O_WRONLY | os.O_CREAT),
    ):  # fmt: skip
        os.dup2(os.open(path, flags, 0o600), stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    code = 1
    try:
        _run(request["program"], request["folder"])
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


def _run(program: list[str], folder: str) -> None:
    """Run what stands after `python` on a command line."""
    if program[0] == "-m":
        sys.path[0], sys.argv = folder, program[1:]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    elif program[0] == "-c":
        sys.path[0], sys.argv = "", ["-c", *program[2:]]
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main
        exec(compile(program[1], "<string>", "exec"), main.__dict__)
    else:
        sys.path[0], sys.argv = str(Path(program[0]).parent), program
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    _serve()
