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


def test_little_is_imported_before_the_window_opens():
    code = (
        "import sys, vrnn.cli.main, vrnn.cli.window\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
