"""Outputs in colors: what one would see."""

import numpy as np
import pytest

from vrnn.network.output_decoding import decode
from vrnn.scene.visuals.output_images import CURVE, flow_colors, flow_legend, output_image


def image(kind, values):
    pixels = output_image(decode(kind, np.asarray(values, np.float32), 0))
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    return pixels


def test_depth_grows_brighter_and_stands_upright():
    ramp = np.linspace(0, 5, 20)[:, None] * np.ones((1, 30))
    light = image("depth", ramp[None]).astype(int).sum(2).mean(1)
    assert light.shape == (20,)
    assert (np.diff(light) > 0).all()


def test_what_is_not_finite_has_a_color_of_its_own():
    values = np.zeros((1, 4, 4))
    values[0, 1, 2] = np.nan
    values[0, 3, 3] = 1
    pixels = image("depth", values)
    assert (pixels[1, 2] != pixels[0, 0]).any()
    assert (pixels[1, 2] != pixels[3, 3]).any()


def test_the_color_wheel_is_that_of_middlebury():
    # Directions on the wheel of Baker et al. 2011: red right, yellow down, blue-cyan left.
    right, down = np.array([[1.0, 0.0, -1.0, 0.0]]), np.array([[0.0, 1.0, 0.0, -1.0]])
    pixels = flow_colors(right, down, 1.0)[0].astype(int)
    assert pixels[0].tolist() == [255, 0, 0]
    assert pixels[1][0] > 200 > 100 > pixels[1][2]
    assert pixels[2][2] > 200 > 100 > pixels[2][0]
    assert pixels[3][0] < 220
    assert pixels[3][2] > 200
    assert flow_colors(np.zeros((1, 1)), np.zeros((1, 1)), 1.0).tolist() == [[[255, 255, 255]]]
    half = flow_colors(np.array([[0.5]]), np.array([[0.0]]), 1.0)[0, 0].tolist()
    assert half[0] == 255
    assert half[1] == pytest.approx(127, abs=2)
    legend = flow_legend()
    middle = len(legend) // 2
    assert legend[middle, -4].astype(int)[0] > 240
    assert (legend[middle, middle] > 240).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0], (0, 255)),
        ([0.0, 0.5], (0, 128)),
        ([-1.0, 0.0], (0, 128)),
        ([-3.0, 5.0], (0, 255)),
        ([0.0, 200.0], (0, 200)),
    ],
)
def test_a_picture_has_its_own_range_only_where_it_must(values, expected):
    maps = np.zeros((3, 2, 2))
    maps[:, 0, 0], maps[:, 1, 1] = values
    maps[:, 0, 1] = maps[:, 1, 0] = values[0]
    pixels = image("picture", maps)
    assert (pixels[0, 0] == expected[0]).all()
    assert np.abs(pixels[1, 1].astype(int) - expected[1]).max() <= 1


def test_a_picture_keeps_red_green_and_blue_and_its_sides():
    maps = np.zeros((3, 4, 6))
    maps[0, 0, :], maps[2, :, 0] = 1, 1
    pixels = image("picture", maps)
    assert pixels[0, 3].tolist() == [255, 0, 0]
    assert pixels[3, 0].tolist() == [0, 0, 255]


def test_noise_is_gray_at_zero_and_latents_stand_side_by_side():
    maps = np.zeros((4, 8, 8))
    maps[1] = 2
    maps[2] = -2
    pixels = image("noise", maps)
    assert pixels.shape == (16, 16, 3)
    assert abs(int(pixels[0, 0, 0]) - 128) <= 1
    assert pixels[0, 12, 0] == 255
    assert pixels[12, 0, 0] == 0


def test_a_curve_goes_up_where_the_signal_does():
    signal = np.where(np.arange(6400) < 3200, -1.0, 1.0)
    pixels = image("waveform", signal)
    is_curve = (pixels == CURVE).all(2)
    rows = np.array([np.flatnonzero(column).mean() for column in is_curve.T])
    assert is_curve.any(0).all()
    assert rows[10] > rows[-10] + 50


def test_an_embedding_shows_every_number_once():
    vector = np.full(10, -1.0)
    vector[3] = 1
    pixels = image("embedding", vector)
    is_orange = (pixels[..., 0].astype(int) > pixels[..., 2]).reshape(-1)
    assert is_orange.nonzero()[0].tolist() == [3]
    is_blue = (pixels[..., 2].astype(int) > pixels[..., 0].astype(int) + 20).reshape(-1)
    assert is_blue.sum() == 9
