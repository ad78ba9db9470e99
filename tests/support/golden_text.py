"""Golden text in tests/golden: lines that can be read, which must stay as they were approved.

`pytest --regenerate-golden` writes the files again; what has changed is then seen in the diff.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "golden"
DIGITS = 4
"""Decimals that are written."""
TOLERANCE = 3e-4
"""Difference of a number, beside as much of its size, that rounding may make."""
NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)")
MAX_TOLD = 12
"""Lines of a difference that are told."""


def check(name: str, lines: Iterable[str], regenerate: bool) -> None:
    """Compare lines with the golden ones.

    Args:
        name: Name of the golden file in its folder.
        lines: What there is now.
        regenerate: Whether the file is written instead.
    """
    now = list(lines)
    assert now, "there is nothing"
    path = FOLDER / f"{name}.txt"
    if regenerate:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(now) + "\n", encoding="utf-8")
        return
    golden = path.read_text(encoding="utf-8").splitlines()
    if len(golden) == len(now) and all(map(_is_same, golden, now)):
        return
    if len(golden) == len(now):
        pairs = [(a, b) for a, b in zip(golden, now, strict=True) if not _is_same(a, b)]
        told = [line for a, b in pairs for line in (f"- {a}", f"+ {b}")]
    else:
        told = list(difflib.unified_diff(golden, now, n=0, lineterm=""))[2:]
    more = f"\n… {len(told) - MAX_TOLD} more" if len(told) > MAX_TOLD else ""
    raise AssertionError(f"{name} is otherwise:\n" + "\n".join(told[:MAX_TOLD]) + more)


def numbers(values: Any) -> str:
    """Return numbers, rounded, with commas between them."""
    flat: Sequence[float] = np.asarray(values, np.float64).ravel().tolist()
    return ",".join(f"{round(value, DIGITS) + 0.0:g}" for value in flat)


def _is_same(one: str, other: str) -> bool:
    """Whether two lines have the same words, and numbers that differ by rounding alone."""
    if one == other:
        return True
    parts, others = NUMBER.split(one), NUMBER.split(other)
    return len(parts) == len(others) and all(map(_is_same_part, parts, others))


def _is_same_part(one: str, other: str) -> bool:
    if one == other:
        return True
    if not (NUMBER.fullmatch(one) and NUMBER.fullmatch(other)):
        return False
    return abs(float(one) - float(other)) <= TOLERANCE * (1 + abs(float(other)))
