"""Blocks of feature maps, made in the simplest way: what faster code is compared with."""

import numpy as np

from vrnn.network.feature_maps import FeatureMaps, pyramid_shapes


def block(values: np.ndarray) -> np.ndarray:
    """Return the float16 block of (C, H, W) float32 maps, see `FeatureMaps.block`."""
    channels, height, width = values.shape
    parts = [values.min((1, 2)), values.max((1, 2)), values.ravel()]
    finest = values
    for h, w in pyramid_shapes(height, width)[1:]:
        coarse = np.empty((channels, h, w), np.float32)
        for y in range(h):
            for x in range(w):
                coarse[:, y, x] = finest[:, 4 * y : 4 * y + 4, 4 * x : 4 * x + 4].mean((1, 2))
        parts.append(coarse.ravel())
        finest = coarse
    return np.concatenate(parts).astype(np.float16)


def feature_maps(values: np.ndarray) -> FeatureMaps:
    """Return (C, H, W) float32 values as feature maps of scale 1."""
    flat = values.reshape(len(values), -1)
    stats = np.stack([f(flat, axis=1) for f in (np.min, np.max, np.mean)])
    return FeatureMaps(
        *values.shape,
        block(values),
        1.0,
        stats.astype(np.float32),
    )
