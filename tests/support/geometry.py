"""Golden geometry in tests/golden/geometry: where everything stands, as text that can be read.

A line for each record: what it is and says, its position, size and color. `pytest
--regenerate-golden` writes the files again; what has changed is then seen in the diff. Unlike a
golden picture it needs no OpenGL, and shows a change of a centimeter or of a shade.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vrnn.scene.primitives import DrawList, ImageQuad, PickRegion, TextLabel, Visual

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "geometry"
DIGITS = 4
"""Decimals that are written: a tenth of a millimeter."""
TOLERANCE = 3e-4
"""Difference of a number, beside as much of its size, that rounding may make."""
GRID = 4
"""An image is told by the mean colors of so many rows and columns."""
MAX_TOLD = 12
"""Lines of a difference that are told."""


def check(name: str, lines: Iterable[str], regenerate: bool) -> None:
    """Compare lines with the golden ones.

    Args:
        name: Name of the golden file.
        lines: One for each record.
        regenerate: Whether the file is written instead.
    """
    now = list(lines)
    assert now, "there is nothing"
    path = FOLDER / f"{name}.txt"
    if regenerate:
        FOLDER.mkdir(exist_ok=True)
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
    raise AssertionError(f"{name} stands otherwise:\n" + "\n".join(told[:MAX_TOLD]) + more)


def draw_list_lines(draw_list: DrawList) -> list[str]:
    """Return a line for each record of a draw list."""
    lines = [f"colors {draw_list.color_mapping}"]
    for (store, array), records in draw_list.panels.items():
        lines += [f"panel {store}.{array} {line}" for line in record_lines(records)]
    lines += [f"quad {line}" for line in record_lines(draw_list.quads)]
    lines += [f"stroke {line}" for line in record_lines(draw_list.strokes)]
    lines += [label_line(label) for label in draw_list.labels]
    return lines + [image_line(image) for image in draw_list.image_quads]


def visual_lines(visual: Visual) -> list[str]:
    """Return a line for each record of a visual."""
    return [
        *(f"quad {line}" for line in record_lines(visual.quads)),
        *map(label_line, visual.labels),
        *map(image_line, visual.image_quads),
        *map(region_line, visual.pick_regions),
    ]


def record_lines(records: np.ndarray) -> list[str]:
    """Return a line for each record of an array with named fields."""
    names = records.dtype.names or ()
    return [" ".join(f"{name} {_numbers(record[name])}" for name in names) for record in records]


def label_line(label: TextLabel) -> str:
    """Return what a label says and where."""
    values = (label.origin, label.height, label.color, label.right, label.up, label.fade)
    names = ("at", "height", "color", "right", "up", "fade")
    told = " ".join(f"{name} {_numbers(value)}" for name, value in zip(names, values, strict=True))
    until = f" until {_numbers(label.until)}" if label.until < 1e8 else ""
    return f"label {label.text!r} {told}{until}"


def image_line(image: ImageQuad) -> str:
    """Return where an image is, and the colors of its parts."""
    edges = " ".join(_numbers(v) for v in (image.origin, image.right, image.down))
    shown = image.pixels if isinstance(image.pixels, str) else pixels_text(image.pixels)
    return f"image {edges} smooth {image.smooth} {shown}"


def pixels_text(pixels: np.ndarray) -> str:
    """Return the size of an image and the mean colors of its parts."""
    means = [
        part.mean((0, 1))
        for rows in np.array_split(pixels, min(GRID, pixels.shape[0]), 0)
        for part in np.array_split(rows, min(GRID, pixels.shape[1]), 1)
    ]
    return f"{pixels.shape} {_numbers(np.array(means).round(1))}"


def region_line(region: PickRegion) -> str:
    """Return what can be clicked and where."""
    edges = " ".join(_numbers(v) for v in (region.origin, region.right, region.down))
    return f"region {region.kind} {edges} {region.value} of {region.slot} {region.node}"


def _numbers(values: Any) -> str:
    flat: Sequence[float] = np.asarray(values, np.float64).ravel().tolist()
    return ",".join(f"{round(value, DIGITS) + 0.0:g}" for value in flat)


def _is_same(one: str, other: str) -> bool:
    """Whether two lines have the same words, and numbers that differ by rounding alone."""
    if one == other:
        return True
    words, others = one.replace(",", " ").split(), other.replace(",", " ").split()
    return len(words) == len(others) and all(map(_is_same_word, words, others))


def _is_same_word(one: str, other: str) -> bool:
    try:
        a, b = float(one), float(other)
    except ValueError:
        return one == other
    return a == b or abs(a - b) <= TOLERANCE * (1 + abs(b)) or (a != a and b != b)
