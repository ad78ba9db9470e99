"""Portraits against exact components, exactly turned to the colors that they are to agree with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vrnn.compute.passes.portrait_colors import CONTRAST
from vrnn.compute.passes.portrait_sampling import MAX_SIDE
from vrnn.compute.passes.portraits import STEADINESS, PortraitMaker

HEIGHT, WIDTH = 14, 11


def base(height: int, width: int) -> np.ndarray:
    """(3, H, W) noise that all pictures and all layers have in common.

    Without it there would be no best way to turn the one to the other: any would do as well.
    """
    return np.random.default_rng(height * width).normal(size=(3, height, width))


def picture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """(H, W, 3) uint8 of noise."""
    own = np.random.default_rng(seed).normal(size=(3, height, width))
    values = 128 + 35 * (base(height, width) + own)
    return np.clip(values, 0, 255).astype(np.uint8).transpose(1, 2, 0)


def mixture(seed: int, channels: int = 24, size=(HEIGHT, WIDTH), scale: float = 1.0):
    """(C, H, W) of three directions that vary, and very little else."""
    numbers = np.random.default_rng(seed)
    hidden = base(*size) + 0.7 * numbers.normal(size=(3, *size))
    mixed = np.tensordot(numbers.normal(size=(channels, 3)), hidden, 1)
    noise = 1e-5 * numbers.normal(size=mixed.shape)
    return torch.from_numpy((scale * (mixed + noise + 0.7)).astype(np.float32))


def standard(values: np.ndarray) -> np.ndarray:
    """(3, P) with mean 0 and deviation 1 each."""
    flat = values.reshape(3, -1).astype(np.float64)
    flat = flat - flat.mean(1, keepdims=True)
    return flat / flat.std(1, keepdims=True)


def colors_of(pixels: np.ndarray) -> np.ndarray:
    return standard(pixels.transpose(2, 0, 1).astype(np.float64))


def turned(maps: torch.Tensor, target: np.ndarray) -> np.ndarray:
    """(3, P): the three principal components, whitened and turned to a target (3, P)."""
    flat = maps.double().numpy().reshape(len(maps), -1)
    flat = flat - flat.mean(1, keepdims=True)
    _, _, rows = np.linalg.svd(flat, full_matrices=False)
    scores = rows[:3] * np.sqrt(flat.shape[1])
    left, _, right = np.linalg.svd(target @ scores.T)
    return left @ right @ scores


def to_bytes(colors: np.ndarray, height: int = HEIGHT) -> np.ndarray:
    shown = np.clip(colors * CONTRAST * 255 + 128, 0, 255)
    return shown.T.reshape(height, -1, 3)


def near(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.dtype == np.uint8
    assert np.abs(found - expected).max() <= 2.5, np.abs(found - expected).max()


@pytest.mark.parametrize("channels", [3, 5, 24, 200])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])
def test_a_first_layer_has_the_colors_of_the_image(channels, scale):
    pixels, maps = picture(1), mixture(2, channels, scale=scale)
    maker = PortraitMaker({})
    maker.begin(pixels)
    near(maker.make(4, maps), to_bytes(turned(maps, colors_of(pixels))))


def test_a_layer_agrees_with_the_mean_of_those_that_feed_it():
    pixels, layers = picture(1), [mixture(seed) for seed in (2, 3, 4)]
    maker = PortraitMaker({1: (0,), 2: (0, 1), 3: (2, 9)})
    maker.begin(pixels)
    first = turned(layers[0], colors_of(pixels))
    near(maker.make(0, layers[0]), to_bytes(first))
    second = turned(layers[1], first)
    near(maker.make(1, layers[1]), to_bytes(second))
    third = turned(layers[2], (first + second) / 2)
    near(maker.make(2, layers[2], is_source=False), to_bytes(third))
    # What is no source is agreed with by none: the image stands in.
    last = mixture(5)
    near(maker.make(3, last), to_bytes(turned(last, colors_of(pixels))))


def test_the_image_itself_may_be_what_a_layer_agrees_with():
    pixels, maps = picture(1), mixture(2)
    maker = PortraitMaker({1: (0,)})
    maker.begin(pixels)
    assert np.array_equal(maker.set_picture(0), pixels)
    near(maker.make(1, maps), to_bytes(turned(maps, colors_of(pixels))))


def test_the_next_frame_agrees_with_the_one_before_too():
    first, second, maps = picture(1), picture(7), mixture(2)
    maker = PortraitMaker({})
    maker.begin(first)
    before = turned(maps, colors_of(first))
    near(maker.make(0, maps), to_bytes(before))
    maker.begin(second, continues=True)
    target = colors_of(second) + STEADINESS * before
    near(maker.make(0, maps), to_bytes(turned(maps, target)))
    maker.begin(second)
    near(maker.make(0, maps), to_bytes(turned(maps, colors_of(second))))


def test_a_layer_of_another_size_agrees_with_what_lies_there():
    pixels, maps = picture(1, 12, 8), mixture(2, size=(6, 4))
    maker = PortraitMaker({1: (0,)})
    maker.begin(pixels)
    image = colors_of(pixels).reshape(3, 6, 2, 4, 2).mean((2, 4)).reshape(3, -1)
    first = turned(maps, image)
    near(maker.make(0, maps), to_bytes(first, 6))
    larger = mixture(3, size=(12, 8))
    grown = torch.nn.functional.interpolate(
        torch.from_numpy(first.reshape(1, 3, 6, 4)), (12, 8), mode="bilinear", align_corners=False
    )
    near(maker.make(1, larger), to_bytes(turned(larger, grown[0].numpy().reshape(3, -1)), 12))


def test_large_maps_are_averaged_over_whole_squares():
    side = 2 * MAX_SIDE
    pixels, maps = picture(1, side, side), mixture(2, 8, (side, side))
    maker = PortraitMaker({})
    maker.begin(pixels)
    small = maps.reshape(8, MAX_SIDE, 2, MAX_SIDE, 2).mean((2, 4))
    seen = pixels.reshape(MAX_SIDE, 2, MAX_SIDE, 2, 3).mean((1, 3))
    near(maker.make(0, small), to_bytes(turned(small, colors_of(seen)), MAX_SIDE))
    found = maker.make(0, maps)
    assert found.shape == (MAX_SIDE, MAX_SIDE, 3)
    near(found, to_bytes(turned(small, colors_of(seen)), MAX_SIDE))
    assert np.abs(maker.set_picture(1) - seen).max() <= 0.5


def test_one_channel_and_what_is_not_finite():
    maker = PortraitMaker({})
    maker.begin(picture(1))
    values = np.linspace(-1, 3, HEIGHT * WIDTH).reshape(1, HEIGHT, WIDTH).astype(np.float32)
    gray = (values - values.mean()) / values.std()
    near(maker.make(0, torch.from_numpy(values)), to_bytes(np.repeat(gray.reshape(1, -1), 3, 0)))
    values[0, 3, 4], values[0, 5, 6] = np.nan, np.inf
    known = np.nan_to_num(values, posinf=0.0)
    gray = (known - known.mean()) / known.std()
    near(maker.make(0, torch.from_numpy(values)), to_bytes(np.repeat(gray.reshape(1, -1), 3, 0)))
