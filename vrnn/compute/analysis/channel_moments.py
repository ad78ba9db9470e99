"""Sums over the positions of a layer from which the correlations of its channels are found."""

from __future__ import annotations

import torch

MAX_POSITIONS = 1 << 16
"""Positions of one image that are counted; of more, every second, third …"""
CHUNK = 1 << 22
"""Values that are worked on at once."""


class ChannelMoments:
    """Sums of the values of C channels, and of their products, over all images added so far.

    A channel that is not finite at more than half of the positions of an image is left out; of the
    others, positions where one is not finite are.

    Attributes:
        image_count: Images that were added.
        count: Positions that were added.
        low: (C,) float64, the least value of each channel.
        high: (C,) float64, the largest.
        is_finite: (C,) bool, whether a channel counts.
    """

    def __init__(self, channels: int) -> None:
        """Begin with nothing added.

        Args:
            channels: C.
        """
        self.image_count = self.count = 0
        self.low = torch.full((channels,), torch.inf, dtype=torch.float64)
        self.high = -self.low
        self.is_finite = torch.ones(channels, dtype=torch.bool)
        self._shift: torch.Tensor | None = None
        self._sum = torch.zeros(channels, dtype=torch.float64)
        self._products = torch.zeros(channels, channels, dtype=torch.float64)
        self._image_sum, self._image_squares = self._sum.clone(), self._sum.clone()

    def add(self, maps: torch.Tensor) -> None:
        """Add an image.

        Args:
            maps: (C, P) real values on the CPU.
        """
        maps = maps[:, :: -(-maps.shape[1] // MAX_POSITIONS)]
        finite = torch.isfinite(maps)
        self.is_finite &= finite.sum(1) * 2 > maps.shape[1]
        values = maps.double()
        if not bool(finite.all()):
            values = torch.where(self.is_finite[:, None], values, 0)
            values = values[:, (finite | ~self.is_finite[:, None]).all(0)]
        self.image_count += 1
        if not values.shape[1]:
            return
        if self._shift is None:  # sums of what is near 0 lose less
            self._shift = values.mean(1)
        self.low = torch.minimum(self.low, values.amin(1))
        self.high = torch.maximum(self.high, values.amax(1))
        values = values - self._shift[:, None]
        image_mean = values.mean(1)
        self._image_sum += image_mean
        self._image_squares += image_mean**2
        self.count += values.shape[1]
        self._sum += values.sum(1)
        for part in values.split(max(1, CHUNK // len(values)), 1):
            self._products.addmm_(part, part.T)

    def mean(self) -> torch.Tensor:
        """Return the (C,) float64 means."""
        shift = 0 if self._shift is None else self._shift
        return self._sum / max(self.count, 1) + shift

    def covariance(self) -> torch.Tensor:
        """Return (C, C) float64."""
        mean = self._sum / max(self.count, 1)
        return self._products / max(self.count, 1) - mean[:, None] * mean

    def variance_of_images(self) -> torch.Tensor:
        """Return (C,) float64, the variance of the mean of an image."""
        mean = self._image_sum / max(self.image_count, 1)
        return (self._image_squares / max(self.image_count, 1) - mean**2).clamp_min(0)
