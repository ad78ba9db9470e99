"""Runs tests on mutants, each in a copy of the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.mutation.mutants import Mutant
from benchmarks.mutation.nearest_tests import NearestTests

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("vrnn", "tests", "shaders", "configs", "examples", "benchmarks", "setup.cfg")
FAILED = re.compile(r"^(FAILED|ERROR) ")
START_SECONDS = 90.0
"""Seconds that are given to pytest and torch to start, even on a loaded machine."""


class PytestServer:
    """A process that runs pytest, see `pytest_server`."""

    def __init__(self) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.mutation.pytest_server"], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def run(self, folder: str, words: Sequence[str], seconds: float) -> dict[str, Any]:
        """Run pytest.

        Args:
            folder: The repository to test.
            words: pytest's arguments.
            seconds: What it may take.

        Returns:
            Its exit `code`, None if it took too long, and its `output`.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([folder, list(words), seconds]), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the process that runs the tests has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


class MutantRunner:
    """Runs tests on mutants, each in a copy of the repository that it has for itself."""

    def __init__(self, folder: Path, tests: NearestTests) -> None:
        self._folder, self._tests = folder, tests
        self._local = threading.local()
        self._lock = threading.Lock()
        self._copies = 0
        self._changed_at = int(time.time())

    def is_caught(self, mutant: Mutant) -> bool:
        """Whether a test fails, or never ends, with a mutant."""
        tests, seconds = self._tests.of(mutant)
        if not tests:
            return False
        copy = self._copy()
        file = copy / mutant.path
        source = file.read_text(encoding="utf-8")
        limit = START_SECONDS + 5 * seconds
        try:
            self._write(file, mutant.code(source))
            failed = self._first_failure(copy, tests, limit)
        finally:
            self._write(file, source)
        if failed is None:
            return False
        # What fails without the mutant too says nothing of it: it is left out from then on.
        fails = self._first_failure(copy, [failed] if failed else tests, 5 * limit)
        if not fails:
            return fails is None
        print(f"\n{fails} fails without a mutant too", file=sys.stderr)
        self._tests.leave_out(fails)
        return self.is_caught(mutant)

    def _copy(self) -> Path:
        if not hasattr(self._local, "copy"):
            with self._lock:
                self._copies += 1
                copy = self._folder / str(self._copies)
            for name in COPIED:
                source = ROOT / name
                if source.is_dir():
                    shutil.copytree(source, copy / name)
                else:
                    shutil.copy(source, copy / name)
            # Where the installed package would have them: else those of the original are found.
            for name in ("shaders", "configs"):
                (copy / "vrnn" / name).symlink_to(copy / name, target_is_directory=True)
            self._local.copy = copy
        return Path(self._local.copy)

    def _server(self) -> PytestServer:
        if not hasattr(self._local, "server"):
            self._local.server = PytestServer()
        server: PytestServer = self._local.server
        return server

    def _write(self, file: Path, source: str) -> None:
        file.write_text(source, encoding="utf-8")
        with self._lock:
            self._changed_at += 1  # compiled files are told apart by whole seconds
            os.utime(file, (self._changed_at, self._changed_at))

    def _first_failure(self, copy: Path, tests: Sequence[str], seconds: float) -> str | None:
        """Run tests until one fails.

        Returns:
            The one that fails; '' if they never end, or pytest itself fails; None if all pass.
        """
        words = "-x -q -rfE --tb=no -p no:cacheprovider".split()
        answer = self._server().run(
            str(copy), [*words, f"--basetemp={copy}-tests", *tests], seconds
        )
        if answer["code"] is None:
            return ""
        if answer["code"] == 0:
            return None
        output = str(answer["output"])
        told = next((FAILED.sub("", x) for x in output.splitlines() if FAILED.match(x)), "")
        named = [test for test in tests if told.startswith(test)]
        # Where a file cannot even be imported, any of its tests tells.
        named = named or [test for test in tests if told.startswith(test.split("::")[0])][:1]
        return max(named, key=len, default="")
