"""The range of values that the colors span: of a map, of a layer, or of the whole network."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from vrnn.network.layer_maps import LayerMaps
from vrnn.style.color_mapping import ColorMapping
from vrnn.style.colormap import symmetric_range

NETWORK_QUANTILE = 0.75
"""Part of the layers whose typical peak has at most the full color where all share one range."""

ValueRange = tuple[float, float]
"""Values at the ends of the colors."""


def network_range(maps: Iterable[LayerMaps], color_mapping: ColorMapping) -> ValueRange:
    """Return one range for all layers of a network, in which most of them can be read.

    The largest value of a network is far above what most layers reach: with it as the end of the
    range they are all dark. So the range ends at the `NETWORK_QUANTILE` of the layers' typical
    peaks, the median over the channels of the largest |activation|; more has the full color. Where
    a percentile is set, that of each layer takes the place of its typical peak.

    Args:
        maps: Those of all layers.
        color_mapping: What the colors span.
    """
    layers = [layer for layer in maps if layer.channels]
    if not layers:
        return 0.0, 0.0
    percentile = color_mapping.clip_percentile
    if percentile < 100:
        peaks = [layer.peak * layer.clip_fraction(percentile) for layer in layers]
    else:
        peaks = [layer.typical_peak for layer in layers]
    end = float(np.quantile(peaks, NETWORK_QUANTILE)) or max(layer.peak for layer in layers)
    low = max(min(layer.lowest for layer in layers), -end)
    high = min(max(layer.highest for layer in layers), end)
    return symmetric_range(low, high) if color_mapping.symmetric else (low, high)


def layer_range(layer: LayerMaps, color_mapping: ColorMapping) -> ValueRange:
    """Return the range of a layer's values, before `LayerMaps.clip_fraction`."""
    ends = layer.lowest, layer.highest
    return symmetric_range(*ends) if color_mapping.symmetric else ends
