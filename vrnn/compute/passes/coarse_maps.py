"""Tensors to coarse maps: what of a layer is seen from afar, in few bytes, and its statistics."""

from __future__ import annotations

import numpy as np
import torch

from vrnn.compute.passes.feature_maps import (
    UNSCALED_PEAKS,
    block_filler,
    fill_feature_maps,
)
from vrnn.compute.passes.memory_order import in_known_order
from vrnn.network.feature_maps import CoarseMaps, coarse_block_size
from vrnn.network.layer_maps import sample_step


def fill_coarse_maps(
    values: torch.Tensor, prefix_tokens: np.ndarray, portrait: np.ndarray | None, left_out: int,
) -> CoarseMaps:  # fmt: skip
    """Convert maps to coarse maps: the same as of the whole ones, but the fine levels not written.

    Args:
        values: (C, H, W) float32.
        prefix_tokens: (K, C) float32, see `FeatureMaps.extra_tokens`.
        portrait: See `FeatureMaps.portrait`.
        left_out: How many of the finest levels are left out, at least 1.
    """
    channels, height, width = values.shape
    size = height, width
    flat = in_known_order(values).reshape(channels, height * width)
    half = flat.new_empty(coarse_block_size(channels, height, width, left_out), dtype=torch.float16)
    step = sample_step(flat.numel())
    sample = flat.new_empty(-(-flat.numel() // step), dtype=torch.float16)
    if not flat.numel():
        return fill_feature_maps(values, prefix_tokens, portrait).coarse(left_out)
    stats, peak = block_filler(flat.device)(half, flat, size, 1.0, left_out, sample)
    is_plain = UNSCALED_PEAKS[0] <= peak <= UNSCALED_PEAKS[1] or peak == 0
    if not is_plain:  # rare: it needs a scale, or has NaN
        return fill_feature_maps(values, prefix_tokens, portrait).coarse(left_out)
    return CoarseMaps(
        channels, height, width, half.cpu().numpy(), 1.0, stats.cpu().numpy(), 0, prefix_tokens,
        portrait, left_out, sample.cpu().numpy(),
    )  # fmt: skip
