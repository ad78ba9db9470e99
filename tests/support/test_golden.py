"""The comparison with golden pictures notices what a person would, and forgives what drivers do."""

import numpy as np
import pytest
from PIL import Image

from tests.support.golden import FOLDER, difference


@pytest.fixture(scope="module")
def golden():
    """(360, 640, 3) uint8: the first view of the default network."""
    return np.asarray(Image.open(FOLDER / "terrace-overview.png").convert("RGB"))


def text_box(pixels):
    """Rows and columns of the title of the network, the brightest thing in the lower left."""
    bright = pixels[240:320, :200].min(-1) > 200
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    return slice(236 + rows[0], 245 + rows[-1]), slice(columns[0] - 4, columns[-1] + 5)


def test_the_same_picture_and_a_little_noise_pass(golden):
    noise = np.random.default_rng(0).integers(-3, 4, golden.shape)
    noisy = np.clip(golden + noise, 0, 255).astype(np.uint8)
    assert difference(golden, golden) == ""
    assert difference(golden, noisy) == ""


@pytest.mark.parametrize("axis", [0, 1])
def test_edges_that_a_driver_rounds_to_the_next_pixel_pass(golden, axis):
    moved = golden.copy()
    moved[120:180, 200:400] = np.roll(golden, 1, axis)[120:180, 200:400]
    assert difference(golden, moved) == ""


@pytest.mark.parametrize("axis", [0, 1])
def test_a_shifted_label_is_noticed(golden, axis):
    rows, columns = text_box(golden)
    label = golden[rows, columns]
    assert label.max() > 220
    moved = golden.copy()
    moved[rows, columns] = np.roll(label, 3, axis)
    assert "differ" in difference(golden, moved)


def test_swapped_colors_are_noticed_in_one_map(golden):
    spread = np.ptp(golden[60:300, 100:560].astype(int), axis=-1)
    row, column = np.unravel_index(spread.argmax(), spread.shape)
    part = np.s_[60 + row - 10 : 60 + row + 10, 100 + column - 10 : 100 + column + 10]
    swapped = golden.copy()
    swapped[part] = golden[part][..., ::-1]
    assert "differ" in difference(golden, swapped)


def test_a_missing_line_and_one_too_many_are_noticed(golden):
    line = golden.copy()
    line[180, 250:350] = 150
    assert "differ" in difference(line, golden)
    assert "differ" in difference(golden, line)


@pytest.mark.parametrize("flip", [np.flipud, np.fliplr, lambda pixels: pixels[..., ::-1]])
def test_a_flipped_picture_is_noticed(golden, flip):
    assert "differ" in difference(golden, np.ascontiguousarray(flip(golden)))


def test_a_slightly_darker_picture_is_noticed(golden):
    assert "differ" in difference(golden, (golden * 0.9).astype(np.uint8))


def test_another_size_is_noticed(golden):
    assert "size" in difference(golden, golden[:-1])
