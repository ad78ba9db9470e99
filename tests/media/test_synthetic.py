import math
import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.media.synthetic import NOISE_KINDS, NoiseSpec, gray_image, mean_image, noise_image


@given(
    st.sampled_from(NOISE_KINDS),
    st.floats(-1e308, 1e308),
    st.floats(0, 1e308),
    st.integers(0, 2**64),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_any_noise_of_any_size_is_an_image(kind, mean, std, seed, height, width):
    noise = NoiseSpec(kind, mean, std, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = noise_image(noise, height, width)
    assert image.shape == (height, width, 3)
    assert image.dtype == np.uint8
    assert np.array_equal(image, noise_image(noise, height, width))


@pytest.mark.parametrize("kind", NOISE_KINDS)
@pytest.mark.parametrize(("mean", "std"), [(0.5, 0.1), (0.4, 0.05), (0.25, 0.0)])
def test_the_mean_and_deviation_asked_for(kind, mean, std):
    values = noise_image(NoiseSpec(kind, mean, std), 200, 300) / 255
    assert values.mean((0, 1)) == pytest.approx(mean, abs=0.003)
    assert values.std((0, 1)) == pytest.approx(std, abs=0.003)


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_seeds_and_channels_differ(kind):
    image = noise_image(NoiseSpec(kind), 32, 32)
    assert (image != noise_image(NoiseSpec(kind, seed=1), 32, 32)).mean() > 0.5
    assert (image[..., 0] != image[..., 1]).mean() > 0.5


def test_what_is_beyond_the_range_is_clipped():
    assert (noise_image(NoiseSpec("uniform", 2.0, 0.1), 8, 8) == 255).all()
    assert set(np.unique(noise_image(NoiseSpec("gaussian", 0.5, 1e300), 8, 8))) == {0, 255}


def spectral_slope(image):
    """Exponent of the amplitude by frequency, over rings of the spectrum."""
    values = image[..., 0] - image[..., 0].mean()
    amplitude = np.abs(np.fft.fft2(values))
    height, width = values.shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    rings = np.geomspace(0.02, 0.4, 9)
    middle = np.sqrt(rings[1:] * rings[:-1])
    means = [amplitude[(frequency >= a) & (frequency < b)].mean() for a, b in pairwise(rings)]
    return np.polyfit(np.log(middle), np.log(means), 1)[0]


def test_pink_amplitudes_fall_with_frequency_and_white_ones_do_not():
    assert spectral_slope(noise_image(NoiseSpec("pink", 0.5, 0.15), 256, 384)) == pytest.approx(
        -1, abs=0.1
    )
    assert spectral_slope(noise_image(NoiseSpec("gaussian", 0.5, 0.15), 256, 384)) == pytest.approx(
        0, abs=0.1
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("brown",), "uniform, gaussian, pink"),
        (("pink", 0.5, -0.1), "0 or more"),
        (("pink", math.nan), "finite"),
        (("pink", 0.5, math.inf), "finite"),
        (("pink", 0.5, 0.1, -1), "seed"),
    ],
)
def test_noise_that_makes_no_sense(given, says):
    with pytest.raises(VrnnError, match=says):
        NoiseSpec(*given)


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (10**6, 10**6)])
def test_sizes_that_make_no_sense(size):
    with pytest.raises(VrnnError, match="pixel"):
        noise_image(NoiseSpec("pink"), *size)
    with pytest.raises(VrnnError, match="pixel"):
        gray_image(*size)


def test_gray():
    image = gray_image(3, 5)
    assert (image.shape, image.dtype) == ((3, 5, 3), np.uint8)
    assert (image == 128).all()


def set_of(count, read):
    return ImageSet((), [-1] * count, read)


def plain(index):
    return np.full((4 + index % 3, 6, 3), index, np.uint8)


def test_the_mean_of_all_images():
    image = mean_image(set_of(11, plain), 5, 7)
    assert image.shape == (5, 7, 3)
    assert (image == 5).all()


def test_the_mean_of_a_sample():
    asked = []

    def read(index):
        asked.append(index)
        return plain(index % 256)

    images = set_of(100_000, read)
    first = mean_image(images, 2, 2, max_images=40, seed=3)
    assert len(set(asked)) == len(asked) == 40
    assert np.array_equal(first, mean_image(images, 2, 2, max_images=40, seed=3))
    assert set(asked[40:]) == set(asked[:40])
    mean_image(images, 2, 2, max_images=40, seed=4)
    assert set(asked[80:]) != set(asked[:40])


def test_the_mean_leaves_out_what_cannot_be_read():
    def read(index):
        if index:
            raise OSError("gone")
        return np.full((2, 2, 3), 9, np.uint8)

    assert (mean_image(set_of(3, read), 2, 2) == 9).all()
    with pytest.raises(VrnnError, match="no mean image: image 0 of the data set"):
        mean_image(set_of(1, lambda index: read(1)), 2, 2)
    with pytest.raises(VrnnError, match="it is empty"):
        mean_image(set_of(0, read), 2, 2)
