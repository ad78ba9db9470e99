"""What is seen of hands: controllers, rays, the arc, what is carried, the board, menu and words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from vrnn.controls.hands.hand_controls import HOLDING, HandControls
from vrnn.controls.hands.hand_state import HandState
from vrnn.scene.headset import controller_visuals as tools
from vrnn.scene.headset import radial_menu as radial
from vrnn.scene.headset.billboard import READABLE, Billboard, facing
from vrnn.scene.headset.floating_panel import LENT_BOARD
from vrnn.scene.headset.rig_math import FORWARD, UP, turned_vector
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.primitives import QUAD, STROKE, DrawList, ImageQuad, TextLabel
from vrnn.scene.readout import hover_text
from vrnn.scene.visuals.card import TEXT_HEIGHT, CardFrame, card_size, draw_card
from vrnn.style import font

CARRIED = 0.5
"""Meters of the stage from the eye at which a carried image is as large as its text asks for."""
NEAR_EYE = (0.36, 0.18)
"""Meters of the stage from the eye at which a carried image begins to grow, and is as large
as it becomes."""
STILL = 0.005
"""Meters of the stage."""
Ink = tuple[float, float, float, float]
DARK: Ink = (0.0105, 0.0130, 0.0185, 1.0)


@dataclass(frozen=True, eq=False)
class LabelCard:
    """Words that hang somewhere. key: what they say, and on which stage; center: (3,)."""

    key: object
    center: np.ndarray
    quads: np.ndarray
    labels: tuple[TextLabel, ...]


@dataclass
class LabelCache:
    """What stays from one frame to the next: words stay where they are while they would move by
    less than STILL, which is easier on the eyes, and their letters need not be laid out again.

    quads, labels: of all words that are seen now.
    """

    cards: dict[str, LabelCard] = field(default_factory=dict)
    quads: np.ndarray = field(default_factory=lambda: np.zeros(0, QUAD))
    labels: tuple[TextLabel, ...] = ()
    _now: list[LabelCard] = field(default_factory=list)

    def add(
        self, name: str, key: object, center: np.ndarray,
        made: Callable[[], tuple[np.ndarray, Sequence[TextLabel]]],
    ) -> None:  # fmt: skip
        """Words under a name; made anew when their key is another, or they would be elsewhere."""
        card = self.cards.get(name)
        if card is None or card.key != key or np.abs(card.center - center).max() > STILL:
            quads, labels = made()
            card = self.cards[name] = LabelCard(key, center, quads, tuple(labels))
        self._now.append(card)

    def add_lines(
        self, name: str, lines: list[tuple[str, Ink]], leaf: Billboard, rig: Rig, size: float
    ) -> None:
        """Lines of text on a card over the leaf's center."""
        key = (tuple(lines), rig)
        self.add(name, key, leaf.center, lambda: tools.words(lines, leaf, rig, size))

    def join(self, before: Sequence[LabelCard]) -> None:
        """All that was added since is what is seen; the very same list while nothing changed."""
        same = len(before) == len(self._now) and all(
            a is b for a, b in zip(before, self._now, strict=True)
        )
        if not same:
            quads = [card.quads for card in self._now]
            self.quads = np.concatenate([np.zeros(0, QUAD), *quads])
            self.labels = tuple(label for card in self._now for label in card.labels)

    def begin(self) -> list[LabelCard]:
        """Forget what is seen; returns what was."""
        before, self._now = self._now, []
        return before


def layout_labels(hands: HandControls, memory: LabelCache) -> None:
    """Find out which words are seen, and where. It takes longer than all else that is seen of
    hands, so it may be done between two frames."""
    before = memory.begin()
    head = hands.head
    if head is not None:
        for hand in hands.hands:
            if hand.input.active:
                _about(memory, hands, hand, head)
        if hands.menu is not None:
            menu, rig = hands.menu, hands.rig
            memory.add(
                "menu",
                (menu.opened, menu.labels, menu.chosen, rig),
                menu.leaf.center,
                lambda: radial.draw_radial_menu(
                    menu.leaf, rig, menu.distance, menu.labels, menu.chosen
                ),
            )
        _said(memory, hands, head)
    memory.join(before)


class Collected:
    """Records of one drawing."""

    def __init__(self, memory: LabelCache) -> None:
        self.quads, self.strokes = [memory.quads], [np.zeros(0, STROKE)]
        self.labels: list[TextLabel] = []
        self.pictures: list[ImageQuad] = []
        self._said = memory.labels

    def drawing(self) -> DrawList:
        """All of it."""
        return DrawList(
            quads=np.concatenate(self.quads), strokes=np.concatenate(self.strokes),
            labels=(*self._said, *self.labels) if self.labels else self._said,
            image_quads=tuple(self.pictures),
        )  # fmt: skip


def draw_hands(hands: HandControls, memory: LabelCache | None = None) -> tuple[DrawList, DrawList]:
    """What stands in the world, and what lies before everything (the dark edge, the frame around
    what a pixel depends on). memory: with the words that `words` found; None: found now."""
    if memory is None:
        memory = LabelCache()
        layout_labels(hands, memory)
    found, rig = Collected(memory), hands.rig
    head = hands.head
    if head is None:
        return found.drawing(), DrawList()
    eye = rig.apply(head.position)
    for hand in hands.hands:
        _hand(found, hands, hand, eye)
    if hands.locomotion.arc is not None:
        strokes, quads = tools.teleport(hands.locomotion.arc, rig.scale)
        found.strokes.append(strokes)
        found.quads.append(quads)
    leaf = hands.board.leaf
    if leaf is not None and hands.board.panels is not None:
        corner, right, down = leaf.in_world(rig)
        # What OpenGL has drawn lies with its lowest row first.
        found.pictures.append(
            ImageQuad(_three(corner + down), _three(right), _three(-down), LENT_BOARD)
        )
    _carried(found, hands, head)
    dark = tools.vignette(head, rig, hands.locomotion.vignette, hands.locomotion.blink, DARK)
    marks = hands.shaping.frame()
    if not len(marks):
        marks = hands.place.world.receptive_field_outline(hands.place.world.hovered)
    return found.drawing(), DrawList(quads=np.concatenate([marks, dark]))


def _hand(found: Collected, hands: HandControls, hand: HandState, eye: np.ndarray) -> None:
    told, rig = hand.input, hands.rig
    if not told.active:
        return
    lit = hand.index == hands.pointing
    if told.joints is not None:
        found.strokes.append(tools.fingers(told.joints, rig))
    else:
        found.quads.append(tools.controller(told, rig, lit))
    if hand.ray is None:
        return
    if hands.locomotion.arc is None or not lit:
        end, met = hand.ray.at(tools.FAR * rig.scale), False
        menu = hands.menu.leaf if hands.menu is not None and lit else None
        if menu is not None:
            away = (hands.rig.apply(menu.center) - hand.ray.origin) @ hand.ray.direction
            end, met = hand.ray.at(max(float(away), 0.0)), True
        elif hand.on_board is not None:
            end, met = hand.ray.at(hand.on_board[0]), True
        elif hand.hand_hit.hit is not None:
            end, met = hand.ray.at(max(hand.hand_hit.hit.distance, 0.0)), True
        if lit or met:
            found.strokes.append(tools.ray(hand.ray.origin, end, rig.scale, met, lit))
        if met and lit:
            found.quads.append(tools.dot(end, eye, tools.LIT))


def _about(memory: LabelCache, hands: HandControls, hand: HandState, head: Pose) -> None:
    """Beside the controller: what is pointed at, and what its buttons do."""
    pose = hand.input.aim or hand.input.grip
    wrist = hands.board.shown and not hands.board.pinned and hand.index == hands.secondary
    if pose is None or hands.menu is not None or hand.on_board is not None or wrist:
        return
    lines: list[tuple[str, Ink]] = []
    if hand.index == hands.pointing and not hands.magnify:
        said = hover_text(hands.place.world).split("   ")
        lines += [(part.strip(), tools.LIT if i == 0 else tools.INK) for i, part in enumerate(said)]
        lines = [line for line in lines if line[0]]
    if hands.place.held_image is None:
        rows = hands.hints.lines(hand.index == hands.dominant, hand.input.joints is not None)
        lines += [(f"{name}: {does}", tools.QUIET_INK) for name, does in rows]
    if not lines:
        return
    size = READABLE * max(float(np.linalg.norm(pose.position - head.position)), 0.3)
    wide = max(font.text_width(line) for line, _ in lines) * size
    outward = (-1.0 if hand.index == 0 else 1.0) * wide / 5
    leaf = facing(facing(pose.position, head.position).at(outward, 0.06), head.position)
    memory.add_lines(f"hand {hand.index}", lines, leaf, hands.rig, size)


def _carried(found: Collected, hands: HandControls, head: Pose) -> None:
    """The image in the hand, or the map that is magnified, over the hand's tip."""
    held = hands.place.held_image is not None
    hand = hands.hands[hands.carrier if held else hands.pointing]
    tip = hand.input.aim or hand.input.grip
    if tip is None or hands.menu is not None or not (held or hands.magnify):
        return
    away = float(np.linalg.norm(tip.position - head.position))
    near = min(max((NEAR_EYE[0] - away) / (NEAR_EYE[0] - NEAR_EYE[1]), 0.0), 1.0)
    kind = "sharp" if near > 0.3 and not hands.magnify else hands.magnify
    for card in hands.place.cards(kind if held else hands.magnify, HOLDING):
        unit = READABLE * max(away, CARRIED) / TEXT_HEIGHT * (1 + 0.3 * near)
        wide, tall = card_size(card)
        leaf = facing(tip.position + UP * (0.05 + tall * unit / 2), head.position)
        if not held:  # beside what is pointed at
            outward = (-0.6 if hand.index == 0 else 0.6) * wide * unit
            leaf = facing(leaf.at(outward, 0.0), head.position)
        rig = hands.rig
        corner = rig.apply(leaf.at(-wide * unit / 2, tall * unit / 2))
        right, up, toward = (turned_vector(v, rig.yaw) for v in (leaf.right, leaf.up, leaf.toward))
        frame = CardFrame(corner, right, up, toward, unit * rig.scale)
        behind, marks, labels, picture = draw_card(card, frame)
        behind["top"][:, 3] = behind["bottom"][:, 3] = 1.0
        found.quads += [behind, marks]
        found.labels += labels
        found.pictures.append(picture)


def _said(memory: LabelCache, hands: HandControls, head: Pose) -> None:
    """A note, or what the worker is doing, low before the eyes."""
    doing = hands.place.feed.progress
    said = hands.said or doing
    if said:
        yaw = hands.level
        center = head.position + turned_vector(FORWARD, yaw) * 1.1 - UP * 0.42
        lines = [(part, tools.INK) for part in _wrapped(said)]
        leaf = facing(center, head.position)
        memory.add_lines("note", lines, leaf, hands.rig, READABLE * 1.2)


def _wrapped(text: str, most: int = 46) -> list[str]:
    """The text in lines of so many letters."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= most:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _three(vector: np.ndarray) -> tuple[float, float, float]:
    x, y, z = vector.tolist()
    return x, y, z
