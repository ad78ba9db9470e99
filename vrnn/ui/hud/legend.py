"""The legend at the lower right: of what is shown in place of activations, else of activations."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.render.uniforms import RenderColors
from vrnn.scene.difference_readout import DifferenceLegend, difference_legend
from vrnn.scene.importance_readout import importance_legend
from vrnn.scene.readout import distant_picture_text, legend_range
from vrnn.scene.relevance_readout import legend_texts
from vrnn.scene.similarity_readout import SimilarityLegend
from vrnn.scene.value_range import ValueRange
from vrnn.style.color_mapping import ColorMapping
from vrnn.style.theme_names import Theme
from vrnn.ui.hud.overlay import HudCanvas, draw_legend
from vrnn.ui.hud.relevance_legend import (
    draw_difference_legend,
    draw_importance_legend,
    draw_relevance_legend,
    draw_similarity_legend,
)
from vrnn.workspace.workspace import Workspace


@dataclass(frozen=True)
class Legend:
    """What the legend says; of what comes first and is not None.

    Attributes:
        similarity: Of similarity.
        relevance: Of relevance, see `legend_texts`.
        importance: Of importance, see `importance_legend`.
        difference: Of differences.
        mapping: How activations become colors.
        ends: The values at the ends of the color bar; None where each map has its own.
        picture: What layers show from afar; '' where that is not seen.
        not_finite: How many values are NaN or infinite.
        theme: Whose colors are drawn.
    """

    similarity: SimilarityLegend | None
    relevance: tuple[str, str, str, str] | None
    importance: tuple[str, str, str, str] | None
    difference: DifferenceLegend | None
    mapping: ColorMapping
    ends: ValueRange | None
    picture: str
    not_finite: int
    theme: Theme


def find_legend(workspace: Workspace, are_pictures_seen: bool) -> Legend:
    """Return what the legend says of what is shown and pointed at.

    Args:
        workspace: What is shown.
        are_pictures_seen: Whether layers in view show their pictures from afar.
    """
    world = workspace.world
    hit, state = world.hovered, world.state
    return Legend(
        workspace.similarity.legend(hit),
        legend_texts(world, hit),
        importance_legend(world),
        difference_legend(world),
        state.color_mapping,
        legend_range(world, hit),
        distant_picture_text(state) if are_pictures_seen else "",
        world.not_finite,
        state.theme,
    )


def draw_found_legend(canvas: HudCanvas, legend: Legend, colors: RenderColors) -> float:
    """Draw a legend.

    Args:
        canvas: Where to draw.
        legend: What it says.
        colors: Of the activations.

    Returns:
        Its left edge, x.
    """
    if legend.similarity is not None:
        return draw_similarity_legend(canvas, legend.similarity)
    if legend.relevance is not None:
        return draw_relevance_legend(canvas, legend.relevance)
    if legend.importance is not None:
        return draw_importance_legend(canvas, legend.importance, legend.theme)
    if legend.difference is not None:
        return draw_difference_legend(canvas, legend.difference, legend.theme)
    return draw_legend(
        canvas, colors, legend.mapping, legend.not_finite, legend.picture, legend.ends,
        legend.theme,
    )  # fmt: skip
