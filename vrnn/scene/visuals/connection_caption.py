"""The lines over connections: what is drawn, and what is not."""

from __future__ import annotations

import numpy as np

from vrnn.network.connection_sums import CONNECTION_VALUES
from vrnn.scene.connection_state import ConnectionState
from vrnn.scene.connections import ShownConnections, connection_bounds
from vrnn.scene.primitives import TextLabel, quad
from vrnn.style import font
from vrnn.style.text import number_text
from vrnn.style.theme import CARD, TEXT

CAPTION_HEIGHT = 0.15
"""Capital height, meters, at least."""
CAPTION_PART = 0.0125
"""Capital height as a part of the width of all panels, from before which they are seen."""
BEHIND = 0.03
"""Meters from the lines to the card behind them."""
COLOR_WORDS = {
    "red-blue": "red: positive, white: near 0, blue: negative; the wider, the larger",
    "orange-purple": "orange: positive, white: near 0, purple: negative; the wider, the larger",
}


def connection_texts(shown: ShownConnections, state: ConnectionState, opening: float) -> list[str]:
    """Return what is drawn, and what is not, line by line."""
    layer = shown.layer
    names = {"weight": "|weight|", "contribution": "|weight × activation|"}
    assert set(names) == set(CONNECTION_VALUES)
    of_filter = opening > 1.5
    pairs = shown.filter_pairs if of_filter else shown.pairs
    what = (
        f"map {min(state.channel, layer.outputs - 1)} of {layer.name}" if of_filter else layer.name
    )
    size = " × ".join(map(str, layer.parts[0].window.size))
    if layer.kind == "attention":
        text = f"{what}: query, key and value of {layer.outputs} heads"
    elif layer.parts[0].window.adaptive:
        text = f"{what}: {layer.kind}, {pairs.total:,} connections"
    else:
        text = f"{what}: {layer.kind}, {pairs.total:,} kernel{'s' * (pairs.total != 1)} {size}"
    lines = [text]
    if len(pairs) < pairs.total:
        part = number_text(100 * pairs.share)
        lines.append(
            f"the strongest {len(pairs):,} are drawn, {part} % of all {names[state.values]}; "
            f"{pairs.total - len(pairs):,} are hidden"
        )
    lines.append(COLOR_WORDS[state.palette])
    if shown.question.importance is not None:
        lines.append("their width is also by how much both maps matter for the class (Ctrl+I)")
    drawn = _drawn_count(shown, of_filter)
    if drawn < len(pairs):
        lines.append(f"{len(pairs) - drawn:,} of them lead to maps that are not shown")
    if pairs.not_finite:
        lines.append(f"{pairs.not_finite:,} have no finite value and are not drawn")
    return lines


def _drawn_count(shown: ShownConnections, of_filter: bool) -> int:
    return len(shown.filter_which) if of_filter else len(shown.which)


def caption_labels(
    shown: ShownConnections, state: ConnectionState, opening: float, top: float
) -> list[TextLabel]:
    """Return the lines over the panels, from the lowest one up.

    Args:
        shown: What is shown.
        state: How.
        opening: How far it is opened now, 0…3.
        top: Height of the lowest line, meters.
    """
    low, high = connection_bounds(shown)
    lines = connection_texts(shown, state, opening)
    height = caption_height(shown)
    # Panels in between may be higher than those that are connected: the lines are before them.
    x, z, pitch = float(low[0]), float(high[2]) + 2 * BEHIND, 1.7 * height
    top += height - CAPTION_HEIGHT  # clear of the panels' names
    return [
        TextLabel(line, (x, top + i * pitch, z), height, TEXT, fade=4.0)
        for i, line in enumerate(reversed(lines))
    ]


def caption_height(shown: ShownConnections) -> float:
    """Return the height of a capital letter over the panels, meters."""
    low, high = connection_bounds(shown)
    return max(CAPTION_HEIGHT, CAPTION_PART * float(high[0] - low[0]))


def caption_card(lines: list[TextLabel]) -> np.ndarray:
    """Return what lies behind the caption, so that maps behind it do not show through."""
    height, margin = lines[0].height, 0.7 * lines[0].height
    width = max(font.text_width(line.text) for line in lines) * height + 2 * margin
    x, low, z = lines[0].origin
    top = lines[-1].origin[1] + height + margin
    return quad(x - margin, top, width, top - low + margin, z - BEHIND, CARD)
