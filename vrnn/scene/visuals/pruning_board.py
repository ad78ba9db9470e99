"""A board with pruning curves beside a network: a click prunes so much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vrnn.network.importance import PruningCurve
from vrnn.network.importance_measures import RANKING_TEXT
from vrnn.scene.primitives import PickRegion, TextLabel, Visual, quad
from vrnn.scene.visuals.polyline_quads import CURVE_WIDTH, polyline
from vrnn.style import font
from vrnn.style.ranking_colors import RANKING_COLORS
from vrnn.style.srgb import srgb_to_linear
from vrnn.style.text import elide
from vrnn.style.theme import ACCENT, CARD, RGBA, STRUCTURE, TEXT

PRUNING_VISUAL = "pruning"
"""Name of the board among the world's visuals."""
WIDTH, PLOT_HEIGHT = 2.9, 1.4
"""Of the plot, meters."""
GAP = 0.2
"""Free around the plot, meters."""
HEAD = 0.55
"""Height of the title, meters."""
TITLE_HEIGHT, TEXT_HEIGHT, AXIS_HEIGHT = 0.13, 0.1, 0.07
"""Capital heights, meters."""
LINE_PITCH = 1.9
"""From one line of text to the next, in capital heights."""
NEARER = 0.006
"""From one sheet to the one on it, meters."""
UNSHOWN = 0.35
"""Opacity of the part of the board that is pruned."""


def board_size(curve_count: int) -> tuple[float, float]:
    """Return width and height of the board, meters.

    Args:
        curve_count: Curves that have a line of text each.
    """
    lines = (curve_count + 4) * TEXT_HEIGHT * LINE_PITCH
    return WIDTH + 2 * GAP, HEAD + PLOT_HEIGHT + lines + GAP


def pruning_board(
    curves: Sequence[PruningCurve], class_index: int, title: str, pruned: float,
    position: tuple[float, float, float], prune: Callable[[float], Any], close: Any,
) -> Visual:  # fmt: skip
    """Return the board.

    Args:
        curves: What is drawn, the first on top: its shares can be clicked.
        class_index: The class whose accuracy is drawn.
        title: Above the curves.
        pruned: The share that is pruned, 0…1, which is marked.
        position: Middle of the board's lower edge, meters.
        prune: Makes what a click at a share does.
        close: What a click on the close button does.
    """
    width, height = board_size(len(curves))
    left, top, z = position[0] - width / 2, position[1] + height, position[2]
    corner = left + GAP, top - HEAD, z + NEARER
    quads = [quad(left, top, width, height, z, CARD), *_plot(curves, class_index, pruned, corner)]
    button = "× close"
    right = left + width - GAP - font.text_width(button) * TEXT_HEIGHT
    room = right - left - 2 * GAP
    labels = [
        _label(elide(title, room, TITLE_HEIGHT), corner[0], top - 0.25, z, TEXT, TITLE_HEIGHT),
        _label(button, right, top - 0.25, z, ACCENT),
        *_axes(corner),
        *_texts(curves, class_index, pruned, corner),
    ]
    regions = [
        PickRegion("button", (right - 0.1, top - 0.08, z), (0.6, 0, 0), (0, -0.28, 0), close),
        *_columns(curves, corner, prune),
    ]
    return Visual(np.concatenate(quads), tuple(labels), (), tuple(regions))


def _plot(
    curves: Sequence[PruningCurve], class_index: int, pruned: float,
    corner: tuple[float, float, float],
) -> list[np.ndarray]:  # fmt: skip
    x, top, z = corner
    line = CURVE_WIDTH / 2
    quads = [quad(x, top, WIDTH, PLOT_HEIGHT, z - NEARER / 2, (*STRUCTURE[:3], 0.16))]
    for part in (0.0, 0.5, 1.0):
        y = top - (1 - part) * PLOT_HEIGHT + line / 2
        quads.append(quad(x, y, WIDTH, line, z - NEARER / 4, (*STRUCTURE[:3], 0.5)))
    if pruned > 0:
        gone = (*CARD[:3], UNSHOWN)
        quads.append(quad(x, top, pruned * WIDTH, PLOT_HEIGHT, z - NEARER / 8, gone))
        quads.append(quad(x + pruned * WIDTH - line, top, 2 * line, PLOT_HEIGHT, z, ACCENT))
    for place, curve in enumerate(reversed(curves)):
        values = curve.class_accuracy[:, class_index].astype(np.float64)
        is_known = np.isfinite(values)
        points = np.zeros((int(is_known.sum()), 3))
        points[:, 0] = x + curve.shares[is_known] * WIDTH
        points[:, 1] = top - (1 - values[is_known]) * PLOT_HEIGHT
        points[:, 2] = z + 0.001 * (place + 1)
        quads += polyline(points, curve_color(curve))
    return quads


def _axes(corner: tuple[float, float, float]) -> list[TextLabel]:
    """What the axes of the plot are, and where they end."""
    x, top, z = corner
    bottom = top - PLOT_HEIGHT
    below = bottom - 1.7 * AXIS_HEIGHT

    def ending(text: str) -> float:
        return x + WIDTH - font.text_width(text) * AXIS_HEIGHT - 0.04

    places = [
        ("accuracy 1", ending("accuracy 1"), top - 1.5 * AXIS_HEIGHT),
        ("0", ending("0"), bottom + 0.5 * AXIS_HEIGHT),
        ("0%", x, below),
        ("channels pruned 100%", ending("channels pruned 100%"), below),
    ]
    return [_label(text, left, y, z, STRUCTURE, AXIS_HEIGHT) for text, left, y in places]


def _texts(
    curves: Sequence[PruningCurve], class_index: int, pruned: float,
    corner: tuple[float, float, float],
) -> list[TextLabel]:  # fmt: skip
    x, top, z = corner
    pitch = TEXT_HEIGHT * LINE_PITCH
    y = top - PLOT_HEIGHT - 2 * pitch
    first = curves[0]
    own = float(np.interp(pruned, first.shares, first.class_accuracy[:, class_index]))
    overall = float(np.interp(pruned, first.shares, first.accuracy))
    lines: list[tuple[str, RGBA]] = [
        (f"{pruned:.0%} of the channels pruned", TEXT),
        (f"accuracy for the class {own:.2f}, of all {overall:.2f}", TEXT),
    ]
    lines += [
        (f"{RANKING_TEXT[c.ranking]}: area {c.area(class_index):.3f}", curve_color(c))
        for c in curves
    ]
    labels = []
    for place, (text, color) in enumerate(lines):
        text = elide(text, WIDTH, TEXT_HEIGHT)
        labels.append(_label(text, x, y - place * pitch, z - NEARER, color))
    return labels


def _label(
    text: str, x: float, y: float, z: float, color: RGBA, height: float = TEXT_HEIGHT
) -> TextLabel:
    return TextLabel(text, (x, y, z + NEARER), height, color, fade=5.0)


def _columns(
    curves: Sequence[PruningCurve], corner: tuple[float, float, float],
    prune: Callable[[float], Any],
) -> list[PickRegion]:  # fmt: skip
    """What is clicked to prune: a column around each share that was measured."""
    x, top, z = corner
    shares = curves[0].shares.astype(np.float64)
    edges = np.concatenate([[0.0], (shares[1:] + shares[:-1]) / 2, [1.0]])
    return [
        PickRegion(
            "button", (x + start * WIDTH, top, z), ((end - start) * WIDTH, 0, 0),
            (0, -PLOT_HEIGHT, 0), prune(round(share, 4)),
        )
        for share, start, end in zip(
            shares.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True
        )
    ]  # fmt: skip


def curve_color(curve: PruningCurve) -> RGBA:
    """Return the linear color of a curve."""
    red, green, blue = srgb_to_linear(np.array(RANKING_COLORS[curve.ranking], np.uint8)).tolist()
    return red, green, blue, 1.0
