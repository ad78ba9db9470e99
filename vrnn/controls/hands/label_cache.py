"""A cache of text in the room, which is laid out again only when it changes or moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from vrnn.scene.headset.billboard import Billboard
from vrnn.scene.headset.controller_visuals import Color
from vrnn.scene.headset.text_card import TextCard, text_card
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.primitives import QUAD, TextLabel

MIN_LABEL_SHIFT = 0.005
"""Meters of the stage by which text has to move before it is laid out again."""


@dataclass(frozen=True, eq=False)
class LabelCard:
    """Text on a card somewhere in the room.

    Attributes:
        key: What it says, and with which rig it was laid out.
        center: (3,) meters of the stage.
        quads: QUAD records of the world.
        labels: The text.
        text: Its lines and its rectangle; None where it is more than that.
    """

    key: object
    center: np.ndarray
    quads: np.ndarray
    labels: tuple[TextLabel, ...]
    text: TextCard | None = None


@dataclass
class LabelCache:
    """Keeps text from one frame to the next.

    Text stays where it is while it would move by less than `MIN_LABEL_SHIFT`, which is easier on
    the eyes, and its letters need not be laid out again.

    Attributes:
        cards: All text that was laid out, by name.
        quads: QUAD records of all text that is visible now.
        labels: All text that is visible now; the very same tuple while nothing changes.
        as_images: Names of cards that others make images of, and that are in `images` in place of
            `quads` and `labels`.
        images: Those that are visible now, by name.
    """

    cards: dict[str, LabelCard] = field(default_factory=dict)
    quads: np.ndarray = field(default_factory=lambda: np.zeros(0, QUAD))
    labels: tuple[TextLabel, ...] = ()
    as_images: frozenset[str] = frozenset()
    images: dict[str, TextCard] = field(default_factory=dict)
    _visible: list[LabelCard] = field(default_factory=list)

    def begin(self) -> list[LabelCard]:
        """Begins to collect what is visible; returns what was."""
        previous, self._visible = self._visible, []
        self.images = {}
        return previous

    def add(
        self, name: str, key: object, center: np.ndarray,
        lay_out: Callable[[], tuple[np.ndarray, Sequence[TextLabel]]],
    ) -> None:  # fmt: skip
        """Adds text that is visible.

        Args:
            name: Under which it is kept.
            key: It is laid out again when this changes.
            center: (3,) meters of the stage; it is laid out again when it moves.
            lay_out: Returns QUAD records and text.
        """
        if not self._is_kept(name, key, center):
            quads, labels = lay_out()
            self.cards[name] = LabelCard(key, center, quads, tuple(labels))
        self._visible.append(self.cards[name])

    def _is_kept(self, name: str, key: object, center: np.ndarray) -> bool:
        card = self.cards.get(name)
        if card is None or card.key != key:
            return False
        return bool(np.abs(card.center - center).max() <= MIN_LABEL_SHIFT)

    def add_lines(
        self, name: str, lines: list[tuple[str, Color]], board: Billboard, rig: Rig,
        cap_height: float,
    ) -> None:  # fmt: skip
        """Adds lines of text on a card, see `text_card`."""
        is_image = name in self.as_images
        key = (tuple(lines), rig, is_image)
        if not self._is_kept(name, key, board.center):
            text = text_card(lines, board, cap_height)
            quads, labels = (np.zeros(0, QUAD), ()) if is_image else text.records(rig)
            self.cards[name] = LabelCard(key, board.center, quads, labels, text)
        card = self.cards[name]
        self._visible.append(card)
        if is_image and card.text is not None:
            self.images[name] = card.text

    def end(self, previous: Sequence[LabelCard]) -> None:
        """Joins all that was added since `begin`, unless it is the same as before.

        Args:
            previous: What `begin` has returned.
        """
        same = len(previous) == len(self._visible) and all(
            a is b for a, b in zip(previous, self._visible, strict=True)
        )
        if not same:
            quads = [card.quads for card in self._visible]
            self.quads = np.concatenate([np.zeros(0, QUAD), *quads])
            self.labels = tuple(label for card in self._visible for label in card.labels)
