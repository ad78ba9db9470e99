"""The image in the networks, what they answer, and what is switched off; undo and redo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from imgui_bundle import imgui

from vrnn.commands.layers import RemoveAblation
from vrnn.commands.session import Redo, Undo
from vrnn.network.predictions import ClassScores, Detections, Output, Segmentation
from vrnn.scene.state import AblationState
from vrnn.ui.panel_context import PanelContext, words
from vrnn.ui.style import ACCENT, QUIET

NAME = "Scores"
TOP = 10
"""Classes that are listed."""

Picture = Callable[[np.ndarray], Any]


def best_classes(output: Output, names: tuple[str, ...]) -> list[tuple[str, float]]:
    """What an answer says, the most likely first: classes and their probability, the share of the
    image for a segmentation, the score for a detection. At most TOP."""

    def name(number: int) -> str:
        return names[number] if number < len(names) else f"class {number}"

    if isinstance(output, ClassScores):
        order = np.argsort(-output.probabilities, kind="stable")[:TOP]
        return [(name(int(i)), float(output.probabilities[i])) for i in order]
    if isinstance(output, Segmentation):
        counts = np.bincount(output.classes.reshape(-1), minlength=1)
        order = np.argsort(-counts, kind="stable")[:TOP]
        return [(name(int(i)), float(counts[i] / counts.sum())) for i in order if counts[i]]
    assert isinstance(output, Detections)
    pairs = zip(output.labels[:TOP], output.scores[:TOP], strict=True)
    return [(name(int(label)), float(s)) for label, s in pairs]


def off_text(off: AblationState) -> str:
    """What is switched off, in words."""
    what = off.layer
    if len(off.channels) == 1:
        what += f" channel {off.channels[0]}"
    elif off.channels:
        what += f" {len(off.channels)} channels"
    if off.position is not None:
        what += f" at {off.position}"
    return what + (" (mean)" if off.value == "mean" else "")


def draw(desk: PanelContext, picture: Picture, truth: str | None = None) -> None:
    """The panel's inside. picture: makes an image of pixels for ImGui; truth: the true class, where
    it is known."""
    _undo(desk)
    for slot in desk.world.slots:
        imgui.push_id(slot)
        _network(desk, slot, picture, truth)
        imgui.pop_id()
    _off(desk)


def _undo(desk: PanelContext) -> None:
    history = desk.place.history
    steps = (("Undo", history.undo_label, Undo()), ("Redo", history.redo_label, Redo()))
    half = (imgui.get_content_region_avail().x - imgui.get_style().item_spacing.x) / 2
    for i, (word, said, action) in enumerate(steps):
        if i:
            imgui.same_line()
        imgui.begin_disabled(not said)
        if imgui.button(f"{word} {words(said)}###{word}", (half, 0)):
            desk.do(action)
        imgui.end_disabled()


def _network(desk: PanelContext, slot: int, picture: Picture, truth: str | None) -> None:
    stand = desk.world.networks[slot]
    imgui.separator_text(stand.info.title)
    frame = stand.result
    if frame is None:
        imgui.text_colored(QUIET, "not there yet")
        return
    height, width = frame.image.shape[:2]
    side = 6.5 * imgui.get_font_size()
    scale = side / max(height, width)
    if slot == desk.world.slots[0]:
        imgui.image(picture(frame.image), (width * scale, height * scale))
        imgui.same_line()
        imgui.begin_group()
        imgui.text_colored(QUIET, f"{width} × {height} pixels")
        imgui.text_colored(QUIET, f"pass {frame.sequence}, {frame.seconds * 1000:.0f} ms")
        if truth is not None:
            imgui.text_colored(QUIET, "in truth")
            imgui.same_line()
            imgui.text_unformatted(truth)
        imgui.end_group()
    if stand.info.random_weights:
        imgui.text_colored(ACCENT, "random weights: the answer means nothing")
    for output in frame.outputs:
        for name, part in best_classes(output, stand.info.class_names):
            _bar(name, part, name == truth)


def _bar(name: str, part: float, true: bool) -> None:
    """One class with a bar behind its name."""
    left = imgui.get_cursor_screen_pos()
    width, height = imgui.get_content_region_avail().x, 1.35 * imgui.get_font_size()
    ink = imgui.color_convert_float4_to_u32
    paint = imgui.get_window_draw_list()
    rounding = imgui.get_style().frame_rounding
    whole = (left.x + width, left.y + height)
    paint.add_rect_filled(
        left, whole, ink(imgui.get_style_color_vec4(imgui.Col_.frame_bg)), rounding
    )
    if part > 0.004:
        end = (left.x + width * min(part, 1.0), left.y + height)
        paint.add_rect_filled(left, end, ink(imgui.ImVec4(*ACCENT[:3], 0.38)), rounding)
    pad = 0.5 * imgui.get_font_size()
    top = left.y + (height - imgui.get_font_size()) / 2
    value = f"{part:.1%}"
    right = left.x + width - pad - imgui.calc_text_size(value).x
    text = imgui.get_style_color_vec4(imgui.Col_.text)
    imgui.push_clip_rect((left.x, left.y), (right - pad, left.y + height), True)
    paint.add_text((left.x + pad, top), ink(imgui.ImVec4(*ACCENT) if true else text), name)
    imgui.pop_clip_rect()
    paint.add_text((right, top), ink(text), value)
    imgui.dummy((width, height - imgui.get_style().item_spacing.y / 2))


def _off(desk: PanelContext) -> None:
    off = desk.world.state.ablations
    if not off:
        return
    imgui.separator_text("Switched off")
    for number, one in enumerate(off, 1):
        imgui.push_id(number)
        if imgui.small_button("on"):
            desk.do(RemoveAblation(number))
        imgui.same_line()
        imgui.text_unformatted(off_text(one))
        imgui.pop_id()
    if len(off) > 1 and imgui.button("Switch all on"):
        desk.do(RemoveAblation())
