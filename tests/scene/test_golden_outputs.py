"""Outputs as pictures: beside formulas on each pixel, and what cannot be as golden text."""

import colorsys

import numpy as np
import pytest

from tests.scene.test_geometry import image, ramp
from tests.support import geometry, golden_text
from vrnn.network.predictions import (
    DepthMap,
    Detections,
    Embedding,
    FlowField,
    Maps,
    Segmentation,
    Values,
    Waveform,
)
from vrnn.scene.visuals.output_bars import BarSize, number_bars
from vrnn.scene.visuals.output_images import (
    class_colors,
    color_bar,
    flow_colors,
    flow_legend,
    mask_overlay,
    output_image,
    segmentation_overlay,
)
from vrnn.style import colormap
from vrnn.style.color_mapping import ColorMapping


def test_classes_differ_in_hue_and_lightness():
    for count in (1, 2, 3, 30):
        found = class_colors(count)
        for i, color in enumerate(found):
            if i == 0 and count > 2:
                assert color.tolist() == [12, 14, 18]
                continue
            lightness = (0.62, 0.48, 0.74)[i % 3]
            hue = (0.08 + i * 0.61803398875) % 1
            expected = np.array(colorsys.hls_to_rgb(hue, lightness, 0.75)) * 255
            np.testing.assert_allclose(color, expected, atol=0.51)
    assert class_colors(0).shape == (0, 3)


def test_a_segmentation_lies_over_the_image_in_gray():
    seen = image(6, 9)
    classes = np.array([[0, 1, 2], [3, 2, 1]], np.int32)
    found = segmentation_overlay(seen, Segmentation(1, classes, 4)).astype(int)
    colors = class_colors(4).astype(float)
    for y in range(6):
        for x in range(9):
            color = colors[classes[y // 3, x // 3]]
            expected = 0.35 * seen[y, x].mean() + 0.65 * color
            np.testing.assert_allclose(found[y, x], expected, atol=0.51)


def test_masks_lie_over_the_image_the_best_on_top():
    seen = image(4, 6)
    masks = np.zeros((3, 2, 3), bool)
    masks[0, 0], masks[1, :, 0], masks[2] = True, True, True
    found = Detections(
        1, np.zeros((3, 4), np.float32), np.zeros(3, np.int32), np.ones(3, np.float32), masks=masks
    )
    colors = class_colors(25).astype(float)[1:]
    for count in (0, 1, 2, 3, 5):
        drawn = mask_overlay(seen, found, count)
        expected = seen.astype(float)
        for number in reversed(range(min(count, 3))):
            large = masks[number].repeat(2, 0).repeat(2, 1)
            expected[large] = 0.5 * expected[large] + 0.5 * colors[number]
        np.testing.assert_allclose(drawn, expected, atol=0.51)
    assert mask_overlay(seen, found, 0) is seen


def middlebury(u, v):
    """The color of one vector as the Middlebury benchmark's own code computes it."""
    wheel = []
    for steps, start, end in (
        (15, (255, 0, 0), (255, 255, 0)), (6, (255, 255, 0), (0, 255, 0)),
        (4, (0, 255, 0), (0, 255, 255)), (11, (0, 255, 255), (0, 0, 255)),
        (13, (0, 0, 255), (255, 0, 255)), (6, (255, 0, 255), (255, 0, 0)),
    ):  # fmt: skip
        for i in range(steps):
            rising = np.floor(255 * i / steps)
            wheel.append([
                a if a == b else rising if b > a else 255 - rising
                for a, b in zip(start, end, strict=True)
            ])  # fmt: skip
    radius = np.hypot(u, v)
    place = (np.arctan2(-v, -u) / np.pi + 1) / 2 * (len(wheel) - 1)
    k0 = int(place)
    k1 = (k0 + 1) % len(wheel)
    color = []
    for c0, c1 in zip(wheel[k0], wheel[k1], strict=True):
        mixed = (1 - (place - k0)) * c0 / 255 + (place - k0) * c1 / 255
        mixed = 1 - radius * (1 - mixed) if radius <= 1 else mixed * 0.75
        color.append(int(255 * mixed))
    return color


def test_flow_has_the_colors_of_the_benchmark():
    rng = np.random.default_rng(0)
    right, down = rng.normal(size=(2, 12, 12)) * 0.8
    right[0, 0] = down[0, 0] = 0
    found = flow_colors(2.5 * right, 2.5 * down, 2.5).astype(int)
    expected = [[middlebury(u, v) for u, v in zip(*row, strict=True)]
                for row in zip(right, down, strict=True)]  # fmt: skip
    np.testing.assert_allclose(found, expected, atol=1)
    assert found[0, 0].tolist() == [255] * 3
    right[3, 4] = np.nan
    down[5, 5] = np.inf
    found = flow_colors(right, down, 0.0)
    assert not found[3, 4].any()
    assert not found[5, 5].any()


def test_the_legend_of_flow_is_a_wheel():
    legend = flow_legend()
    assert legend.shape == (96, 96, 3)
    offsets = np.linspace(-1, 1, 96)
    for y, x in ((0, 0), (47, 0), (47, 95), (20, 30), (90, 50), (48, 48)):
        u, v = offsets[x], offsets[y]
        expected = (14, 16, 21) if np.hypot(u, v) > 1 else middlebury(u, v)
        np.testing.assert_allclose(legend[y, x].astype(int), expected, atol=1)


def test_what_is_not_finite_has_a_color_of_its_own(regenerate):
    depth = ramp(3, 4)
    depth[1, 2] = np.nan
    vector = ramp(10)
    vector[3], vector[4] = np.nan, np.inf
    lines = []
    outputs = (
        DepthMap(1, depth, -1.0, 1.0),
        Maps(1, (1, 3, 4), -1.0, 1.0, values=depth[None]),
        Embedding(1, vector),
        Embedding(1, np.zeros(5, np.float32)),
        Embedding(1, np.zeros(0, np.float32)),
        Embedding(1, ramp(7)),
    )
    for output in outputs:
        pixels = output_image(output)
        lines += [str(pixels.shape), *(str(row.tolist()) for row in pixels)]
    golden_text.check("views/pictures-not-finite", lines, regenerate)


@pytest.mark.parametrize("name", ["depth", "map"])
def test_a_color_bar_runs_from_the_largest_value_down(name):
    output = DepthMap(1, ramp(3, 4), 0.0, 1.0) if name == "depth" else Maps(1, (1, 2, 2), 0, 1)
    bar = color_bar(output)
    assert bar.shape == (64, 4, 3)
    kind = "magma" if name == "depth" else "viridis"
    table = colormap.lookup_table(ColorMapping(colormap=kind), *colormap.SAFE)
    ends = colormap.apply(np.array([[1.0], [0.0]], np.float32), 0.0, 1.0, table, (0, 0, 0))
    np.testing.assert_array_equal(bar[0, 0], ends[0, 0])
    np.testing.assert_array_equal(bar[-1, 3], ends[1, 0])


def test_only_one_map_of_rows_and_columns_is_a_picture():
    for shape, is_picture in (
        ((1, 2, 2), True), ((2, 2, 2), False), ((1, 1, 4), False), ((1, 4, 1), False),
        ((4, 4), False),
    ):  # fmt: skip
        output = Maps(1, shape, 0.0, 1.0, values=np.zeros((1, 2, 2), np.float32))
        assert (output_image(output) is not None) == is_picture
    assert output_image(Maps(1, (1, 2, 2), 0.0, 1.0)) is None


def curve_rows(pixels, band):
    """The first and last row of the curve in each column, from the top of its band."""
    part = (pixels[band] == (255, 168, 64)).all(-1)
    return part.argmax(0), part.shape[0] - 1 - part[::-1].argmax(0)


@pytest.mark.parametrize("channels", [1, 2, 4, 6])
def test_a_curve_reaches_from_the_least_to_the_largest_sample_of_a_column(channels):
    rng = np.random.default_rng(channels)
    samples = rng.uniform(-4, 4, (channels, 3200)).astype(np.float32)
    pixels = output_image(Waveform(1, samples, 4.0))
    assert pixels.shape == (160, 640, 3)
    shown = min(channels, 4)
    band = 160 // shown
    for i in range(shown):
        top, bottom = curve_rows(pixels, slice(i * band, (i + 1) * band))
        for column in range(640):
            own = samples[i, 5 * column : 5 * column + 6] / 4
            middle, reach = (band - 1) / 2, band * 0.46
            assert top[column] == np.floor(middle - reach * own.max())
            assert bottom[column] == np.ceil(middle - reach * own.min())
    free = (pixels[: band * shown] == (52, 57, 68)).all(-1)
    assert set(np.flatnonzero(free.any(1))) <= {i * band + (band - 1) // 2 for i in range(shown)}


def test_silence_and_broken_samples_are_a_line_at_zero():
    samples = np.zeros((1, 50), np.float32)
    for peak in (0.0, 1.0):
        top, bottom = curve_rows(output_image(Waveform(1, samples, peak)), slice(0, 160))
        assert (set(top), set(bottom)) == ({79}, {80})
    samples[0, 3] = np.nan
    top, bottom = curve_rows(output_image(Waveform(1, samples, 1.0)), slice(0, 160))
    assert (set(top), set(bottom)) == ({79}, {80})


def test_bars_of_numbers(regenerate):
    cases = {
        "both signs": [1.0, -2.0, 0.5],
        "positive": [1.0, 2.0, 0.0],
        "zeros": [0.0, 0.0],
        "broken": [np.nan, np.inf, -np.inf, 3.0],
        "many": np.linspace(-3, 9, 20),
        "none": [],
    }
    lines = []
    for name, numbers in cases.items():
        values = Values(1, np.array(numbers, np.float32))
        quads, labels = number_bars(
            values, ("width", "a name that is long" * 4), (1, 2, 3), BarSize(2.0), 8
        )
        lines += [name, *geometry.record_lines(quads), *map(geometry.label_line, labels)]
    golden_text.check("views/number-bars", lines, regenerate)


def test_flow_is_a_picture_of_its_vectors():
    vectors = np.stack([ramp(3, 4), -ramp(3, 4)])
    np.testing.assert_array_equal(
        output_image(FlowField(1, vectors, 1.4)), flow_colors(vectors[0], vectors[1], 1.4)
    )
