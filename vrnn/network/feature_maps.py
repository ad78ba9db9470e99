"""The feature maps of a layer, with the pyramid in which they are stored on the GPU."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

PYRAMID_STEP = 4
"""Each level of a map's pyramid is this many times smaller than the one before, rounded up."""


def map_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return channels, height and width in which a tensor of a shape is shown.

    Args:
        shape: Without the batch. (C, H, W) stays as it is; (C,) becomes (C, 1, 1); (C, L) becomes
            (C, 1, L); (C, D, H, W) shows its slices below each other, (C, D·H, W); () becomes
            (1, 1, 1).
    """
    if len(shape) == 0:
        return 1, 1, 1
    if len(shape) == 1:
        return shape[0], 1, 1
    if len(shape) == 2:
        return shape[0], 1, shape[1]
    height = int(np.prod(shape[1:-1]))
    return shape[0], height, shape[-1]


def pyramid_shapes(height: int, width: int) -> tuple[tuple[int, int], ...]:
    """Return height and width of each level of a map's pyramid, from the largest to (1, 1)."""
    shapes = [(height, width)]
    while height > 1 or width > 1:
        height, width = -(-height // PYRAMID_STEP), -(-width // PYRAMID_STEP)
        shapes.append((height, width))
    return tuple(shapes)


def block_size(channels: int, height: int, width: int) -> int:
    """Return the number of half floats in the block of a layer, see `FeatureMaps.block`."""
    return channels * (2 + sum(h * w for h, w in pyramid_shapes(height, width)))


def levels_above(height: int, width: int, max_side: int) -> int:
    """Return how many levels of a map's pyramid are larger than a size, in height or width."""
    return sum(max(shape) > max_side for shape in pyramid_shapes(height, width))


def coarse_block_size(channels: int, height: int, width: int, left_out: int) -> int:
    """Return the number of half floats in a block without its finest levels.

    Args:
        channels: C.
        height: H.
        width: W.
        left_out: How many levels.
    """
    levels = pyramid_shapes(height, width)[left_out:]
    return channels * (2 + sum(h * w for h, w in levels))


class DeviceBlock(Protocol):
    """A block in the memory of the device that computes, see `FeatureMaps.block`."""

    @property
    def address(self) -> int:
        """Where it begins, bytes."""
        ...

    @property
    def device(self) -> int:
        """The device's number."""
        ...

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return some of its half floats, (stop - start,) float16, not to be changed."""
        ...


@dataclass(frozen=True)
class FeatureMaps:
    """The maps of one node for one image.

    Attributes:
        channels: C.
        height: H.
        width: W.
        stored: `block`, or where it is while nobody has read it.
        scale: A power of two that keeps the block clear of overflow and of subnormal numbers.
        channel_stats: (3, C) float32 over the finite values, in units of the scale: least, largest,
            mean.
        not_finite: Number of values in the whole layer that are NaN or infinite.
        extra_tokens: (K, C) float32, the class and register tokens of a token model; K = 0 for
            others.
        portrait: (h, w, 3) uint8 sRGB, what the layer sees in one picture, see
            `vrnn.compute.passes.layer_portraits`; None where there is none.
    """

    channels: int
    height: int
    width: int
    stored: np.ndarray | DeviceBlock
    scale: float
    channel_stats: np.ndarray
    not_finite: int = 0
    extra_tokens: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    portrait: np.ndarray | None = None

    @cached_property
    def block(self) -> np.ndarray:
        """(N,) float16, the very bytes that go to the GPU.

        The least finite value of each channel (C,), the largest (C,), then the pyramid, level by
        level, each (C, h, w) and C-contiguous, see `pyramid_shapes`. A coarse value is the mean of
        the finer ones that it covers. Real value = half float × scale. A value that is not finite
        is stored as NaN, and so is a coarse one that covers at least as many of these as others.
        """
        stored = self.stored
        return stored if isinstance(stored, np.ndarray) else stored.read(0, self.size)

    @property
    def size(self) -> int:
        """Number of half floats in the block, which is not read for it."""
        return block_size(self.channels, self.height, self.width)

    def _read(self, start: int, stop: int) -> np.ndarray:
        """Some half floats of the block, a view where it is here."""
        if isinstance(self.stored, np.ndarray):
            return self.stored[start:stop]
        if "block" in self.__dict__:
            return self.block[start:stop]
        return self.stored.read(start, stop)

    @property
    def values(self) -> np.ndarray:
        """(C, H, W) float16 view of the full resolution: the activations, less the scale."""
        count = self.channels * self.height * self.width
        return self.block[2 * self.channels : 2 * self.channels + count].reshape(
            self.channels, self.height, self.width
        )

    def level(self, max_side: int) -> np.ndarray:
        """Return the finest level of the pyramid within a size, (C, h, w) float16, a view.

        Args:
            max_side: Height and width at most.
        """
        first = 2 * self.channels
        for height, width in pyramid_shapes(self.height, self.width):
            count = self.channels * height * width
            if max(height, width) <= max_side:
                break
            first += count
        return self._read(first, first + count).reshape(self.channels, height, width)

    def coarse_block(self, left_out: int) -> np.ndarray:
        """Return the block without its finest levels, a copy.

        Args:
            left_out: How many levels.
        """
        shapes = pyramid_shapes(self.height, self.width)[:left_out]
        ranges = 2 * self.channels
        first = ranges + self.channels * sum(h * w for h, w in shapes)
        return np.concatenate([self._read(0, ranges), self._read(first, self.size)])

    @property
    def low(self) -> np.ndarray:
        """(C,) float32, the least finite activation of each channel."""
        return self.channel_stats[0] * np.float32(self.scale)

    @property
    def high(self) -> np.ndarray:
        """(C,) float32, the largest finite activation of each channel."""
        return self.channel_stats[1] * np.float32(self.scale)

    @property
    def mean(self) -> np.ndarray:
        """(C,) float32, the mean finite activation of each channel."""
        return self.channel_stats[2] * np.float32(self.scale)

    @cached_property
    def std(self) -> np.ndarray:
        """(C,) float32, the standard deviation of the finite activations of each channel."""
        values = self.values.reshape(self.channels, -1).astype(np.float32)
        if self.not_finite:
            values = np.where(np.isfinite(values), values, np.nan)
            has_finite = np.isfinite(values).any(1)
            deviations = np.zeros(self.channels, np.float32)
            deviations[has_finite] = np.nanstd(values[has_finite], 1, dtype=np.float64)
            return deviations * np.float32(self.scale)
        return np.asarray(values.std(1, dtype=np.float64) * self.scale, np.float32)

    @property
    def lowest(self) -> float:
        """Least finite activation in the layer."""
        return float(self.channel_stats[0].min()) * self.scale if self.channels else 0.0

    @property
    def highest(self) -> float:
        """Largest finite activation in the layer."""
        return float(self.channel_stats[1].max()) * self.scale if self.channels else 0.0

    @property
    def peak(self) -> float:
        """Largest finite |activation| in the layer."""
        return max(-self.lowest, self.highest)

    @cached_property
    def typical_peak(self) -> float:
        """Median over the channels of the largest finite |activation|, 0 without channels."""
        peaks = np.maximum(-self.low, self.high)
        return float(np.median(peaks)) if self.channels else 0.0

    def clip_fraction(self, percentile: float) -> float:
        """Return the part of the peak below which a percentage of all |activations| is, 0.001…1.

        It is of up to 65,536 values, taken evenly.

        Args:
            percentile: 0…100.
        """
        sample = self._sorted_sample
        if not sample.size or not self.peak:
            return 1.0
        limit = sample[round(percentile / 100 * (sample.size - 1))]
        return float(np.clip(limit * self.scale / self.peak, 1e-3, 1.0))

    @cached_property
    def _sorted_sample(self) -> np.ndarray:
        """(N,) float32 finite |values| in units of the scale, ascending."""
        values = self.values.reshape(-1)
        sample = np.abs(values[:: max(1, values.size >> 16)].astype(np.float32))
        return np.sort(sample[np.isfinite(sample)])
