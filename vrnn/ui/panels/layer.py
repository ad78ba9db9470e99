"""One layer in numbers: its histogram, its channels, how its maps stand, what is switched off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from imgui_bundle import imgui, implot

from vrnn.commands.ablation import Ablate
from vrnn.commands.display import Fold
from vrnn.commands.layers import ArrangeMaps, PinLayer, ResetLayer, UnpinLayer
from vrnn.commands.view import GoToView, HoverLayer
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.graph import Node
from vrnn.network.results import AblationValue, Histogram, LayerProfile
from vrnn.network.statistics import dead_channels, entropy, layer_histogram, sparsity
from vrnn.scene.layout.map_grid import FORMS
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.state import ORDERS, LayerKey, PinKind
from vrnn.ui.panel_context import PanelContext, count_text, shape_text
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import ACCENT, MUTED_COLOR
from vrnn.ui.widgets import (
    LABEL_WIDTH,
    button_row,
    checkbox,
    combo,
    labeled,
    property_table,
    slider,
    wrapped_text,
)

HISTOGRAM_BINS = 64
COLUMNS = ("channel", "mean", "std", "least", "most", "bits")

PropertyRows = Sequence[tuple[str, str]]
"""More to say of a layer: names and values."""


@dataclass(frozen=True, eq=False)
class LayerStatistics:
    """What is known of a layer's values. columns: (6, C) float64, as in COLUMNS; dead: (C,)."""

    maps: FeatureMaps
    columns: np.ndarray
    dead: np.ndarray
    sparsity: float

    @property
    def rows(self) -> PropertyRows:
        """What is said of the whole layer."""
        maps = self.maps
        share = float(self.dead.mean()) if maps.channels else 0.0
        values = maps.values.size
        mean = float(maps.mean.mean()) if maps.channels else 0.0
        square = float(
            (maps.std.astype(np.float64) ** 2 + maps.mean.astype(np.float64) ** 2).mean()
        )
        said = [
            ("mean, std", f"{mean:.4g}, {max(square - mean**2, 0.0) ** 0.5:.4g}"),
            ("range", f"{maps.lowest:.4g} to {maps.highest:.4g}"),
            ("zeros", f"{self.sparsity:.1%} of {values:,} values"),
            ("dead", f"{share:.1%} of {maps.channels:,} channels"),
        ]
        if maps.not_finite:
            said.append(("not finite", f"{maps.not_finite:,} values"))
        return said


def layer_statistics(maps: FeatureMaps) -> LayerStatistics:
    """Work out what the panel says of a layer."""
    columns = np.stack([
        np.arange(maps.channels), maps.mean, maps.std, maps.low, maps.high, entropy(maps),
    ]).astype(np.float64)  # fmt: skip
    dead = np.zeros(maps.channels, bool)
    dead[dead_channels(maps)[0]] = True
    return LayerStatistics(maps, columns, dead, sparsity(maps)[0])


@panel("Layer", dock=Dock.RIGHT_TOP)
class LayerPanel(Panel):
    """Remembers how the panel is set, the channels chosen, and the numbers of the last layer."""

    def __init__(self) -> None:
        self._log = self._same = False
        self._numbers: LayerStatistics | None = None
        self._histogram: tuple[object, Histogram] | None = None
        self._sort = (0, False)
        self._order: tuple[object, np.ndarray] | None = None
        self._chosen: set[int] = set()
        self._of: LayerKey | None = None

    def draw(self, context: PanelContext) -> None:
        """The panel's inside."""
        _, context.follows_hover = imgui.checkbox("follow the pointer", context.follows_hover)
        found = context.subject_layer()
        if found is None:
            wrapped_text("Point at a layer in the world, or click one in the model.")
            return
        slot, stand, node, maps = found
        if self._of != context.subject:
            self._of = context.subject
            self._chosen.clear()
        fact = context.workspace.analyses.profiles.get((slot, node.id))
        _head(slot, node, fact)
        if maps is None:
            imgui.text_colored(MUTED_COLOR, "its maps are not there yet")
            return
        if self._numbers is None or self._numbers.maps is not maps:
            self._numbers = layer_statistics(maps)
        known = self._numbers
        self._plot(context, slot, stand, maps, fact)
        property_table(known.rows, "numbers")
        if imgui.collapsing_header("Maps", imgui.TreeNodeFlags_.default_open.value):
            _form(context, slot, node)
        if imgui.collapsing_header("Channels", imgui.TreeNodeFlags_.default_open.value):
            self._channels(context, slot, node, known)

    def _plot(
        self,
        context: PanelContext,
        slot: int,
        stand: NetworkObject,
        maps: FeatureMaps,
        fact: LayerProfile | None,
    ) -> None:
        low, high = maps.lowest, maps.highest
        if self._same:
            low = min((m.lowest for m in stand.maps.values()), default=low)
            high = max((m.highest for m in stand.maps.values()), default=high)
        key = (id(maps), low, high)
        if self._histogram is None or self._histogram[0] != key:
            self._histogram = (key, layer_histogram(maps, HISTOGRAM_BINS, low, high))
        self._bars("activations", self._histogram[1], (low, high))
        if fact is not None and fact.weights is not None:
            weights = fact.weights
            ends = (weights.low, weights.high)
            if self._same:
                all_weights = [
                    f.weights for (s, _), f in context.workspace.analyses.profiles.items()
                    if s == slot and f.weights is not None
                ]  # fmt: skip
                ends = (min(w.low for w in all_weights), max(w.high for w in all_weights))
            self._bars("weights", weights, ends)
            imgui.text_colored(MUTED_COLOR, f"weights: {weights.mean:.3g} ± {weights.std:.3g}")
        _, self._log = imgui.checkbox("logarithmic", self._log)
        imgui.same_line()
        _, self._same = imgui.checkbox("same axes for all layers", self._same)

    def _bars(self, title: str, bins: Histogram, ends: tuple[float, float]) -> None:
        """A histogram of shares. ends: of its axis."""
        total = max(int(bins.counts.sum()), 1)
        share = bins.counts / total * 100.0
        flags = implot.Flags_
        kind = flags.no_title | flags.no_legend | flags.no_menus | flags.no_box_select
        kind |= flags.no_mouse_text | flags.no_inputs
        size = (-1, 7.5 * imgui.get_font_size())
        if implot.begin_plot(f"##{title}", size, kind.value):
            quiet = implot.AxisFlags_.no_tick_marks | implot.AxisFlags_.no_highlight
            implot.setup_axes("", "", int(quiet), int(quiet))
            implot.setup_axis_format(implot.ImAxis_.y1.value, "%g %%")
            least = 0.5 / total * 100.0
            top = (
                100.0 if self._same else max(float(share.max()), 1e-6) * (2 if self._log else 1.08)
            )
            if self._log:
                implot.setup_axis_scale(implot.ImAxis_.y1.value, implot.Scale_.log10.value)
            always = implot.Cond_.always.value
            implot.setup_axes_limits(*ends, least if self._log else 0.0, top, always)
            width = (bins.high - bins.low) / len(share)
            middles = bins.low + (np.arange(len(share)) + 0.5) * width
            spec = implot.Spec()
            spec.fill_color = imgui.ImVec4(*ACCENT[:3], 0.85)
            spec.line_color = imgui.ImVec4(0, 0, 0, 0)
            spec.line_weight = 0.0
            heights = np.maximum(share, least / 10) if self._log else share
            implot.plot_bars("##share", middles, heights, width * 0.86, spec)
            implot.end_plot()
        if imgui.is_item_hovered():
            imgui.set_item_tooltip(f"{title}: share of the layer's, in {len(share)} ranges")

    def _channels(
        self, context: PanelContext, slot: int, node: Node, known: LayerStatistics
    ) -> None:
        labeled("go to")
        entered, number = imgui.input_int(
            "##channel", min(self._chosen, default=0), 0, 0,
            imgui.InputTextFlags_.enter_returns_true.value,
        )  # fmt: skip
        if entered:
            self._chosen = {min(max(number, 0), known.maps.channels - 1)}
            context.do(GoToView(f"layer:{node.name}", slot))
            context.do(HoverLayer(node.name, slot, min(self._chosen)))
        self._switch(context, slot, node)
        flags = imgui.TableFlags_
        kind = flags.sortable | flags.scroll_y | flags.row_bg | flags.sizing_stretch_prop
        kind |= flags.no_borders_in_body
        lines = min(known.maps.channels + 1, 12)
        height = max(
            imgui.get_content_region_avail().y, lines * imgui.get_text_line_height_with_spacing()
        )
        if not imgui.begin_table("channels", len(COLUMNS), kind.value, (0, height)):
            return
        imgui.table_setup_scroll_freeze(0, 1)
        for number, column in enumerate(COLUMNS):
            first = imgui.TableColumnFlags_.prefer_sort_descending if number else 0
            imgui.table_setup_column(column, int(first), 1.0, number)
        imgui.table_headers_row()
        order = self._sorted(known)
        clipper = imgui.ListClipper()
        clipper.begin(len(order))
        while clipper.step():
            for channel in order[clipper.display_start : clipper.display_end].tolist():
                self._channel(context, slot, node, known, channel)
        imgui.end_table()

    def _sorted(self, known: LayerStatistics) -> np.ndarray:
        specs = imgui.table_get_sort_specs()
        if specs is not None and specs.specs_count:
            spec = specs.get_specs(0)
            down = spec.get_sort_direction() == imgui.SortDirection.descending
            self._sort = (spec.column_index, down)
        key = (id(known), self._sort)
        if self._order is None or self._order[0] != key:
            column, down = self._sort
            values = known.columns[column]
            self._order = (key, np.argsort(-values if down else values, kind="stable"))
        return self._order[1]

    def _channel(
        self, context: PanelContext, slot: int, node: Node, known: LayerStatistics, channel: int
    ) -> None:
        imgui.table_next_row()
        imgui.table_next_column()
        flags = imgui.SelectableFlags_
        kind = flags.span_all_columns | flags.allow_double_click
        if imgui.selectable(f"{channel}", channel in self._chosen, kind.value)[0]:
            if imgui.is_mouse_double_clicked(0):
                context.do(GoToView(f"layer:{node.name}", slot))
                context.do(HoverLayer(node.name, slot, channel))
            elif imgui.get_io().key_ctrl:
                self._chosen ^= {channel}
            else:
                self._chosen = {channel}
        dead = bool(known.dead[channel])
        for value in known.columns[1:, channel].tolist():
            imgui.table_next_column()
            text = f"{value:.3g}"
            if dead:
                imgui.text_colored(MUTED_COLOR, text)
            else:
                imgui.text_unformatted(text)

    def _switch(self, context: PanelContext, slot: int, node: Node) -> None:
        chosen = tuple(sorted(self._chosen))
        if not chosen:
            imgui.text_colored(MUTED_COLOR, "click to choose, double click to point")
            return
        which = f"channel {chosen[0]}" if len(chosen) == 1 else f"{len(chosen)} channels"
        imgui.text_colored(MUTED_COLOR, f"switch {which} off:")
        pressed = button_row(("to zero", "to its mean"))
        if pressed is not None:
            value: AblationValue = "mean" if pressed == "to its mean" else "zero"
            context.do(Ablate(node.name, slot, chosen, None, value))


def _head(slot: int, node: Node, fact: LayerProfile | None) -> None:
    imgui.text_colored(ACCENT, node.name)
    wrapped_text(node.label.replace("→", " › "))  # the typeface has no arrow
    rows = [("shape", shape_text(node))]
    if node.parameters:
        rows.append(("parameters", f"{node.parameters:,}"))
    if fact is not None:
        if fact.macs:
            rows.append(("multiply-adds", count_text(fact.macs)))
        rows.append(("time", f"{fact.seconds * 1e3:.2f} ms of a pass"))
    property_table(rows, "head")


def _form(context: PanelContext, slot: int, node: Node) -> None:
    key = (slot, node.name)
    layer = context.world.state.layer(key)
    name = node.name
    several = bool(node.shape) and node.shape[0] > 1
    imgui.begin_disabled(not several)
    if form := combo("form", layer.form, FORMS):
        context.do(ArrangeMaps(name, slot, form=form))
    if order := combo("order by", layer.order, ORDERS):
        context.do(ArrangeMaps(name, slot, order=order))
    slider(
        context,
        "spread",
        layer.spread,
        (1.0, 4.0),
        "%.2f",
        lambda v: ArrangeMaps(name, slot, spread=v),
    )
    labeled("at most")
    _, most = imgui.input_int("##most", layer.most, 1, 16)
    if imgui.is_item_deactivated_after_edit() or (
        most != layer.most and not imgui.is_item_active()
    ):
        context.do(ArrangeMaps(name, slot, most=max(0, most)))
    if imgui.is_item_hovered():
        imgui.set_item_tooltip("so many of the first maps; 0 shows all")
    folded = checkbox("folded into one map", layer.folded)
    if folded is not None:
        context.do(Fold(name, slot, folded))
    imgui.end_disabled()
    pins = [pin for pin in context.world.state.pins if (pin.network, pin.beside) == key]
    imgui.align_text_to_frame_padding()
    imgui.text_colored(MUTED_COLOR, "double")
    imgui.same_line(LABEL_WIDTH * imgui.get_font_size())
    kinds: tuple[PinKind, ...] = ("kept", "live", "difference")
    kind = button_row(kinds)
    if kind is not None:
        context.do(PinLayer(name, slot, kind=kind))
    for pin in pins:
        imgui.push_id(pin.number)
        imgui.text_unformatted(f"{pin.kind} double of {pin.layer}")
        imgui.same_line()
        if imgui.small_button("take away"):
            context.do(UnpinLayer(pin.number))
        imgui.pop_id()
    whole = any(
        o.network == slot and o.layer == name and not o.channels
        for o in context.world.state.ablations
    )
    pressed = button_row(("Reset", "Switch on" if whole else "Switch layer off"))
    if pressed == "Reset":
        context.do(ResetLayer(name, slot))
    elif pressed is not None:
        context.do(Ablate(name, slot))
