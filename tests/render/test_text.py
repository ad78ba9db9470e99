import numpy as np

from vrnn.render import text
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import DrawList, TextLabel
from vrnn.style import font


def draw_alpha(ctx, labels, distance=5.0, size=(320, 160), samples=0):
    renderer, target = Renderer(ctx), RenderTarget(ctx, size, samples)
    camera = Camera(0, 0, distance, fov=np.pi / 3)
    renderer.draw(target, View(camera, size, transparent=True), DrawList(labels=tuple(labels)))
    alpha = target.read_pixels()[..., 3].copy()
    target.release()
    renderer.release()
    return alpha


def test_a_glyph_crosses_its_outline_halfway():
    glyph = font.sdf_glyphs("l")[0].astype(int)
    row = glyph[font.BASE - 15]
    inside = row > 128
    assert 3 <= inside.sum() <= 8  # the stem of an l
    edges = np.flatnonzero(np.diff(inside.astype(int)))
    assert len(edges) == 2
    slope = np.abs(np.diff(row))[edges]
    assert np.allclose(slope, 127.5 / font.SPREAD, atol=4)


def test_text_is_as_wide_as_its_metrics_say(ctx):
    words, height = "conv 3×3", 0.5
    alpha = draw_alpha(ctx, [TextLabel(words, (-1.0, 0.0, 0.0), height, (1, 1, 1, 1))])
    columns = np.flatnonzero(alpha.max(0) > 60)
    pixels_per_meter = 160 / (2 * np.tan(np.pi / 6) * 5)
    assert abs((columns[-1] - columns[0]) - font.text_width(words) * height * pixels_per_meter) < 6


def test_text_appears_when_it_is_large_enough(ctx):
    label = TextLabel("stage", (-1, 0, 0), 0.3, (1, 1, 1, 1), fade=8.0)
    assert draw_alpha(ctx, [label], 3.0).max() > 200
    assert draw_alpha(ctx, [label], 40.0).max() == 0


def test_text_for_afar_disappears_when_it_is_near(ctx):
    label = TextLabel("stage", (-1, 0, 0), 0.5, (1, 1, 1, 1), fade=0.0, until=67.0)
    assert draw_alpha(ctx, [label], 12.0).max() > 150
    assert draw_alpha(ctx, [label], 2.0).max() == 0


def test_small_text_keeps_its_weight(ctx):
    """A line of text covers the same fraction of its box at 9 pixels as at 40, within a third."""
    coverages = []
    for distance in (2.5, 11.0):
        label = TextLabel("HHHHHH", (-1.2, 0, 0), 0.4, (1, 1, 1, 1), fade=0.0)
        alpha = draw_alpha(ctx, [label], distance, (640, 320)).astype(float) / 255
        rows, columns = np.flatnonzero(alpha.max(1) > 0.2), np.flatnonzero(alpha.max(0) > 0.2)
        box = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
        coverages.append(alpha.sum() / box)
    assert abs(coverages[0] / coverages[1] - 1) < 0.33


def test_letters_are_drawn_without_the_empty_part_of_their_cells(ctx, monkeypatch):
    labels = [TextLabel("fig. 2: jumps", (-2, 0, 0), 0.4, (1, 1, 1, 1), fade=0.0)]
    drawn = draw_alpha(ctx, labels)
    monkeypatch.setattr(text, "ink_box", lambda glyph: (0, 0, font.CELL, font.CELL))
    assert np.abs(draw_alpha(ctx, labels).astype(int) - drawn).max() <= 1
    monkeypatch.undo()
    boxes = [text.ink_box(glyph) for glyph in font.sdf_glyphs("fig2jumps")]
    assert np.mean([width * height for *_, width, height in boxes]) < 0.5 * font.CELL**2


def test_letters_missing_from_the_typeface_are_drawn_too(ctx):
    assert draw_alpha(ctx, [TextLabel("→", (-0.5, 0, 0), 1.0, (1, 1, 1, 1))]).max() > 200
    assert font.text_width("a→b") > font.text_width("ab")
