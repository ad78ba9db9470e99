"""The style of the panels: colors, typeface, and sizes that scale with the text."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from imgui_bundle import imgui, implot

from vrnn.style.srgb import decode, encode
from vrnn.style.theme import themed
from vrnn.style.theme_names import Theme

Color = tuple[float, float, float, float]
"""Red, green, blue and alpha, sRGB, 0…1."""

# ImGui blends in sRGB, so these are sRGB. The accent is linear (1.0, 0.52, 0.10).
ACCENT: Color = (1.0, 0.749, 0.349, 1.0)
TEXT_COLOR: Color = (0.80, 0.825, 0.865, 1.0)
MUTED_COLOR: Color = (0.56, 0.595, 0.65, 1.0)
PANEL: Color = (0.072, 0.082, 0.102, 1.0)
RAISED: Color = (0.125, 0.141, 0.172, 1.0)
EDGE: Color = (0.165, 0.186, 0.226, 1.0)
DEEP: Color = (0.045, 0.052, 0.067, 1.0)
DEFAULT_TEXT_POINTS = 16.0
"""Default size of text, points; the sizes of everything else are given for it."""
MATH_FONT = "latinmodern-math.otf"
"""Of imgui-bundle; has arrows and signs that Roboto lacks."""


def _with(color: Color, alpha: float) -> Color:
    return (*color[:3], alpha)


def load_font() -> None:
    """Load Roboto, which comes with imgui-bundle; without it, ImGui's own typeface is used.

    Arrows and signs that it lacks are taken from Latin Modern Math, which comes with it too.
    """
    fonts, spec = imgui.get_io().fonts, find_spec("imgui_bundle")
    for root in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(root) / "assets" / "fonts"
        path, signs = folder / "Roboto" / "Roboto-Regular.ttf", folder / "latex" / MATH_FONT
        if path.is_file():
            fonts.add_font_from_file_ttf(str(path), DEFAULT_TEXT_POINTS)
            if signs.is_file():
                merged = imgui.ImFontConfig()
                merged.merge_mode = True
                fonts.add_font_from_file_ttf(str(signs), DEFAULT_TEXT_POINTS, merged)
            return
    fonts.add_font_default()


def color_in_theme(color: Color, theme: Theme) -> Color:
    """Return a color of the dark theme as another theme has it."""
    if theme == "dark":
        return color
    red, green, blue = encode(themed(decode(np.array(color[:3])), theme)).tolist()
    return red, green, blue, color[3]


def apply(text_points: float, pixel_scale: float, theme: Theme = "dark") -> None:
    """Set colors and sizes of the current ImGui and ImPlot contexts.

    Args:
        text_points: Size of text, points.
        pixel_scale: Pixels per point.
        theme: Of the colors.
    """
    style = imgui.get_style()
    style.font_size_base = DEFAULT_TEXT_POINTS
    style.font_scale_main = text_points / DEFAULT_TEXT_POINTS
    style.font_scale_dpi = pixel_scale
    for name, size in SIZES.items():
        grown = size * text_points / DEFAULT_TEXT_POINTS * pixel_scale
        setattr(style, name, grown if grown < 2 else round(grown))
    for name, (x, y) in PAIRS.items():
        setattr(
            style,
            name,
            (
                x * text_points / DEFAULT_TEXT_POINTS * pixel_scale,
                y * text_points / DEFAULT_TEXT_POINTS * pixel_scale,
            ),
        )
    style.window_border_size = style.popup_border_size = 1
    # A field is hardly brighter than a bright panel.
    style.frame_border_size = 1 if theme == "light" else 0
    style.window_menu_button_position = imgui.Dir.none
    for name, color in COLORS.items():
        style.set_color_(getattr(imgui.Col_, name), color_in_theme(color, theme))
    plots = implot.get_style()
    plots.plot_padding = imgui.ImVec2(4 * pixel_scale, 6 * pixel_scale)
    plots.plot_border_size = 0
    plots.plot_min_size = imgui.ImVec2(60, 40)
    for name, color in PLOT_COLORS.items():
        plots.set_color_(getattr(implot.Col_, name), color_in_theme(color, theme))


SIZES = {
    "indent_spacing": 14.0,
    "scrollbar_size": 11.0,
    "grab_min_size": 12.0,
    "window_rounding": 5.0,
    "popup_rounding": 5.0,
    "frame_rounding": 4.0,
    "grab_rounding": 4.0,
    "scrollbar_rounding": 4.0,
    "tab_rounding": 4.0,
    "tab_bar_border_size": 1.0,
    "tab_bar_overline_size": 2.0,
    "docking_separator_size": 2.0,
    "separator_text_border_size": 1.0,
}
"""Sizes in points, for text of the default size."""
PAIRS = {
    "window_padding": (12.0, 10.0),
    "frame_padding": (8.0, 4.0),
    "item_spacing": (8.0, 6.0),
    "item_inner_spacing": (6.0, 4.0),
    "cell_padding": (6.0, 2.0),
    "separator_text_padding": (0.0, 6.0),
}
"""Horizontal and vertical sizes in points, for text of the default size."""
COLORS: dict[str, Color] = {
    "text": TEXT_COLOR,
    "text_disabled": MUTED_COLOR,
    "window_bg": PANEL,
    "child_bg": (0.0, 0.0, 0.0, 0.0),
    "popup_bg": _with(PANEL, 0.98),
    "border": EDGE,
    "frame_bg": DEEP,
    "frame_bg_hovered": RAISED,
    "frame_bg_active": RAISED,
    "title_bg": DEEP,
    "title_bg_active": DEEP,
    "title_bg_collapsed": DEEP,
    "menu_bar_bg": DEEP,
    "scrollbar_bg": (0.0, 0.0, 0.0, 0.0),
    "scrollbar_grab": EDGE,
    "scrollbar_grab_hovered": MUTED_COLOR,
    "scrollbar_grab_active": MUTED_COLOR,
    "check_mark": ACCENT,
    "checkbox_selected_bg": DEEP,
    "input_text_cursor": ACCENT,
    "tree_lines": EDGE,
    # The number of a slider is drawn over its grab, and has to be readable there too.
    "slider_grab": _with(ACCENT, 0.42),
    "slider_grab_active": _with(ACCENT, 0.55),
    "button": RAISED,
    "button_hovered": EDGE,
    "button_active": _with(ACCENT, 0.45),
    "header": _with(ACCENT, 0.16),
    "header_hovered": RAISED,
    "header_active": _with(ACCENT, 0.30),
    "separator": EDGE,
    "separator_hovered": _with(ACCENT, 0.6),
    "separator_active": ACCENT,
    "resize_grip": (0.0, 0.0, 0.0, 0.0),
    "resize_grip_hovered": _with(ACCENT, 0.4),
    "resize_grip_active": _with(ACCENT, 0.8),
    "tab": DEEP,
    "tab_hovered": RAISED,
    "tab_selected": PANEL,
    "tab_selected_overline": ACCENT,
    "tab_dimmed": DEEP,
    "tab_dimmed_selected": PANEL,
    "tab_dimmed_selected_overline": EDGE,
    "docking_preview": _with(ACCENT, 0.4),
    "docking_empty_bg": (0.0, 0.0, 0.0, 0.0),
    "plot_lines": TEXT_COLOR,
    "plot_histogram": ACCENT,
    "table_header_bg": DEEP,
    "table_border_strong": EDGE,
    "table_border_light": _with(EDGE, 0.5),
    "table_row_bg": (0.0, 0.0, 0.0, 0.0),
    "table_row_bg_alt": _with(RAISED, 0.25),
    "text_selected_bg": _with(ACCENT, 0.35),
    "drag_drop_target": ACCENT,
    "nav_cursor": ACCENT,
    "modal_window_dim_bg": (0.0, 0.0, 0.0, 0.45),
}
PLOT_COLORS: dict[str, Color] = {
    "frame_bg": (0.0, 0.0, 0.0, 0.0),
    "plot_bg": DEEP,
    "plot_border": EDGE,
    "axis_text": MUTED_COLOR,
    "axis_grid": _with(EDGE, 0.7),
    "axis_tick": EDGE,
    "axis_bg": (0.0, 0.0, 0.0, 0.0),
    "axis_bg_hovered": (0.0, 0.0, 0.0, 0.0),
    "axis_bg_active": (0.0, 0.0, 0.0, 0.0),
    "inlay_text": MUTED_COLOR,
}
_NAMES: dict[Color, str] = {color: name for name, color in reversed(COLORS.items())}


def applied(color: Color) -> Color:
    """Return a color of this module as the style of the current ImGui context has it.

    Args:
        color: One of those above, with or without an alpha of its own.
    """
    name = _NAMES[_with(color, 1.0)]
    red, green, blue = list(imgui.get_style().color_(getattr(imgui.Col_, name)))[:3]
    return red, green, blue, color[3]


def accent(alpha: float = 1.0) -> Color:
    """Return the accent in the current theme."""
    return applied(_with(ACCENT, alpha))


def muted() -> Color:
    """Return the color of secondary text in the current theme."""
    return applied(MUTED_COLOR)
