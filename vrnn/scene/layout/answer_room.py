"""The room at the end of a network for the board with its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, pi, radians, tan

import numpy as np

from vrnn.network.graph import Network
from vrnn.scene.camera import Camera, frame_points
from vrnn.scene.layout.overview_fit import LEGEND_MARGIN, OVERVIEW_MARGIN
from vrnn.scene.layout.panel_size import PanelGrid
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.layout.types import Layout
from vrnn.scene.linalg import turned_about_y

SECTION_WIDTH, SECTION_HEIGHT, SECTION_GAP = 4.2, 1.7, 0.2
"""Of the part of a board that shows one output, and between two of them, meters, before the board
is made as large as a network of its size needs."""
BOARD_TEXT = 0.2
"""Capital height of most of its text, meters, before that; none is smaller."""
MAX_SECTIONS = 3
"""Outputs that a board shows."""
SHARE_OF_WIDTH = 0.165
"""Guess at the width of a section beside that of the whole network."""
SCALES = (0.4, 10.0)
"""How many times as large as written above a board is, at least and at most."""
TEXT_PIXELS = (8.3, 10.5)
"""Capital height of that text in a picture of the whole network of PICTURE_HEIGHT, pixels."""
PICTURE_HEIGHT = 720
"""Of a small window, pixels."""
FIELD_OF_VIEW = pi / 3
"""Of that picture: as in the window, where what is further away is smaller than in a narrower
view; radians."""
ROOM_OF_PANEL = (0.5, 0.75)
"""Added to width and height of every panel to guess how wide the network is, meters."""
TITLE_ROOM = 2.5
"""Depth before a step that a picture of everything shows: for the title, meters."""
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


def answer_room(
    network: Network, node: int, grids: Iterable[PanelGrid], aspect: float = PICTURE_ASPECT
) -> AnswerRoom:
    """Return the room that a network's answer will need, before any pass has run.

    Args:
        network: The network.
        node: The panel that the board stands beside.
        grids: Of all panels: a larger network is looked at from further away.
        aspect: Width / height of the picture.
    """
    wider, higher = ROOM_OF_PANEL
    area = sum((grid.width + wider) * (grid.height + higher) for grid in grids)
    seen = (area * aspect) ** 0.5 * PICTURE_ASPECT / aspect  # wide, in a picture as high
    guess = SHARE_OF_WIDTH * seen / SECTION_WIDTH
    width, height = board_size(min(len(network.outputs), MAX_SECTIONS))
    scale = min(SCALES[1], max(SCALES[0], guess))
    return AnswerRoom(node, width * scale, height * scale, scale)


def readable(
    room: AnswerRoom,
    layout: Layout,
    panel_scale: float,
    direction: tuple[float, float],
    aspect: float = PICTURE_ASPECT,
) -> AnswerRoom:
    """Return the room for a board whose text is readable from the overview, and not much larger.

    Args:
        room: The room in a layout; returned itself where it is right.
        layout: Where everything is.
        panel_scale: How many times as large as usual the panel beside it is; so is the board.
        direction: Yaw and pitch of the overview, degrees.
        aspect: Width / height of the picture.
    """
    least, most = TEXT_PIXELS
    pixels = (
        BOARD_TEXT * room.scale * panel_scale * _pixels_per_meter(room, layout, direction, aspect)
    )
    if least <= pixels <= most:
        return room
    wanted = room.scale * (0.8 * least + 0.2 * most) / pixels
    scale = min(SCALES[1], max(SCALES[0], wanted))
    if scale == room.scale:
        return room
    factor = scale / room.scale
    return AnswerRoom(room.node, room.width * factor, room.height * factor, scale)


def _pixels_per_meter(
    room: AnswerRoom, layout: Layout, direction: tuple[float, float], aspect: float
) -> float:
    """Of the board in a picture of the whole network."""
    yaw, pitch = map(radians, direction)
    panels = np.array([(p.x, p.y, p.z, p.width, p.height) for p in layout.panels.values()])
    x, y, z, width, height = panels.T
    rows = np.array([(r.left, r.right, r.y, r.front, r.height) for r in layout.rows])
    points = [np.stack([x + a * width / 2, y + b * height, z], 1) for a, b in _CORNERS]
    if len(rows):
        left, right, floor, front, _ = rows.T
        ends = [np.stack([side, floor, front + TITLE_ROOM], 1) for side in (left, right)]
        points += [turned_about_y(end, layout.turn) for end in ends]
    board = layout.panels[room.node]
    edge = board.x + board.width / 2 + GAP
    points.append(
        np.array([(edge, board.y, board.z), (edge + room.width, board.y + room.height, board.z)])
    )
    camera = Camera(yaw=yaw, pitch=pitch, fov=FIELD_OF_VIEW)
    margins = OVERVIEW_MARGIN, LEGEND_MARGIN
    camera = frame_points(np.concatenate(points), camera, aspect, *margins)
    depth = float((points[-1].mean(0) - camera.position) @ camera.axes()[2])
    return PICTURE_HEIGHT / (2 * tan(FIELD_OF_VIEW / 2)) / max(depth, 1e-6) * cos(pitch)


_CORNERS = ((-1, 0), (1, 0), (-1, 1), (1, 1))
"""Of a panel: to the right, in halves of its width, and upward, in heights."""


def board_size(sections: int) -> tuple[float, float]:
    """Return width and height of a board for so many outputs, meters, not enlarged."""
    width = sections * SECTION_WIDTH + (sections + 1) * SECTION_GAP
    return width, SECTION_HEIGHT + 2 * SECTION_GAP
