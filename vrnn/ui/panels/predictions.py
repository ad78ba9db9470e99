"""The Predictions panel: input, predictions of each network, ablations, undo and redo."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from vrnn.commands.ablation import RemoveAblation
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.explain import explain_target
from vrnn.commands.outputs import ShowOutputAs
from vrnn.network.output_decoding import fitting_kinds
from vrnn.network.predictions import (
    KIND_TEXT,
    ClassScores,
    DepthMap,
    Detections,
    Embedding,
    FlowField,
    ImageOutput,
    Maps,
    Output,
    Segmentation,
    Values,
    Waveform,
    caption,
)
from vrnn.network.results import ForwardResult
from vrnn.scene.output_choices import shown_outputs
from vrnn.scene.state import AblationState
from vrnn.scene.visuals.output_bars import class_name, number_name
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import accent, muted
from vrnn.ui.widgets import combo, fit_text, same_line_if_fits, wrapped_text

ROW_TOOLTIP = "click: why this answer (relevance in all layers); once more hides it"
MAX_ROWS = 10
"""Classes or numbers that are listed."""
MAX_LED = 3
"""Of the classes that led before channels were ablated, those that are listed in any case."""
MIN_FACTS_WIDTH = 8.0
"""Width beside the image, in heights of the text, below which facts stand under it."""
AS_FOUND = "as found"
"""Entry of the list of kinds that takes a choice back."""


def output_rows(output: Output, names: tuple[str, ...]) -> list[tuple[str, str, float]]:
    """List what an output says, the most telling first, at most `MAX_ROWS`.

    Args:
        output: One output of a network.
        names: Names of the classes.

    Returns:
        Each class, or each number, with its value as text and the length of its bar, 0…1: the
        probability, the share of the image for a segmentation, or the score for a detection. One
        line without a bar for all else.
    """
    if isinstance(output, ClassScores):
        order = np.argsort(-output.probabilities, kind="stable")[:MAX_ROWS]
        shares = [(int(i), float(output.probabilities[i])) for i in order]
    elif isinstance(output, Segmentation):
        counts = np.bincount(output.classes.reshape(-1), minlength=1)
        order = np.argsort(-counts, kind="stable")[:MAX_ROWS]
        shares = [(int(i), float(counts[i] / counts.sum())) for i in order if counts[i]]
    elif isinstance(output, Detections):
        pairs = zip(output.labels[:MAX_ROWS], output.scores[:MAX_ROWS], strict=True)
        shares = [(int(label), float(score)) for label, score in pairs]
    elif isinstance(output, Values):
        numbers = output.numbers
        peak = float(np.abs(np.nan_to_num(numbers)).max(initial=0)) or 1.0
        return [
            (number_name(i, len(numbers), names), f"{n:.5g}", abs(n) / peak)
            for i, n in enumerate(numbers[:MAX_ROWS].tolist())
        ]
    else:
        return [(output_facts(output), "", 0.0)]
    return [(class_name(label, names), f"{share:.1%}", share) for label, share in shares]


def row_targets(output: Output, number: int, before: Output | None = None) -> list[str]:
    """Return what a click on each row of `compared_rows` explains; [] where there is nothing.

    Args:
        output: One output of a network.
        number: Which of its outputs, from 0.
        before: The same output before channels were ablated; None for no comparison.
    """
    if isinstance(output, ClassScores):
        order = _listed_classes(output, before)
    elif isinstance(output, Segmentation):
        counts = np.bincount(output.classes.reshape(-1), minlength=1)
        order = [i for i in np.argsort(-counts, kind="stable")[:MAX_ROWS].tolist() if counts[i]]
    elif isinstance(output, Values):
        order = list(range(len(output.numbers[:MAX_ROWS])))
    elif isinstance(output, Detections):
        return [f"box {index}" for index in range(len(output.scores[:MAX_ROWS]))]
    else:
        return []
    place = f"output {number}: " if number else ""
    return [f"{place}{index}" for index in order]


def compared_rows(
    output: Output, before: Output | None, names: tuple[str, ...]
) -> list[tuple[str, str, float]]:
    """List what an output says as `output_rows` does, each with what it was and its change.

    Args:
        output: One output of a network.
        before: The same output before channels were ablated; None for no comparison. What led then
            is listed too.
        names: Names of the classes.

    Returns:
        As `output_rows`; the text of a value is `before → now (change)`.
    """
    rows = output_rows(output, names)
    if isinstance(output, ClassScores) and isinstance(before, ClassScores):
        now, old = output.probabilities, before.probabilities
        if now.shape != old.shape:
            return rows
        return [
            (
                class_name(i, names),
                f"{100 * old[i]:.1f} → {now[i]:.1%} ({_signed(100 * float(now[i] - old[i]))})",
                float(now[i]),
            )
            for i in _listed_classes(output, before)
        ]  # fmt: skip
    if not isinstance(output, Values) or not isinstance(before, Values):
        return rows
    if output.numbers.shape != before.numbers.shape:
        return rows
    changes = (output.numbers - before.numbers)[:MAX_ROWS].tolist()
    earlier = [text for _, text, _ in output_rows(before, names)]
    return [
        (name, f"{old} → {text} ({change:+.3g})".replace("-", "−"), bar)
        for (name, text, bar), old, change in zip(rows, earlier, changes, strict=True)
    ]


def _listed_classes(output: ClassScores, before: Output | None) -> list[int]:
    """The classes that are listed: the likeliest, and those that led before."""
    best = [int(i) for i in np.argsort(-output.probabilities, kind="stable")[:MAX_ROWS]]
    if not isinstance(before, ClassScores):
        return best
    if output.probabilities.shape != before.probabilities.shape:
        return best
    leading = np.argsort(-before.probabilities, kind="stable")[:MAX_LED]
    led = [int(i) for i in leading if int(i) not in best]
    return [*best[: MAX_ROWS - len(led)], *led]


def _signed(points: float) -> str:
    """A change in percentage points: `+0.3`, `−12.0`, `0.0`."""
    text = f"{points:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def _same_output(result: ForwardResult, name: str) -> Output | None:
    """The output of this name in another result."""
    return next((output for output in result.outputs if output.name == name), None)


def _muted(text: str) -> None:
    imgui.push_style_color(imgui.Col_.text, muted())
    wrapped_text(text)
    imgui.pop_style_color()


def output_facts(output: Output) -> str:
    """Describe an output that is no list of classes or numbers on one line."""
    if isinstance(output, DepthMap):
        height, width = output.depth.shape
        return f"{width} × {height}, from {output.low:.4g} to {output.high:.4g}"
    if isinstance(output, FlowField):
        height, width = output.vectors.shape[1:]
        return f"{width} × {height} vectors, up to {output.longest:.3g} pixels"
    if isinstance(output, ImageOutput):
        height, width = output.pixels.shape[:2]
        return f"{width} × {height}, black {output.low:.4g}, white {output.high:.4g}"
    if isinstance(output, Waveform):
        count, length = output.samples.shape
        channels = f"{count} channels of " if count > 1 else ""
        return f"{channels}{length:,} samples, peak {output.peak:.3g}"
    if isinstance(output, Embedding):
        return f"{len(output.vector):,} numbers, length {np.linalg.norm(output.vector):.4g}"
    if isinstance(output, Maps):
        size = "×".join(map(str, output.shape))
        return f"{size} values, from {output.low:.4g} to {output.high:.4g}"
    return ""


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
            _draw_network(context, slot, context.world.networks[slot].before_ablation)
            imgui.pop_id()
        _draw_ablations(context)


def _draw_undo(context: PanelContext) -> None:
    history = context.workspace.history
    steps = (("Undo", history.undo_label, Undo()), ("Redo", history.redo_label, Redo()))
    half = (imgui.get_content_region_avail().x - imgui.get_style().item_spacing.x) / 2
    for i, (verb, label, command) in enumerate(steps):
        if i:
            imgui.same_line()
        text = f"{verb}: {label}" if label else verb
        room = half - 2 * imgui.get_style().frame_padding.x
        fitting = text if imgui.calc_text_size(text).x <= room else verb
        imgui.begin_disabled(not label)
        if imgui.button(f"{fitting}###{verb}", (half, 0)):
            context.do(command)
        if fitting != text:
            imgui.set_item_tooltip(text)
        imgui.end_disabled()


def _draw_network(context: PanelContext, slot: int, before: ForwardResult | None) -> None:
    """Draw the input and the outputs of a network. before: its result before any ablation."""
    network = context.world.networks[slot]
    imgui.separator_text(network.info.title)
    result = network.result
    if result is None:
        imgui.text_colored(muted(), "not computed yet")
        return
    height, width = result.image.shape[:2]
    side = 6.5 * imgui.get_font_size()
    scale = side / max(height, width)
    true_label = context.world.true_label
    if slot == context.world.slots[0]:
        room = imgui.get_content_region_avail().x - width * scale
        imgui.image(context.make_texture(result.image), (width * scale, height * scale))
        if room >= MIN_FACTS_WIDTH * imgui.get_font_size():
            imgui.same_line()
        imgui.begin_group()
        tokens = len(network.info.token_names)
        if tokens or network.info.takes_images:
            size = f"{tokens} tokens" if tokens else f"{width} × {height} pixels"
            _muted(size)
        milliseconds = result.seconds * 1000
        _muted(f"forward pass {result.sequence}: {milliseconds:.0f} ms")
        if true_label:
            imgui.text_colored(muted(), "label:")
            imgui.same_line()
            imgui.text_unformatted(true_label)
        imgui.end_group()
    if result.note:
        imgui.push_text_wrap_pos(0.0)
        imgui.text_colored(muted(), result.note)
        imgui.pop_text_wrap_pos()
    if network.info.random_weights:
        imgui.push_style_color(imgui.Col_.text, accent())
        wrapped_text("untrained weights: predictions are meaningless")
        imgui.pop_style_color()
    outputs = shown_outputs(result, context.world.state, slot)
    for index, (found, output) in enumerate(zip(result.outputs, outputs, strict=True)):
        imgui.push_id(output.name)
        _draw_kind(context, slot, found, output, with_name=len(outputs) > 1)
        names = network.info.class_names
        old = None if before is None else _same_output(before, output.name)
        if old is not None:
            _muted("before ablation → now (change)")
        targets = row_targets(output, index, old)
        rows = compared_rows(output, old, names)
        for number, (name, text, value) in enumerate(rows):
            _draw_row(name, text, value, bool(true_label) and name == true_label)
            if number < len(targets) and imgui.is_item_clicked():
                context.do(explain_target(context.world.state.relevance, slot, targets[number]))
            if number < len(targets):
                imgui.set_item_tooltip(ROW_TOOLTIP)
        imgui.pop_id()


def _draw_kind(
    context: PanelContext, slot: int, found: Output, output: Output, with_name: bool
) -> None:
    """What an output is taken for and why, and a list of what else it can be shown as.

    Args:
        context: Executes commands.
        slot: Number of the network.
        found: The output as it was decoded.
        output: The output as it is shown.
        with_name: Whether its name is told.
    """
    if with_name:
        imgui.text_unformatted(output.name)
    imgui.push_style_color(imgui.Col_.text, muted() if output.is_sure else accent())
    wrapped_text(caption(output))
    imgui.pop_style_color()
    kinds = fitting_kinds(found)
    if len(kinds) < 2:
        return
    chosen = context.world.state.output_kind(slot, found.name)
    texts = {AS_FOUND: None, **{KIND_TEXT[kind]: kind for kind in kinds}}
    now = AS_FOUND if chosen is None else KIND_TEXT[chosen]
    picked = combo("show as", now, tuple(texts))
    if picked is not None and picked != now:
        context.do(ShowOutputAs(texts[picked], found.name, slot))


def _draw_row(name: str, number: str, value: float, is_label: bool) -> None:
    """Draw a class or a number with a bar behind its name.

    Args:
        name: What it is called.
        number: What stands at the right.
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
        draw_list.add_rect_filled(start, bar_end, packed(imgui.ImVec4(*accent(0.38))), rounding)
    pad = 0.5 * imgui.get_font_size()
    top = start.y + (height - imgui.get_font_size()) / 2
    right = start.x + width - pad - imgui.calc_text_size(number).x
    text = imgui.get_style_color_vec4(imgui.Col_.text)
    color = packed(imgui.ImVec4(*accent()) if is_label else text)
    shown = fit_text(name, right - 2 * pad - start.x)
    draw_list.add_text((start.x + pad, top), color, shown)
    draw_list.add_text((right, top), packed(text), number)
    imgui.dummy((width, height - imgui.get_style().item_spacing.y / 2))
    if shown != name:
        imgui.set_item_tooltip(name)


def _draw_ablations(context: PanelContext) -> None:
    ablations = context.world.state.ablations
    if not ablations:
        return
    imgui.separator_text("Ablated")
    for number, ablation in enumerate(ablations, 1):
        imgui.push_id(number)
        if imgui.small_button("remove"):
            context.do(RemoveAblation(number))
        same_line_if_fits(ablation_text(ablation))
        wrapped_text(ablation_text(ablation))
        imgui.pop_id()
    if len(ablations) > 1 and imgui.button("All channels on"):
        context.do(RemoveAblation())
