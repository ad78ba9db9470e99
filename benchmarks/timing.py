"""Timing of tasks side by side, in turn, so that a busy moment of the machine hits them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence


def time_medians(tasks: Mapping[str, Callable[[], object]], repeats: int = 15) -> dict[str, float]:
    """Return the median seconds of each task.

    Args:
        tasks: By name; they run in turn, after one run of each that does not count.
        repeats: Runs of each that count.
    """
    for task in tasks.values():
        task()
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            seconds[name].append(time.perf_counter() - started)
    return {name: sorted(values)[len(values) // 2] for name, values in seconds.items()}


def time_least(
    tasks: Mapping[str, Sequence[Callable[[], object]]], repeats: int = 15
) -> dict[str, float]:
    """Return the seconds of each task when nothing interrupts it, on a machine that others use too.

    The least seconds of each of its parts, added up: parts are short, whole tasks are not.

    Args:
        tasks: Parts by name; each task runs as a whole, in turn.
        repeats: Runs of each.
    """
    least = {name: [float("inf")] * len(parts) for name, parts in tasks.items()}
    for _ in range(repeats):
        for name, parts in tasks.items():
            for number, part in enumerate(parts):
                started = time.perf_counter()
                part()
                least[name][number] = min(least[name][number], time.perf_counter() - started)
    return {name: sum(seconds) for name, seconds in least.items()}


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Format rows of text in aligned columns, the first row being the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells))
    return "\n".join(lines)


def format_milliseconds(seconds: float) -> str:
    """Format a duration: `12.3 ms`."""
    return f"{seconds * 1e3:.1f} ms"
