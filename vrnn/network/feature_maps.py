"""Feature maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

PYRAMID_STEP = 4
"""Each level of a map's pyramid is this many times smaller than the one before, rounded up."""


def map_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width under which a result of this shape is shown.

    shape: without batch. (C, H, W) as it is; (C,) becomes (C, 1, 1); (C, L) becomes (C, 1, L);
    (C, D, H, W) shows its slices below each other, (C, D·H, W); () becomes (1, 1, 1).
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
    """Sizes of a map's levels, largest first, ending with (1, 1)."""
    shapes = [(height, width)]
    while height > 1 or width > 1:
        height, width = -(-height // PYRAMID_STEP), -(-width // PYRAMID_STEP)
        shapes.append((height, width))
    return tuple(shapes)


def block_size(channels: int, height: int, width: int) -> int:
    """Number of half floats in the block of one layer's maps (see `FeatureMaps.block`)."""
    return channels * (2 + sum(h * w for h, w in pyramid_shapes(height, width)))


@dataclass(frozen=True)
class FeatureMaps:
    """One node's maps for one image.

    block: float16, one dimension, the very bytes that go to the GPU: the least finite value of
        each channel (C,), the largest (C,), then the pyramid, level by level, each (C, h, w) and
        C-contiguous (`pyramid_shapes`). A coarse value is the mean of the finer ones it covers.
        Real value = half float × scale; a value that is not finite is stored as NaN, and so is a
        coarse one that covers at least as many of these as others.
    scale: a power of two that keeps the block clear of overflow and of subnormal numbers.
    numbers: (3, C) float32 over the finite values, in units of the scale: least, largest, mean.
    not_finite: number of values that are NaN or infinite in the whole layer.
    extra: (K, C) float32, the class and register tokens of a token model; K = 0 for others.
    """

    channels: int
    height: int
    width: int
    block: np.ndarray
    scale: float
    channel_stats: np.ndarray
    not_finite: int = 0
    extra_tokens: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @property
    def values(self) -> np.ndarray:
        """(C, H, W) float16 view of the full resolution; times `scale` they are the activations."""
        count = self.channels * self.height * self.width
        return self.block[2 * self.channels : 2 * self.channels + count].reshape(
            self.channels, self.height, self.width
        )

    @property
    def low(self) -> np.ndarray:
        """(C,) float32: the least finite activation of each channel."""
        return self.channel_stats[0] * np.float32(self.scale)

    @property
    def high(self) -> np.ndarray:
        """(C,) float32: the largest."""
        return self.channel_stats[1] * np.float32(self.scale)

    @property
    def mean(self) -> np.ndarray:
        """(C,) float32."""
        return self.channel_stats[2] * np.float32(self.scale)

    @cached_property
    def std(self) -> np.ndarray:
        """(C,) float32: the standard deviation of the finite values, worked out when asked for."""
        values = self.values.reshape(self.channels, -1).astype(np.float32)
        if self.not_finite:
            values = np.where(np.isfinite(values), values, np.nan)
            good = np.isfinite(values).any(1)
            found = np.zeros(self.channels, np.float32)
            found[good] = np.nanstd(values[good], 1, dtype=np.float64)
            return found * np.float32(self.scale)
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

    def clip_fraction(self, percentile: float) -> float:
        """The part of the peak that this percentage of all |activations| stay below, 0.001…1.

        Of up to 65,536 values, evenly taken.
        """
        taken = self._sorted
        if not taken.size or not self.peak:
            return 1.0
        below = taken[round(percentile / 100 * (taken.size - 1))]
        return float(np.clip(below * self.scale / self.peak, 1e-3, 1.0))

    @cached_property
    def _sorted(self) -> np.ndarray:
        values = self.values.reshape(-1)
        taken = np.abs(values[:: max(1, values.size >> 16)].astype(np.float32))
        return np.sort(taken[np.isfinite(taken)])
