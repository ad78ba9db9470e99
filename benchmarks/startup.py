"""Seconds from the command to the world with its layout, and to all maps, for ResNet50.

    python -m benchmarks.startup

A real window (under a virtual X server where there is no display), beside `import torch` alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
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


def time_milestones(environment: dict[str, str]) -> dict[str, float]:
    """Return the seconds from the start of the process to each line that `--timings` prints."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "vrnn", "--model", str(MODEL), "--timings"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    seconds: dict[str, float] = {}
    for line in process.stderr:
        seconds[line.split()[0]] = time.perf_counter() - started
        if "maps" in seconds:
            break
    process.kill()
    process.wait()
    return seconds


def time_import() -> float:
    """Return the seconds of a process that imports torch."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return time.perf_counter() - started


def main() -> int:
    """Print the table."""
    floors, layouts, maps = [], [], []
    with display() as environment:
        time_import()  # the files are in the machine's cache from here on
        for _ in range(REPEATS):
            floors.append(time_import())
            seconds = time_milestones(environment)
            layouts.append(seconds["layout"])
            maps.append(seconds["maps"])
    floor = sorted(floors)[REPEATS // 2]
    rows = [
        ("ResNet50 example", "seconds", "after import", "target"),
        ("import torch", f"{floor:.2f}", "", ""),
    ]
    for name, values, target in (("layout", layouts, "+1.5"), ("all maps", maps, "+2.5")):
        median = sorted(values)[REPEATS // 2]
        rows.append((name, f"{median:.2f}", f"{median - floor:+.2f}", target))
    print(format_table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
