"""The window opens before the rest of the program is imported."""

import subprocess
import sys

HEAVY = (
    "torch",
    "networkx",
    "imgui_bundle",
    "vrnn.scene",
    "vrnn.ui",
    "vrnn.workspace",
    "vrnn.compute.worker",
)


def imported(modules, names):
    """Those of the names that are imported with modules, in a process of its own."""
    code = f"import sys, {modules}\nprint(*[name for name in {names!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return found.stdout.split()


def test_little_is_imported_before_the_window_opens():
    assert imported("vrnn.cli.main, vrnn.cli.window", HEAVY) == []


def test_what_a_start_needs_imports_nothing_that_only_some_networks_need():
    names = ("networkx", "scipy", "torchvision", "sympy", "onnx", "transformers", "matplotlib")
    assert imported("vrnn.app.desktop, vrnn.cli.opening, vrnn.compute.loaded_model", names) == []
