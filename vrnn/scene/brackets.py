"""On the floor before its layers, each module's name and reach: what folds it when touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vrnn import font
from vrnn.scene.drawing import STROKE, Label, Spot
from vrnn.scene.pose import Pose

LINE, FOOT = 0.028, 0.1
"""Metres: thickness of a bracket, and length of its ends."""
STEP = 0.2
"""Metres from one nested bracket to the next."""
TEXT = 0.085
INK = (0.36, 0.43, 0.58, 1.0)
DEEPEST = 4


@dataclass(frozen=True)
class _Part:
    """A bracket's part on one row. depth: nesting, 0 outermost; values: left, right, y, front z."""

    name: str
    depth: int
    left: float
    right: float
    y: float
    z: float


def brackets(
    pose: Pose, modules: Mapping[str, tuple[int, ...]], slot: int, shown: float
) -> tuple[np.ndarray, list[Label], list[Spot]]:
    """STROKEs, names and what can be touched. shown: 0…1, faded while things move."""
    if shown <= 0.01:
        return np.zeros(0, STROKE), [], []
    strokes, labels, spots = [], [], []
    for part in _parts(pose, modules):
        z = part.z - 0.1 - STEP * part.depth
        ink = (*INK[:3], (0.8 - 0.12 * part.depth) * shown)
        y = part.y + 0.008
        width = part.right - part.left
        line = [(part.left, z - FOOT), (part.left, z), (part.right, z), (part.right, z - FOOT)]
        record = np.zeros(3, STROKE)
        record["start"] = [(x, y, w) for x, w in line[:-1]]
        record["end"] = [(x, y, w) for x, w in line[1:]]
        record["width"], record["colour"] = LINE, ink
        strokes.append(record)
        name = part.name.rpartition(".")[2] if part.depth else part.name
        size = min(TEXT, 0.8 * width / max(font.width(f"fold {name}"), 1e-6))
        if size > 0.03:
            wide = font.width(name) * size
            at = (part.left + (width - wide) / 2, y + 0.002, z - 0.035)
            labels.append(Label(name, at, size, ink, up=(0.0, 0.0, -1.0), fade=6.0))
        corner = (part.left, y, z - STEP + 0.04)
        reach = (width, 0.0, 0.0)
        spots.append(Spot("bracket", corner, reach, (0.0, 0.0, STEP), part.name, slot))
    return np.concatenate([np.zeros(0, STROKE), *strokes]), labels, spots


def _parts(pose: Pose, modules: Mapping[str, tuple[int, ...]]) -> list[_Part]:
    fronts = {n: (row.y, row.front) for row in pose.standing.layout.rows for n in row.node_ids}
    home = pose.standing.folded.home
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
        rows: dict[tuple[float, float], list[int]] = {}
        for node in shown:
            if node in fronts:
                rows.setdefault(fronts[node], []).append(node)
        for (y, front), nodes in rows.items():
            places = np.array([pose.place(n) for n in nodes])
            left = float((places[:, 0] - places[:, 3] / 2).min()) + 0.05 * depth
            right = float((places[:, 0] + places[:, 3] / 2).max()) - 0.05 * depth
            parts.append(_Part(name, depth, left, right, y + float(pose.offset[1]), front))
    return parts
