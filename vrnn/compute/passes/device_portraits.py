"""The part of a portrait that reads a layer's features, on a device that nothing waits for.

`vrnn.compute.passes.portraits` begins a layer's components where those of the layers that feed it
say, one layer after the other. Here all layers begin at the same noise, so that none waits for
another, and iterate once more instead. What comes back is small, and is turned to agree with the
other layers as always: only the space that the components span counts, not which basis it has.

Products are made layer by layer, as layers have other sizes. All else is small, and takes longer to
be begun than to be done: it is done for all layers at once, and by plain arithmetic, as a library's
decomposition of nine numbers takes as long as the layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import torch
from torch.nn import functional

from vrnn.compute.passes.portrait_sampling import fit_positions, portrait_size, start_noise

ITERATIONS = 2
"""Subspace iterations."""
RIDGE = 3e-5
"""Added to each component's extent, which is 1, so that none of them is nothing without others."""
LEAST = 1e-30
"""Less counts as nothing: squares of it are out of range."""

S = TypeVar("S")
T = TypeVar("T")
Each = Callable[[Callable[[S], T], Sequence[S]], list[T]]
"""Calls a function with each of several things. On a device they may be done at the same time."""


@dataclass(frozen=True, eq=False)
class _Sample:
    """Some positions of a layer.

    Attributes:
        number: Which layer it is, among those with several channels.
        features: (C, H·W) of any floating dtype.
        size: Height and width.
        values: (C, K) float32, of mean 0 over positions, times `factor`.
        factor: () float32 one by the largest |value| of the positions.
    """

    number: int
    features: torch.Tensor
    size: tuple[int, int]
    values: torch.Tensor
    factor: torch.Tensor


def component_scores(features: torch.Tensor) -> torch.Tensor:
    """Return what a layer's portrait is made of; nothing of it waits for the device.

    Args:
        features: (C, H, W) float32; what is not finite counts as 0.

    Returns:
        (3, h, w) float32: the positions in a basis near the first three components, averaged down;
        (1, h, w) the map itself, averaged down, where C is 1.
    """
    if len(features) > 1:
        features = torch.nan_to_num(features, nan=0.0, posinf=0.0, neginf=0.0)
    return all_component_scores([features])[0]


def one_by_one(function: Callable[[S], T], several: Sequence[S]) -> list[T]:
    """Call a function with each of several things, one after the other."""
    return [function(one) for one in several]


def all_component_scores(
    several: Sequence[torch.Tensor], each: Each = one_by_one
) -> list[torch.Tensor]:
    """As `component_scores` of several layers on one device.

    Args:
        several: (C, H, W) each, of a floating dtype, all finite.
        each: Calls a function with each of them.
    """
    spread = [features for features in several if len(features) > 1]
    samples = each(_sample, list(enumerate(spread)))
    scores = iter(_spread_scores(samples, each))
    single = iter(each(_averaged, [features for features in several if len(features) == 1]))
    return [next(scores if len(features) > 1 else single) for features in several]


def _spread_scores(samples: Sequence[_Sample], each: Each) -> list[torch.Tensor]:
    """Scores of layers with several channels."""
    if not samples:
        return []
    widest = max(sample.values.shape[1] for sample in samples)
    # Filled up with zeros, rows of layers with fewer positions are added up with the others'.
    rows = samples[0].values.new_zeros(len(samples), 3, widest)
    begun = False

    def iterate(sample: _Sample) -> None:
        count = sample.values.shape[1]
        own = rows[sample.number, :, :count]
        start = own if begun else _noise(count, own.device)
        own.copy_((start @ sample.values.T) @ sample.values)

    for _ in range(ITERATIONS):
        each(iterate, samples)
        rows, begun = _orthonormal(rows), True

    def scores_of(sample: _Sample) -> torch.Tensor:
        count = sample.values.shape[1]
        basis = functional.normalize(rows[sample.number, :, :count] @ sample.values.T)
        flat = (basis * sample.factor) @ sample.features.to(torch.float32)
        return _averaged(flat.reshape(3, *sample.size))

    return each(scores_of, samples)


def _sample(numbered: tuple[int, torch.Tensor]) -> _Sample:
    number, features = numbered
    channels, height, width = features.shape
    flat = features.reshape(channels, height * width)
    values = flat[:, fit_positions((height, width))].to(torch.float32)
    # Squares of tiny or huge features are to stay in range.
    factor = values.abs().amax().clamp_min(LEAST).reciprocal()
    values = values * factor
    values = values - values.mean(1, keepdim=True)
    return _Sample(number, flat, (height, width), values, factor)


def _averaged(maps: torch.Tensor) -> torch.Tensor:
    """(C, h, w) float32 of (C, H, W) maps, see `portrait_size`."""
    maps = maps.to(torch.float32)
    size = portrait_size(*maps.shape[1:])
    return maps if size == maps.shape[1:] else functional.adaptive_avg_pool2d(maps, size)


def _orthonormal(rows: torch.Tensor) -> torch.Tensor:
    """(N, 3, K) rows of length 1 at right angles, in the span of (N, 3, K) rows each.

    By Cholesky of their correlations: so a component with a tenth of the extent counts as another.
    """
    products = torch.bmm(rows, rows.mT)
    scale = products.diagonal(dim1=1, dim2=2).clamp_min(LEAST).rsqrt()  # (N, 3)
    first, second, third = scale.unbind(1)
    b = products[:, 1, 0] * first * second
    c = products[:, 2, 0] * first * third
    e = products[:, 2, 1] * second * third
    # The factor's first column is (1, b, c): what is below is without the first row.
    d = (1.0 + RIDGE - b * b).clamp_min(RIDGE).rsqrt()
    f = (e - b * c) * d
    g = (1.0 + RIDGE - c * c - f * f).clamp_min(RIDGE).rsqrt()
    below = -b * d
    nothing = torch.zeros_like(b)
    inverse = torch.stack(
        [
            torch.ones_like(b), nothing, nothing, below, d, nothing, -(c + f * below) * g,
            -f * d * g, g,
        ],
        1,
    ).view(-1, 3, 3)  # fmt: skip
    return torch.bmm(inverse * scale[:, None, :], rows)


@cache
def _noise(positions: int, device: torch.device) -> torch.Tensor:
    """(3, P) float32, the same for the same number of positions.

    It stays, as graphs read it; there are no more positions than twice `MAX_FIT_POSITIONS`.
    """
    return torch.from_numpy(start_noise(positions)).to(device)
