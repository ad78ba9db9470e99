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
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from platformdirs import user_cache_path

from benchmarks.mutation.mutant_runner import ROOT, MutantRunner
from benchmarks.mutation.mutants import Mutant, find_mutants
from benchmarks.mutation.nearest_tests import DECLARATION_TESTS, NearestTests
from benchmarks.timing import format_table

PACKAGES = ("vrnn/compute", "vrnn/scene", "vrnn/workspace", "vrnn/commands")
OTHER_TESTS = ("tests/xr/", "tests/docs/", "tests/test_", "tests/app/test_monkey")
"""Tests of what is not changed here: the runtime, how vrnn is packed; and one of a minute."""


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
