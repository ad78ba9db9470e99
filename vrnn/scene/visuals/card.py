"""Cards that float before the eye: the image that is held, and the magnified map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import tan

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.primitives import QUAD, DrawList, ImageQuad, TextLabel, quad_from_edges
from vrnn.scene.visuals.free_room import Box, free_box, overlap
from vrnn.style import font
from vrnn.style.theme import ACCENT, CARD, RGBA, TEXT, with_alpha

DISTANCE = 1.0
"""Meters from the eye."""
TEXT_HEIGHT = 0.0145
"""Capital height, as a part of the view's height."""
LINE_PITCH = TEXT_HEIGHT * 1.75
"""From one line of text to the next, as a part of the view's height."""
MARGIN = 0.015
"""Around the image, as a part of the view's height."""
MARK_LINE, MIN_MARK = 0.003, 0.012
"""Thickness and smallest side of the frame around a pixel, as parts of the view's height."""
BACKGROUND = with_alpha(CARD, 0.97)


@dataclass(frozen=True, eq=False)
class ImageCard:
    """An image with lines of text under it.

    Attributes:
        pixels: (H, W, 3) uint8 sRGB.
        lines: The text, the first line highlighted.
        smooth: Whether pixels are blended.
        marked_pixel: (row, column) of the pixel with a frame; None for none.
        side: Longer side of the image, as a part of the view's height.
    """

    pixels: np.ndarray
    lines: Sequence[str] = ()
    smooth: bool = False
    marked_pixel: tuple[int, int] | None = None
    side: float = 0.3

    @property
    def image_size(self) -> tuple[float, float]:
        """Width and height of the image, as parts of the view's height."""
        height, width = self.pixels.shape[:2]
        longest = max(height, width)
        return self.side * width / longest, self.side * height / longest


@dataclass(frozen=True, eq=False)
class CardFrame:
    """Where a card is.

    Attributes:
        corner: (3,) its upper left corner, meters.
        right: (3,) unit vector.
        up: (3,) unit vector.
        toward: (3,) unit vector toward the eye.
        unit: Meters of a view's height, in parts of which a card is measured.
    """

    corner: np.ndarray
    right: np.ndarray
    up: np.ndarray
    toward: np.ndarray
    unit: float

    def point(self, across: float, above: float, nearer: float = 0.0) -> np.ndarray:
        """Return the (3,) point that is so many units from the corner."""
        flat = self.right * across + self.up * above + self.toward * nearer
        return self.corner + flat * self.unit


def card_size(card: ImageCard) -> tuple[float, float]:
    """Return width and height with text and margins, as parts of the view's height."""
    width, height = card.image_size
    text = max((font.text_width(line) * TEXT_HEIGHT for line in card.lines), default=0.0)
    return max(width, text) + 2 * MARGIN, height + 2 * MARGIN + len(card.lines) * LINE_PITCH


def draw_card(
    card: ImageCard, frame: CardFrame
) -> tuple[np.ndarray, np.ndarray, list[TextLabel], ImageQuad]:
    """Draw a card.

    Args:
        card: The card.
        frame: Where it is.

    Returns:
        Two `QUAD`s behind its image, `QUAD`s that mark a pixel, its text, its image.
    """
    width, height = card.image_size
    card_width, card_height = card_size(card)
    background = np.concatenate(
        [
            _rectangle(frame, (0, 0, 0), (card_width, card_height), BACKGROUND),
            _rectangle(frame, (0, 0, 0.001), (card_width, 0.0018), ACCENT),
        ]
    )
    right, up, unit = frame.right, frame.up, frame.unit
    image = ImageQuad(
        _vector(frame.point(MARGIN, -MARGIN, 0.002)),
        _vector(right * width * unit),
        _vector(-up * height * unit),
        card.pixels,
        card.smooth,
    )
    labels = []
    for i, text in enumerate(card.lines):
        base = -MARGIN - height - TEXT_HEIGHT * 1.6 - i * LINE_PITCH
        color = ACCENT if i == 0 else TEXT
        origin = _vector(frame.point(MARGIN, base, 0.003))
        labels.append(
            TextLabel(text, origin, TEXT_HEIGHT * unit, color, _vector(right), _vector(up), fade=0)
        )
    return background, _pixel_mark(card, frame), labels, image


def _pixel_mark(card: ImageCard, frame: CardFrame) -> np.ndarray:
    """A frame around the marked pixel, (N,) `QUAD`."""
    if card.marked_pixel is None:
        return np.zeros(0, QUAD)
    row, column = card.marked_pixel
    rows, columns = card.pixels.shape[:2]
    cell_width, cell_height = card.image_size[0] / columns, card.image_size[1] / rows
    width, height = max(cell_width, MIN_MARK), max(cell_height, MIN_MARK)
    left = MARGIN + column * cell_width - (width - cell_width) / 2
    top = -MARGIN - row * cell_height + (height - cell_height) / 2
    return np.concatenate(
        [
            _rectangle(frame, (left + dx, top + dy, 0.004), size, ACCENT)
            for dx, dy, size in (
                (0.0, 0.0, (width, MARK_LINE)),
                (0.0, MARK_LINE - height, (width, MARK_LINE)),
                (0.0, 0.0, (MARK_LINE, height)),
                (width - MARK_LINE, 0.0, (MARK_LINE, height)),
            )
        ]
    )


def _rectangle(
    frame: CardFrame, corner: tuple[float, float, float], size: tuple[float, float], color: RGBA
) -> np.ndarray:
    """One `QUAD` on a card. corner, size: in units, see `CardFrame.point`."""
    down = -frame.up * size[1] * frame.unit
    right = frame.right * size[0] * frame.unit
    return quad_from_edges(frame.point(*corner), right, down, color)


def hud_cards(
    cards: Sequence[ImageCard],
    camera: Camera,
    aspect: float,
    x: float,
    y: float,
    marks: np.ndarray | None = None,
    taken: Sequence[Box] = (),
) -> DrawList:
    """Draw cards beside a point of the view, on the side that has room.

    Args:
        cards: The cards, from the point outward.
        camera: What looks.
        aspect: Width / height of the view.
        x: The point, -1…1 to the right.
        y: The point, -1…1 upward.
        marks: `QUAD`s in the world that are to be visible through everything but the cards.
        taken: What the cards are not to cover, from the upper left corner of the view, in its
            heights.

    Returns:
        A draw list whose first two quads for each image lie behind it.
    """
    behind = [np.zeros(0, QUAD)]
    in_front = []
    labels: list[TextLabel] = []
    images: list[ImageQuad] = []
    right, up, forward = camera.axes()
    unit = 2 * DISTANCE * tan(camera.fov / 2)  # meters of the view's height
    origin = camera.position + forward * DISTANCE
    across = x * aspect / 2
    for card in cards:
        width, height = card_size(card)
        has_room = across + 0.03 + width < aspect / 2 - 0.01
        left = across + 0.03 if has_room else across - 0.03 - width
        left = max(left, -aspect / 2 + 0.01)
        top = min(y / 2 + height * 0.7, 0.49)
        top = max(top, height - 0.49)
        left, top = _clear_of(taken, (left, top, width, height), aspect, (across, y / 2))
        corner = origin + (right * left + up * top) * unit
        frame = CardFrame(corner, right, up, -forward, unit)
        background, mark, lines, image = draw_card(card, frame)
        behind.append(background)
        in_front.append(mark)
        labels += lines
        images.append(image)
        across = left + width if left >= across else left
    return DrawList(
        quads=np.concatenate([*behind, *in_front]), labels=tuple(labels), image_quads=tuple(images),
        marks=np.zeros(0, QUAD) if marks is None else marks,
    )  # fmt: skip


def _clear_of(
    taken: Sequence[Box], card: Box, aspect: float, pointer: tuple[float, float]
) -> tuple[float, float]:
    """Left and top of a card, elsewhere if it would cover what is taken; y goes up from the middle.

    Args:
        taken: As for `hud_cards`.
        card: Its left, top, width and height.
        aspect: Width / height of the view.
        pointer: The point that the card belongs to.
    """
    left, top, width, height = card
    box = left + aspect / 2, 0.5 - top, width, height
    if not any(overlap(box, other) for other in taken):
        return left, top
    at = pointer[0] + aspect / 2, 0.5 - pointer[1]
    box = free_box((width, height), at, (aspect, 1.0), taken, (0.03, 0.03), 0.01)
    return box[0] - aspect / 2, 0.5 - box[1]


def _vector(vector: np.ndarray) -> tuple[float, float, float]:
    x, y, z = vector.tolist()
    return x, y, z
