"""What is seen of hands: controllers, rays, the arc, what is carried, the board, menu and words."""

from __future__ import annotations

import numpy as np

from vrnn import font
from vrnn.hand_now import Hand
from vrnn.hands import HOLDING, Hands
from vrnn.readout import readout
from vrnn.scene import radial, tools
from vrnn.scene.board import LENT_BOARD
from vrnn.scene.drawing import QUAD, STROKE, Drawing, Label, Picture
from vrnn.scene.hand import TEXT, Frame, card_size, drawn
from vrnn.scene.leaf import READABLE, facing
from vrnn.scene.locomotion import FORWARD, UP, turned_vector
from vrnn.scene.tracked import Pose, Rig

CARRIED = 0.5
"""Metres of the stage from the eye at which a carried image is as large as its text asks for."""
NEAR_EYE = (0.36, 0.18)
"""Metres of the stage from the eye at which a carried image begins to grow, and is as large
as it becomes."""
Ink = tuple[float, float, float, float]
DARK: Ink = (0.0105, 0.0130, 0.0185, 1.0)


class Collected:
    """Records of one drawing."""

    def __init__(self) -> None:
        self.quads, self.strokes = [np.zeros(0, QUAD)], [np.zeros(0, STROKE)]
        self.labels: list[Label] = []
        self.pictures: list[Picture] = []

    def drawing(self) -> Drawing:
        """All of it."""
        return Drawing(
            quads=np.concatenate(self.quads), strokes=np.concatenate(self.strokes),
            labels=tuple(self.labels), pictures=tuple(self.pictures),
        )  # fmt: skip


def seen(hands: Hands) -> tuple[Drawing, Drawing]:
    """What stands in the world, and what lies before everything (the dark edge, the frame around
    what a pixel depends on)."""
    found, rig = Collected(), hands.rig
    head = hands.head
    if head is None:
        return found.drawing(), Drawing()
    eye = rig.apply(head.position)
    for hand in hands.hands:
        _hand(found, hands, hand, eye)
        if hand.told.active:
            _about(found, hands, hand, head)
    if hands.locomotion.arc is not None:
        strokes, quads = tools.teleport(hands.locomotion.arc, rig.scale)
        found.strokes.append(strokes)
        found.quads.append(quads)
    leaf = hands.board.leaf
    if leaf is not None and hands.board.panels is not None:
        corner, right, down = leaf.in_world(rig)
        # What OpenGL has drawn lies with its lowest row first.
        found.pictures.append(
            Picture(_three(corner + down), _three(right), _three(-down), LENT_BOARD)
        )
    if hands.menu is not None:
        menu = hands.menu
        quads, labels = radial.drawn(menu.leaf, rig, menu.distance, menu.words, menu.chosen)
        found.quads.append(quads)
        found.labels += labels
    _carried(found, hands, head)
    _said(found, hands, head)
    dark = tools.vignette(head, rig, hands.locomotion.vignette, hands.locomotion.blink, DARK)
    marks = hands.place.world.seen_by(hands.place.world.pointed)
    return found.drawing(), Drawing(quads=np.concatenate([marks, dark]))


def _hand(found: Collected, hands: Hands, hand: Hand, eye: np.ndarray) -> None:
    told, rig = hand.told, hands.rig
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
            away = (hands.rig.apply(menu.centre) - hand.ray.origin) @ hand.ray.direction
            end, met = hand.ray.at(max(float(away), 0.0)), True
        elif hand.on_board is not None:
            end, met = hand.ray.at(hand.on_board[0]), True
        elif hand.met.hit is not None:
            end, met = hand.ray.at(max(hand.met.hit.distance, 0.0)), True
        if lit or met:
            found.strokes.append(tools.ray(hand.ray.origin, end, rig.scale, met, lit))
        if met and lit:
            found.quads.append(tools.dot(end, eye, tools.LIT))


def _about(found: Collected, hands: Hands, hand: Hand, head: Pose) -> None:
    """Beside the controller: what is pointed at, and what its buttons do."""
    pose = hand.told.aim or hand.told.grip
    wrist = hands.board.shown and not hands.board.pinned and hand.index == hands.other
    if pose is None or hands.menu is not None or hand.on_board is not None or wrist:
        return
    lines: list[tuple[str, Ink]] = []
    if hand.index == hands.pointing and not hands.magnify:
        said = readout(hands.place.world).split("   ")
        lines += [(part.strip(), tools.LIT if i == 0 else tools.INK) for i, part in enumerate(said)]
        lines = [line for line in lines if line[0]]
    if hands.place.held is None:
        rows = hands.hints.lines(hand.index == hands.main, hand.told.joints is not None)
        lines += [(f"{name}: {does}", tools.QUIET_INK) for name, does in rows]
    if not lines:
        return
    size = READABLE * max(float(np.linalg.norm(pose.position - head.position)), 0.3)
    wide = max(font.width(line) for line, _ in lines) * size
    outward = (-1.0 if hand.index == 0 else 1.0) * wide / 5
    leaf = facing(facing(pose.position, head.position).at(outward, 0.06), head.position)
    _words(found, lines, leaf, hands.rig, size)


def _carried(found: Collected, hands: Hands, head: Pose) -> None:
    """The image in the hand, or the map that is magnified, over the hand's tip."""
    held = hands.place.held is not None
    hand = hands.hands[hands.carrier if held else hands.pointing]
    tip = hand.told.aim or hand.told.grip
    if tip is None or hands.menu is not None:
        return
    away = float(np.linalg.norm(tip.position - head.position))
    near = float(np.clip((NEAR_EYE[0] - away) / (NEAR_EYE[0] - NEAR_EYE[1]), 0.0, 1.0))
    kind = "sharp" if near > 0.3 and not hands.magnify else hands.magnify
    for card in hands.place.cards(kind if held else hands.magnify, HOLDING):
        unit = READABLE * max(away, CARRIED) / TEXT * (1 + 0.3 * near)
        wide, tall = card_size(card)
        leaf = facing(tip.position + UP * (0.05 + tall * unit / 2), head.position)
        if not held:  # beside what is pointed at
            outward = (-0.6 if hand.index == 0 else 0.6) * wide * unit
            leaf = facing(leaf.at(outward, 0.0), head.position)
        rig = hands.rig
        corner = rig.apply(leaf.at(-wide * unit / 2, tall * unit / 2))
        right, up, toward = (turned_vector(v, rig.yaw) for v in (leaf.right, leaf.up, leaf.toward))
        frame = Frame(corner, right, up, toward, unit * rig.scale)
        behind, marks, labels, picture = drawn(card, frame)
        behind["top"][:, 3] = behind["bottom"][:, 3] = 1.0
        found.quads += [behind, marks]
        found.labels += labels
        found.pictures.append(picture)


def _said(found: Collected, hands: Hands, head: Pose) -> None:
    """A note, or what the worker is doing, low before the eyes."""
    doing = hands.place.feed.progress
    said = hands.said or doing
    if said:
        yaw = hands.level
        centre = head.position + turned_vector(FORWARD, yaw) * 1.1 - UP * 0.42
        lines = [(part, tools.INK) for part in _wrapped(said)]
        _words(found, lines, facing(centre, head.position), hands.rig, READABLE * 1.2)


def _words(
    found: Collected, lines: list[tuple[str, Ink]], leaf: tools.Leaf, rig: Rig, size: float
) -> None:
    quads, labels = tools.words(lines, leaf, rig, size)
    found.quads.append(quads)
    found.labels += labels


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
