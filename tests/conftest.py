"""What all tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.ready_process import ReadyProcess

ROOT = Path(__file__).resolve().parent.parent

SLOW = ("tests/xr", "tests/app", "tests/compute/features", "tests/cli", "tests/ui")
"""Folders whose tests open windows, headsets and programs, or optimize."""

# The small one, whether the extra with the other is installed or not.
os.environ["VRNN_DEFAULT_MODEL"] = "digits"

# Tests run beside each other: threads of one that wait for those of another take most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is no failure, and a failure is found again at the next run.
settings.register_profile(
    "vrnn",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("vrnn")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate-golden", action="store_true", help="write the pictures in tests/golden anew"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow tests: else processes that are done wait for one that is not."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW))


@pytest.fixture
def regenerate(request: pytest.FixtureRequest) -> bool:
    """Whether golden pictures are written instead of compared."""
    return bool(request.config.getoption("--regenerate-golden"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(autouse=True)
def _nobody_s_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch):
    """The settings and caches of whoever runs the tests must not change their outcome."""
    folder = tmp_path_factory.getbasetemp() / "no-settings"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    # On Windows, where platformdirs asks the system.
    monkeypatch.setenv("WIN_PD_OVERRIDE_APPDATA", str(folder))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(folder))


@pytest.fixture(scope="session")
def ready_process():
    """What runs vrnn without importing torch again; None where processes cannot be forked."""
    if not hasattr(os, "fork"):
        yield None
        return
    ready = ReadyProcess()
    yield ready
    ready.close()


@pytest.fixture
def run_python(tmp_path, ready_process):
    """Runs `python` with these words in an empty folder, as a user would."""

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {**os.environ, **environment}
        if ready_process is not None and ready_process.can_run_with(variables):
            return ready_process.run(words, tmp_path, variables, 120)
        return subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def run_vrnn(run_python):
    """Runs `python -m vrnn` with these words in an empty folder, as a user would."""
    return partial(run_python, "-m", "vrnn")
