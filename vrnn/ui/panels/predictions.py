"""The Predictions panel: input, predictions of each network, ablations, undo and redo."""

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
    """List the best classes of an output, the most likely first, at most `MAX_CLASSES`.

    Args:
        output: Predictions of a network.
        names: Names of the classes.

    Returns:
        Each class with its probability, its share of the image for a segmentation, or its score
        for a detection, 0…1.
    """

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
    """Describe what is ablated."""
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
    """Shows the input and the predictions, and removes ablations."""

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        _draw_undo(context)
        for slot in context.world.slots:
            imgui.push_id(slot)
            _draw_network(context, slot)
            imgui.pop_id()
        _draw_ablations(context)


def _draw_undo(context: PanelContext) -> None:
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


def _draw_network(context: PanelContext, slot: int) -> None:
    network = context.world.networks[slot]
    imgui.separator_text(network.info.title)
    result = network.result
    if result is None:
        imgui.text_colored(MUTED_COLOR, "not computed yet")
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
    if result.note:
        imgui.push_text_wrap_pos(0.0)
        imgui.text_colored(MUTED_COLOR, result.note)
        imgui.pop_text_wrap_pos()
    if network.info.random_weights:
        imgui.text_colored(ACCENT, "untrained weights: predictions are meaningless")
    for output in result.outputs:
        for name, value in best_classes(output, network.info.class_names):
            _draw_class(name, value, bool(true_label) and name == true_label)


def _draw_class(name: str, value: float, is_label: bool) -> None:
    """Draw a class with a bar behind its name.

    Args:
        name: The class.
        value: Length of the bar, 0…1.
        is_label: Whether it is the label of the image.
    """
    start = imgui.get_cursor_screen_pos()
    width, height = imgui.get_content_region_avail().x, 1.35 * imgui.get_font_size()
    packed = imgui.color_convert_float4_to_u32
    draw_list = imgui.get_window_draw_list()
    rounding = imgui.get_style().frame_rounding
    end = (start.x + width, start.y + height)
    draw_list.add_rect_filled(
        start, end, packed(imgui.get_style_color_vec4(imgui.Col_.frame_bg)), rounding
    )
    if value > 0.004:
        bar_end = (start.x + width * min(value, 1.0), start.y + height)
        draw_list.add_rect_filled(start, bar_end, packed(imgui.ImVec4(*ACCENT[:3], 0.38)), rounding)
    pad = 0.5 * imgui.get_font_size()
    top = start.y + (height - imgui.get_font_size()) / 2
    percent = f"{value:.1%}"
    right = start.x + width - pad - imgui.calc_text_size(percent).x
    text = imgui.get_style_color_vec4(imgui.Col_.text)
    imgui.push_clip_rect((start.x, start.y), (right - pad, start.y + height), True)
    color = packed(imgui.ImVec4(*ACCENT) if is_label else text)
    draw_list.add_text((start.x + pad, top), color, name)
    imgui.pop_clip_rect()
    draw_list.add_text((right, top), packed(text), percent)
    imgui.dummy((width, height - imgui.get_style().item_spacing.y / 2))


def _draw_ablations(context: PanelContext) -> None:
    ablations = context.world.state.ablations
    if not ablations:
        return
    imgui.separator_text("Ablated")
    for number, ablation in enumerate(ablations, 1):
        imgui.push_id(number)
        if imgui.small_button("remove"):
            context.do(RemoveAblation(number))
        imgui.same_line()
        imgui.text_unformatted(ablation_text(ablation))
        imgui.pop_id()
    if len(ablations) > 1 and imgui.button("All channels on"):
        context.do(RemoveAblation())
