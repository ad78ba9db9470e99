"""What is drawn of hands: controllers, rays, the teleport, the image in the hand, and text."""

from __future__ import annotations

import numpy as np

from vrnn.controls.hands.hand_controls import HandControls
from vrnn.controls.hands.hand_state import HandState
from vrnn.controls.hands.label_cache import LabelCache
from vrnn.scene.headset import controller_visuals as visuals
from vrnn.scene.headset.billboard import READABLE_HEIGHT, billboard_facing
from vrnn.scene.headset.controller_visuals import Color
from vrnn.scene.headset.floating_panel import PANEL_TEXTURE
from vrnn.scene.headset.panel_image import panel_quad
from vrnn.scene.headset.radial_menu import draw_radial_menu
from vrnn.scene.headset.rig_math import FORWARD, UP, heading
from vrnn.scene.headset.tracking import Pose
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.pointer_marks import pointer_marks
from vrnn.scene.primitives import STROKE, DrawList, ImageQuad, TextLabel
from vrnn.scene.readout import hover_text
from vrnn.scene.visuals.card import TEXT_HEIGHT, CardFrame, card_size, draw_card
from vrnn.style import font
from vrnn.ui.text_card_images import shown_part

HOLDING = "trigger on the input: put it in"
"""What to do with an image in the hand."""
DISMISS = "B or Y of the pointing hand closes this"
"""How a message about a fault goes away."""
MIN_CARD_DISTANCE = 0.5
"""Meters of the stage from the eye at which a carried image is as large as its text asks for."""
GROWTH_RANGE = (0.36, 0.18)
"""Meters of the stage from the eye at which a carried image begins to grow, and is as large
as it becomes."""
MESSAGE_DISTANCE, MESSAGE_DROP = 1.1, 0.42
"""Meters of the stage before and below the eye, where a message is shown."""
MAX_LINE_LENGTH = 46
"""Letters of a message in one line."""
HAND_CARDS, MESSAGE_CARD = ("card of the left hand", "card of the right hand"), "message"
"""Names of the cards with text."""
DARK: Color = (0.0105, 0.0130, 0.0185, 1.0)


# Text.


def layout_labels(controls: HandControls, cache: LabelCache) -> None:
    """Lays out the text that is visible.

    It takes longer than all else that is drawn of hands, so it may be done between two frames.

    Args:
        controls: What is drawn.
        cache: Gets the text.
    """
    previous = cache.begin()
    head = controls.hands.head
    if head is not None:
        for hand in controls.hands:
            if hand.input.active:
                _add_hand_text(cache, controls, hand, head)
        if controls.menu is not None:
            menu, rig = controls.menu, controls.rig
            cache.add(
                "menu",
                (menu.opened, menu.labels, menu.chosen, rig),
                menu.billboard.center,
                lambda: draw_radial_menu(
                    menu.billboard, rig, menu.distance, menu.labels, menu.chosen
                ),
            )
        _add_message(cache, controls, head)
    cache.end(previous)


def _add_hand_text(cache: LabelCache, controls: HandControls, hand: HandState, head: Pose) -> None:
    """Adds, beside a controller, what it points at and what its buttons do."""
    pose = hand.input.aim or hand.input.grip
    panel, hands = controls.floating_panel, controls.hands
    carries_panel = panel.visible and not panel.pinned and hand.index == hands.secondary
    if pose is None or controls.menu is not None or hand.panel_hit is not None or carries_panel:
        return
    lines: list[tuple[str, Color]] = []
    if hand.index == hands.pointing and not controls.magnifier:
        parts = hover_text(controls.workspace.world).split("   ")
        colors = (visuals.LIT, *[visuals.INK] * (len(parts) - 1))
        texts = [part.strip() for part in parts]
        lines = [(text, color) for text, color in zip(texts, colors, strict=True) if text]
    if controls.workspace.hand.image is None:
        rows = controls.hints.rows(hand.index == hands.dominant, hand.input.joints is not None)
        lines += [(f"{name}: {effect}", visuals.QUIET_INK) for name, effect in rows]
    if not lines:
        return
    cap_height = READABLE_HEIGHT * max(float(np.linalg.norm(pose.position - head.position)), 0.3)
    width = max(font.text_width(text) for text, _ in lines) * cap_height
    outward = (-1.0 if hand.index == 0 else 1.0) * width / 5
    beside = billboard_facing(pose.position, head.position).point(outward, 0.06)
    board = billboard_facing(beside, head.position)
    cache.add_lines(HAND_CARDS[hand.index], lines, board, controls.rig, cap_height)


def _add_message(cache: LabelCache, controls: HandControls, head: Pose) -> None:
    """Adds a message, or what the worker is doing, low before the eyes."""
    message = controls.feedback.message or controls.workspace.feed.progress
    if controls.workspace.faults:
        message = f"{controls.workspace.faults[0]} ({DISMISS})"
    if message:
        ahead = turned_about_y(FORWARD, heading(head))
        center = head.position + ahead * MESSAGE_DISTANCE - UP * MESSAGE_DROP
        lines = [(line, visuals.INK) for line in _wrapped(message)]
        board = billboard_facing(center, head.position)
        cache.add_lines(MESSAGE_CARD, lines, board, controls.rig, READABLE_HEIGHT * 1.2)


def _wrapped(text: str, max_length: int = MAX_LINE_LENGTH) -> list[str]:
    """Returns a text in lines of so many letters at most, unless a word is longer."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= max_length:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


# Everything else.


class DrawListBuilder:
    """Collects the records of a draw list.

    Attributes:
        quads: Arrays of QUAD.
        strokes: Arrays of STROKE.
        labels: Text that is not in the cache.
        image_quads: Images.
    """

    def __init__(self, cache: LabelCache) -> None:
        """Begins with all text of a cache."""
        self.quads, self.strokes = [cache.quads], [np.zeros(0, STROKE)]
        self.labels: list[TextLabel] = []
        self.image_quads: list[ImageQuad] = []
        self._cached_labels = cache.labels

    def build(self) -> DrawList:
        """Returns the draw list; while it has only text of the cache, that very tuple."""
        cached = self._cached_labels
        return DrawList(
            quads=np.concatenate(self.quads), strokes=np.concatenate(self.strokes),
            labels=(*cached, *self.labels) if self.labels else cached,
            image_quads=tuple(self.image_quads),
        )  # fmt: skip


def draw_hands(
    controls: HandControls, cache: LabelCache | None = None
) -> tuple[DrawList, DrawList]:
    """Draws hands and what they hold.

    Args:
        controls: What is drawn.
        cache: With the text that `layout_labels` laid out; None: it is laid out now.

    Returns:
        What is in the world, and what lies before everything: the dark edge, and the marks of what
        is pointed at.
    """
    if cache is None:
        cache = LabelCache()
        layout_labels(controls, cache)
    builder, rig = DrawListBuilder(cache), controls.rig
    head = controls.hands.head
    if head is None:
        return builder.build(), DrawList()
    builder.image_quads += [
        panel_quad(card.board, rig, name, shown_part(card)) for name, card in cache.images.items()
    ]
    eye = rig.apply(head.position)
    for hand in controls.hands:
        _draw_hand(builder, controls, hand, eye)
    locomotion = controls.locomotion
    if locomotion.arc is not None:
        strokes, quads = visuals.teleport(locomotion.arc, rig.scale)
        builder.strokes.append(strokes)
        builder.quads.append(quads)
    board = controls.floating_panel.billboard
    if board is not None and controls.floating_panel.surface is not None:
        builder.image_quads.append(panel_quad(board, rig, PANEL_TEXTURE))
    _draw_card(builder, controls, head)
    dark = visuals.vignette(head, rig, locomotion.vignette, locomotion.blink, DARK)
    outline = controls.grab_preview.outline()
    if not len(outline):
        world = controls.workspace.world
        if world.viewer is not None:
            outline = pointer_marks(world, world.viewer, controls.workspace.hand.image is not None)
    return builder.build(), DrawList(quads=np.concatenate([outline, dark]))


def _draw_hand(
    builder: DrawListBuilder, controls: HandControls, hand: HandState, eye: np.ndarray
) -> None:
    """Draws a controller or a tracked hand, and its ray. `eye` is (3,) meters of the world."""
    rig = controls.rig
    if not hand.input.active:
        return
    points = hand.index == controls.hands.pointing
    if hand.input.joints is not None:
        builder.strokes.append(visuals.fingers(hand.input.joints, rig))
    else:
        builder.quads.append(visuals.controller(hand.input, rig, points))
    ray = hand.ray
    if ray is None or (controls.locomotion.arc is not None and points):
        return
    distance: float | None = None
    if controls.menu is not None and points:
        menu = rig.apply(controls.menu.billboard.center)
        distance = float((menu - ray.origin) @ ray.direction)
    elif hand.panel_hit is not None:
        distance = hand.panel_hit[0]
    elif hand.hand_hit.hit is not None:
        distance = hand.hand_hit.hit.distance
    meets = distance is not None
    end = ray.at(visuals.RAY_LENGTH * rig.scale if distance is None else max(distance, 0.0))
    if points or meets:
        builder.strokes.append(visuals.ray(ray.origin, end, rig.scale, meets, points))
    if meets and points:
        builder.quads.append(visuals.dot(end, eye, visuals.LIT))


def _draw_card(builder: DrawListBuilder, controls: HandControls, head: Pose) -> None:
    """Draws the image in the hand, or the map that is magnified, over the tip of the hand."""
    hands, rig = controls.hands, controls.rig
    is_held = controls.workspace.hand.image is not None
    hand = hands[hands.carrier if is_held else hands.pointing]
    tip = hand.input.aim or hand.input.grip
    if tip is None or controls.menu is not None or not (is_held or controls.magnifier):
        return
    distance = float(np.linalg.norm(tip.position - head.position))
    growth = (GROWTH_RANGE[0] - distance) / (GROWTH_RANGE[0] - GROWTH_RANGE[1])
    growth = min(max(growth, 0.0), 1.0)
    magnifier = controls.magnifier
    if is_held and growth > 0.3 and not magnifier:
        magnifier = "sharp"
    for card in controls.workspace.hand.cards(magnifier, HOLDING):
        unit = READABLE_HEIGHT * max(distance, MIN_CARD_DISTANCE) / TEXT_HEIGHT * (1 + 0.3 * growth)
        width, height = card_size(card)
        board = billboard_facing(tip.position + UP * (0.05 + height * unit / 2), head.position)
        if not is_held:  # beside what is pointed at
            outward = (-0.6 if hand.index == 0 else 0.6) * width * unit
            board = billboard_facing(board.point(outward, 0.0), head.position)
        corner = rig.apply(board.point(-width * unit / 2, height * unit / 2))
        axes = (board.right, board.up, board.normal)
        right, up, normal = (turned_about_y(axis, rig.yaw) for axis in axes)
        frame = CardFrame(corner, right, up, normal, unit * rig.scale)
        background, marks, labels, image = draw_card(card, frame)
        background["top"][:, 3] = background["bottom"][:, 3] = 1.0
        builder.quads += [background, marks]
        builder.labels += labels
        builder.image_quads.append(image)
