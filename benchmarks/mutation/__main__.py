"""How many deliberate bugs the tests notice.

    python -m benchmarks.mutation --sample 200 --seed 1
    python -m benchmarks.mutation --sample 50 vrnn/scene/picking.py vrnn/commands
    python -m benchmarks.mutation vrnn/scene/picking.py:86

Each mutant is one small change of one file, in a copy of the repository. The tests that run the
changed function are run, the nearest first, until one fails. Prints a table by package and each
survivor; docs/mutation.md judges those of the last run. Needs `pip install cosmic-ray coverage`.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from platformdirs import user_cache_path

from benchmarks.mutation.mutants import Mutant, find_mutants
from benchmarks.mutation.nearest_tests import DECLARATION_TESTS, NearestTests
from benchmarks.timing import format_table

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("vrnn/compute", "vrnn/scene", "vrnn/workspace", "vrnn/commands")
OTHER_TESTS = ("tests/xr/", "tests/docs/", "tests/test_", "tests/app/test_monkey")
"""Tests of what is not changed here: the runtime, how vrnn is packed; and one of a minute."""
COPIED = ("vrnn", "tests", "shaders", "configs", "examples", "benchmarks", "setup.cfg")
FAILED = re.compile(r"^(FAILED|ERROR) ")
START_SECONDS = 90.0
"""Seconds that are given to pytest and torch to start, even on a loaded machine."""


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
        if self._first_failure(copy, [failed] if failed else tests, 5 * limit) is None:
            return True
        if not failed:
            return False
        print(f"\n{failed} fails without a mutant too", file=sys.stderr)
        self._tests.leave_out(failed)
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
        words = [
            "-x",
            "-q",
            "-rfE",
            "--tb=no",
            "-p",
            "no:cacheprovider",
            f"--basetemp={copy}-tests",
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *words, *tests],
            cwd=copy, env=os.environ | {"PYTHONPATH": str(copy)}, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return ""
        if process.returncode == 0:
            return None
        told = next((FAILED.sub("", x) for x in output.splitlines() if FAILED.match(x)), "")
        named = [test for test in tests if told.startswith(test)]
        # Where a file cannot even be imported, any of its tests tells.
        named = named or [test for test in tests if told.startswith(test.split("::")[0])][:1]
        return max(named, key=len, default="")


def test_files() -> list[str]:
    """Return the test files that can notice a change."""
    files = []
    for file in sorted(ROOT.glob("tests/**/test_*.py")):
        name = file.relative_to(ROOT).as_posix()
        if not name.startswith(OTHER_TESTS) or name in DECLARATION_TESTS:
            files.append(name)
    return files


def source_files(paths: Sequence[str]) -> list[str]:
    """Return the Python files in folders, and those named themselves."""
    files: list[str] = []
    for path in paths:
        found = sorted((ROOT / path).rglob("*.py")) if (ROOT / path).is_dir() else [ROOT / path]
        files += [file.relative_to(ROOT).as_posix() for file in found]
    return files


def mutants_of(paths: Sequence[str]) -> list[Mutant]:
    """Return the mutants of files and folders, or of a line that is named as `file.py:12`."""
    found: list[Mutant] = []
    for path in paths:
        name, _, line = path.partition(":")
        mutants = [m for file in source_files([name]) for m in find_mutants(ROOT, file)]
        found += [m for m in mutants if not line or m.line == int(line)]
    return found


def package_of(path: str) -> str:
    """Return the package that a file is counted under."""
    return "/".join(path.split("/")[:2])


def main() -> int:
    """Run a sample; returns 1 when fewer than asked for are caught."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument(
        "paths", nargs="*", default=PACKAGES, help="what to change: folders, files, file.py:LINE"
    )
    parser.add_argument("--sample", type=int, help="how many mutants, at random; else all")
    parser.add_argument("--seed", type=int, default=0, help="of the choice")
    parser.add_argument("--jobs", type=int, default=1, help="how many to run at once")
    parser.add_argument("--least", type=float, default=85.0, help="percentage to be caught")
    options = parser.parse_args()
    mutants = mutants_of(options.paths)
    print(f"{len(mutants)} mutants are possible", file=sys.stderr)
    if options.sample is not None and options.sample < len(mutants):
        mutants = random.Random(options.seed).sample(mutants, options.sample)
    tests = NearestTests(ROOT, user_cache_path("vrnn") / "mutation")
    tests.collect(test_files(), options.jobs)
    survivors: list[Mutant] = []
    done = 0
    with tempfile.TemporaryDirectory(prefix="vrnn-mutation-") as folder:
        runner = MutantRunner(Path(folder), tests)
        with ThreadPoolExecutor(options.jobs) as pool:
            results = pool.map(runner.is_caught, mutants)
            try:
                for mutant, caught in zip(mutants, results, strict=True):
                    if not caught:
                        survivors.append(mutant)
                        print(describe(mutant, bool(tests.of(mutant)[0])), flush=True)
                    done += 1
                    print(f"\r{done} of {len(mutants)}", end="", file=sys.stderr)
            except KeyboardInterrupt:  # those that were run are a random sample too
                pool.shutdown(cancel_futures=True)
    print(file=sys.stderr)
    return report(mutants[:done], survivors, options.least)


def describe(mutant: Mutant, has_tests: bool) -> str:
    """Return a survivor in a few lines: where it is, and the line before and after."""
    before = (ROOT / mutant.path).read_text(encoding="utf-8")
    after = mutant.code(before)
    lines = [
        f"  {sign} {line.strip()}"
        for old, new in zip(before.splitlines(), after.splitlines(), strict=False)
        if old != new
        for sign, line in (("-", old), ("+", new))
    ]
    name = mutant.operator.removeprefix("core/")
    tested = "" if has_tests else " (no test runs it)"
    return "\n".join([f"{mutant.path}:{mutant.line} {name}{tested}", *lines[:2]])


def report(mutants: Sequence[Mutant], survivors: Sequence[Mutant], least: float) -> int:
    """Print the table; returns the exit code."""
    total = Counter(package_of(mutant.path) for mutant in mutants)
    missed = Counter(package_of(mutant.path) for mutant in survivors)
    rows = [("package", "mutants", "survivors", "caught")]
    rows += [
        (name, str(count), str(missed[name]), f"{100 * (1 - missed[name] / count):.0f} %")
        for name, count in sorted(total.items())
    ]
    caught = 100 * (1 - len(survivors) / max(len(mutants), 1))
    rows.append(("all", str(len(mutants)), str(len(survivors)), f"{caught:.1f} %"))
    print(format_table(rows))
    return 0 if caught >= least else 1


if __name__ == "__main__":
    sys.exit(main())
