"""What is known of a layer's maps whether all of their levels are there or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

MAX_SAMPLE = 1 << 16
"""Values of a layer that tell how its values are spread, about."""


def sample_step(count: int) -> int:
    """Return how far apart the values of the sample of a layer with so many are."""
    return max(1, count // MAX_SAMPLE)


class DeviceBlock(Protocol):
    """A block in the memory of the device that computes, see `LayerMaps.block`."""

    @property
    def size(self) -> int:
        """How many half floats it has."""
        ...

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
class LayerMaps:
    """Statistics of the maps of one node for one image, and what of them is seen from afar.

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
        return (
            self.stored if isinstance(self.stored, np.ndarray) else self.stored.read(0, self.size)
        )

    @property
    def size(self) -> int:
        """Number of half floats in the block, which is not read for it."""
        return self.stored.size

    @property
    def nbytes(self) -> int:
        """Bytes of the block, which is not read for it."""
        return 2 * self.size

    def read_block(self, start: int, stop: int) -> np.ndarray:
        """Return some half floats of the block, a view where it is here."""
        if isinstance(self.stored, np.ndarray):
            return self.stored[start:stop]
        if "block" in self.__dict__:
            return self.block[start:stop]
        return self.stored.read(start, stop)

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

    def value_sample(self) -> np.ndarray:
        """Return (N,) float16 values taken evenly from all, in units of the scale."""
        raise NotImplementedError

    @cached_property
    def _sorted_sample(self) -> np.ndarray:
        """(N,) float32 finite |values| in units of the scale, ascending."""
        sample = np.abs(self.value_sample().astype(np.float32))
        return np.sort(sample[np.isfinite(sample)])
