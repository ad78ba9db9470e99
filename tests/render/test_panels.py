"""What a panel shows, read back pixel by pixel."""

import numpy as np
import pytest

from tests.support.map_blocks import block
from vrnn.network.feature_maps import block_size
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import RenderColors, View
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import PANEL, DrawList
from vrnn.style.srgb import srgb_to_linear

SIZE = 240


def draw_panel(ctx, values, gain=0.0, columns=None, distance=1.0, samples=0, border=0.0, size=SIZE):
    """(size, size, 3) of one panel that fills the view at distance 1."""
    channels, height, width = values.shape
    renderer = Renderer(ctx)
    addresses = renderer.maps.allocate(0, {0: block_size(channels, height, width)})
    renderer.maps.upload(0, 0, block(values))
    panel = np.zeros(1, PANEL)
    columns = columns or channels
    panel["origin"], panel["right"], panel["down"] = (-1, 1, 0), (2, 0, 0), (0, -2, 0)
    panel["grid"] = (columns, -(-channels // columns), channels)
    panel["tile"] = (height, width)
    panel["base"], panel["light"], panel["clip"] = addresses[0][1], 1, 1
    panel["border"] = border
    panel["range"] = (-1 / gain, 1 / gain) if gain else 0
    camera = Camera(0, 0, distance, fov=np.pi / 2)
    target = RenderTarget(ctx, (size, size), samples)
    view = View(
        camera, (size, size), fog=1e6, colors=RenderColors(positive=(1, 1, 1), negative=(0, 0, 1))
    )
    renderer.draw(target, view, DrawList(panels={(0, 0): panel}))
    pixels = target.read_pixels()[..., :3].astype(int)
    target.release()
    renderer.release()
    return pixels


def test_signs_have_their_colors_and_zero_is_dark(ctx):
    values = np.array([[[1.0, -1.0], [0.0, 0.5]]], np.float32)
    pixels = draw_panel(ctx, values)
    quarter = SIZE // 4
    positive, negative = pixels[quarter, quarter], pixels[quarter, 3 * quarter]
    zero, half = pixels[3 * quarter, quarter], pixels[3 * quarter, 3 * quarter]
    assert positive.min() > 250
    assert negative[2] > 250
    assert negative[0] < 60
    assert zero.max() < 40
    assert 110 < half.mean() < 160  # half a peak looks half as bright


def test_each_map_is_in_its_cell(ctx):
    values = np.zeros((6, 4, 4), np.float32)
    for channel in range(6):
        values[channel] = (channel + 1) / 6
    pixels = draw_panel(ctx, values, gain=1.0, columns=3)
    levels = [
        pixels[SIZE // 4 + SIZE // 2 * (c // 3), SIZE // 6 + SIZE // 3 * (c % 3)].mean()
        for c in range(6)
    ]
    assert levels == sorted(levels)
    assert np.diff(levels).min() > 15


@pytest.mark.parametrize("distance", [1.2, 3.0, 12.0])
def test_a_highlighted_border_is_as_wide_from_near_as_from_afar(ctx, distance):
    pixels = draw_panel(ctx, np.full((1, 4, 4), -1.0, np.float32), distance=distance, border=-3.0)
    orange = (pixels[..., 0] > 200) & (pixels[..., 2] < 120)
    assert 2 <= orange[SIZE // 2, : SIZE // 2].sum() <= 4
    assert 2 <= orange[: SIZE // 2, SIZE // 2].sum() <= 4


@pytest.mark.parametrize("gain", [0.0, 0.125])
def test_colors_span_the_maps_own_range_or_the_layers(ctx, gain):
    values = np.stack([np.full((4, 4), 8.0), np.full((4, 4), 1.0)]).astype(np.float32)
    pixels = draw_panel(ctx, values, gain=gain)
    strong, weak = pixels[120, 60].mean(), pixels[120, 180].mean()
    assert strong > 250
    assert weak > 250 if gain == 0 else weak < 70


def test_values_that_are_not_finite_have_a_color_of_their_own(ctx):
    values = np.ones((1, 2, 2), np.float32)
    data = values.copy()
    data[0, 0, 0] = np.nan
    pixels = draw_panel(ctx, data, gain=1.0)
    red, green, _ = pixels[60, 60]
    assert red > 200
    assert green < 120
    assert pixels[180, 180].min() > 250


def test_from_afar_a_fine_pattern_shows_its_mean_not_a_moire(ctx):
    checkerboard = (np.indices((64, 64)).sum(0) % 2).astype(np.float32)[None]
    pixels = draw_panel(ctx, checkerboard, gain=1.0, distance=12.0)
    middle = SIZE // 2
    patch = pixels[middle - 6 : middle + 6, middle - 6 : middle + 6].mean(-1)
    assert patch.std() < 8
    assert 100 < patch.mean() < 220


@pytest.mark.parametrize(("side", "limit"), [(180, 5.5), (360, 8.5), (600, 8.5)])
def test_a_pixel_is_near_the_mean_of_what_lies_in_it(ctx, side, limit):
    """Smooth maps at 0.8, 1.6 and 2.7 values a pixel, beside the same eight times as large."""
    noise = np.random.default_rng(0).uniform(-1, 1, (1, side + 2, side + 2)).astype(np.float32)
    values = np.mean([noise[:, i : i + side, j : j + side] for i in range(3) for j in range(3)], 0)
    values /= np.abs(values).max()
    pixels = srgb_to_linear(draw_panel(ctx, values, gain=1.0).astype(np.uint8))
    large = srgb_to_linear(draw_panel(ctx, values, gain=1.0, size=8 * SIZE).astype(np.uint8))
    means = large.reshape(SIZE, 8, SIZE, 8, 3).mean((1, 3))
    inner = slice(SIZE // 16, -SIZE // 16)
    away = np.abs(pixels - means)[inner, inner]
    assert 1e3 * away.mean() < limit


def test_a_panel_without_maps_is_drawn_empty(ctx):
    renderer = Renderer(ctx)
    renderer.maps.allocate(0, {0: 100})
    panel = np.zeros(1, PANEL)
    panel["origin"], panel["right"], panel["down"] = (-1, 1, 0), (2, 0, 0), (0, -2, 0)
    panel["grid"], panel["tile"], panel["base"], panel["light"] = (2, 2, 4), (2, 2), -1, 1
    target = RenderTarget(ctx, (64, 64))
    renderer.draw(
        target, View(Camera(0, 0, 3), (64, 64), fog=1e6), DrawList(panels={(0, 0): panel})
    )
    pixels = target.read_pixels()[..., :3].astype(int)
    assert pixels[32, 32].max() < 60
    assert not np.array_equal(pixels[20, 20], pixels[1, 1])
    target.release()
    renderer.release()
