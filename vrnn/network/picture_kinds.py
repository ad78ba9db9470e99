"""The layer pictures that come with vrnn: the portrait, the mean map, the strongest map."""

from __future__ import annotations

import numpy as np

from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.layer_pictures import LayerPicture, layer_picture, register_layer_picture

RELEVANCE_PICTURE = "relevance"
"""The kind of layer picture that is given while an answer is explained."""
SIMILARITY_PICTURE = "similarity"
"""The kind of layer picture that is given while positions are compared."""
COMPONENTS_PICTURE = "components"
"""The kind of layer picture that is given where the channels of a layer are compared."""
DIFFERENCE_PICTURE = "difference"
"""The kind of layer picture that is given where maps are compared with those of another network."""
STEP_PICTURE = "step difference"
"""The kind of layer picture that is given where maps are compared with those of another step."""
WEIGHTS_PICTURE = "weights"
"""The kind of layer picture that is given where kernels are shown in place of maps."""
GRADIENTS_PICTURE = "gradients"
"""The kind of layer picture that is given where gradients of kernels are shown."""
GIVEN_PICTURES = frozenset(
    {
        RELEVANCE_PICTURE, SIMILARITY_PICTURE, COMPONENTS_PICTURE, DIFFERENCE_PICTURE,
        STEP_PICTURE, WEIGHTS_PICTURE, GRADIENTS_PICTURE,
    }
)  # fmt: skip
"""Kinds that come and go with what is explained or compared."""
BAR_SIDE = 64
"""Height and width of the bars of a vector, pixels."""
MIN_GAPPED_BAR = 4
"""Pixels from which on a bar has a gap beside it."""
BAR_TIP = 3
"""Pixels at the end of a bar that have the color of its value."""
BAR_BODY = 0.35
"""Of a value, what the rest of its bar has the color of: many bars outshine nothing."""
MAX_SIDE = 128
"""Height and width up to which maps are read; of larger ones a coarser level."""


@layer_picture(
    "portrait",
    title="Portrait",
    legend="three principal components of the layer's features; similar colors = similar features",
)
def portrait(maps: FeatureMaps) -> LayerPicture | None:
    """Make the picture of what came with the maps; of a vector its bars."""
    if maps.height * maps.width == 1:
        return bars(maps)
    return None if maps.portrait is None else LayerPicture(maps.portrait)


@layer_picture("mean", title="Mean map", legend="mean of the layer's maps at each position")
def mean_map(maps: FeatureMaps) -> LayerPicture | None:
    """Make (1, H, W) float32 means over the channels; of a vector its bars."""
    if maps.height * maps.width == 1:
        return bars(maps)
    if maps.channels < 2:
        return None
    return LayerPicture(_values(maps).mean(0, keepdims=True))


@layer_picture("strongest", title="Strongest map", legend="the map with the highest peak")
def strongest_map(maps: FeatureMaps) -> LayerPicture | None:
    """Take the map with the largest |activation|; of a vector its bars."""
    if maps.height * maps.width == 1:
        return bars(maps)
    if maps.channels < 2:
        return None
    channel = int(np.argmax(np.maximum(-maps.channel_stats[0], maps.channel_stats[1])))
    return LayerPicture(_values(maps, channel))


register_layer_picture(
    RELEVANCE_PICTURE,
    "Relevance",
    legend="sum over channels; orange speaks for the target, teal against it",
)

register_layer_picture(
    SIMILARITY_PICTURE,
    "Similarity",
    legend="of each position's feature vector to that of the reference",
)


register_layer_picture(
    COMPONENTS_PICTURE,
    "Principal components",
    legend="the layer's features along the directions in which they vary most, the first first",
)


register_layer_picture(
    DIFFERENCE_PICTURE,
    "Difference to the other network",
    legend="orange: more than in the other network, blue: less, black: the same",
)


register_layer_picture(
    STEP_PICTURE,
    "Difference to another step",
    legend="orange: more than at that step of the training, blue: less, black: the same",
)


register_layer_picture(
    WEIGHTS_PICTURE,
    "Kernels",
    legend="those of each filter where its map stands; red positive, blue negative",
)


register_layer_picture(
    GRADIENTS_PICTURE,
    "Gradients of kernels",
    legend="as the optimizer got them; orange positive, blue negative, black none",
)


def bars(maps: FeatureMaps) -> LayerPicture | None:
    """Return the values of a vector as bars from the line of zero.

    Where there are more channels than pixels, a bar is the value of largest magnitude of several.

    Args:
        maps: With one position.

    Returns:
        (1, BAR_SIDE, BAR_SIDE) float32: the value at the tip of its bar, a part of it in the rest,
        else 0; None of one channel.
    """
    if maps.channels < 2:
        return None
    values = maps.values.reshape(-1).astype(np.float32) * np.float32(maps.scale)
    if len(values) > BAR_SIDE:
        values = _strongest_of_each(values, BAR_SIDE)
    low, high = min(0.0, maps.lowest), max(0.0, maps.highest)
    across = np.arange(BAR_SIDE) * len(values) // BAR_SIDE
    value = values[across]
    if len(values) <= BAR_SIDE // MIN_GAPPED_BAR:
        value = np.where(np.diff(across, append=-1) != 0, 0.0, value)
    level = high - (np.arange(BAR_SIDE, dtype=np.float32)[:, None] + 0.5) / BAR_SIDE * (high - low)
    is_bar = (np.minimum(value, 0) <= level) & (level <= np.maximum(value, 0))
    is_tip = np.abs(level) >= np.abs(value) - BAR_TIP * (high - low) / BAR_SIDE
    found = np.where(is_bar, np.where(is_tip, value, BAR_BODY * value), 0.0)
    found = np.where(np.isnan(value), value, found)
    return LayerPicture(found.astype(np.float32)[None])


def _strongest_of_each(values: np.ndarray, count: int) -> np.ndarray:
    """(count,) the value of largest magnitude of each of `count` parts of a line; NaN is largest.

    values: (N,) float32, N larger than count; parts are those of `np.array_split`.
    """
    size, longer = divmod(len(values), count)
    starts = np.arange(count) * size + np.minimum(np.arange(count), longer)
    places = np.minimum(starts[:, None] + np.arange(size + 1), len(values) - 1)
    magnitude = np.abs(np.nan_to_num(values, nan=np.inf))[places]
    magnitude[longer:, size] = -1.0  # there the next part begins
    return np.asarray(values[places[np.arange(count), magnitude.argmax(1)]])


def _values(maps: FeatureMaps, channel: int | None = None) -> np.ndarray:
    """(C, h, w) float32 activations, or (1, h, w) of a channel, of at most MAX_SIDE a side."""
    level = maps.level(MAX_SIDE)
    chosen = level if channel is None else level[channel : channel + 1]
    return chosen.astype(np.float32) * np.float32(maps.scale)
