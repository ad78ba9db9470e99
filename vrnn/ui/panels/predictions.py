"""The image in the networks, their predictions, and what is ablated; undo and redo."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from vrnn.commands.ablation import RemoveAblation
from vrnn.commands.edit import Redo, Undo
from vrnn.network.predictions import ClassScores, Detections, Output, Segmentation
from vrnn.scene.state import AblationState
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import ACCENT, MUTED_COLOR

MAX_CLASSES = 10
"""Classes that are listed."""


def best_classes(output: Output, names: tuple[str, ...]) -> list[tuple[str, float]]:
    """What an answer says, the most likely first: classes and their probability, the share of the
    image for a segmentation, the score for a detection. At most TOP."""

    def name(number: int) -> str:
        return names[number] if number < len(names) else f"class {number}"

    if isinstance(output, ClassScores):
        order = np.argsort(-output.probabilities, kind="stable")[:MAX_CLASSES]
        return [(name(int(i)), float(output.probabilities[i])) for i in order]
    if isinstance(output, Segmentation):
        counts = np.bincount(output.classes.reshape(-1), minlength=1)
        order = np.argsort(-counts, kind="stable")[:MAX_CLASSES]
        return [(name(int(i)), float(counts[i] / counts.sum())) for i in order if counts[i]]
    assert isinstance(output, Detections)
    pairs = zip(output.labels[:MAX_CLASSES], output.scores[:MAX_CLASSES], strict=True)
    return [(name(int(label)), float(s)) for label, s in pairs]


def ablation_text(ablation: AblationState) -> str:
    """Name what is ablated."""
    text = ablation.layer
    if len(ablation.channels) == 1:
        text += f" channel {ablation.channels[0]}"
    elif ablation.channels:
        text += f" {len(ablation.channels)} channels"
    if ablation.position is not None:
        text += f" at {ablation.position}"
    return text + (" (mean)" if ablation.value == "mean" else "")


@panel("Predictions", dock=Dock.RIGHT_BOTTOM, former_title="Scores")
class PredictionsPanel(Panel):
    """Image and predictions of each network, and the ablations."""

    def draw(self, context: PanelContext) -> None:
        """Draw all of it."""
        _undo(context)
        for slot in context.world.slots:
            imgui.push_id(slot)
            _network(context, slot)
            imgui.pop_id()
        _ablations(context)


def _undo(context: PanelContext) -> None:
    history = context.workspace.history
    steps = (("Undo", history.undo_label, Undo()), ("Redo", history.redo_label, Redo()))
    half = (imgui.get_content_region_avail().x - imgui.get_style().item_spacing.x) / 2
    for i, (verb, label, command) in enumerate(steps):
        if i:
            imgui.same_line()
        imgui.begin_disabled(not label)
        if imgui.button(f"{verb} {label}###{verb}", (half, 0)):
            context.do(command)
        imgui.end_disabled()


def _network(context: PanelContext, slot: int) -> None:
    network = context.world.networks[slot]
    imgui.separator_text(network.info.title)
    result = network.result
    if result is None:
        imgui.text_colored(MUTED_COLOR, "not there yet")
        return
    height, width = result.image.shape[:2]
    side = 6.5 * imgui.get_font_size()
    scale = side / max(height, width)
    true_label = context.world.true_label
    if slot == context.world.slots[0]:
        imgui.image(context.make_texture(result.image), (width * scale, height * scale))
        imgui.same_line()
        imgui.begin_group()
        imgui.text_colored(MUTED_COLOR, f"{width} × {height} pixels")
        milliseconds = result.seconds * 1000
        imgui.text_colored(MUTED_COLOR, f"forward pass {result.sequence}: {milliseconds:.0f} ms")
        if true_label:
            imgui.text_colored(MUTED_COLOR, "label:")
            imgui.same_line()
            imgui.text_unformatted(true_label)
        imgui.end_group()
    if network.info.random_weights:
        imgui.text_colored(ACCENT, "untrained weights: predictions are meaningless")
    for output in result.outputs:
        for name, part in best_classes(output, network.info.class_names):
            _bar(name, part, bool(true_label) and name == true_label)


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


def _ablations(context: PanelContext) -> None:
    ablations = context.world.state.ablations
    if not ablations:
        return
    imgui.separator_text("Ablated")
    for number, ablation in enumerate(ablations, 1):
        imgui.push_id(number)
        if imgui.small_button("on"):
            context.do(RemoveAblation(number))
        imgui.same_line()
        imgui.text_unformatted(ablation_text(ablation))
        imgui.pop_id()
    if len(ablations) > 1 and imgui.button("All channels on"):
        context.do(RemoveAblation())
