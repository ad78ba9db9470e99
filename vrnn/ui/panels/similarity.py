"""The Similarity panel: what is compared, how, and the pinned vectors as bar charts."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from vrnn.commands.similarity import (
    HoldReference,
    PinPosition,
    SetSimilarityDisplay,
    ShowSimilarity,
)
from vrnn.network.similarity import MEASURES
from vrnn.scene.similarity_state import Region, SimilarityState
from vrnn.style.similarity_colors import PIN_COLORS, POINTER_COLOR, SIMILARITY_COLORMAPS
from vrnn.style.text import number_text
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.panels.vector_bars import (
    BAR_ORDERS,
    BarOrder,
    VectorBars,
    bar_order,
    draw_vector_bars,
)
from vrnn.ui.widgets import (
    checkbox,
    combo,
    muted_text,
    same_line_if_fits,
    slider,
    wrapped_text,
)

CHART_LINES = 3.5
"""Height of a bar chart, in heights of a line of text."""
MEASURE_TOOLTIP = (
    "angular: angle between the vectors, values scaled to 0…1 by the layer (IFeaLiD); the others "
    "of the activations as they are; 1 is the reference itself by each"
)
STRETCH_TOOLTIP = "the colors of each layer span the similarities that it has"
OPACITY_TOOLTIP = "of similarity over the input: from the similarity itself (0) to opaque (1)"
KEPT_TOOLTIP = "compare other images with the vectors of this image"
PINS_TOOLTIP = "point at a bar to see that channel's map in place of similarity"


@panel("Similarity", dock=Dock.RIGHT_BOTTOM)
class SimilarityPanel(Panel):
    """Shows and sets what is compared; keeps the order of bars, and whose bar is pointed at."""

    def __init__(self) -> None:
        self._order: BarOrder = "channel"
        self._pointed: tuple[int, int] | None = None

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        state = context.world.state.similarity
        shown = checkbox("where else is this", state.shown)
        imgui.set_item_tooltip("compare every position with the one at the pointer (Y)")
        if shown is not None:
            context.do(ShowSimilarity(shown))
        _draw_reference(context, state)
        _draw_display(context, state)
        if state.shown:
            self._draw_vectors(context, state)

    def _draw_vectors(self, context: PanelContext, state: SimilarityState) -> None:
        """The bar charts, and the map of the channel whose bar is pointed at."""
        imgui.separator_text("Feature vectors")
        imgui.set_item_tooltip(PINS_TOOLTIP)
        if not state.pins:
            muted_text("H pins the position at the pointer")
        for number, pin in enumerate(state.pins):
            imgui.push_id(number)
            if imgui.small_button("remove"):
                context.do(_pin_command(pin))
            text = f"{pin.text} of {pin.layer}"
            same_line_if_fits(text)
            red, green, blue = (part / 255 for part in pin_color(number))
            wrapped_text(text, (red, green, blue, 1.0))
            imgui.pop_id()
        if len(state.pins) > 1 and imgui.button("Remove all"):
            context.do(PinPosition())
        vectors = compared_vectors(context, state)
        if not vectors:
            return
        if order := combo("sorted by", self._order, BAR_ORDERS):
            self._order = order
        channels = bar_order([v.values for v in vectors], self._order)
        pointed = draw_vector_bars("vectors", vectors, channels, CHART_LINES)
        if pointed is not None:
            parts = [f"channel {pointed}"]
            parts += [number_text(float(vector.values[pointed])) for vector in vectors]
            wrapped_text("   ".join(parts))
        else:
            muted_text("point at a bar")
        self._show_channel(context, pointed)

    def _show_channel(self, context: PanelContext, channel: int | None) -> None:
        manager = context.workspace.similarity
        focus = manager.focus
        if self._pointed is not None and (channel is None or self._pointed != focus):
            manager.show_channel(*self._pointed, None)
            self._pointed = None
        if channel is not None and focus is not None:
            manager.show_channel(*focus, channel)
            self._pointed = focus


def pin_color(number: int) -> tuple[int, int, int]:
    """Return the sRGB color of a pinned position."""
    return PIN_COLORS[number % len(PIN_COLORS)]


def compared_vectors(context: PanelContext, state: SimilarityState) -> list[VectorBars]:
    """Return the vectors that stand beside each other: of pins, then of the reference.

    All are of the layer of the reference: pins of other layers stand for the positions that match
    them, so that the same channels can be compared.
    """
    manager = context.workspace.similarity
    compared = manager.compared
    if compared is None:
        return []
    found = []
    for number, pin in enumerate(state.pins):
        region: Region | None = pin
        if pin.network != compared.network:
            continue
        if pin.layer != compared.layer:
            region = manager.matching(pin, compared.layer)
        vector = None if region is None else manager.vector(region)
        if region is not None and vector is not None:
            title = f"{region.text}" + ("" if region is pin else f", which matches {pin.layer}")
            found.append(VectorBars(title, vector, pin_color(number)))
    vector = manager.vector(compared)
    if vector is not None:
        title = f"{compared.text} of {compared.layer}"
        found.append(VectorBars(title, vector, POINTER_COLOR))
    return [bars for bars in found if np.isfinite(bars.values).any()]


def _draw_reference(context: PanelContext, state: SimilarityState) -> None:
    """What is compared with, held or at the pointer."""
    compared = context.workspace.similarity.compared
    if not state.shown or compared is None:
        return
    held = state.reference is not None
    wrapped_text(f"{'held' if held else 'at the pointer'}: {compared.text} of {compared.layer}")
    if imgui.small_button("follow the pointer" if held else "hold"):
        context.do(HoldReference() if held else HoldReference(*_arguments(compared)))
    imgui.set_item_tooltip("I holds the position at the pointer, at another one the box up to it")
    same_line_if_fits("keep for other images", imgui.get_frame_height())
    kept = checkbox("keep for other images", state.kept)
    imgui.set_item_tooltip(KEPT_TOOLTIP)
    if kept is not None:
        context.do(SetSimilarityDisplay(kept=kept))


def _draw_display(context: PanelContext, state: SimilarityState) -> None:
    """How it is compared and seen."""
    if measure := combo("measure", state.measure, MEASURES, MEASURE_TOOLTIP):
        context.do(SetSimilarityDisplay(measure=measure))
    if colormap := combo("colors", state.colormap, SIMILARITY_COLORMAPS):
        context.do(SetSimilarityDisplay(colormap=colormap))
    stretched = checkbox("stretch to each layer", state.stretched)
    imgui.set_item_tooltip(STRETCH_TOOLTIP)
    if stretched is not None:
        context.do(SetSimilarityDisplay(stretched=stretched))
    smooth = checkbox("smooth", state.smooth)
    imgui.set_item_tooltip("blend positions, on panels and over the input")
    if smooth is not None:
        context.do(SetSimilarityDisplay(smooth=smooth))
    over = checkbox("over the input", state.overlay)
    if over is not None:
        context.do(SetSimilarityDisplay(overlay=over))
    same_line_if_fits("input in gray", imgui.get_frame_height())
    gray = checkbox("input in gray", state.gray)
    if gray is not None:
        context.do(SetSimilarityDisplay(gray=gray))
    slider(
        context, "opacity", state.opacity, (0.0, 1.0), "%.2f",
        lambda v: SetSimilarityDisplay(opacity=v), OPACITY_TOOLTIP,
    )  # fmt: skip


def _arguments(region: Region) -> tuple[str, int, int, int, int, int]:
    return (
        region.layer, region.row, region.column, region.rows, region.columns, region.network
    )  # fmt: skip


def _pin_command(region: Region) -> PinPosition:
    return PinPosition(*_arguments(region))
