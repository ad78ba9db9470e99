"""How values become colours, what folds show, and how the layers stand."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.display import Arrange, Colour, FoldShows, FoldStages
from vrnn.scene.state import ARRANGEMENTS, FOLD_SHOWS
from vrnn.style.colormap import COLOUR_MAPS, SCALES, USUAL
from vrnn.ui.panel_context import Desk
from vrnn.ui.widgets import choice, slider, toggle

NAME = "Display"


def draw(desk: Desk) -> None:
    """The panel's inside."""
    state = desk.world.state
    display = state.display
    imgui.separator_text("Colours")
    if colours := choice("colour map", display.colours, COLOUR_MAPS):
        desk.do(Colour(colours=colours))
    if scale := choice("full colour", display.scale, SCALES):
        desk.do(Colour(scale=scale))
    slider(desk, "gamma", display.gamma, (0.25, 4.0), "%.2f", lambda v: Colour(gamma=v))
    slider(desk, "clip at", display.clip, (50.0, 100.0), "%.1f %%", lambda v: Colour(clip=v))
    now = toggle("zero in the middle", display.symmetric)
    if now is not None:
        desk.do(Colour(symmetric=now))
    if display != USUAL:
        imgui.same_line()
        if imgui.small_button("as usual"):
            desk.do(Colour(**vars(USUAL)))
    imgui.separator_text("World")
    if arrangement := choice("arrangement", state.arrangement, ARRANGEMENTS):
        desk.do(Arrange(arrangement))
    if shows := choice("folds show", state.fold_shows, FOLD_SHOWS):
        desk.do(FoldShows(shows))
    if imgui.button("Fold or open all stages"):
        desk.do(FoldStages())
