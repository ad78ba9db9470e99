"""The strongest connections of a layer, so that of millions those are drawn that matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vrnn.network.connection_sums import PairValues
from vrnn.network.connections import LayerConnections


@dataclass(frozen=True, eq=False)
class StrongestPairs:
    """Some pairs of maps, the strongest first.

    Attributes:
        parts: (N,) int, number of the part of each.
        outputs: (N,) int, map of the layer.
        inputs: (N,) int, map of the part's input.
        values: (N,) float32 with sign, see `PairValues`.
        sizes: (N,) float32, 0 or more.
        total: Number of all pairs that were asked for.
        share: Part of the size of all that these have, 0…1.
        not_finite: Number of pairs without a finite value, which are not among them.
    """

    parts: np.ndarray
    outputs: np.ndarray
    inputs: np.ndarray
    values: np.ndarray
    sizes: np.ndarray
    total: int
    share: float
    not_finite: int

    def __len__(self) -> int:
        return len(self.outputs)


def strongest_pairs(
    layer: LayerConnections, values: Sequence[PairValues], count: int,
    channel: int | None = None, max_maps: int = 0,
) -> StrongestPairs:  # fmt: skip
    """Return the strongest pairs.

    Args:
        layer: The layer.
        values: What its pairs carry, part by part.
        count: How many at most.
        channel: The only map of the layer whose pairs are asked for; None for all maps.
        max_maps: How many of the first maps of the layer are asked for; 0 for all.
    """
    sizes, signed, places = [], [], []
    for number, (part, one) in enumerate(zip(layer.parts, values, strict=True)):
        first, last = 0, part.outputs
        if max_maps:
            last = min(last, max(0, max_maps - part.first_output))
        if channel is not None:
            first = channel - part.first_output
            first, last = (first, min(last, first + 1)) if 0 <= first < last else (0, 0)
        sizes.append(one.sizes[first:last].reshape(-1))
        signed.append(one.values[first:last].reshape(-1))
        places.append((number, first, part))
    flat = np.concatenate(sizes) if sizes else np.zeros(0, np.float32)
    flat_values = np.concatenate(signed) if signed else flat
    chosen = _largest(flat, min(count, len(flat)))
    ends = np.cumsum([len(one) for one in sizes])
    in_part = np.searchsorted(ends, chosen, side="right")
    outputs, inputs = np.zeros(len(chosen), int), np.zeros(len(chosen), int)
    for (number, first, part), end, own_sizes in zip(places, ends, sizes, strict=True):
        own = in_part == number
        output, j = np.divmod(chosen[own] - (end - len(own_sizes)), max(part.fan_in, 1))
        output += first
        outputs[own] = output + part.first_output
        inputs[own] = part.first_input(output) + j
    whole = float(flat.sum(dtype=np.float64))
    kept = flat[chosen]
    share = float(kept.sum(dtype=np.float64)) / whole if whole else 1.0
    bad = int((~np.isfinite(flat_values)).sum())
    return StrongestPairs(
        in_part, outputs, inputs, flat_values[chosen], kept, len(flat), share, bad
    )  # fmt: skip


def _largest(sizes: np.ndarray, count: int) -> np.ndarray:
    """Numbers of the largest, the largest first, and of equal ones the first."""
    if not count:
        return np.zeros(0, int)
    if count < len(sizes):
        least = np.partition(sizes, len(sizes) - count)[len(sizes) - count]
        above = np.flatnonzero(sizes > least)
        equal = np.flatnonzero(sizes == least)[: count - len(above)]
        found = np.concatenate([above, equal])
    else:
        found = np.arange(len(sizes))
    return found[np.argsort(-sizes[found], kind="stable")]
