"""A plug-in of pytest: writes which functions of vrnn each test runs, and how long it takes.

VRNN_COVERAGE_OUT=FILE python -m pytest -p benchmarks.mutation.coverage_plugin …
"""

from __future__ import annotations

import functools
import json
import os
import sys
from pathlib import Path

import coverage
import pytest

from benchmarks.mutation.functions import function_of_lines

ROOT = Path(__file__).resolve().parents[2]
OTHER_PROCESS = {"display", "run_vrnn", "start"}
"""Fixtures that start vrnn as a program of its own, whose coverage is not seen."""


class CoverageByTest:
    """Traces each test, with what its fixtures do, under its own name."""

    def __init__(self) -> None:
        self._coverage = coverage.Coverage(
            data_file=None, source=[str(ROOT / "vrnn")], config_file=False, messages=False
        )
        self._coverage.start()
        self._contexts = [""]
        self._seconds: dict[str, float] = {}
        self._fixtures: dict[str, list[str]] = {}
        self._bad: set[str] = set()

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out tests of which nothing would be seen."""
        other = [item for item in items if OTHER_PROCESS & set(_fixture_names(item))]
        config.hook.pytest_deselected(items=other)
        items[:] = [item for item in items if item not in other]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item):
        """Trace a test under its name; what an earlier one has left in caches is made anew."""
        _forget_cached_results()
        self._fixtures[item.nodeid] = [f"fixture {name}" for name in _fixture_names(item)]
        self._switch([item.nodeid])
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        """Trace a fixture that several tests share under its own name: all of them run it."""
        if fixturedef.scope == "function":
            return (yield)
        self._switch([*self._contexts, f"fixture {fixturedef.argname}"])
        try:
            return (yield)
        finally:
            self._switch(self._contexts[:-1])

    def _switch(self, contexts: list[str]) -> None:
        self._contexts = contexts
        self._coverage.switch_context(contexts[-1])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up how long a test takes; forget those that do not pass."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        if report.outcome != "passed":
            self._bad.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write what was found."""
        self._coverage.stop()
        found: dict[str, set[str]] = {}
        data = self._coverage.get_data()
        for file in data.measured_files():
            path = Path(file).relative_to(ROOT).as_posix()
            names = function_of_lines(Path(file).read_text(encoding="utf-8"))
            for line, contexts in data.contexts_by_lineno(file).items():
                for context in contexts if line in names else ():
                    found.setdefault(context, set()).add(f"{path}:{names[line]}")
        table = {}
        for test, seconds in self._seconds.items():
            if test not in self._bad:
                contexts = [test, *self._fixtures.get(test, ())]
                functions = set().union(*(found.get(context, ()) for context in contexts))
                table[test] = {"seconds": round(seconds, 3), "functions": sorted(functions)}
        Path(os.environ["VRNN_COVERAGE_OUT"]).write_text(json.dumps(table))


def _fixture_names(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", ()))


def _forget_cached_results() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("vrnn"):
            for value in list(vars(module).values()):
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to trace before vrnn is imported."""
    config.pluginmanager.register(CoverageByTest())
