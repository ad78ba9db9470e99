"""torch's libraries, loaded beside other imports."""

import subprocess
import sys

import pytest

LOADED = """
import threading
from vrnn.compute import torch_libraries
torch_libraries.begin_loading()
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
is_mapped = "libtorch_cpu" in open("/proc/self/maps").read()
import sys
print(is_mapped, "torch" in sys.modules)
import torch
print(torch.ones(2).sum().item())
"""
WITHOUT_TORCH = """
import sys, threading
sys.path = [path for path in sys.path if "site-packages" not in path]
from vrnn.compute import torch_libraries
torch_libraries._load()
"""


def run(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="loads them on Linux only")
def test_they_are_there_before_torch_is_imported_and_serve_it():
    assert run(LOADED).split() == ["True", "False", "2.0"]


def test_without_torch_nothing_happens():
    assert run(WITHOUT_TORCH) == ""
