"""Relevance in the Layer panel: its histogram, and the channels by their share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from imgui_bundle import imgui

from vrnn.commands.relevance_conditions import RestrictRelevance
from vrnn.commands.view import GoToView, HoverLayer
from vrnn.explanations.results import LayerRelevance
from vrnn.network.graph import Node
from vrnn.network.results import Histogram
from vrnn.network.statistics import layer_histogram
from vrnn.scene.relevance import NetworkRelevance
from vrnn.style.text import number_text
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.style import MUTED_COLOR

BINS = 64
"""Bins of the histogram."""
MAX_CHANNELS = 24
"""Channels that are listed, those with the largest shares."""
FOR, AGAINST = (1.0, 0.48, 0.10, 0.45), (0.0, 0.69, 0.70, 0.45)
"""Of bars, sRGB as in vrnn/style/relevance_colors.py."""
ROW_TOOLTIP = (
    "share of the layer's relevance; click: go to this map; Ctrl+click: relevance through it only"
)

DrawHistogram = Callable[[str, Histogram, tuple[float, float]], None]


@dataclass(frozen=True, eq=False)
class RankedChannels:
    """The channels of a layer by their relevance.

    Attributes:
        channels: Their numbers, the largest magnitude first.
        shares: Of the sum of all magnitudes, with the sign of the relevance.
    """

    channels: np.ndarray
    shares: np.ndarray


def channel_shares(layer: LayerRelevance) -> RankedChannels:
    """Return the channels of a layer by the magnitude of their relevance, at most MAX_CHANNELS."""
    order = np.argsort(-np.abs(layer.channels), kind="stable")[:MAX_CHANNELS]
    whole = float(np.abs(layer.channels).sum(dtype=np.float64)) or 1.0
    return RankedChannels(order, layer.channels[order] / whole)


class LayerRelevanceView:
    """Draws the relevance of one layer, and keeps what it computed of it."""

    def __init__(self) -> None:
        self._known: object = None
        self._histogram: Histogram | None = None
        self._shares: RankedChannels | None = None

    def draw(
        self, context: PanelContext, slot: int, node: Node, draw_histogram: DrawHistogram
    ) -> None:
        """Draw the section, or nothing for a layer without relevance.

        Args:
            context: Executes commands.
            slot: Number of the network.
            node: The layer.
            draw_histogram: Plots a histogram.
        """
        relevance = context.world.relevance.get(slot)
        layer = None
        if relevance is not None:
            layer = relevance.found.explanation.layers.get(node.name)
        if relevance is None or layer is None:
            return
        imgui.separator_text("Relevance")
        self._update(relevance, node, layer)
        value = relevance.found.explanation.value
        share = f", {layer.total / value:.1%} of the target" if value else ""
        imgui.text_colored(MUTED_COLOR, f"sum {number_text(layer.total)}{share}")
        if self._histogram is not None:
            histogram = self._histogram
            draw_histogram("relevance", histogram, (histogram.low, histogram.high))
        if self._shares is not None:
            self._draw_channels(context, slot, node, self._shares)

    def _update(self, relevance: NetworkRelevance, node: Node, layer: LayerRelevance) -> None:
        key = (relevance.found, node.id)
        if self._known == key:
            return
        self._known = key
        maps = relevance.found.maps.get(node.id)
        self._histogram = None
        if maps is not None and maps.highest > maps.lowest:
            self._histogram = layer_histogram(maps, BINS, maps.lowest, maps.highest)
        self._shares = channel_shares(layer) if len(layer.channels) > 1 else None

    def _draw_channels(
        self, context: PanelContext, slot: int, node: Node, shares: RankedChannels
    ) -> None:
        peak = float(np.abs(shares.shares).max(initial=0.0)) or 1.0
        for channel, share in zip(shares.channels.tolist(), shares.shares.tolist(), strict=True):
            start = imgui.get_cursor_screen_pos()
            width, height = imgui.get_content_region_avail().x, 1.25 * imgui.get_font_size()
            color = imgui.color_convert_float4_to_u32(
                imgui.ImVec4(*(FOR if share >= 0 else AGAINST))
            )
            draw_list = imgui.get_window_draw_list()
            end = (start.x + width * abs(share) / peak, start.y + height)
            draw_list.add_rect_filled(start, end, color, imgui.get_style().frame_rounding)
            is_clicked = imgui.selectable(
                f"channel {channel}   {share:.1%}".replace("-", "−") + f"##why{channel}",
                False, 0, (0, height),
            )[0]  # fmt: skip
            imgui.set_item_tooltip(ROW_TOOLTIP)
            if is_clicked and imgui.get_io().key_ctrl:
                context.do(RestrictRelevance(node.name, (channel,), slot))
            elif is_clicked:
                context.do(GoToView(f"layer:{node.name}", slot))
                context.do(HoverLayer(node.name, slot, channel))
