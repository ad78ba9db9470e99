"""A plug-in of pytest: writes which functions of vrnn each test runs, and how long it takes.

VRNN_COVERAGE_OUT=FILE python -m pytest -p benchmarks.mutation.coverage_plugin …
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import coverage
import pytest

from benchmarks.mutation.functions import function_of_lines

ROOT = Path(__file__).resolve().parents[2]


class CoverageByTest:
    """Traces each test, with what its fixtures do, under its own name."""

    def __init__(self) -> None:
        self._coverage = coverage.Coverage(
            data_file=None, source=[str(ROOT / "vrnn")], config_file=False, messages=False
        )
        self._coverage.start()
        self._seconds: dict[str, float] = {}
        self._bad: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item):
        """Trace a test under its name."""
        self._coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up how long a test takes; forget those that do not pass."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        if report.outcome != "passed":
            self._bad.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write what was found."""
        self._coverage.stop()
        found: dict[str, set[str]] = {name: set() for name in self._seconds}
        data = self._coverage.get_data()
        for file in data.measured_files():
            path = Path(file).relative_to(ROOT).as_posix()
            names = function_of_lines(Path(file).read_text(encoding="utf-8"))
            for line, tests in data.contexts_by_lineno(file).items():
                for test in tests:
                    if test in found and line in names:
                        found[test].add(f"{path}:{names[line]}")
        table = {
            test: {"seconds": round(self._seconds[test], 3), "functions": sorted(functions)}
            for test, functions in found.items()
            if test not in self._bad
        }
        Path(os.environ["VRNN_COVERAGE_OUT"]).write_text(json.dumps(table))


def pytest_configure(config: pytest.Config) -> None:
    """Begin to trace before vrnn is imported."""
    config.pluginmanager.register(CoverageByTest())
