"""What is seen of hands: controllers, rays, the arc, what is carried, the board, menu and words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from vrnn.controls.hands.hand_controls import HandControls
from vrnn.controls.hands.hand_state import HandState
from vrnn.scene.headset import controller_visuals as tools
from vrnn.scene.headset import radial_menu as radial
from vrnn.scene.headset.billboard import READABLE_HEIGHT, Billboard, billboard_facing
from vrnn.scene.headset.floating_panel import PANEL_TEXTURE
from vrnn.scene.headset.rig_math import FORWARD, UP, heading
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.primitives import QUAD, STROKE, DrawList, ImageQuad, TextLabel
from vrnn.scene.readout import hover_text
from vrnn.scene.visuals.card import TEXT_HEIGHT, CardFrame, card_size, draw_card
from vrnn.style import font

HOLDING = "trigger on the input: put it in"
"""What to do with an image in the hand."""
MIN_CARD_DISTANCE = 0.5
"""Meters of the stage from the eye at which a carried image is as large as its text asks for."""
GROWTH_RANGE = (0.36, 0.18)
"""Meters of the stage from the eye at which a carried image begins to grow, and is as large
as it becomes."""
MIN_LABEL_SHIFT = 0.005
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
        if card is None or card.key != key or np.abs(card.center - center).max() > MIN_LABEL_SHIFT:
            quads, labels = made()
            card = self.cards[name] = LabelCard(key, center, quads, tuple(labels))
        self._now.append(card)

    def add_lines(
        self, name: str, lines: list[tuple[str, Ink]], leaf: Billboard, rig: Rig, size: float
    ) -> None:
        """Lines of text on a card over the leaf's center."""
        key = (tuple(lines), rig)
        self.add(name, key, leaf.center, lambda: tools.text_card(lines, leaf, rig, size))

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


def layout_labels(controls: HandControls, cache: LabelCache) -> None:
    """Find out which words are seen, and where. It takes longer than all else that is seen of
    hands, so it may be done between two frames."""
    before = cache.begin()
    head = controls.hands.head
    if head is not None:
        for hand in controls.hands:
            if hand.input.active:
                _about(cache, controls, hand, head)
        if controls.menu is not None:
            menu, rig = controls.menu, controls.rig
            cache.add(
                "menu",
                (menu.opened, menu.labels, menu.chosen, rig),
                menu.billboard.center,
                lambda: radial.draw_radial_menu(
                    menu.billboard, rig, menu.distance, menu.labels, menu.chosen
                ),
            )
        _said(cache, controls, head)
    cache.join(before)


class DrawListBuilder:
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


def draw_hands(
    controls: HandControls, cache: LabelCache | None = None
) -> tuple[DrawList, DrawList]:
    """What stands in the world, and what lies before everything (the dark edge, the frame around
    what a pixel depends on). memory: with the words that `words` found; None: found now."""
    if cache is None:
        cache = LabelCache()
        layout_labels(controls, cache)
    found, rig = DrawListBuilder(cache), controls.rig
    head = controls.hands.head
    if head is None:
        return found.drawing(), DrawList()
    eye = rig.apply(head.position)
    for hand in controls.hands:
        _hand(found, controls, hand, eye)
    if controls.locomotion.arc is not None:
        strokes, quads = tools.teleport(controls.locomotion.arc, rig.scale)
        found.strokes.append(strokes)
        found.quads.append(quads)
    leaf = controls.floating_panel.billboard
    if leaf is not None and controls.floating_panel.surface is not None:
        corner, right, down = leaf.edges_in_world(rig)
        # What OpenGL has drawn lies with its lowest row first.
        found.pictures.append(
            ImageQuad(_three(corner + down), _three(right), _three(-down), PANEL_TEXTURE)
        )
    _carried(found, controls, head)
    dark = tools.vignette(head, rig, controls.locomotion.vignette, controls.locomotion.blink, DARK)
    marks = controls.grab_preview.outline()
    if not len(marks):
        marks = controls.workspace.world.receptive_field_outline(controls.workspace.world.hovered)
    return found.drawing(), DrawList(quads=np.concatenate([marks, dark]))


def _hand(found: DrawListBuilder, hands: HandControls, hand: HandState, eye: np.ndarray) -> None:
    told, rig = hand.input, hands.rig
    if not told.active:
        return
    lit = hand.index == hands.hands.pointing
    if told.joints is not None:
        found.strokes.append(tools.fingers(told.joints, rig))
    else:
        found.quads.append(tools.controller(told, rig, lit))
    if hand.ray is None:
        return
    if hands.locomotion.arc is None or not lit:
        end, met = hand.ray.at(tools.RAY_LENGTH * rig.scale), False
        menu = hands.menu.billboard if hands.menu is not None and lit else None
        if menu is not None:
            away = (hands.rig.apply(menu.center) - hand.ray.origin) @ hand.ray.direction
            end, met = hand.ray.at(max(float(away), 0.0)), True
        elif hand.panel_hit is not None:
            end, met = hand.ray.at(hand.panel_hit[0]), True
        elif hand.hand_hit.hit is not None:
            end, met = hand.ray.at(max(hand.hand_hit.hit.distance, 0.0)), True
        if lit or met:
            found.strokes.append(tools.ray(hand.ray.origin, end, rig.scale, met, lit))
        if met and lit:
            found.quads.append(tools.dot(end, eye, tools.LIT))


def _about(memory: LabelCache, hands: HandControls, hand: HandState, head: Pose) -> None:
    """Beside the controller: what is pointed at, and what its buttons do."""
    pose = hand.input.aim or hand.input.grip
    wrist = (
        hands.floating_panel.visible
        and not hands.floating_panel.pinned
        and hand.index == hands.hands.secondary
    )
    if pose is None or hands.menu is not None or hand.panel_hit is not None or wrist:
        return
    lines: list[tuple[str, Ink]] = []
    if hand.index == hands.hands.pointing and not hands.magnifier:
        said = hover_text(hands.workspace.world).split("   ")
        lines += [(part.strip(), tools.LIT if i == 0 else tools.INK) for i, part in enumerate(said)]
        lines = [line for line in lines if line[0]]
    if hands.workspace.hand.image is None:
        rows = hands.hints.rows(hand.index == hands.hands.dominant, hand.input.joints is not None)
        lines += [(f"{name}: {does}", tools.QUIET_INK) for name, does in rows]
    if not lines:
        return
    size = READABLE_HEIGHT * max(float(np.linalg.norm(pose.position - head.position)), 0.3)
    wide = max(font.text_width(line) for line, _ in lines) * size
    outward = (-1.0 if hand.index == 0 else 1.0) * wide / 5
    leaf = billboard_facing(
        billboard_facing(pose.position, head.position).point(outward, 0.06), head.position
    )
    memory.add_lines(f"hand {hand.index}", lines, leaf, hands.rig, size)


def _carried(found: DrawListBuilder, hands: HandControls, head: Pose) -> None:
    """The image in the hand, or the map that is magnified, over the hand's tip."""
    held = hands.workspace.hand.image is not None
    hand = hands.hands[hands.hands.carrier if held else hands.hands.pointing]
    tip = hand.input.aim or hand.input.grip
    if tip is None or hands.menu is not None or not (held or hands.magnifier):
        return
    away = float(np.linalg.norm(tip.position - head.position))
    near = min(max((GROWTH_RANGE[0] - away) / (GROWTH_RANGE[0] - GROWTH_RANGE[1]), 0.0), 1.0)
    kind = "sharp" if near > 0.3 and not hands.magnifier else hands.magnifier
    for card in hands.workspace.hand.cards(kind if held else hands.magnifier, HOLDING):
        unit = READABLE_HEIGHT * max(away, MIN_CARD_DISTANCE) / TEXT_HEIGHT * (1 + 0.3 * near)
        wide, tall = card_size(card)
        leaf = billboard_facing(tip.position + UP * (0.05 + tall * unit / 2), head.position)
        if not held:  # beside what is pointed at
            outward = (-0.6 if hand.index == 0 else 0.6) * wide * unit
            leaf = billboard_facing(leaf.point(outward, 0.0), head.position)
        rig = hands.rig
        corner = rig.apply(leaf.point(-wide * unit / 2, tall * unit / 2))
        right, up, toward = (turned_about_y(v, rig.yaw) for v in (leaf.right, leaf.up, leaf.normal))
        frame = CardFrame(corner, right, up, toward, unit * rig.scale)
        behind, marks, labels, picture = draw_card(card, frame)
        behind["top"][:, 3] = behind["bottom"][:, 3] = 1.0
        found.quads += [behind, marks]
        found.labels += labels
        found.pictures.append(picture)


def _said(memory: LabelCache, hands: HandControls, head: Pose) -> None:
    """A note, or what the worker is doing, low before the eyes."""
    doing = hands.workspace.feed.progress
    said = hands.feedback.message or doing
    if said:
        yaw = heading(head)
        center = head.position + turned_about_y(FORWARD, yaw) * 1.1 - UP * 0.42
        lines = [(part, tools.INK) for part in _wrapped(said)]
        leaf = billboard_facing(center, head.position)
        memory.add_lines("note", lines, leaf, hands.rig, READABLE_HEIGHT * 1.2)


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
