"""Level of detail: what is drawn in place of thin strokes and rectangles looks as these do."""

from itertools import pairwise

import numpy as np
import pytest

from vrnn.render.culling import CullKey
from vrnn.render.line_strips import merge_into_strips
from vrnn.render.parallel_strokes import merge_parallel
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.thin_strokes import join_straight, split_quads, split_strokes
from vrnn.render.uniforms import RenderColors, View
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import QUAD, SHADOW, STROKE, DrawList, quad

KEY = CullKey(np.array([0.0, 0.0, 100.0]), None, 870.0, ())
"""A pixel is 0.115 meters at the origin."""
BLACK = RenderColors(background=(0.0, 0.0, 0.0))


def strokes(*ends, width=0.03, color=(1.0, 1.0, 1.0, 0.5)):
    records = np.zeros(len(ends), STROKE)
    for record, (start, end) in zip(records, ends, strict=True):
        record["start"], record["end"] = start, end
    records["width"], records["color"] = width, color
    return records


def weight(records):
    """How much light strokes are together."""
    along = np.linalg.norm(records["end"] - records["start"], axis=1)
    return float((along * records["width"] * records["color"][:, 3]).sum())


def test_straight_pieces_are_one_and_corners_stay():
    pieces = strokes(
        ((0, 0, 0), (1, 0, 0)), ((1, 0, 0), (2, 0, 0)), ((2.05, 0, 0), (3, 0, 0)),
        ((3, 0, 0), (3, 2, 0)), ((6, 2, 0), (7, 2, 0)),
    )  # fmt: skip
    found = join_straight(pieces, KEY)
    assert found["start"].tolist() == [[0, 0, 0], [3, 0, 0], [6, 2, 0]]
    assert found["end"].tolist() == [[3, 0, 0], [3, 2, 0], [7, 2, 0]]


def test_a_curve_of_many_small_turns_stays_one():
    angle = np.linspace(0, np.pi / 2, 200)
    points = 10 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
    found = join_straight(strokes(*pairwise(points)), KEY)
    middle = np.concatenate([found["start"], 0.5 * (found["start"] + found["end"])])
    assert np.abs(np.linalg.norm(middle, axis=1) - 10).max() < 0.115


def test_nested_lines_are_drawn_once_and_are_as_bright():
    nested = strokes(
        ((0, 0, 0), (60, 0, 0)), ((0, 0, 0.02), (30, 0, 0.02)), ((30, 0, 0.02), (60, 0, 0.02)),
        ((0, 0, 0.04), (20, 0, 0.04)), ((0, 5, 0), (60, 5, 0)),
    )  # fmt: skip
    found = merge_parallel(nested, KEY)
    assert weight(found) == pytest.approx(weight(nested), rel=1e-4)
    at_foot = found[found["start"][:, 1] < 1]
    assert sorted(zip(at_foot["start"][:, 0], at_foot["end"][:, 0], strict=True)) == [
        (0, 20), (20, 60)
    ]  # fmt: skip


def test_lines_apart_or_of_other_colors_stay_as_they_are():
    apart = strokes(((0, 0, 0), (60, 0, 0)), ((0, 0.5, 0), (60, 0.5, 0)), ((0, 9, 0), (0, 20, 0)))
    other = strokes(((0, 0, 0), (60, 0, 0)), color=(1.0, 0.0, 0.0, 0.5))
    found = merge_parallel(np.concatenate([apart, other]), KEY)
    assert len(found) == 4
    assert weight(found) == pytest.approx(weight(apart) + weight(other))


def test_lines_of_many_colors_in_a_row_are_one_strip_as_bright():
    ends = [((x, 0.01 * (x % 3), 0), (x + 0.9, 0.01 * (x % 3), 0)) for x in range(-30, 30)]
    many = strokes(*ends)
    many["kind"] = -1
    many["color"][::2, :3] = (1.0, 0.0, 0.0)
    strips, are_left, _ = merge_into_strips(many, np.zeros(0, QUAD), KEY, "dark")
    assert not are_left.any()
    (strip,) = strips.records
    first, count = strip["texels"]
    texels = strips.texels.reshape(-1, 4)[first : first + count] / 255
    length = np.linalg.norm(strip["end"] - strip["start"]) / count
    light = (texels[:, :3] ** 2 * texels[:, 3:]).sum(0) * length * strip["width"]
    wanted = 0.03 * 0.5 * 0.9 * np.array([60, 30, 30])
    assert light == pytest.approx(wanted, rel=0.02)


def test_few_lines_are_no_strip():
    few = strokes(((0, 0, 0), (60, 0, 0)), ((-40, 9, 0), (0, 9, 0)))
    strips, are_left, _ = merge_into_strips(few, np.zeros(0, QUAD), KEY, "dark")
    assert not len(strips.records)
    assert are_left.all()


def test_lights_that_run_and_heads_keep_their_shader():
    some = strokes(*[((0, 0, 0), (1, 0, 0))] * 3)
    some["kind"][1] = 1
    some["flow"][2] = (0, 1)
    thick, thin = split_strokes(some, KEY)
    assert (len(thick), len(thin)) == (2, 1)


def test_shadows_thinner_than_a_pixel_are_left_out():
    shadow = quad(0, 0, 10, 0.02, 0, (0, 0, 0, 1))
    shadow["kind"] = SHADOW
    assert not len(split_quads(shadow, KEY).whole)
    shadow["down"] *= 10
    assert len(split_quads(shadow, KEY).whole) == 1


@pytest.mark.parametrize("height", [0.02, 0.04])
def test_a_thin_rectangle_is_a_line_as_bright_wherever_it_lies(ctx, height):
    renderer = Renderer(ctx)
    target = RenderTarget(ctx, (200, 200))
    sums = []
    for y in np.linspace(0, 0.115, 5):
        view = View(Camera(0, float(y), 100, fov=0.2289), (200, 200), 1e6, transparent=True,
                    colors=BLACK)  # fmt: skip
        assert view.pixels_per_unit == pytest.approx(870, rel=0.01)
        renderer.draw(target, view, DrawList(quads=quad(-5, 0, 10, height, 0, (1, 1, 1, 1))))
        red = target.read_pixels()[..., 0] / 255
        sums.append(np.where(red <= 0.04045, red / 12.92, ((red + 0.055) / 1.055) ** 2.4).sum())
    target.release()
    renderer.release()
    wanted = 10 * height * 8.7**2
    assert np.allclose(sums, wanted, rtol=0.2)
