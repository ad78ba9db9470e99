"""How the channels of a layer belong together: their correlations as a tree, and as groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

ChannelSource = Literal["image", "data set"]
CHANNEL_SOURCES: tuple[ChannelSource, ...] = get_args(ChannelSource)
"""What channels are compared over: all positions of the present image, or of all images."""
MAX_GROUPS = 64
"""Groups that a layer can be cut into."""
MAX_NATURAL_GROUPS = 12
"""Groups that a layer is cut into unless more are asked for."""
MIN_SPLIT = 0.1
"""Distance (1 − r) below which channels are one group unless more are asked for."""


@dataclass(frozen=True)
class ChannelCopy:
    """A channel that is another one, but for a factor and what is added.

    Attributes:
        channel: Its number.
        of: Number of the other.
        factor: What the other is multiplied by; below 0 where they are opposite.
        offset: What is added then.
    """

    channel: int
    of: int
    factor: float
    offset: float

    @property
    def text(self) -> str:
        """Such as `7 = 3`, or `7 = −2 × 3 + 0.5`."""
        factor = "" if abs(self.factor - 1) < 1e-3 else f"{self.factor:.4g} × "
        sign = "−" if self.offset < 0 else "+"
        is_moved = abs(self.offset) > 1e-3 * max(abs(self.factor), 1e-30)
        offset = f" {sign} {abs(self.offset):.3g}" if is_moved else ""
        return f"{self.channel} = {factor}{self.of}{offset}".replace("-", "−")


@dataclass(frozen=True, eq=False)
class ChannelGroups:
    """What the values of a layer tell of its channels.

    Attributes:
        image_count: Images of the data set that were compared over; 0 for the present image.
        live: (L,) numbers of the channels in the tree: those that are finite and change.
        merges: (L − 1, 4) float64, the tree as SciPy's `linkage` writes it, of the channels in
            `live`: each row joins two, by the mean of 1 − r over all their pairs.
        leaves: (L,) positions in `live`, in the order of the tree.
        mean: (C,) float32 over all positions and images.
        std: (C,) float32 over the same.
        variation: (C,) float32, the standard deviation of the means of images; of one image, that
            of its positions.
        components: (K, C) float32, principal components, of length 1, the largest first.
        shares: (K,) float32, part of the variance along each, 0…1.
        copies: Channels that are others.
        zero: (Z,) numbers of channels that are 0 everywhere.
        constant: Numbers of those that have one other value everywhere.
        not_finite: Numbers of those with values that are NaN or infinite.
        skipped: Numbers of the images that could not be read or run, and why.
    """

    image_count: int
    live: np.ndarray
    merges: np.ndarray
    leaves: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    variation: np.ndarray
    components: np.ndarray
    shares: np.ndarray
    copies: tuple[ChannelCopy, ...]
    zero: np.ndarray
    constant: np.ndarray
    not_finite: np.ndarray
    skipped: tuple[tuple[int, str], ...] = ()

    @property
    def order(self) -> np.ndarray:
        """(C,) channel numbers in the order of the tree, those that are not in it at the end."""
        rest = np.setdiff1d(np.arange(len(self.mean)), self.live)
        return np.concatenate([self.live[self.leaves], rest])

    @property
    def variation_order(self) -> np.ndarray:
        """(C,) channel numbers, those that vary most first."""
        return np.argsort(-np.nan_to_num(self.variation), kind="stable")

    @property
    def natural_count(self) -> int:
        """Number of groups that the tree itself suggests: before its longest branches join."""
        heights = np.append(self.merges[::-1, 2], 0.0)
        if heights[0] < MIN_SPLIT:
            return 1
        steps = heights[:-1] - heights[1:]
        return int(np.argmax(steps[: MAX_NATURAL_GROUPS - 1])) + 2

    def group_numbers(self, count: int = 0) -> np.ndarray:
        """Return the number of the group of each channel, in `order`.

        Args:
            count: How many groups of channels in the tree; 0 for as many as it suggests.

        Returns:
            (C,) int64, not decreasing from 0. Channels that are not in the tree are the last group.
        """
        tops = self._tops(count)
        numbers = {top: number for number, top in enumerate(dict.fromkeys(tops))}
        rest = len(self.mean) - len(tops)
        return np.array([numbers[top] for top in tops] + [len(numbers)] * rest, np.int64)

    def group_correlations(self, count: int = 0) -> tuple[float, ...]:
        """Return the mean correlation between both halves of each group; 1 of a single channel.

        Args:
            count: See `group_numbers`.
        """
        return tuple(1.0 - self._height(top) for top in dict.fromkeys(self._tops(count)))

    def forks(self, count: int = 0) -> tuple[TreeFork, ...]:
        """Return where the groups join, the nearest first.

        Args:
            count: See `group_numbers`.
        """
        tops = dict.fromkeys(self._tops(count))
        positions = {top: float(number) for number, top in enumerate(tops)}
        size, forks = len(self.live), []
        height = dict.fromkeys(tops, 0.0)
        for row in range(size - len(tops), len(self.merges)):
            ends = sorted(self.merges[row, :2].astype(int).tolist(), key=positions.__getitem__)
            low, high = (positions[end] for end in ends)
            positions[size + row] = (low + high) / 2
            height[size + row] = self._height(size + row)
            forks.append(TreeFork(low, high, height[ends[0]], height[ends[1]], height[size + row]))
        return tuple(forks)

    def _height(self, node: int) -> float:
        """The distance at which a node of the tree joins two; 0 of a channel."""
        row = node - len(self.live)
        return float(self.merges[row, 2]) if row >= 0 else 0.0

    def _tops(self, count: int) -> list[int]:
        """The node of the tree that holds the group of each channel, in `leaves`."""
        size = len(self.live)
        count = min(count or self.natural_count, size)
        top = np.arange(2 * size)
        # From the upper joins down: what is joined below a group's top has the same top.
        for row in reversed(range(size - count)):
            top[self.merges[row, :2].astype(int)] = top[size + row]
        return [int(n) for n in top[self.leaves]]


@dataclass(frozen=True)
class TreeFork:
    """Where two branches of the tree of groups join.

    Attributes:
        low: Position of the one, in groups: that of group 0 is 0.
        high: Position of the other, behind it.
        low_height: Distance (1 − r) of the fork at which the one begins; 0 for a group.
        high_height: That at which the other begins.
        height: That at which they join.
    """

    low: float
    high: float
    low_height: float
    high_height: float
    height: float
