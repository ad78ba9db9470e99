"""Which tests are nearest to a function: found once by running all of them, and kept."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.mutation.functions import called_at_import, function_of_lines
from benchmarks.mutation.mutants import Mutant

MAX_SECONDS = 40.0
"""Seconds that the tests of one mutant take at most, without a mutant."""
DECLARATION_TESTS = ("tests/test_data_classes.py",)
"""Tests of how things are declared, which run no function: they meet what is outside of any."""
TestTable = dict[str, dict[str, Any]]
"""By test: the seconds it takes, and the functions it runs as `path:name`."""


class NearestTests:
    """Knows which tests run which functions."""

    def __init__(self, root: Path, cache: Path) -> None:
        """Create it with what an earlier run has found.

        Args:
            root: The repository.
            cache: Where it is kept.
        """
        self._root, self._cache = root, cache
        self._seconds: dict[str, float] = {}
        self._tests: dict[str, list[str]] = {}
        self._functions: dict[str, dict[int, str]] = {}
        self._left_out: set[str] = set()

    def collect(self, files: Sequence[str], jobs: int) -> None:
        """Run test files that are new or have changed, and remember what their tests run.

        Args:
            files: Test files, relative to the repository.
            jobs: How many to run at once.
        """
        self._cache.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(jobs) as pool:
            for number, table in enumerate(pool.map(self._table, files)):
                print(f"\rtests: {number + 1} of {len(files)} files", end="", file=sys.stderr)
                for test, entry in table.items():
                    self._seconds[test] = entry["seconds"]
                    for function in entry["functions"]:
                        self._tests.setdefault(function, []).append(test)
                        module = function.split(":")[0]
                        if test not in self._tests.setdefault(f"{module}:", []):
                            self._tests[f"{module}:"].append(test)
        print(file=sys.stderr)

    def _table(self, file: str) -> TestTable:
        digest = hashlib.sha256((self._root / file).read_bytes()).hexdigest()[:16]
        kept = self._cache / f"{file.replace('/', '.')}-{digest}.json"
        if not kept.is_file():
            kept.write_text(json.dumps({"tests": self._run(file)}))
        found: TestTable = json.loads(kept.read_text())["tests"]
        return found

    def _run(self, file: str) -> TestTable:
        words = ["-p", "benchmarks.mutation.coverage_plugin", "-p", "no:cacheprovider"]
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.json"
            result = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", *words, f"--basetemp={folder}/tests", file],
                cwd=self._root, env=os.environ | {"VRNN_COVERAGE_OUT": str(out)},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if not out.is_file():
                raise SystemExit(f"{file} cannot be run:\n{result.stdout[-2000:]}")
            table: TestTable = json.loads(out.read_text())
        return table

    def leave_out(self, test: str) -> None:
        """Use a test no more."""
        self._left_out.add(test)

    def of(self, mutant: Mutant) -> tuple[list[str], float]:
        """Return the tests that run what a mutant changes, the nearest first, and their seconds.

        A change outside of functions, in one that runs at import, or in one that no test was seen
        to run, is met by whatever runs a function of its file, and by the tests of the same name.

        Args:
            mutant: The change.
        """
        path = mutant.path
        if path not in self._functions:
            source = (self._root / path).read_text(encoding="utf-8")
            names, early = function_of_lines(source), called_at_import(source)
            self._functions[path] = {n: f for n, f in names.items() if f not in early}
        name = self._functions[path].get(mutant.line, "")
        if f"{path}:{name}" not in self._tests:
            name = ""
        module = Path(path)
        mirrored = "tests" / Path(*module.parts[1:-1])

        def distance(test: str) -> tuple[int, float]:
            file = Path(test.split("::")[0])
            same = file.parent == mirrored and module.stem in file.stem
            declares = file.as_posix() in DECLARATION_TESTS
            if same or declares:
                return 0, self._seconds[test]
            around = [mirrored, *mirrored.parents[:-1]]  # tests/scene/visuals, tests/scene
            near = around.index(file.parent) if file.parent in around else len(around)
            return 1 + near, self._seconds[test]

        found = set(self._tests.get(f"{path}:{name}", ()))
        if not name:
            found |= {test for test in self._seconds if distance(test)[0] == 0}
        chosen, total = [], 0.0
        for test in sorted(found, key=lambda test: (*distance(test), test)):
            if test not in self._left_out and total + self._seconds[test] <= MAX_SECONDS:
                chosen.append(test)
                total += self._seconds[test]
        # Tests of one file stay together, so that its fixtures are made once.
        files = list(dict.fromkeys(test.split("::")[0] for test in chosen))
        chosen.sort(key=lambda test: files.index(test.split("::")[0]))
        return chosen, total
