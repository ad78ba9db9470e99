"""Lines of text on a card in the room: what a hand points at, what its buttons do, messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vrnn.scene.headset.billboard import Billboard
from vrnn.scene.headset.controller_visuals import CARD, Color
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.primitives import QUAD, TextLabel, quad_from_edges
from vrnn.style import font

SIDE, FIRST_LINE, LINE, BELOW = 0.8, 1.6, 1.75, 0.9
"""Room beside the text, from the upper edge to the first base line, from one base line to the next,
and what the card is higher than all its lines: heights of a capital letter."""


@dataclass(frozen=True, eq=False)
class TextCard:
    """Lines of text on a card.

    Attributes:
        lines: Text and linear color of each.
        cap_height: Height of a capital letter, meters of the stage.
        board: The card's rectangle on the stage.
    """

    lines: tuple[tuple[str, Color], ...]
    cap_height: float
    board: Billboard

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, heights of a capital letter."""
        return card_size([text for text, _ in self.lines])

    def records(self, rig: Rig) -> tuple[np.ndarray, tuple[TextLabel, ...]]:
        """Return the QUAD records of the world, and the labels. rig: The stage in the world."""
        if not self.lines:
            return np.zeros(0, QUAD), ()
        board, unit = self.board, self.cap_height
        quads = quad_from_edges(*board.edges_in_world(rig), CARD)
        right, up = turned_about_y(board.right, rig.yaw), turned_about_y(board.up, rig.yaw)
        labels = []
        for (text, color), (across, down) in zip(self.lines, base_lines(self.lines), strict=True):
            x, y, z = rig.apply(
                board.point(across * unit - board.width / 2, board.height / 2 - down * unit, 0.002)
            ).tolist()
            labels.append(
                TextLabel(
                    text, (x, y, z), unit * rig.scale, color, tuple(right.tolist()),
                    tuple(up.tolist()), fade=0,
                )
            )  # fmt: skip
        return quads, tuple(labels)


def text_card(lines: Sequence[tuple[str, Color]], board: Billboard, cap_height: float) -> TextCard:
    """Return lines of text on a card.

    Args:
        lines: Text and linear color of each.
        board: The middle of the card's lower edge is at its center; its size does not count.
        cap_height: Height of a capital letter, meters of the stage.
    """
    width, height = (side * cap_height for side in card_size([text for text, _ in lines]))
    center = board.point(0.0, height / 2)
    placed = Billboard(center, board.right, board.up, width, height)
    return TextCard(tuple(lines), cap_height, placed)


def card_size(texts: Sequence[str]) -> tuple[float, float]:
    """Return width and height of a card with some lines, heights of a capital letter."""
    width = max((font.text_width(text) for text in texts), default=0.0) + 2 * SIDE
    return width, len(texts) * LINE + BELOW


def base_lines(lines: Sequence[object]) -> list[tuple[float, float]]:
    """Return where each line begins: right of and below the card's upper left corner, capitals."""
    return [(SIDE, FIRST_LINE + number * LINE) for number in range(len(lines))]
