"""The part of a portrait that reads a layer's features, on a device that nothing waits for.

`vrnn.compute.passes.portraits` begins a layer's components where those of the layers that feed it
say, one layer after the other. Here all layers begin at the same noise, so that none waits for
another, and iterate once more instead. What comes back is small, and is turned to agree with the
other layers as always: only the space that the components span counts, not which basis it has.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch.nn import functional

from vrnn.compute.passes.portraits import fit_positions, portrait_size, start_noise

ITERATIONS = 2
"""Subspace iterations."""
RIDGE = 1e-5
"""Part of the components' extent that is added to each, so that none of them is nothing."""


def component_scores(features: torch.Tensor) -> torch.Tensor:
    """Return what a layer's portrait is made of; nothing of it waits for the device.

    Args:
        features: (C, H, W) float32; what is not finite counts as 0.

    Returns:
        (3, h, w) float32: the positions in a basis near the first three components, averaged down;
        (1, h, w) the map itself, averaged down, where C is 1.
    """
    channels, height, width = features.shape
    size = portrait_size(height, width)
    if channels == 1:
        return functional.adaptive_avg_pool2d(features, size)
    features = torch.nan_to_num(features, nan=0.0, posinf=0.0, neginf=0.0)
    flat = features.reshape(channels, height * width)
    sample = flat[:, fit_positions((height, width))]
    # Squares of tiny or huge features are to stay in range.
    extent = sample.abs().amax().clamp_min(1e-30)
    sample = sample / extent
    sample = sample - sample.mean(1, keepdim=True)
    rows = _noise(sample.shape[1], sample.device)
    for _ in range(ITERATIONS):
        rows = _orthonormal(functional.normalize(rows @ sample.T) @ sample)
    basis = functional.normalize(rows @ sample.T)
    scores = (basis / extent) @ flat
    return functional.adaptive_avg_pool2d(scores.reshape(3, height, width), size)


def _orthonormal(rows: torch.Tensor) -> torch.Tensor:
    """(3, K) rows of length 1 at right angles, in the span of (3, K) rows."""
    product = rows @ rows.T
    ridge = RIDGE * product.trace() + 1e-30
    # Without its check, which would wait for the device.
    factor = torch.linalg.cholesky_ex(product + ridge * _identity(rows.device)).L
    return torch.linalg.solve_triangular(factor, rows, upper=False)


@lru_cache(256)
def _noise(positions: int, device: torch.device) -> torch.Tensor:
    """(3, P) float32, the same for the same number of positions."""
    return torch.from_numpy(start_noise(positions)).to(device)


@lru_cache(8)
def _identity(device: torch.device) -> torch.Tensor:
    return torch.eye(3, device=device)
