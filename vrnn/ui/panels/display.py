"""The Display panel: color mapping, arrangement of the layers, folds."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.display import (
    FoldAllStages,
    SetArrangement,
    SetColorMapping,
    SetEdgeBundling,
    SetFoldDisplay,
    SetLayerPictures,
    SetTheme,
)
from vrnn.network.layer_pictures import layer_picture_names
from vrnn.scene.layout.registry import arrangement_names
from vrnn.scene.state import FOLD_DISPLAYS, MAPS_ONLY
from vrnn.style.color_mapping import COLOR_RANGES, COLORMAPS, DEFAULT
from vrnn.style.theme_names import THEMES
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.widgets import checkbox, combo, property_table, slider
from vrnn.workspace.map_residency import Residency

RANGE_HELP = "what the color range spans: each map, each layer, or the whole network"
AFAR_HELP = "what a layer shows while its maps are too small to tell apart"
EDGES_HELP = "from a way of its own for each edge (0) to long edges that run together (1)"
FOLD_HELP = "which map stands for all the others of a folded layer"


@panel("Display", dock=Dock.LEFT_BOTTOM)
class DisplayPanel(Panel):
    """Settings of what the world looks like."""

    def draw(self, context: PanelContext) -> None:
        """Draw the controls."""
        state = context.world.state
        mapping = state.color_mapping
        imgui.separator_text("Colors")
        if colormap := combo("color map", mapping.colormap, COLORMAPS, "the colors of values"):
            context.do(SetColorMapping(colormap=colormap))
        if normalize_by := combo("color range", mapping.normalize_by, COLOR_RANGES, RANGE_HELP):
            context.do(SetColorMapping(normalize_by=normalize_by))
        slider(
            context, "gamma", mapping.gamma, (0.25, 4.0), "%.2f",
            lambda v: SetColorMapping(gamma=v), "above 1, weak values fade",
        )  # fmt: skip
        slider(
            context, "clip percentile", mapping.clip_percentile, (50.0, 100.0), "%.1f %%",
            lambda v: SetColorMapping(clip_percentile=v),
            "the percentile at which colors saturate",
        )  # fmt: skip
        symmetric = checkbox("center at zero", mapping.symmetric)
        if symmetric is not None:
            context.do(SetColorMapping(symmetric=symmetric))
        if mapping != DEFAULT:
            imgui.same_line()
            if imgui.small_button("reset"):
                context.do(SetColorMapping(**vars(DEFAULT)))
        if theme := combo("theme", state.theme, THEMES):
            context.do(SetTheme(theme))
        imgui.separator_text("World")
        if arrangement := combo(
            "arrangement", state.arrangement, arrangement_names(), "where layers stand"
        ):
            context.do(SetArrangement(arrangement))
        slider(
            context, "edge bundling", state.edge_bundling, (0.0, 1.0), "%.2f",
            lambda v: SetEdgeBundling(v), EDGES_HELP,
        )  # fmt: skip
        pictures = (*layer_picture_names(), MAPS_ONLY)
        if picture := combo("from afar", state.distant_picture or MAPS_ONLY, pictures, AFAR_HELP):
            context.do(SetLayerPictures(picture))
        if shows := combo("folded layers show", state.fold_display, FOLD_DISPLAYS, FOLD_HELP):
            context.do(SetFoldDisplay(shows))
        if imgui.button("Fold or unfold all stages"):
            context.do(FoldAllStages())
        imgui.separator_text("Maps in memory")
        property_table(residency_rows(context.workspace.feed.residency.status), "residency")


def residency_rows(status: Residency) -> list[tuple[str, str]]:
    """Return what of the maps is where, as names and values.

    Args:
        status: What is where.
    """
    host = _megabytes(status.host_used)
    if status.host_budget:
        host += f" of {_megabytes(status.host_budget)}"
    held = [(f"of it {name}", _megabytes(size)) for name, size in status.host_held.items() if size]
    return [
        ("on the GPU", f"{_megabytes(status.used)} of {_megabytes(status.budget)}"),
        ("whole there", f"{status.gpu_whole:,} of {status.layers:,} layers"),
        ("in main memory", host),
        *held,
        ("whole there", f"{status.host_whole:,} of {status.layers:,} layers"),
        ("sent to the GPU", f"{status.sent / 2**20:,.1f} MB a second"),
    ]


def _megabytes(size: float) -> str:
    return f"{size / 2**20:,.0f} MB"
