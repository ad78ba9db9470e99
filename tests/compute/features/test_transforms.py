"""The small random transformations of an optimization, against plain NumPy."""

import numpy as np
import pytest
import torch

from vrnn.compute.features.transforms import transform_images
from vrnn.features.settings import FeatureVisSettings

NONE = {"rotate_chance": 0.0, "scale_chance": 0.0, "roll_chance": 0.0, "blur": 0.0, "pad": 0}
HEIGHT, WIDTH = 11, 14


def images(count=6):
    return np.random.default_rng(1).random((count, 2, HEIGHT, WIDTH)).astype(np.float32)


def transformed(values, **settings):
    """Each image with a source of random numbers of its own, and the numbers that it gives."""
    random = [torch.Generator().manual_seed(seed) for seed in range(len(values))]
    chosen = FeatureVisSettings(**(NONE | settings))
    result = transform_images(torch.from_numpy(values), chosen, random).numpy()
    numbers = [
        torch.rand(10, generator=torch.Generator().manual_seed(seed)).tolist()
        for seed in range(len(values))
    ]
    return result, numbers


def sampled(image, rows, columns):
    """(C, H, W) bilinear samples at rows and columns, the border going on outside."""
    height, width = image.shape[1:]
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = rows - top, columns - left
    upper = image[:, top, left] * (1 - across) + image[:, top, right] * across
    lower = image[:, bottom, left] * (1 - across) + image[:, bottom, right] * across
    return upper * (1 - down) + lower * down


@pytest.mark.parametrize("pad", [0, 3])
def test_without_a_transformation_an_image_stays_as_it_is(pad):
    values = images()
    np.testing.assert_array_equal(transformed(values, pad=pad)[0], values)


@pytest.mark.parametrize("chance", [1.0, 0.5])
def test_a_roll_is_by_some_pixels_along_each_axis(chance):
    values = images(30)
    found, _ = transformed(values, roll=3, roll_chance=chance)
    shifts = []
    for image, rolled in zip(values, found, strict=True):
        same = [
            (down, right)
            for down in range(-3, 4)
            for right in range(-3, 4)
            if np.array_equal(np.roll(image, (down, right), (1, 2)), rolled)
        ]
        assert len(same) == 1
        shifts += same[0]
    unmoved = shifts.count(0) / len(shifts)
    assert unmoved == 0 if chance == 1 else 0.2 < unmoved < 0.8
    assert {-3, -2, -1, 1, 2, 3} <= set(shifts)


@pytest.mark.parametrize("settings", [
    {"rotate": 30.0, "rotate_chance": 1.0},
    {"rotate": 0.5, "rotate_chance": 1.0},
    {"scale": 1.5, "scale_chance": 1.0},
    {"rotate": 20.0, "rotate_chance": 0.5, "scale": 2.0, "scale_chance": 0.5},
])  # fmt: skip
def test_rotation_and_scale_are_about_the_middle_and_in_their_ranges(settings):
    values = images()
    found, numbers = transformed(values, **settings)
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    y, x = y - HEIGHT / 2, x - WIDTH / 2
    most = settings.get("rotate", 10.0)
    for image, seen, (turns, grows, by, side, more, *_) in zip(values, found, numbers, strict=True):
        angle, scale = 0.0, 1.0
        if turns < settings.get("rotate_chance", 0.0):
            least = min(1.0, most)
            angle = np.radians((least + (most - least) * by) * (-1 if side < 0.5 else 1))
        if grows < settings.get("scale_chance", 0.0):
            scale += (settings["scale"] - 1) * more
        rows = (np.sin(angle) * x + np.cos(angle) * y) / scale
        columns = (np.cos(angle) * x - np.sin(angle) * y) / scale
        expected = sampled(image, rows + HEIGHT / 2 - 0.5, columns + WIDTH / 2 - 0.5)
        np.testing.assert_allclose(seen, expected, atol=2e-4)


def test_a_blur_is_a_gaussian_of_at_most_the_width_that_is_set():
    values = images()
    found, numbers = transformed(values, blur=1.5)
    offsets = np.arange(-2, 3)
    for image, blurred, drawn in zip(values, found, numbers, strict=True):
        line = np.exp(-0.5 * (offsets / max(1.5 * drawn[5], 1e-3)) ** 2)
        kernel = np.outer(line, line) / line.sum() ** 2
        around = np.pad(image, ((0, 0), (2, 2), (2, 2)), mode="edge")
        expected = sum(
            kernel[i, j] * around[:, i : i + HEIGHT, j : j + WIDTH]
            for i in range(5)
            for j in range(5)
        )
        np.testing.assert_allclose(blurred, expected, atol=1e-5)


def test_what_lies_beyond_the_border_is_seen_only_without_padding_to_be_the_border():
    values = np.zeros((1, 2, HEIGHT, WIDTH), np.float32)
    values[..., 0] = 1.0
    padded, _ = transformed(values, pad=4, scale=1.2, scale_chance=1.0)
    plain, _ = transformed(values, scale=1.2, scale_chance=1.0)
    assert padded.shape == plain.shape == values.shape
    assert padded[..., WIDTH // 2 :].max() == 0
