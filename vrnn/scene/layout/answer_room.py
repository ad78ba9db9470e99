"""The room at the end of a network for the board with its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from vrnn.network.graph import Network
from vrnn.scene.layout.panel_size import PanelGrid

SECTION_WIDTH, SECTION_HEIGHT, SECTION_GAP = 5.4, 1.5, 0.22
"""Of the part of a board that shows one output, and between two of them, meters, before the board
is made as large as a network of its size needs."""
MAX_SECTIONS = 3
"""Outputs that a board shows."""
SHARE_OF_WIDTH = 0.2
"""Width of a section beside that of the whole network: so far its text can be read from afar."""
SCALES = (0.7, 4.0)
"""How many times as large as written above a board is, at least and at most."""
MIN_ENLARGEMENT, MAX_ENLARGEMENT = 1.25, 2.5
"""What a board that is too small is enlarged by, once its network is placed."""
ROOM_OF_PANEL = (0.5, 0.75)
"""Added to width and height of every panel to guess how wide the network is, meters."""
PICTURE_ASPECT = 16 / 9
GAP = 0.7
"""Free width between the last panel and the board, meters."""


@dataclass(frozen=True)
class AnswerRoom:
    """Room that is kept beside the panel of the last output, meters.

    Attributes:
        node: The output.
        width: Of the board.
        height: Of the board.
        scale: How many times as large as usual it is.
    """

    node: int
    width: float
    height: float
    scale: float

    @property
    def right(self) -> float:
        """Width of all that is kept free at the right of the panel."""
        return GAP + self.width


def answer_room(network: Network, node: int, grids: Iterable[PanelGrid]) -> AnswerRoom:
    """Return the room that a network's answer will need, before any pass has run.

    Args:
        network: The network.
        node: The panel that the board stands beside.
        grids: Of all panels: a larger network is looked at from further away.
    """
    wider, higher = ROOM_OF_PANEL
    area = sum((grid.width + wider) * (grid.height + higher) for grid in grids)
    least, most = SCALES
    wanted = SHARE_OF_WIDTH * sqrt(area * PICTURE_ASPECT) / SECTION_WIDTH
    scale = min(most, max(least, wanted))
    width, height = board_size(min(len(network.outputs), MAX_SECTIONS))
    return AnswerRoom(node, width * scale, height * scale, scale)


def enlarged(room: AnswerRoom, part: float) -> AnswerRoom:
    """Return the room for a board that turned out to be small beside its network.

    Args:
        room: That was guessed.
        part: Width of the whole board beside that of the network, as it was placed.
    """
    sections = min(MAX_SECTIONS, max(1, round(room.width / room.scale / SECTION_WIDTH)))
    factor = min(SHARE_OF_WIDTH * sections / part, MAX_ENLARGEMENT)
    if factor < MIN_ENLARGEMENT:
        return room
    return AnswerRoom(room.node, room.width * factor, room.height * factor, room.scale * factor)


def board_size(sections: int) -> tuple[float, float]:
    """Return width and height of a board for so many outputs, meters, not enlarged."""
    width = sections * SECTION_WIDTH + (sections + 1) * SECTION_GAP
    return width, SECTION_HEIGHT + 2 * SECTION_GAP
