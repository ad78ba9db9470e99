"""On the floor before its layers, each module's name and reach: what folds it when touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from vrnn.scene.primitives import STROKE, PickRegion, TextLabel
from vrnn.scene.transition import PlacementFrame
from vrnn.style import font

LINE, FOOT = 0.028, 0.1
"""Meters: thickness of a bracket, and length of its ends."""
STEP = 0.2
"""Meters from one nested bracket to the next."""
TEXT = 0.085
INK = (0.36, 0.43, 0.58, 1.0)
DEEPEST = 4
Point = tuple[float, float, float]


@dataclass(frozen=True)
class _Part:
    """A bracket's part on one row, or along a conveyor. depth: nesting, 0 outermost; line: its
    points (4, 3), the ends turned to the layers; spot: origin, right, down of what is touched."""

    name: str
    depth: int
    line: np.ndarray
    spot: tuple[Point, Point, Point]


def module_brackets(
    pose: PlacementFrame, modules: Mapping[str, tuple[int, ...]], slot: int, shown: float
) -> tuple[np.ndarray, list[TextLabel], list[PickRegion]]:
    """STROKEs, names and what can be touched. shown: 0…1, faded while things move."""
    if shown <= 0.01:
        return np.zeros(0, STROKE), [], []
    strokes, labels, spots = [], [], []
    for part in _parts(pose, modules):
        ink = (*INK[:3], (0.8 - 0.12 * part.depth) * shown)
        record = np.zeros(3, STROKE)
        record["start"], record["end"] = part.line[:-1], part.line[1:]
        record["width"], record["color"] = LINE, ink
        strokes.append(record)
        one, two = part.line[1], part.line[2]
        dx, dy, dz = (two - one).tolist()
        length = sqrt(dx * dx + dy * dy + dz * dz)
        along = (dx / max(length, 1e-6), dy / max(length, 1e-6), dz / max(length, 1e-6))
        name = part.name.rpartition(".")[2] if part.depth else part.name
        size = min(TEXT, 0.8 * length / max(font.text_width(f"fold {name}"), 1e-6))
        if size > 0.03:
            up = (along[2], 0.0, -along[0])  # level, as the bracket is
            back = font.text_width(name) * size / 2
            at = [
                (a + b) / 2 - forth * back + aside * 0.035
                for a, b, forth, aside in zip(one.tolist(), two.tolist(), along, up, strict=True)
            ]
            labels.append(
                TextLabel(
                    name, (at[0], at[1] + 0.002, at[2]), size, ink, along, up, fade=6.0,
                )
            )  # fmt: skip
        spots.append(
            PickRegion("bracket", part.spot[0], part.spot[1], part.spot[2], part.name, slot)
        )
    return np.concatenate([np.zeros(0, STROKE), *strokes]), labels, spots


def _parts(pose: PlacementFrame, modules: Mapping[str, tuple[int, ...]]) -> list[_Part]:
    fronts = {n: (row.y, row.front) for row in pose.placement.layout.rows for n in row.node_ids}
    home = pose.placement.folded.representative
    seen: dict[tuple[int, ...], str] = {}
    parts = []
    for name, members in modules.items():
        shown = tuple(dict.fromkeys(home[m] for m in members))
        if len(shown) < 2 or shown in seen:
            continue
        seen[shown] = name
        depth = sum(name.startswith(f"{other}.") for other in seen.values())
        if depth >= DEEPEST:
            continue
        places = {n: pose.panel_rect(n) for n in shown}
        if not fronts:
            parts.append(_beside(name, depth, np.array(list(places.values()))))
            continue
        rows: dict[tuple[float, float], list[np.ndarray]] = {}
        for node in shown:
            if node in fronts:
                rows.setdefault(fronts[node], []).append(places[node])
        for (y, front), on_row in rows.items():
            parts.append(_before(name, depth, np.array(on_row), y + float(pose.offset[1]), front))
    return parts


def _before(name: str, depth: int, places: np.ndarray, y: float, front: float) -> _Part:
    """On a row's front. places: (K, 5)."""
    left = float((places[:, 0] - places[:, 3] / 2).min()) + 0.05 * depth
    right = float((places[:, 0] + places[:, 3] / 2).max()) - 0.05 * depth
    z = front - 0.1 - STEP * depth
    height = y + 0.008
    line = [(left, z - FOOT), (left, z), (right, z), (right, z - FOOT)]
    return _Part(
        name, depth, np.array([(x, height, at) for x, at in line]),
        ((left, height, z - STEP + 0.04), (right - left, 0, 0), (0, 0, STEP)),
    )  # fmt: skip


def _beside(name: str, depth: int, places: np.ndarray) -> _Part:
    """On the floor at the left of layers that stand behind each other."""
    x = float((places[:, 0] - places[:, 3] / 2).min()) - 0.35 - STEP * (DEEPEST - depth)
    far, near = float(places[:, 2].min()) - 0.05, float(places[:, 2].max()) + 0.05
    line = [(x + FOOT, near), (x, near), (x, far), (x + FOOT, far)]
    return _Part(
        name, depth, np.array([(at, 0.008, z) for at, z in line]),
        ((x - STEP / 2, 0.008, far), (STEP, 0, 0), (0, 0, near - far)),
    )  # fmt: skip
