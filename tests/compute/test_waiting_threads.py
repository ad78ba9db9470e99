"""Threads of torch sleep soon, unless the user has said how they wait."""

import os
import subprocess
import sys

import pytest

from vrnn.compute import waiting_threads

TOLD = """
from vrnn.compute import waiting_threads
waiting_threads.sleep_soon()
import torch
torch.ones(1 << 20).exp()
"""


@pytest.mark.parametrize("name", waiting_threads.SETTINGS)
def test_what_the_user_has_said_stays(name, monkeypatch):
    for other in waiting_threads.SETTINGS:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "active")
    before = dict(os.environ)
    waiting_threads.sleep_soon()
    assert dict(os.environ) == before


@pytest.mark.skipif(sys.platform != "linux", reason="torch runs on another OpenMP")
def test_openmp_is_told_before_torch_is_imported():
    environment = {k: v for k, v in os.environ.items() if k not in waiting_threads.SETTINGS}
    environment["OMP_DISPLAY_ENV"] = "verbose"
    command = [sys.executable, "-c", TOLD]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"GOMP_SPINCOUNT = '{waiting_threads.SPIN_COUNT}'" in done.stderr
