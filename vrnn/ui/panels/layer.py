"""The Layer panel: statistics of a layer and its channels, arrangement of its maps, ablation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from imgui_bundle import imgui, implot

from vrnn.commands.ablation import Ablate
from vrnn.commands.display import Fold
from vrnn.commands.layers import ArrangeMaps, PinLayer, ResetLayer, UnpinLayer
from vrnn.commands.view import GoToView, HoverLayer
from vrnn.network.axes import axes_text
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.graph import Node
from vrnn.network.positions import shape_text
from vrnn.network.results import AblationValue, Histogram, LayerProfile
from vrnn.network.statistics import dead_channels, entropy, layer_histogram, sparsity
from vrnn.scene.layout.map_grid import FORMS
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.state import ORDERS, LayerKey, PinKind
from vrnn.ui.panel_context import PanelContext, count_text
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.panels.layer_axes import draw_axes
from vrnn.ui.panels.layer_groups import draw_channel_groups
from vrnn.ui.panels.layer_relevance import LayerRelevanceView
from vrnn.ui.panels.volume_planes import VolumePlanesView
from vrnn.ui.style import accent, muted
from vrnn.ui.widgets import (
    button_row,
    checkbox,
    combo,
    labeled,
    property_table,
    same_line_if_fits,
    slider,
    wrapped_text,
)

HISTOGRAM_BINS = 64
"""Bins of the histogram of activations."""
MIN_TABLE_ROWS = 12
"""Rows of the table of channels that are visible at least, with its header."""
COLUMNS = ("channel", "mean", "std", "min", "max", "entropy (bits)")
"""Columns of the table of channels."""

PropertyRows = Sequence[tuple[str, str]]
"""Names and values."""


@dataclass(frozen=True, eq=False)
class LayerStatistics:
    """Statistics of a layer's values.

    Attributes:
        maps: Its feature maps.
        columns: (6, C) float64, rows as in COLUMNS.
        dead: (C,) bool, whether each channel is dead.
        sparsity: Fraction of zeros, 0…1.
    """

    maps: FeatureMaps
    columns: np.ndarray
    dead: np.ndarray
    sparsity: float

    @property
    def rows(self) -> PropertyRows:
        """Statistics of the whole layer as text."""
        maps = self.maps
        share = float(self.dead.mean()) if maps.channels else 0.0
        values = maps.values.size
        mean = float(maps.mean.mean()) if maps.channels else 0.0
        square = float(
            (maps.std.astype(np.float64) ** 2 + maps.mean.astype(np.float64) ** 2).mean()
        )
        rows = [
            ("mean, std", f"{mean:.4g}, {max(square - mean**2, 0.0) ** 0.5:.4g}"),
            ("range", f"{maps.lowest:.4g} to {maps.highest:.4g}"),
            ("zeros", f"{self.sparsity:.1%} of {values:,} values"),
            ("dead", f"{share:.1%} of {maps.channels:,} channels"),
        ]
        if maps.not_finite:
            rows.append(("not finite", f"{maps.not_finite:,} values"))
        return rows


def layer_statistics(maps: FeatureMaps) -> LayerStatistics:
    """Compute the statistics of a layer."""
    columns = np.stack([
        np.arange(maps.channels), maps.mean, maps.std, maps.low, maps.high, entropy(maps),
    ]).astype(np.float64)  # fmt: skip
    dead = np.zeros(maps.channels, bool)
    dead[dead_channels(maps)[0]] = True
    return LayerStatistics(maps, columns, dead, sparsity(maps)[0])


@panel("Layer", dock=Dock.RIGHT_TOP)
class LayerPanel(Panel):
    """Keeps the settings of its plots, the selected channels, and the last layer's statistics."""

    def __init__(self) -> None:
        self._log = self._same_axes = False
        self._statistics: LayerStatistics | None = None
        self._histogram: tuple[object, Histogram] | None = None
        self._sort = (0, False)
        self._order: tuple[object, np.ndarray] | None = None
        self._selected: set[int] = set()
        self._selection_layer: LayerKey | None = None
        self._planes = VolumePlanesView()
        self._relevance = LayerRelevanceView()

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        _, context.follows_hover = imgui.checkbox("follow pointer", context.follows_hover)
        subject = context.subject_layer()
        if subject is None:
            wrapped_text("Point at a layer in the world, or click one in the Model panel.")
            return
        slot, network, node, maps = subject
        if self._selection_layer != context.subject:
            self._selection_layer = context.subject
            self._selected.clear()
        context.workspace.analyses.count_weights()
        profile = context.workspace.analyses.profiles.get((slot, node.id))
        _draw_head(node, profile)
        draw_axes(context, slot, network, node)
        if maps is None:
            imgui.text_colored(muted(), "feature maps not computed yet")
            return
        if self._statistics is None or self._statistics.maps is not maps:
            self._statistics = layer_statistics(maps)
        statistics = self._statistics
        self._draw_histograms(context, slot, network, maps, profile)
        property_table(statistics.rows, "numbers")
        self._relevance.draw(context, slot, node, self._draw_histogram)
        if node.presentation == "volume":
            channel = min(self._selected, default=0)
            self._planes.draw(context, slot, network, node, channel)
        if imgui.collapsing_header("Maps", imgui.TreeNodeFlags_.default_open.value):
            _draw_arrangement(context, slot, node)
            _draw_pins(context, slot, node)
            _draw_layer_buttons(context, slot, node)
        if node.shape and node.shape[0] > 1 and imgui.collapsing_header("Groups of channels"):
            draw_channel_groups(context, slot, node)
        if imgui.collapsing_header("Channels", imgui.TreeNodeFlags_.default_open.value):
            self._draw_channels(context, slot, node, statistics)

    def _draw_histograms(
        self,
        context: PanelContext,
        slot: int,
        network: NetworkObject,
        maps: FeatureMaps,
        profile: LayerProfile | None,
    ) -> None:
        low, high = maps.lowest, maps.highest
        if self._same_axes:
            low = min((m.lowest for m in network.all_maps.values()), default=low)
            high = max((m.highest for m in network.all_maps.values()), default=high)
        key = (id(maps), low, high)
        if self._histogram is None or self._histogram[0] != key:
            self._histogram = (key, layer_histogram(maps, HISTOGRAM_BINS, low, high))
        self._draw_histogram("activations", self._histogram[1], (low, high))
        if profile is not None and profile.weights is not None:
            weights = profile.weights
            limits = (weights.low, weights.high)
            if self._same_axes:
                all_weights = [
                    p.weights for (s, _), p in context.workspace.analyses.profiles.items()
                    if s == slot and p.weights is not None
                ]  # fmt: skip
                limits = (min(w.low for w in all_weights), max(w.high for w in all_weights))
            self._draw_histogram("weights", weights, limits)
            imgui.text_colored(muted(), f"{weights.mean:.3g} ± {weights.std:.3g}")
        _, self._log = imgui.checkbox("logarithmic", self._log)
        same_line_if_fits("same axes for all layers", imgui.get_frame_height())
        _, self._same_axes = imgui.checkbox("same axes for all layers", self._same_axes)

    def _draw_histogram(
        self, title: str, histogram: Histogram, limits: tuple[float, float]
    ) -> None:
        """Plot a histogram in percent.

        Args:
            title: What it is of.
            histogram: The histogram.
            limits: Ends of the axis of values.
        """
        imgui.text_colored(muted(), f"{title}, % of the values")
        total = max(int(histogram.counts.sum()), 1)
        percent = histogram.counts / total * 100.0
        flags = implot.Flags_
        kind = flags.no_title | flags.no_legend | flags.no_menus | flags.no_box_select
        kind |= flags.no_mouse_text | flags.no_inputs
        size = (-1, 7.5 * imgui.get_font_size())
        if implot.begin_plot(f"##{title}", size, kind.value):
            quiet = implot.AxisFlags_.no_tick_marks | implot.AxisFlags_.no_highlight
            implot.setup_axes("", "", int(quiet), int(quiet))
            implot.setup_axis_format(implot.ImAxis_.y1.value, "%g %%")
            lowest = 0.5 / total * 100.0
            top = (
                100.0
                if self._same_axes
                else max(float(percent.max()), 1e-6) * (2 if self._log else 1.08)
            )
            if self._log:
                implot.setup_axis_scale(implot.ImAxis_.y1.value, implot.Scale_.log10.value)
            always = implot.Cond_.always.value
            implot.setup_axes_limits(*limits, lowest if self._log else 0.0, top, always)
            width = (histogram.high - histogram.low) / len(percent)
            centers = histogram.low + (np.arange(len(percent)) + 0.5) * width
            spec = implot.Spec()
            spec.fill_color = imgui.ImVec4(*accent(0.85))
            spec.line_color = imgui.ImVec4(0, 0, 0, 0)
            spec.line_weight = 0.0
            heights = np.maximum(percent, lowest / 10) if self._log else percent
            implot.plot_bars("##percent", centers, heights, width * 0.86, spec)
            implot.end_plot()
        if imgui.is_item_hovered():
            imgui.set_item_tooltip(
                f"{title}: percent of the layer's values in each of {len(percent)} bins"
            )

    def _draw_channels(
        self, context: PanelContext, slot: int, node: Node, statistics: LayerStatistics
    ) -> None:
        labeled("go to")
        entered, number = imgui.input_int(
            "##channel", min(self._selected, default=0), 0, 0,
            imgui.InputTextFlags_.enter_returns_true.value,
        )  # fmt: skip
        if entered:
            self._selected = {min(max(number, 0), statistics.maps.channels - 1)}
            context.do(GoToView(f"layer:{node.name}", slot))
            context.do(HoverLayer(node.name, slot, min(self._selected)))
        self._draw_ablation(context, slot, node)
        flags = imgui.TableFlags_
        kind = flags.sortable | flags.scroll_y | flags.row_bg | flags.sizing_stretch_prop
        kind |= flags.no_borders_in_body
        lines = min(statistics.maps.channels + 1, MIN_TABLE_ROWS)
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
        order = self._channel_order(statistics)
        clipper = imgui.ListClipper()
        clipper.begin(len(order))
        while clipper.step():
            for channel in order[clipper.display_start : clipper.display_end].tolist():
                self._draw_channel(context, slot, node, statistics, channel)
        imgui.end_table()

    def _channel_order(self, statistics: LayerStatistics) -> np.ndarray:
        specs = imgui.table_get_sort_specs()
        if specs is not None and specs.specs_count:
            spec = specs.get_specs(0)
            descending = spec.get_sort_direction() == imgui.SortDirection.descending
            self._sort = (spec.column_index, descending)
        key = (id(statistics), self._sort)
        if self._order is None or self._order[0] != key:
            column, descending = self._sort
            values = statistics.columns[column]
            self._order = (key, np.argsort(-values if descending else values, kind="stable"))
        return self._order[1]

    def _draw_channel(
        self,
        context: PanelContext,
        slot: int,
        node: Node,
        statistics: LayerStatistics,
        channel: int,
    ) -> None:
        imgui.table_next_row()
        imgui.table_next_column()
        flags = imgui.SelectableFlags_
        kind = flags.span_all_columns | flags.allow_double_click
        if imgui.selectable(f"{channel}", channel in self._selected, kind.value)[0]:
            if imgui.is_mouse_double_clicked(0):
                context.do(GoToView(f"layer:{node.name}", slot))
                context.do(HoverLayer(node.name, slot, channel))
            elif imgui.get_io().key_ctrl:
                self._selected ^= {channel}
            else:
                self._selected = {channel}
        dead = bool(statistics.dead[channel])
        for value in statistics.columns[1:, channel].tolist():
            imgui.table_next_column()
            text = f"{value:.3g}"
            if dead:
                imgui.text_colored(muted(), text)
            else:
                imgui.text_unformatted(text)

    def _draw_ablation(self, context: PanelContext, slot: int, node: Node) -> None:
        selected = tuple(sorted(self._selected))
        if not selected:
            wrapped_text("click to select, double-click to go to")
            return
        which = f"channel {selected[0]}" if len(selected) == 1 else f"{len(selected)} channels"
        imgui.text_colored(muted(), f"ablate {which}:")
        pressed = button_row(("set to zero", "set to mean"))
        if pressed is not None:
            value: AblationValue = "mean" if pressed == "set to mean" else "zero"
            context.do(Ablate(node.name, slot, selected, None, value))


def _draw_head(node: Node, profile: LayerProfile | None) -> None:
    imgui.text_colored(accent(), node.name)
    wrapped_text(node.label)
    rows = [("shape", shape_text(node))]
    if node.axes:
        rows.append(("axes", axes_text(node.axes)))
    if node.parameters:
        rows.append(("parameters", f"{node.parameters:,}"))
    if profile is not None:
        if profile.macs:
            rows.append(("multiply-adds", count_text(profile.macs)))
        rows.append(("time", f"{profile.seconds * 1e3:.2f} ms per forward pass"))
    property_table(rows, "head")


def _draw_arrangement(context: PanelContext, slot: int, node: Node) -> None:
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
    labeled("show first")
    _, most = imgui.input_int("##most", layer.most, 1, 16)
    if imgui.is_item_deactivated_after_edit() or (
        most != layer.most and not imgui.is_item_active()
    ):
        context.do(ArrangeMaps(name, slot, most=max(0, most)))
    if imgui.is_item_hovered():
        imgui.set_item_tooltip("show first N feature maps (0 = all)")
    folded = checkbox("folded into one map", layer.folded)
    if folded is not None:
        context.do(Fold(name, slot, folded))
    imgui.end_disabled()


def _draw_pins(context: PanelContext, slot: int, node: Node) -> None:
    pins = [
        pin for pin in context.world.state.pins if (pin.network, pin.beside) == (slot, node.name)
    ]
    labeled("pin a copy", "put a copy of the layer above it, to compare")
    kinds: tuple[PinKind, ...] = ("kept", "live", "difference")
    kind = button_row(kinds)
    if kind is not None:
        context.do(PinLayer(node.name, slot, kind=kind))
    for pin in pins:
        imgui.push_id(pin.number)
        if imgui.small_button("remove"):
            context.do(UnpinLayer(pin.number))
        same_line_if_fits(f"pinned copy of {pin.layer} ({pin.kind})")
        wrapped_text(f"pinned copy of {pin.layer} ({pin.kind})")
        imgui.pop_id()


def _draw_layer_buttons(context: PanelContext, slot: int, node: Node) -> None:
    name = node.name
    ablated = any(
        ablation.network == slot and ablation.layer == name and not ablation.channels
        for ablation in context.world.state.ablations
    )
    pressed = button_row(("Reset", "Remove ablation" if ablated else "Ablate layer"))
    if pressed == "Reset":
        context.do(ResetLayer(name, slot))
    elif pressed is not None:
        context.do(Ablate(name, slot))
