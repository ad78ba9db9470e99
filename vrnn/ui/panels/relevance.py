"""The Relevance panel: what is explained by which method, where it ends, and how it is seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from imgui_bundle import imgui, implot

from vrnn.commands.explain import (
    CompareMethods,
    ExplainTarget,
    MeasureFaithfulness,
    SetExplanationMethod,
    SetRelevanceDisplay,
    ShowRelevance,
    explanation_methods,
    target_text,
)
from vrnn.commands.relevance_conditions import RestrictRelevance, RestrictRelevanceToRegion
from vrnn.explanations.conditions import Condition
from vrnn.explanations.results import Explanation, FlippingCurves
from vrnn.scene.relevance_state import (
    PLACEMENTS,
    RELEVANCE_RANGES,
    RelevanceState,
)
from vrnn.style.text import number_text
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import ACCENT, MUTED_COLOR
from vrnn.ui.widgets import checkbox, combo, labeled, property_table, slider, wrapped_text

MIN_SHARE = 0.0005
"""Of the value, below which no percents are told."""
TARGET_HINT = "a class, or A vs B"
TARGET_TOOLTIP = (
    "what is explained: a class by its name or number, 'tabby vs lynx', 'box 0', a channel such as "
    "'layer stage3.0 #7', or any of these at '@row,column'; nothing: the winning class"
)
METHOD_TOOLTIP = (
    "epsilon-plus and the other composites propagate relevance through every layer; the methods "
    "from saliency on explain the input, Grad-CAM one layer"
)
SINK_TOOLTIP = (
    "where relevance ends before it reaches the input: with what arrives there it sums to the value"
)
PLACEMENT_TOOLTIP = "the relevance of each map in its place, or over the map, which is gray then"
SCALE_TOOLTIP = (
    "layer: each layer in full colors; network: one scale, for the same share of the image (K)"
)
SHARE_TOOLTIP = "hide edges that carry less than this share of all that flows past them"
OPACITY_TOOLTIP = "of relevance over the input, and over maps"
SMOOTH_TOOLTIP = "blur the relevance over the input over a 100th of its side"
FAITHFUL_TOOLTIP = (
    "the target's value as the most relevant pixels are taken away (deletion), or put in alone "
    "(insertion), beside pixels in random order: deletion should fall fast, insertion rise fast"
)
NO_METHOD = "nothing"
COMPARE_TOOLTIP = (
    "another explanation of the same image beside this one, both measured by flipping pixels; they "
    "stand above the input too"
)
CONDITION_TOOLTIP = (
    "relevance flows through these channels and positions only (concept relevance propagation); "
    "point at a map and choose 'Relevance through this channel only' in the Layer menu, or "
    "'… this region only', a second time for the box up to there; or Ctrl+click channels in the "
    "Layer panel"
)


def sink_rows(explanation: Explanation) -> list[tuple[str, str]]:
    """List where the value of a target went: what arrived at the input, then sinks by kind.

    Args:
        explanation: Of an answer.

    Returns:
        Names and amounts with their share, the largest sink first.
    """

    def row(name: str, amount: float) -> tuple[str, str]:
        share = amount / explanation.value if explanation.value else 0.0
        told = f" ({share:.1%})".replace("-", "−") if abs(share) >= MIN_SHARE else ""
        return name, number_text(amount) + told

    rows = []
    if explanation.inputs:
        rows.append(row("at the input", explanation.arrived))
    sums = sorted(explanation.sums_by_sink().items(), key=lambda pair: -abs(pair[1]))
    return rows + [row(kind, amount) for kind, amount in sums]


@panel("Relevance", dock=Dock.RIGHT_BOTTOM)
class RelevancePanel(Panel):
    """Shows and sets what is explained; keeps the text of a target that is being written."""

    def __init__(self) -> None:
        self._target: tuple[str, str] = ("", "")

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        state = context.world.state.relevance
        shown = checkbox("why this answer", state.shown)
        imgui.set_item_tooltip("show the relevance of all layers for the target (R)")
        if shown is not None:
            context.do(ShowRelevance(shown))
        self._draw_question(context, state)
        manager = context.workspace.relevance
        relevance = manager.shown
        if manager.failure and state.shown:
            imgui.push_style_color(imgui.Col_.text, ACCENT)
            wrapped_text(manager.failure)
            imgui.pop_style_color()
        if relevance is not None:
            _draw_found(relevance.found.explanation, relevance.is_stale)
            _draw_faithfulness(context, state)
        elif state.shown and not manager.failure:
            imgui.text_colored(MUTED_COLOR, "computing")
        _draw_conditions(context, state.conditions)
        _draw_display(context, state)

    def _draw_question(self, context: PanelContext, state: RelevanceState) -> None:
        known, text = self._target
        if known != state.target:
            known, text = state.target, state.target
        labeled("target")
        entered, text = imgui.input_text_with_hint(
            "##target", TARGET_HINT, text, imgui.InputTextFlags_.enter_returns_true.value
        )
        imgui.set_item_tooltip(TARGET_TOOLTIP)
        self._target = (known, text)
        if entered:
            context.do(ExplainTarget(text.strip(), state.network))
        if state.target:
            imgui.text_colored(MUTED_COLOR, target_text(context.world, state))
            imgui.same_line()
            if imgui.small_button("winning class"):
                context.do(ExplainTarget("", state.network))
        if method := combo("method", state.method, explanation_methods()):
            context.do(SetExplanationMethod(method))
        imgui.set_item_tooltip(METHOD_TOOLTIP)


def _draw_found(explanation: Explanation, is_stale: bool) -> None:
    """Value and sinks of what is shown."""
    imgui.separator_text("Value")
    title = f"{explanation.target} = {number_text(explanation.value)}"
    imgui.text_colored(MUTED_COLOR if is_stale else ACCENT, title)
    rows = sink_rows(explanation)
    if rows:
        imgui.begin_group()
        property_table(rows, "sinks")
        imgui.end_group()
        imgui.set_item_tooltip(SINK_TOOLTIP)
    for what, count in explanation.fallbacks.items():
        wrapped_text(f"{count} × {what}")
    for note in explanation.notes:
        wrapped_text(note)


def _draw_faithfulness(context: PanelContext, state: RelevanceState) -> None:
    """The curves of pixel flipping, of another method too, or a button that measures them."""
    manager = context.workspace.faithfulness
    names = (NO_METHOD, *(n for n in explanation_methods() if n != state.method))
    if beside := combo("compare with", state.beside or NO_METHOD, names):
        context.do(CompareMethods("" if beside == NO_METHOD else beside))
    imgui.set_item_tooltip(COMPARE_TOOLTIP)
    measured = checkbox("how faithful is it", state.measured or bool(state.beside))
    imgui.set_item_tooltip(FAITHFUL_TOOLTIP)
    if measured is not None:
        context.do(MeasureFaithfulness(measured))
    for number, one in enumerate(manager.methods):
        if len(manager.methods) > 1:
            imgui.separator_text(one.method)
        if one.curves is None:
            wrapped_text(one.note)
            continue
        _draw_curves(number, one.curves)


def _draw_curves(number: int, curves: FlippingCurves) -> None:
    """The plot and the areas of one method."""
    flags = implot.Flags_
    kind = flags.no_title | flags.no_menus | flags.no_box_select | flags.no_mouse_text
    size = (-1, 9.0 * imgui.get_font_size())
    if implot.begin_plot(f"##flipping{number}", size, kind.value):
        fit = implot.AxisFlags_.auto_fit.value
        implot.setup_axes("share of pixels", "", fit, fit)
        for name, values in flipping_rows(curves):
            implot.plot_line(name, np.asarray(curves.shares, np.float64), values)
        implot.end_plot()
    imgui.set_item_tooltip(FAITHFUL_TOOLTIP)
    rows = [(name, number_text(area)) for name, area in curves.areas().items()]
    imgui.text_colored(MUTED_COLOR, f"areas, {curves.baseline} in place of pixels")
    property_table(rows, f"areas{number}")


def flipping_rows(curves: FlippingCurves) -> list[tuple[str, np.ndarray]]:
    """Return the curves of pixel flipping with their names, float64 as the plot takes them."""
    found = (
        ("deletion", curves.deletion), ("insertion", curves.insertion), ("random", curves.random)
    )  # fmt: skip
    return [(name, np.asarray(values, np.float64)) for name, values in found]


def _draw_conditions(context: PanelContext, conditions: Sequence[Condition]) -> None:
    """What relevance flows through, each part with a button that takes it away."""
    if not conditions:
        return
    imgui.separator_text("Through these only")
    imgui.set_item_tooltip(CONDITION_TOOLTIP)
    network = context.world.state.relevance.network
    for one in conditions:
        for channel in one.channels:
            imgui.push_id(f"{one.layer} {channel}")
            if imgui.small_button("remove"):
                context.do(RestrictRelevance(one.layer, (channel,), network))
            imgui.same_line()
            imgui.text_unformatted(f"{one.layer} channel {channel}")
            imgui.pop_id()
        if one.region:
            imgui.push_id(f"{one.layer} region")
            if imgui.small_button("remove"):
                context.do(RestrictRelevanceToRegion(one.layer, (), network))
            imgui.same_line()
            imgui.text_unformatted(f"{one.layer} {one.region_text}")
            imgui.pop_id()
    if imgui.button("Everything"):
        context.do(RestrictRelevance())


def _draw_display(context: PanelContext, state: RelevanceState) -> None:
    """How relevance is seen."""
    imgui.separator_text("Shown")
    if placement := combo("on maps", state.placement, PLACEMENTS):
        context.do(SetRelevanceDisplay(placement=placement))
    imgui.set_item_tooltip(PLACEMENT_TOOLTIP)
    if span := combo("scale", state.normalize_by, RELEVANCE_RANGES):
        context.do(SetRelevanceDisplay(normalize_by=span))
    imgui.set_item_tooltip(SCALE_TOOLTIP)
    slider(
        context, "minimum share", state.min_share, (0.0, 1.0), "%.2f",
        lambda v: SetRelevanceDisplay(min_share=v),
    )  # fmt: skip
    imgui.set_item_tooltip(SHARE_TOOLTIP)
    slider(
        context, "opacity", state.opacity, (0.0, 1.0), "%.2f",
        lambda v: SetRelevanceDisplay(opacity=v),
    )  # fmt: skip
    imgui.set_item_tooltip(OPACITY_TOOLTIP)
    smooth = checkbox("smooth over the input", state.smooth)
    imgui.set_item_tooltip(SMOOTH_TOOLTIP)
    if smooth is not None:
        context.do(SetRelevanceDisplay(smooth=smooth))
