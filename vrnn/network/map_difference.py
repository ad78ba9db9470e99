"""By how much the maps of a layer differ from those of the layer that matches it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.layer_pictures import LayerPicture
from vrnn.style.color_mapping import ColorMapping

MAX_SIDE = 128
"""Height and width up to which maps are read; of larger ones a coarser level."""
DIFFERENCE_COLORS = ColorMapping("orange-blue", normalize_by="layer")
"""Blue for less than in the first network, black for as much, orange for more."""


def map_difference(first: FeatureMaps, second: FeatureMaps) -> np.ndarray:
    """Return the maps of the second layer less those of the first, (C, H, W) float32.

    Where the layers have other numbers of channels it is the difference of the means over them,
    C = 1; maps of the first of another size are resampled to that of the second.

    Args:
        first: Maps.
        second: Maps for the same image, whose size the result has, up to MAX_SIDE.
    """
    one, other = (
        maps.level(MAX_SIDE).astype(np.float32) * np.float32(maps.scale) for maps in (first, second)
    )
    if first.channels != second.channels:
        one, other = one.mean(0, keepdims=True), other.mean(0, keepdims=True)
    if one.shape != other.shape:
        size = other.shape[2], other.shape[1]
        one = np.stack(
            [
                np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
                for values in one
            ]
        )
    return np.asarray(other - one, np.float32)


def difference_picture(first: FeatureMaps, second: FeatureMaps, other: str) -> LayerPicture:
    """Return the difference of two layers as a layer picture.

    Args:
        first: Maps.
        second: Maps, by how much they are more.
        other: What the network of the first ones is called.
    """
    values = map_difference(first, second)
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    if largest == 0 and finite.size == values.size:
        return LayerPicture(np.zeros((*values.shape[1:], 3), np.uint8), f"the same as in {other}")
    what = "means" if first.channels != second.channels else "maps"
    caption = f"{what} less those of {other}: orange more, blue less, up to ±{largest:.3g}"
    return LayerPicture(values, caption, DIFFERENCE_COLORS)


def channel_correlation(first: FeatureMaps, second: FeatureMaps) -> np.ndarray:
    """Return the correlation of each two channels of one number over positions, (C,) float32.

    NaN where a channel does not vary or is not finite. C is the smaller number of channels, 0 where
    maps have one position or are of other sizes.

    Args:
        first: Maps.
        second: Maps for the same image.
    """
    count = min(first.channels, second.channels)
    sizes = (first.height, first.width), (second.height, second.width)
    if sizes[0] != sizes[1] or first.height * first.width < 2:
        return np.zeros(0, np.float32)
    one, other = (
        maps.values[:count].reshape(count, -1).astype(np.float64) for maps in (first, second)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = (part - part.mean(1, keepdims=True) for part in (one, other))
        scale = np.sqrt((one**2).sum(1) * (other**2).sum(1))
        found = (one * other).sum(1) / np.where(scale > 0, scale, np.nan)
    return np.asarray(found, np.float32)
