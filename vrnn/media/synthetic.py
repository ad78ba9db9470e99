"""Images without a subject: noise, plain gray, and the mean of a data set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from vrnn.errors import VrnnError
from vrnn.media.image_reader import MAX_PIXELS, center_crop_resize
from vrnn.media.image_set import ImageSet

NoiseKind = Literal["uniform", "gaussian", "pink"]
NOISE_KINDS: tuple[NoiseKind, ...] = get_args(NoiseKind)
GRAY = 128
"""sRGB value of middle gray."""


@dataclass(frozen=True)
class NoiseSpec:
    """A noise image, but for its size.

    Attributes:
        kind: One of NOISE_KINDS.
        mean: Of values 0…1, before those outside are clipped.
        std: Standard deviation of the same values, 0 or more.
        seed: 0 or more; the same seed gives the same noise.
    """

    kind: NoiseKind
    mean: float = 0.5
    std: float = 0.25
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise VrnnError for a value out of its range."""
        if self.kind not in NOISE_KINDS:
            raise VrnnError(
                f"there is no noise '{self.kind}'; choose one of {', '.join(NOISE_KINDS)}"
            )
        if not math.isfinite(self.mean) or not math.isfinite(self.std):
            raise VrnnError(
                f"mean and standard deviation of noise should be finite, not {self.mean} and "
                f"{self.std}"
            )
        if self.std < 0:
            raise VrnnError(f"the standard deviation of noise is 0 or more, not {self.std}")
        if self.seed < 0:
            raise VrnnError(f"the seed of noise is a whole number from 0 on, not {self.seed}")


def noise_image(noise: NoiseSpec, height: int, width: int) -> np.ndarray:
    """Make an image of noise, independent in each channel.

    Uniform and Gaussian values are independent, with the mean and standard deviation asked for.
    Pink noise has amplitudes that fall with 1/f, f being the distance from the middle of the
    spectrum, as those of natural images do (D. J. Field, Relations between the statistics of
    natural images and the response properties of cortical cells, JOSA A 4, 1987); each channel
    has exactly the mean and standard deviation asked for.

    Args:
        noise: Which noise.
        height: Pixels.
        width: Pixels.

    Returns:
        (height, width, 3) uint8.

    Raises:
        VrnnError: The size is below one pixel, or beyond what an image may have.
    """
    _check_size(height, width)
    random = np.random.default_rng(noise.seed)
    if noise.kind == "uniform":
        # A uniform distribution of standard deviation 1 is √12 wide.
        standard = (random.random((height, width, 3)) - 0.5) * math.sqrt(12)
    else:
        standard = random.standard_normal((height, width, 3))
    if noise.kind == "pink":
        standard = _pink(standard)
    with np.errstate(over="ignore"):  # what is beyond all bounds is clipped too
        values = (noise.mean + noise.std * standard) * 255
    return np.rint(values.clip(0, 255)).astype(np.uint8)


def _pink(white: np.ndarray) -> np.ndarray:
    """Divide the amplitudes of white noise by their frequency.

    An image of one pixel has no frequency but 0, and so is 0.

    Args:
        white: (H, W, 3) independent values.

    Returns:
        (H, W, 3), each channel of mean 0 and standard deviation 1.
    """
    height, width, _ = white.shape
    down = np.fft.fftfreq(height)[:, None]
    across = np.fft.rfftfreq(width)[None, :]
    frequency = np.hypot(down, across)
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(white, axes=(0, 1)) / frequency[..., None]
    values = np.fft.irfft2(spectrum, s=(height, width), axes=(0, 1))
    values -= values.mean((0, 1))
    deviation = values.std((0, 1))
    return values / np.where(deviation > 0, deviation, 1)


def gray_image(height: int, width: int) -> np.ndarray:
    """Make a (height, width, 3) uint8 image, middle gray all over.

    Raises:
        VrnnError: The size is below one pixel, or beyond what an image may have.
    """
    _check_size(height, width)
    return np.full((height, width, 3), GRAY, np.uint8)


def mean_image(
    images: ImageSet, height: int, width: int, max_images: int = 256, seed: int = 0
) -> np.ndarray:
    """Average images of a set, chosen at random.

    Each is cut and resampled to the size, as a network sees it. Those that cannot be read are left
    out.

    Args:
        images: The set.
        height: Of the result, pixels.
        width: Of the result, pixels.
        max_images: How many are averaged at most.
        seed: Of the choice.

    Returns:
        (height, width, 3) uint8.

    Raises:
        VrnnError: No image can be read, or the size is one that no image may have.
    """
    _check_size(height, width)
    random = np.random.default_rng(seed)
    chosen = random.choice(len(images), min(max_images, len(images)), replace=False)
    total = np.zeros((height, width, 3))
    count, reason = 0, "it is empty"
    for index in chosen:
        try:
            pixels = images.image(int(index))
        except VrnnError as error:
            reason = str(error)
            continue
        total += center_crop_resize(pixels, height, width)
        count += 1
    if not count:
        raise VrnnError(f"the data set has no mean image: {reason}")
    return np.rint(total / count).astype(np.uint8)


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1:
        raise VrnnError(f"an image has at least one pixel, not {height}×{width}")
    if height * width > MAX_PIXELS:
        raise VrnnError(
            f"{height}×{width} are more than {MAX_PIXELS // 10**6} million pixels; "
            "ask for a smaller image"
        )
