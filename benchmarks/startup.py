"""Seconds from the command to a window, to the layout in it, and to all maps, for ResNet50.

    python -m benchmarks.startup

A real window (under a virtual X server where there is no display), beside `import torch` alone.
Python keeps what it compiles, as it does for users: a first start of each is not counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.timing import format_table

MODEL = Path(__file__).parent.parent / "examples" / "resnet50.py"
REPEATS = 5


@contextmanager
def display() -> Iterator[dict[str, str]]:
    """Yield environment variables with a display."""
    if os.environ.get("DISPLAY"):
        yield dict(os.environ)
        return
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1700x1000x24"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    yield {**os.environ, "DISPLAY": f":{os.read(read, 16).decode().strip()}"}
    server.terminate()
    server.wait()


@contextmanager
def compiled() -> Iterator[dict[str, str]]:
    """Yield environment variables with which Python keeps what it compiles, whatever is set."""
    with tempfile.TemporaryDirectory() as folder:
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        yield {**kept, "PYTHONPYCACHEPREFIX": folder}


def time_milestones(environment: dict[str, str]) -> dict[str, float]:
    """Return the seconds from the start of the process to each line that `--timings` prints.

    That of the background is from where vrnn starts, as it tells: it is printed later.
    """
    started = time.perf_counter()
    command = [sys.executable, "-m", "vrnn", "--model", str(MODEL), "--timings"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    seconds: dict[str, float] = {}
    for line in process.stderr:
        milestone, told = line.split()
        seconds[milestone] = time.perf_counter() - started
        if milestone == "background":
            seconds[milestone] = float(told)
        if "maps" in seconds:
            break
    process.kill()
    process.wait()
    return seconds


def time_import(environment: dict[str, str]) -> float:
    """Return the seconds of a process that imports torch."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True, env=environment)
    return time.perf_counter() - started


def main() -> int:
    """Print the table."""
    floors: list[float] = []
    starts: list[dict[str, float]] = []
    with compiled() as kept, display() as shown:
        environment = {**kept, "DISPLAY": shown["DISPLAY"]}
        time_import(environment)
        time_milestones(environment)
        for _ in range(REPEATS):
            floors.append(time_import(environment))
            starts.append(time_milestones(environment))
    floor = sorted(floors)[REPEATS // 2]
    rows = [
        ("ResNet50 example", "seconds", "after import", "target"),
        ("import torch", f"{floor:.2f}", "", ""),
    ]
    named = ("background", "window with its background", ""), ("layout", "layout", "+1.5")
    for milestone, name, target in (*named, ("maps", "all maps", "+2.5")):
        median = sorted(start[milestone] for start in starts)[REPEATS // 2]
        after = f"{median - floor:+.2f}" if target else ""
        rows.append((name, f"{median:.2f}", after, target or "0.5"))
    print(format_table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
