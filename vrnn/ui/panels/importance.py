"""The Importance panel: which channels matter for a class, beside another, and pruning by that."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from vrnn.commands.importance import (
    PruneChannels,
    SetImportanceDisplay,
    ShowImportance,
    class_name,
)
from vrnn.network.importance import overlap
from vrnn.network.importance_measures import IMPORTANCE_MEASURES, RANKING_TEXT
from vrnn.scene.importance import NetworkImportance
from vrnn.scene.importance_state import ImportanceState
from vrnn.style.ranking_colors import RANKING_COLORS
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.widgets import checkbox, combo, muted_text, slider, wrapped_text

NOBODY = "none"
"""The choice of no second class."""
MAX_CLASSES = 1000
"""Classes that are listed."""
PLOT_HEIGHT = 110.0
"""Pixels at a text size of 13."""
MEASURE_TOOLTIP = (
    "trained gamma: a factor of each channel is trained to tell the class from the rest; the "
    "others ask for no training"
)


@panel("Importance", dock=Dock.RIGHT_BOTTOM)
class ImportancePanel(Panel):
    """Shows and sets what matters for a class; keeps nothing."""

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        now = context.world.state.importance
        if context.workspace.feed.datasets.get(now.network) is None:
            wrapped_text("No data set: start with --data FOLDER.")
            return
        shown = checkbox("what matters for a class", now.shown)
        imgui.set_item_tooltip("maps and edges fade by how little they matter")
        if shown is not None:
            context.do(ShowImportance(network=now.network, on=shown))
        if not now.shown or now.network not in context.world.networks:
            muted_text("Ctrl+I shows it for the predicted class")
            return
        _draw_choices(context, now)
        found = context.world.importance.get(now.network)
        if found is None:
            muted_text("computing, see Jobs")
            return
        _draw_overlap(context, now, found)
        _draw_pruning(context, now, found)


def _draw_choices(context: PanelContext, now: ImportanceState) -> None:
    texts = {RANKING_TEXT[measure]: measure for measure in IMPORTANCE_MEASURES}
    measure = combo("by", RANKING_TEXT[now.measure], tuple(texts), MEASURE_TOOLTIP)
    if measure and texts[measure] != now.measure:
        context.do(SetImportanceDisplay(measure=texts[measure]))
    opened = context.world.networks[now.network]
    count = max(
        context.workspace.importance.classes(now.network), len(opened.info.class_names),
        now.class_index + 1,
    )  # fmt: skip
    names = [class_name(context.world, now.network, i) for i in range(min(count, MAX_CLASSES))]
    own = class_name(context.world, now.network, now.class_index)
    chosen = combo("class", own, tuple(names))
    if chosen and chosen != own:
        context.do(SetImportanceDisplay(class_index=names.index(chosen)))
    other = NOBODY if now.beside is None else class_name(context.world, now.network, now.beside)
    beside = combo("beside", other, (NOBODY, *names))
    if beside and beside != other:
        number = -1 if beside == NOBODY else names.index(beside)
        context.do(SetImportanceDisplay(beside=number))
    limits = (0.0, 1.0)
    slider(
        context, "fade", now.fade, limits, "%.2f", lambda part: SetImportanceDisplay(fade=part),
        "how much the least important maps fade",
    )  # fmt: skip
    slider(
        context, "threshold", now.threshold, limits, "%.2f",
        lambda part: SetImportanceDisplay(threshold=part), "what is less important fades as much",
    )  # fmt: skip


def _draw_overlap(context: PanelContext, now: ImportanceState, found: NetworkImportance) -> None:
    """How much two classes share, in the network and in the layer that panels describe."""
    if found.second is None or now.beside is None:
        return
    first, second = found.first.importance, found.second.importance
    whole = overlap(first, second)
    wrapped_text(f"both use {whole.share:.0%} of what either uses")
    layer = context.subject_layer()
    if layer is not None and layer[2].id in first.channels:
        part = overlap(first, second, (layer[2].id,))
        wrapped_text(f"{part.share:.0%} in {layer[2].name}")


def _draw_pruning(context: PanelContext, now: ImportanceState, found: NetworkImportance) -> None:
    curve = found.first.curve
    if curve is None:
        return
    imgui.separator_text("Pruning")
    slider(
        context, "pruned", now.pruned, (0.0, 1.0), "%.2f", lambda part: PruneChannels(part),
        "share of the channels that is set to zero, the least important first",
    )  # fmt: skip
    _plot(now, found)
    at = float(np.interp(now.pruned, curve.shares, curve.class_accuracy[:, now.class_index]))
    overall = float(np.interp(now.pruned, curve.shares, curve.accuracy))
    wrapped_text(f"accuracy for the class {at:.2f}, of all {overall:.2f}")
    for other in found.curves:
        if other.class_index in (None, now.class_index):
            red, green, blue = (part / 255 for part in RANKING_COLORS[other.ranking])
            text = f"{RANKING_TEXT[other.ranking]}: area {other.area(now.class_index):.3f}"
            wrapped_text(text, (red, green, blue, 1.0))


def _plot(now: ImportanceState, found: NetworkImportance) -> None:
    """The curves of the accuracy for the class, and where on them the network is."""
    size = imgui.get_font_size() / 13
    corner, width = imgui.get_cursor_screen_pos(), imgui.get_content_region_avail().x
    height = PLOT_HEIGHT * size
    drawing = imgui.get_window_draw_list()
    frame = imgui.get_color_u32(imgui.Col_.border)
    end = imgui.ImVec2(corner.x + width, corner.y + height)
    drawing.add_rect(corner, end, frame)
    for curve in reversed(found.curves):
        if curve.class_index not in (None, now.class_index):
            continue
        values = np.nan_to_num(curve.class_accuracy[:, now.class_index])
        red, green, blue = (part / 255 for part in RANKING_COLORS[curve.ranking])
        color = imgui.get_color_u32(imgui.ImVec4(red, green, blue, 1.0))
        points: list[imgui.ImVec2Like] = [
            imgui.ImVec2(corner.x + x * width, corner.y + (1 - y) * height)
            for x, y in zip(curve.shares.tolist(), values.tolist(), strict=True)
        ]
        drawing.add_polyline(points, color, 1.5 * size, 0)
    x = corner.x + now.pruned * width
    drawing.add_line(imgui.ImVec2(x, corner.y), imgui.ImVec2(x, end.y), frame, 2 * size)
    imgui.dummy(imgui.ImVec2(width, height))
