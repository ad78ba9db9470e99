"""How values become colors, what folds show, and how the layers stand."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.display import FoldAllStages, SetArrangement, SetColorMapping, SetFoldDisplay
from vrnn.scene.state import ARRANGEMENTS, FOLD_DISPLAYS
from vrnn.style.colormap import COLOR_RANGES, COLORMAPS, DEFAULT
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.widgets import choice, slider, toggle

NAME = "Display"


def draw(desk: PanelContext) -> None:
    """The panel's inside."""
    state = desk.world.state
    display = state.color_mapping
    imgui.separator_text("Colors")
    if colors := choice("color map", display.colormap, COLORMAPS):
        desk.do(SetColorMapping(colormap=colors))
    if scale := choice("full color", display.normalize_by, COLOR_RANGES):
        desk.do(SetColorMapping(normalize_by=scale))
    slider(desk, "gamma", display.gamma, (0.25, 4.0), "%.2f", lambda v: SetColorMapping(gamma=v))
    slider(
        desk,
        "clip at",
        display.clip_percentile,
        (50.0, 100.0),
        "%.1f %%",
        lambda v: SetColorMapping(clip_percentile=v),
    )
    now = toggle("zero in the middle", display.symmetric)
    if now is not None:
        desk.do(SetColorMapping(symmetric=now))
    if display != DEFAULT:
        imgui.same_line()
        if imgui.small_button("as usual"):
            desk.do(SetColorMapping(**vars(DEFAULT)))
    imgui.separator_text("World")
    if arrangement := choice("arrangement", state.arrangement, ARRANGEMENTS):
        desk.do(SetArrangement(arrangement))
    if shows := choice("folds show", state.fold_display, FOLD_DISPLAYS):
        desk.do(SetFoldDisplay(shows))
    if imgui.button("Fold or open all stages"):
        desk.do(FoldAllStages())
