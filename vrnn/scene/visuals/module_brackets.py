"""Brackets on the floor in front of a module's layers, with its name: clicked, they fold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import cos, sqrt

import numpy as np

from vrnn.scene.linalg import turned_about_y, turned_point
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import STROKE, PickRegion, TextLabel
from vrnn.style import font
from vrnn.style.theme import STRUCTURE, with_alpha

LINE, FOOT = 0.028, 0.1
"""Meters: thickness of a bracket, and length of its ends."""
STEP = 0.2
"""Meters from one nested bracket to the next."""
TEXT_HEIGHT = 0.085
"""Capital height of a module's name, meters; less where the bracket is short."""
MIN_TEXT_HEIGHT = 0.03
"""Smaller names are left out, meters."""
MAX_DEPTH = 4
"""Nested brackets that are drawn."""
Point = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class ModuleBrackets:
    """The brackets of one network.

    Attributes:
        strokes: (N,) `STROKE`.
        labels: Names of modules.
        pick_regions: Where the brackets can be clicked.
    """

    strokes: np.ndarray
    labels: list[TextLabel]
    pick_regions: list[PickRegion]


@dataclass(frozen=True)
class _Bracket:
    """A module's bracket on one row, or along a conveyor.

    Attributes:
        name: Of the module.
        depth: Nesting, 0 for the outermost.
        line: (4, 3) its points, the ends turned to the layers.
        region: Origin, right and down of what can be clicked.
    """

    name: str
    depth: int
    line: np.ndarray
    region: tuple[Point, Point, Point]


def module_brackets(
    frame: PlacementFrame, modules: Mapping[str, tuple[int, ...]], slot: int, opacity: float
) -> ModuleBrackets:
    """Return the brackets of a network's modules.

    Args:
        frame: Where its layers are.
        modules: Node ids of each module.
        slot: The network.
        opacity: 0…1, see `WorldPlacement.reveal`.
    """
    if opacity <= 0.01:
        return ModuleBrackets(np.zeros(0, STROKE), [], [])
    strokes, labels, regions = [], [], []
    for bracket in _brackets(frame, modules):
        color = with_alpha(STRUCTURE, (0.8 - 0.12 * bracket.depth) * opacity)
        record = np.zeros(3, STROKE)
        record["start"], record["end"] = bracket.line[:-1], bracket.line[1:]
        record["width"], record["color"] = LINE, color
        strokes.append(record)
        label = _label(bracket, color)
        if label is not None:
            labels.append(label)
        origin, right, down = bracket.region
        regions.append(PickRegion("bracket", origin, right, down, bracket.name, slot))
    return ModuleBrackets(np.concatenate([np.zeros(0, STROKE), *strokes]), labels, regions)


def _label(bracket: _Bracket, color: tuple[float, float, float, float]) -> TextLabel | None:
    """The name of a module in the middle of its bracket; None where there is no room for it."""
    start, end = bracket.line[1], bracket.line[2]
    dx, dy, dz = (end - start).tolist()
    length = sqrt(dx * dx + dy * dy + dz * dz)
    along = (dx / max(length, 1e-6), dy / max(length, 1e-6), dz / max(length, 1e-6))
    name = bracket.name.rpartition(".")[2] if bracket.depth else bracket.name
    size = min(TEXT_HEIGHT, 0.8 * length / max(font.text_width(f"fold {name}"), 1e-6))
    if size <= MIN_TEXT_HEIGHT:
        return None
    up = (along[2], 0.0, -along[0])  # level, as the bracket is
    back = font.text_width(name) * size / 2
    x, y, z = (
        (a + b) / 2 - forth * back + aside * 0.035
        for a, b, forth, aside in zip(start.tolist(), end.tolist(), along, up, strict=True)
    )
    return TextLabel(name, (x, y + 0.002, z), size, color, along, up, fade=6.0)


def _brackets(frame: PlacementFrame, modules: Mapping[str, tuple[int, ...]]) -> list[_Bracket]:
    rows = frame.placement.layout.rows
    front_of = {node: (row.y, row.front) for row in rows for node in row.node_ids}
    representative = frame.placement.folded.representative
    seen: set[tuple[int, ...]] = set()
    names: set[str] = set()
    brackets = []
    for name, members in modules.items():
        visible = tuple(dict.fromkeys(representative[m] for m in members))
        if len(visible) < 2 or visible in seen:
            continue
        seen.add(visible)
        names.add(name)
        parts = name.split(".")
        depth = sum(".".join(parts[:count]) in names for count in range(1, len(parts)))
        if depth >= MAX_DEPTH:
            continue
        rects = {n: _turned_back(frame, n) for n in visible}
        if not front_of:
            brackets.append(_beside_layers(name, depth, np.array(list(rects.values()))))
            continue
        by_row: dict[tuple[float, float], list[np.ndarray]] = {}
        for node in visible:
            if node in front_of:
                by_row.setdefault(front_of[node], []).append(rects[node])
        brackets += [
            _placed(_before_layers(name, depth, np.array(on_row), y, front), frame)
            for (y, front), on_row in by_row.items()
        ]
    return brackets


def _turned_back(frame: PlacementFrame, node: int) -> np.ndarray:
    """(5,) of a layer's panel, see `PlacementFrame.panel_rects`; where rows are known as these have
    it: without the network's offset, and turned back."""
    rect, layout = frame.panel_rect(node).copy(), frame.placement.layout
    if layout.rows:
        rect[:3] = turned_about_y((rect[:3] - frame.offset)[None], -layout.turn)[0]
        rect[3] *= cos(layout.turn)
    return rect


def _placed(bracket: _Bracket, frame: PlacementFrame) -> _Bracket:
    """A bracket in the world."""
    turn = frame.placement.layout.turn
    origin, *sides = (turned_point(vector, turn) for vector in bracket.region)
    x, y, z = (float(a + b) for a, b in zip(origin, frame.offset, strict=True))
    line = turned_about_y(bracket.line, turn) + frame.offset
    return replace(bracket, line=line, region=((x, y, z), sides[0], sides[1]))


def _before_layers(name: str, depth: int, rects: np.ndarray, y: float, front: float) -> _Bracket:
    """A bracket on a row's front. rects: (K, 5), see `PlacementFrame.panel_rects`."""
    left = float((rects[:, 0] - rects[:, 3] / 2).min()) + 0.05 * depth
    right = float((rects[:, 0] + rects[:, 3] / 2).max()) - 0.05 * depth
    z = front - 0.1 - STEP * depth
    height = y + 0.008
    line = [(left, z - FOOT), (left, z), (right, z), (right, z - FOOT)]
    return _Bracket(
        name, depth, np.array([(x, height, at) for x, at in line]),
        ((left, height, z - STEP + 0.04), (right - left, 0, 0), (0, 0, STEP)),
    )  # fmt: skip


def _beside_layers(name: str, depth: int, rects: np.ndarray) -> _Bracket:
    """A bracket on the floor at the left of layers that are one behind another."""
    x = float((rects[:, 0] - rects[:, 3] / 2).min()) - 0.35 - STEP * (MAX_DEPTH - depth)
    far, near = float(rects[:, 2].min()) - 0.05, float(rects[:, 2].max()) + 0.05
    line = [(x + FOOT, near), (x, near), (x, far), (x + FOOT, far)]
    return _Bracket(
        name, depth, np.array([(at, 0.008, z) for at, z in line]),
        ((x - STEP / 2, 0.008, far), (STEP, 0, 0), (0, 0, near - far)),
    )  # fmt: skip
