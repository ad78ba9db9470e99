"""Where the relevance of a part of a layer came from, and where it went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vrnn.explanations.conditions import Condition


@dataclass(frozen=True, eq=False)
class LinkedLayer:
    """What of a neighboring layer's relevance came to a part of a layer, or came from it.

    Attributes:
        node: Id of its node.
        name: Its name.
        amount: Sum, in units of the target.
        channels: (C,) float32 sums over positions.
        picture: (H, W) float32 sums over channels.
        maps: (C, H, W) float32, of each value.
    """

    node: int
    name: str
    amount: float
    channels: np.ndarray
    picture: np.ndarray
    maps: np.ndarray

    def strongest_channels(self, count: int) -> list[tuple[int, float]]:
        """Return channels with the most relevance and their share, with its sign.

        Args:
            count: How many, at most.
        """
        order = np.argsort(-np.abs(self.channels), kind="stable")[:count]
        whole = float(np.abs(self.channels).sum(dtype=np.float64)) or 1.0
        return [(int(c), float(self.channels[c]) / whole) for c in order if self.channels[c]]

    def strongest_positions(self, count: int) -> list[tuple[int, int, float]]:
        """Return (row, column) of the positions with the most relevance, and their share.

        Args:
            count: How many, at most.
        """
        flat = self.picture.ravel()
        order = np.argsort(-np.abs(flat), kind="stable")[:count]
        whole = float(np.abs(flat).sum(dtype=np.float64)) or 1.0
        width = self.picture.shape[1]
        return [(*divmod(int(i), width), float(flat[i]) / whole) for i in order if flat[i]]

    def strongest_values(self, count: int) -> list[tuple[int, int, int]]:
        """Return (channel, row, column) of the values with the most relevance.

        Args:
            count: How many, at most.
        """
        flat = self.maps.ravel()
        order = np.argsort(-np.abs(flat), kind="stable")[:count]
        found = [np.unravel_index(int(i), self.maps.shape) for i in order if flat[i]]
        return [(int(c), int(y), int(x)) for c, y, x in found]


@dataclass(frozen=True, eq=False)
class RelevanceLinks:
    """Where the relevance of a part of a layer came from, and where it went.

    Relevance flows from the answer to the input: it comes from layers behind, and goes to layers in
    front.

    Attributes:
        node: Id of the layer's node.
        part: What of it.
        amount: Its relevance, in units of the target.
        came_from: Layers behind it, the largest amount first.
        went_to: Layers in front of it, the largest amount first.
    """

    node: int
    part: Condition
    amount: float
    came_from: tuple[LinkedLayer, ...] = ()
    went_to: tuple[LinkedLayer, ...] = ()

    @property
    def layers(self) -> Iterator[LinkedLayer]:
        """All neighboring layers."""
        yield from self.came_from
        yield from self.went_to
