"""The legends of relevance, similarity, importance and differences, in place of the usual one."""

from __future__ import annotations

from vrnn.network.map_difference import DIFFERENCE_COLORS
from vrnn.network.weight_sheets import sheet_colors
from vrnn.scene.difference_readout import DifferenceLegend
from vrnn.scene.similarity_readout import SimilarityLegend
from vrnn.style.colormap import SAFE, lookup_table
from vrnn.style.relevance_table import relevance_color
from vrnn.style.similarity_colors import ENTRIES, linear_similarity_table
from vrnn.style.srgb import srgb_to_linear
from vrnn.style.theme import RGBA
from vrnn.style.theme_names import Theme
from vrnn.ui.hud.bar_legend import draw_bar_legend
from vrnn.ui.hud.overlay import HudCanvas

DARKEST = 0.03
"""Linear light of what matters least."""


def draw_relevance_legend(canvas: HudCanvas, texts: tuple[str, str, str, str]) -> float:
    """Draw the legend of relevance at the lower right.

    Args:
        canvas: Where to draw.
        texts: What is explained, what the colors span, and the ends of the color bar, see
            `vrnn.scene.relevance_readout.legend_texts`.

    Returns:
        Its left edge, x.
    """
    title, span, lowest, highest = texts
    return draw_bar_legend(
        canvas, (title, span), (lowest, "0", highest),
        lambda part: relevance_color(2 * part - 1), "relevance",
    )  # fmt: skip


def draw_similarity_legend(canvas: HudCanvas, legend: SimilarityLegend) -> float:
    """Draw the legend of similarity at the lower right.

    Args:
        canvas: Where to draw.
        legend: What it says.

    Returns:
        Its left edge, x.
    """
    table = linear_similarity_table(legend.colormap)

    def color(part: float) -> RGBA:
        red, green, blue = table[round(part * (ENTRIES - 1))].tolist()
        return red, green, blue, 1.0

    return draw_bar_legend(canvas, (legend.title, legend.span), legend.ends, color, "similarity")


def draw_importance_legend(
    canvas: HudCanvas, texts: tuple[str, str, str, str], theme: Theme
) -> float:
    """Draw the legend of importance at the lower right.

    Args:
        canvas: Where to draw.
        texts: See `vrnn.scene.importance_readout.importance_legend`.
        theme: Of all colors: in the light one, what matters is dark.

    Returns:
        Its left edge, x.
    """
    title, span, lowest, highest = texts

    def color(part: float) -> RGBA:
        light = DARKEST + (1 - DARKEST) * (1 - part if theme == "light" else part)
        return light, light, light, 1.0

    return draw_bar_legend(canvas, (title, span), (lowest, "", highest), color, "importance")


def draw_difference_legend(canvas: HudCanvas, legend: DifferenceLegend, theme: Theme) -> float:
    """Draw the legend of differences between networks or steps, or of kernels, at the lower right.

    Args:
        canvas: Where to draw.
        legend: What it says.
        theme: Of the colors of differences.

    Returns:
        Its left edge, x.
    """
    table = lookup_table(DIFFERENCE_COLORS, *SAFE, theme)
    if legend.are_weights:
        table = srgb_to_linear(sheet_colors(True)[:-1])

    def color(part: float) -> RGBA:
        red, green, blue = table[round(part * (len(table) - 1))].tolist()
        return red, green, blue, 1.0

    texts = legend.title, legend.span
    return draw_bar_legend(
        canvas, texts, legend.ends, color, "kernels" if legend.are_weights else "difference"
    )
