"""Both themes are readable, and the light one turns lightness round and keeps the hue."""

import colorsys

import numpy as np
import pytest

from vrnn.render.uniforms import RenderColors
from vrnn.scene.visuals import edges, histograms, image_wall, labels, output_bars, token_labels
from vrnn.style.color_mapping import COLORMAPS, ColorMapping
from vrnn.style.colormap import lookup_table
from vrnn.style.srgb import decode
from vrnn.style.theme import (
    ACCENT,
    ANNOTATION,
    BUTTON,
    CARD,
    STRUCTURE,
    TEXT,
    WARNING,
    contrast,
    themed,
)
from vrnn.style.theme_names import THEMES
from vrnn.ui import style
from vrnn.ui.hud import overlay

READABLE = 4.5
"""Of text against what is behind it (WCAG 2.2, level AA)."""
BACKGROUND = RenderColors().background
WORLD_TEXT = {
    "accent": ACCENT,
    "annotation": ANNOTATION,
    "structure": STRUCTURE,
    "name": labels.NAME_COLOR,
    "operation": labels.OPERATION_COLOR,
    "edge": labels.EDGE_COLOR,
    "title": labels.TITLE_COLOR,
    "facts": labels.FACTS_COLOR,
    "warning": WARNING,
    "token": token_labels.TOKEN_NAME_COLOR,
    "histogram": histograms.TEXT_COLOR,
}
CARD_TEXT = {
    "text": TEXT,
    "accent": ACCENT,
    "class": image_wall.CLASS_COLOR,
    "score": output_bars.OTHER_TEXT,
}
PAIRS = [
    *((f"{name} in the world", color, BACKGROUND) for name, color in WORLD_TEXT.items()),
    *((f"{name} on a card", color, CARD) for name, color in CARD_TEXT.items()),
    ("button", TEXT, BUTTON),
    ("legend", overlay.TEXT_COLOR, overlay.BACKGROUND),
    ("message", overlay.BRIGHT_COLOR, overlay.BACKGROUND),
    ("key", ACCENT, overlay.BACKGROUND),
]


def linear(color):
    """(3,) of a panel's sRGB color."""
    return decode(np.array(color[:3]))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("name", "text", "behind"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_text_of_the_world_is_readable(name, text, behind, theme):
    front, back = (themed(np.array(color[:3]), theme) for color in (text, behind))
    assert contrast(front, back) >= READABLE


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("surface", ["PANEL", "RAISED", "DEEP"])
@pytest.mark.parametrize("text", ["TEXT_COLOR", "MUTED_COLOR", "ACCENT"])
def test_text_of_the_panels_is_readable(text, surface, theme):
    colors = (getattr(style, name) for name in (text, surface))
    front, back = (linear(style.color_in_theme(color, theme)) for color in colors)
    assert contrast(front, back) >= READABLE


@pytest.mark.parametrize("color", [edges.FLOW, edges.SKIP], ids=["flow", "skip"])
def test_edges_stand_out_in_the_light_theme_as_in_the_dark_one(color):
    ratios = [
        contrast(*(themed(np.array(c[:3]), theme) for c in (color, BACKGROUND))) for theme in THEMES
    ]
    assert min(ratios) >= 3  # of what is no text


def test_light_and_dark_change_places():
    grays = np.linspace(0, 1, 50)[:, None].repeat(3, 1)
    light = themed(grays, "light")[:, 0]
    assert (np.diff(light) <= 1e-9).all()
    assert light[0] > 0.99
    assert light[-1] < 0.02
    np.testing.assert_array_equal(themed(grays, "dark"), grays)


def test_strong_colors_keep_their_hue():
    for color in (ACCENT, ANNOTATION, (0.16, 0.42, 1.0)):
        hues = [
            colorsys.rgb_to_hsv(*themed(np.array(color[:3]), theme).tolist())[0] for theme in THEMES
        ]
        assert abs(hues[0] - hues[1]) < 0.06


@pytest.mark.parametrize("name", COLORMAPS)
def test_zero_is_near_the_background_in_diverging_maps(name):
    colors = RenderColors()
    mapping = ColorMapping(colormap=name)
    dark, light = (lookup_table(mapping, colors.negative, colors.positive, t) for t in THEMES)
    assert light.min() >= 0
    assert light.max() <= 1
    if name in ("signed", "orange-blue"):
        middle = len(light) // 2
        back = themed(np.array(BACKGROUND), "light")
        assert contrast(light[middle], back) < 1.2
        for end in (light[0], light[-1]):
            assert contrast(end, back) > 3
        luminance = [light @ (0.2126, 0.7152, 0.0722)]
        for values in luminance:
            assert (np.diff(values[:middle]) > -1e-3).all()
            assert (np.diff(values[middle:]) < 1e-3).all()
    elif name != "gray":
        np.testing.assert_array_equal(dark, light)
