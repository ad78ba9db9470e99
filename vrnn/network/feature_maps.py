"""The feature maps of a layer, with the pyramid in which they are stored on the GPU."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from math import prod

import numpy as np

from vrnn.network.layer_maps import LayerMaps, sample_step

PYRAMID_STEP = 4
"""Each level of a map's pyramid is this many times smaller than the one before, rounded up."""

MAX_PROBES = 64
"""Values of a layer, about, that tell whether two passes were of the same image."""


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
    return shape[0], prod(shape[1:-1]), shape[-1]


@lru_cache(1024)
def pyramid_shapes(height: int, width: int) -> tuple[tuple[int, int], ...]:
    """Return height and width of each level of a map's pyramid, from the largest to (1, 1)."""
    shapes = [(height, width)]
    while height > 1 or width > 1:
        height, width = -(-height // PYRAMID_STEP), -(-width // PYRAMID_STEP)
        shapes.append((height, width))
    return tuple(shapes)


@lru_cache(1024)
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


def probe_step(count: int) -> int:
    """Return how far apart the values are that tell whether so many are of the same image."""
    return max(1, count // MAX_PROBES)


@dataclass(frozen=True)
class FeatureMaps(LayerMaps):
    """The maps of one node for one image, with all levels of their pyramid in the block."""

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
        return self.read_block(first, first + count).reshape(self.channels, height, width)

    def coarse_block(self, left_out: int) -> np.ndarray:
        """Return the block without its finest levels, a copy.

        Args:
            left_out: How many levels.
        """
        return _without_levels(self, 0, left_out)

    def coarse(self, left_out: int) -> CoarseMaps:
        """Return what is known of the layer without the finest levels, a copy.

        Args:
            left_out: How many levels.
        """
        known = {one.name: getattr(self, one.name) for one in fields(LayerMaps)}
        known["stored"] = self.coarse_block(left_out)
        return CoarseMaps(**known, left_out=left_out, sample=self.value_sample().copy())

    def value_sample(self) -> np.ndarray:
        """Return (N,) float16 values taken evenly from all, in units of the scale; a view."""
        values = self.values.reshape(-1)
        return values[:: sample_step(values.size)]

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


@dataclass(frozen=True)
class CoarseMaps(LayerMaps):
    """The maps of one node for one image without the finest levels of their pyramid.

    All statistics are those of the whole maps.

    Attributes:
        left_out: How many levels the block lacks, at least 1.
        sample: See `value_sample`.
        probes: Of maps that are hidden behind their portrait while images stream: (N,) float32 some
            values of the newest image, see `probe_step`. All else but the portrait and the tokens
            is of an image shortly before then, so no number of it is to be shown. None: all is of
            the same image.
    """

    left_out: int = 1
    sample: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float16))
    probes: np.ndarray | None = None

    def value_sample(self) -> np.ndarray:
        """Return (N,) float16 values taken evenly from all, in units of the scale."""
        return self.sample

    def coarse_block(self, left_out: int) -> np.ndarray:
        """Return the block without its finest levels, a copy.

        Args:
            left_out: How many levels, at least as many as it lacks.
        """
        return _without_levels(self, self.left_out, left_out)

    @cached_property
    def as_maps(self) -> FeatureMaps:
        """The means that are there as maps of their own, (C, h, w), for what is seen from afar."""
        known = {one.name: getattr(self, one.name) for one in fields(LayerMaps)}
        known["height"], known["width"] = pyramid_shapes(self.height, self.width)[self.left_out]
        return FeatureMaps(**known)


def _without_levels(maps: LayerMaps, first: int, end: int) -> np.ndarray:
    """A copy of a block that begins with one level of the pyramid and is to begin with another."""
    shapes = pyramid_shapes(maps.height, maps.width)[first:end]
    ranges = 2 * maps.channels
    start = ranges + maps.channels * sum(h * w for h, w in shapes)
    return np.concatenate([maps.read_block(0, ranges), maps.read_block(start, maps.size)])
