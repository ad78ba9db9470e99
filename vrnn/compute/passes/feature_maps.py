"""Tensors to feature maps: half floats with a scale, their pyramid of means, and statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import frexp, isfinite
from typing import Protocol

import numpy as np
import torch

from vrnn.compute.operators.tensor_layout import MapLayout, select_maps
from vrnn.compute.passes import torch_filler
from vrnn.compute.passes.memory_order import in_known_order
from vrnn.compute.passes.native_filler import load_native_filler
from vrnn.network.feature_maps import FeatureMaps, block_size

PEAK_EXPONENT = 12
"""Peaks outside UNSCALED_PEAKS are scaled to 2^(PEAK_EXPONENT-1) … 2^PEAK_EXPONENT: far from
overflow at 65,504, and small values keep their precision down to a 2^-26th of the peak."""
UNSCALED_PEAKS = (2.0**-6, 2.0**15)
"""Peaks between these need no scale: even the smallest part of them that shows is kept."""
MIN_EXPONENT = -126
"""Of a scale, so that it and what values are multiplied with are both normal float32."""


class FillBlock(Protocol):
    """What fills blocks, see `torch_filler.fill_block`."""

    def __call__(
        self, block: torch.Tensor, flat: torch.Tensor, size: tuple[int, int], factor: float,
        left_out: int = 0, sample: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, float]:  # fmt: skip
        """Fill a block, and return statistics and the peak."""


MakePortrait = Callable[[torch.Tensor], np.ndarray | None]
"""From (C, H, W) float32 maps to (h, w, 3) uint8 sRGB; None where a layer has no portrait."""


def to_feature_maps(
    tensor: torch.Tensor, layout: MapLayout, indices: Sequence[int | None] | None = None,
    make_portrait: MakePortrait = lambda maps: None,
) -> FeatureMaps:  # fmt: skip
    """Convert one sample, frame or slice of a tensor to feature maps.

    Runs where the tensor is. The block is filled at once; later changes of the tensor do not show.

    Args:
        tensor: A node's tensor, of any dtype.
        layout: How it is read as maps.
        indices: The index of each of the layout's choices; None in its place for all of them side
            by side, which makes the maps wider. Without it the first of each.
        make_portrait: Makes the portrait of the layer.
    """
    values, prefix_tokens = chosen_maps(tensor, layout, indices)
    values = in_known_order(values)  # once for the portrait and the block
    return fill_feature_maps(values, prefix_tokens, make_portrait(values))


def fill_feature_maps(
    values: torch.Tensor, prefix_tokens: np.ndarray, portrait: np.ndarray | None = None
) -> FeatureMaps:
    """Convert maps to feature maps.

    Args:
        values: (C, H, W) float32.
        prefix_tokens: (K, C) float32, see `FeatureMaps.extra_tokens`.
        portrait: See `FeatureMaps.portrait`.
    """
    channels, height, width = values.shape
    size = height, width
    flat = in_known_order(values).reshape(channels, height * width)
    if not flat.numel():
        block = np.zeros(block_size(channels, height, width), np.float16)
        stats = np.zeros((3, channels), np.float32)
        return FeatureMaps(channels, height, width, block, 1.0, stats, 0, prefix_tokens, portrait)
    fill = block_filler(flat.device)
    half = flat.new_empty(block_size(channels, height, width), dtype=torch.float16)
    # Nearly every layer is right as it is; the others are filled again, with a scale.
    channel_stats, peak = fill(half, flat, size, 1.0)
    exponent, not_finite = 0, 0
    if not (UNSCALED_PEAKS[0] <= peak <= UNSCALED_PEAKS[1] or peak == 0):
        invalid = None
        if not isfinite(peak):
            flat, invalid = _zero_invalid(flat.contiguous())
            peak = float(flat.abs().max())
        exponent = scale_exponent(peak)
        channel_stats, _ = fill(half, flat, size, 2.0**-exponent)
        if invalid is not None:
            not_finite = int(invalid.sum())
            channel_stats = _stats_of_valid(flat * 2.0**-exponent, invalid)
            half[: 2 * channels].view(2, channels)[:] = channel_stats[:2]
            half[2 * channels :][_mostly_invalid(invalid, size)] = torch.nan
    return FeatureMaps(
        channels,
        height,
        width,
        half.cpu().numpy(),
        2.0**exponent,
        channel_stats.cpu().numpy(),
        not_finite,
        prefix_tokens,
        portrait,
    )


def scale_exponent(peak: float) -> int:
    """Return the exponent of two of a layer's scale.

    Args:
        peak: The largest finite |value|.
    """
    if UNSCALED_PEAKS[0] <= peak <= UNSCALED_PEAKS[1] or peak == 0:
        return 0
    return max(MIN_EXPONENT, frexp(peak)[1] - PEAK_EXPONENT)


def block_filler(device: torch.device) -> FillBlock:
    """Return what fills blocks fastest on a device."""
    native = load_native_filler() if device.type == "cpu" else None
    return torch_filler.fill_block if native is None else native.fill_block


def chosen_maps(
    tensor: torch.Tensor, layout: MapLayout, indices: Sequence[int | None] | None = None
) -> tuple[torch.Tensor, np.ndarray]:
    """Read one sample, frame or slice of a tensor as maps.

    Args:
        tensor: A node's tensor, of any dtype; of complex numbers the magnitude is taken.
        layout: How it is read as maps.
        indices: See `to_feature_maps`.

    Returns:
        (C, H, W) float32 maps, and (K, C) float32 class and register tokens.
    """
    maps, tokens = read_maps(tensor, layout, indices)
    maps = maps.to(torch.float32)
    if tokens is None:
        return maps, np.zeros((0, layout.shape[0]), np.float32)
    return maps, tokens.float().cpu().numpy()


def read_maps(
    tensor: torch.Tensor, layout: MapLayout, indices: Sequence[int | None] | None = None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """As `chosen_maps`, where the tensor is and in its dtype; None for no tokens."""
    tensor = tensor.detach()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    maps, tokens = select_maps(tensor, layout, indices or (0,) * len(layout.choices))
    if maps.is_complex():
        maps = maps.abs()
        tokens = None if tokens is None else tokens.abs()
    return maps, tokens


def _zero_invalid(flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The values with 0 for those that are not finite, and where these are; None if nowhere."""
    invalid = ~torch.isfinite(flat)
    return (flat.masked_fill(invalid, 0.0), invalid) if bool(invalid.any()) else (flat, None)


def _stats_of_valid(flat: torch.Tensor, invalid: torch.Tensor) -> torch.Tensor:
    """(3, C) statistics over finite values only, 0 for a channel without any.

    flat: (C, H·W), 0 where invalid.
    """
    count = (~invalid).sum(1).clamp_min(1)
    none = invalid.all(1)
    low = flat.masked_fill(invalid, torch.inf).amin(1).masked_fill(none, 0)
    high = flat.masked_fill(invalid, -torch.inf).amax(1).masked_fill(none, 0)
    mean = flat.double().sum(1) / count
    return torch.stack([low, high, mean.float()])


def _mostly_invalid(invalid: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Where in a block's pyramid at least half of what a value covers is invalid."""
    share = invalid.float()
    return (
        torch.cat([level.flatten() for level in (share, *torch_filler.pyramid(share, size)[0])])
        >= 0.5
    )
