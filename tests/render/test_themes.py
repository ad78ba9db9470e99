"""The shaders draw the colors of a theme as `themed` has them, and colors of data as they are."""

import itertools

import numpy as np

from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import RenderColors, View
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import FIXED, PLAIN, QUAD, DrawList
from vrnn.style.srgb import linear_to_srgb
from vrnn.style.theme import themed

SIDE, CELLS = 225, 15
LEVELS = (0.0, 0.004, 0.03, 0.2, 0.5, 1.0)
COLORS = np.array(list(itertools.product(LEVELS, repeat=3)), np.float32)


def draw(ctx, kind):
    """(N, 3) uint8 sRGB of each color in the light theme, and of the background."""
    records = np.zeros(len(COLORS), QUAD)
    row, column = np.divmod(np.arange(len(COLORS)), CELLS)
    cell = 2 / CELLS
    records["origin"] = np.stack([column * cell - 1, 1 - row * cell, np.zeros(len(row))], 1)
    records["right"], records["down"] = (cell, 0, 0), (0, -cell, 0)
    records["top"][:, :3] = records["bottom"][:, :3] = COLORS
    records["top"][:, 3] = records["bottom"][:, 3] = 1.0
    records["kind"] = kind
    renderer, target = Renderer(ctx), RenderTarget(ctx, (SIDE, SIDE))
    view = View(Camera(0, 0, 1, fov=np.pi / 2), (SIDE, SIDE), fog=1e6)
    renderer.draw(target, view, DrawList(quads=records, theme="light"))
    drawn = target.read_pixels()[..., :3]
    target.release()
    renderer.release()
    pixel = SIDE // CELLS
    middles = drawn[row * pixel + pixel // 2, column * pixel + pixel // 2]
    return middles.astype(int), drawn[-pixel // 2, -pixel // 2].astype(int)


def test_colors_are_those_of_the_theme(ctx):
    drawn, background = draw(ctx, PLAIN)
    assert np.abs(drawn - linear_to_srgb(themed(COLORS, "light"))).max() <= 1
    empty = np.array(RenderColors().background)
    assert np.abs(background - linear_to_srgb(themed(empty, "light"))).max() <= 1


def test_colors_of_data_stay(ctx):
    drawn, _ = draw(ctx, FIXED)
    assert np.abs(drawn - linear_to_srgb(COLORS)).max() <= 1
