"""Outputs as images: segmentations, depth, flow, signals and embeddings in colors."""

from __future__ import annotations

import colorsys
from functools import lru_cache
from math import ceil, sqrt

import numpy as np

from vrnn.network.predictions import (
    DepthMap,
    Detections,
    Embedding,
    FlowField,
    ImageOutput,
    Maps,
    Output,
    Segmentation,
    Waveform,
)
from vrnn.style import colormap
from vrnn.style.color_mapping import Colormap, ColorMapping
from vrnn.style.srgb import linear_to_srgb

WHEEL_STEPS = (15, 6, 4, 11, 13, 6)
"""Hues of the color wheel from red to yellow, green, cyan, blue, magenta and red again: more where
the eye tells more apart."""
WHEEL_PIXELS = 96
"""Side of the legend of a flow field, pixels."""
WAVEFORM_SIZE = (160, 640)
"""Height and width of a signal's image, pixels."""
MAX_WAVEFORM_CHANNELS = 4
EMBEDDING_ASPECT = 3.0
"""Width of an embedding's image over its height."""
NOT_FINITE = (0.35, 0.0, 0.45)
"""Linear color of what is NaN or infinite."""
GROUND = (14, 16, 21)
"""sRGB behind a curve."""
AXIS = (52, 57, 68)
"""sRGB of the line at zero."""
CURVE = (255, 168, 64)
"""sRGB of a signal."""
MASK_OPACITY = 0.5
"""Of the color of a detector's mask."""
MAX_MASK_COLORS = 24
"""Different colors of masks."""


def class_colors(count: int) -> np.ndarray:
    """Return colors that differ in hue and lightness; that of class 0 (background) is nearly black.

    Hues step by the golden ratio, so that any number of first classes is well spread.

    Returns:
        (count, 3) uint8 sRGB.
    """
    colors = []
    for i in range(count):
        hue = (0.08 + i * 0.61803398875) % 1.0
        colors.append(colorsys.hls_to_rgb(hue, (0.62, 0.48, 0.74)[i % 3], 0.75))
    table = np.rint(np.array(colors).reshape(-1, 3) * 255).astype(np.uint8)
    if count > 2:
        table[0] = (12, 14, 18)
    return table


def segmentation_overlay(image: np.ndarray, segmentation: Segmentation) -> np.ndarray:
    """Return an image in gray under the colors of its classes.

    Args:
        image: (H, W, 3) uint8 sRGB.
        segmentation: Class of each position, in any resolution.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    height, width = image.shape[:2]
    rows = np.arange(height) * segmentation.classes.shape[0] // height
    columns = np.arange(width) * segmentation.classes.shape[1] // width
    classes = segmentation.classes[rows[:, None], columns[None]]
    colors = class_colors(segmentation.count)[classes].astype(np.float32)
    gray = image.astype(np.float32).mean(-1, keepdims=True)
    return np.rint(0.35 * gray + 0.65 * colors).astype(np.uint8)


def mask_overlay(image: np.ndarray, detections: Detections, count: int) -> np.ndarray:
    """Return an image under the translucent colors of a detector's masks, each in its own.

    Args:
        image: (H, W, 3) uint8 sRGB.
        detections: What was found.
        count: How many of the masks are drawn, those of the best boxes.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    masks = detections.masks
    if masks is None or not masks.size or not count:
        return image
    height, width = image.shape[:2]
    rows = np.arange(height) * masks.shape[1] // height
    columns = np.arange(width) * masks.shape[2] // width
    mixed = image.astype(np.float32)
    colors = class_colors(MAX_MASK_COLORS + 1)[1:]
    for number in reversed(range(min(count, len(masks)))):  # the best on top
        inside = masks[number][rows[:, None], columns[None]]
        color = colors[number % MAX_MASK_COLORS]
        mixed[inside] = (1 - MASK_OPACITY) * mixed[inside] + MASK_OPACITY * color
    return np.rint(mixed).astype(np.uint8)


@lru_cache(maxsize=16)  # outputs are equal only to themselves
def output_image(output: Output) -> np.ndarray | None:
    """Return an output as an image of its own; None where it is none.

    Args:
        output: Any output but a segmentation, which lies over the input.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    if isinstance(output, ImageOutput):
        return output.pixels
    if isinstance(output, DepthMap):
        return _colored(output.depth, output.low, output.high, "magma")
    if isinstance(output, Maps) and output.values is not None and _is_one_map(output):
        values = output.values[0]
        return _colored(values, output.low, output.high, "viridis")
    if isinstance(output, FlowField):
        return flow_colors(output.vectors[0], output.vectors[1], output.longest)
    if isinstance(output, Waveform):
        return _curves(output)
    if isinstance(output, Embedding):
        return _tiles(output.vector)
    return None


def _is_one_map(output: Maps) -> bool:
    return len(output.shape) == 3 and output.shape[0] == 1 and min(output.shape[1:]) > 1


def _colored(values: np.ndarray, low: float, high: float, name: Colormap) -> np.ndarray:
    table = colormap.lookup_table(ColorMapping(colormap=name), *colormap.SAFE)
    return colormap.apply(values, low, high, table, NOT_FINITE)


def color_bar(output: DepthMap | Maps) -> np.ndarray:
    """Return the colors of a map of one quantity, the largest value on top.

    Returns:
        (64, 4, 3) uint8 sRGB.
    """
    ramp = np.repeat(np.linspace(1, 0, 64, dtype=np.float32)[:, None], 4, 1)
    return _colored(ramp, 0.0, 1.0, "magma" if isinstance(output, DepthMap) else "viridis")


def flow_colors(right: np.ndarray, down: np.ndarray, longest: float) -> np.ndarray:
    """Return vectors as colors: the direction as the hue, the length as the saturation.

    The color wheel of Baker et al. 2011, "A Database and Evaluation Methodology for Optical Flow",
    https://doi.org/10.1007/s11263-010-0390-2, as the Middlebury benchmark draws it.

    Args:
        right: (H, W) to the right.
        down: (H, W) downward.
        longest: Length that gets the full color.

    Returns:
        (H, W, 3) uint8 sRGB; white where nothing moves.
    """
    is_finite = np.isfinite(right) & np.isfinite(down)
    right, down = np.where(is_finite, right, 0.0), np.where(is_finite, down, 0.0)
    length = np.hypot(right, down) / max(longest, 1e-12)
    wheel = _color_wheel()
    position = (np.arctan2(-down, -right) / np.pi + 1) / 2 * (len(wheel) - 1)
    before = np.floor(position).astype(int)
    part = (position - before)[..., None]
    hue = (1 - part) * wheel[before] + part * wheel[(before + 1) % len(wheel)]
    inside = np.minimum(length, 1.0)[..., None]
    color = np.where(length[..., None] <= 1, 1 - inside * (1 - hue), hue * 0.75)
    return np.floor(255 * np.where(is_finite[..., None], color, 0.0)).astype(np.uint8)


@lru_cache(maxsize=1)
def _color_wheel() -> np.ndarray:
    """(55, 3) colors 0…1 around the circle."""
    corners = np.array([(1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1)], float)
    parts = []
    for i, steps in enumerate(WHEEL_STEPS):
        along = (np.floor(255 * np.arange(steps) / steps) / 255)[:, None]
        parts.append(corners[i] * (1 - along) + corners[(i + 1) % 6] * along)
    return np.concatenate(parts)


@lru_cache(maxsize=1)
def flow_legend() -> np.ndarray:
    """Return the color wheel: each color where its vector points.

    Returns:
        (WHEEL_PIXELS, WHEEL_PIXELS, 3) uint8 sRGB.
    """
    offsets = np.linspace(-1, 1, WHEEL_PIXELS, dtype=np.float32)
    right, down = np.meshgrid(offsets, offsets)
    pixels = flow_colors(right, down, 1.0)
    pixels[np.hypot(right, down) > 1] = GROUND
    return pixels


def _curves(waveform: Waveform) -> np.ndarray:
    """Each channel as a curve, one below the other: from the least to the largest in a column."""
    channels = waveform.samples[:MAX_WAVEFORM_CHANNELS]
    height, width = WAVEFORM_SIZE
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = GROUND
    band = height // max(len(channels), 1)
    rows = np.arange(band)[:, None]
    for i, samples in enumerate(channels):
        scaled = np.nan_to_num(samples.astype(np.float32)) / (waveform.peak or 1.0)
        edges = np.linspace(0, len(scaled), width + 1).astype(int)
        starts = np.minimum(edges[:-1], len(scaled) - 1)
        # A column also reaches the first sample of the next, so that the curve is in one piece.
        after = scaled[np.minimum(edges[1:], len(scaled) - 1)]
        low = np.minimum(np.minimum.reduceat(scaled, starts), after)
        high = np.maximum(np.maximum.reduceat(scaled, starts), after)
        middle, reach = (band - 1) / 2, band * 0.46
        top, bottom = np.floor(middle - reach * high), np.ceil(middle - reach * low)
        part = pixels[i * band : (i + 1) * band]
        part[int(middle)] = AXIS
        part[(rows >= top) & (rows <= bottom)] = CURVE
    return pixels


def _tiles(vector: np.ndarray) -> np.ndarray:
    """A vector row by row as squares: negative numbers blue, positive ones orange."""
    columns = max(ceil(sqrt(len(vector) * EMBEDDING_ASPECT)), 1)
    rows = max(ceil(len(vector) / columns), 1)
    peak = float(np.abs(vector[np.isfinite(vector)]).max(initial=0)) or 1.0
    table = colormap.lookup_table(ColorMapping(colormap="orange-blue", gamma=1.0), *colormap.SAFE)
    padded = np.zeros(rows * columns, np.float32)
    padded[: len(vector)] = vector
    pixels = colormap.apply(padded.reshape(rows, columns), -peak, peak, table, NOT_FINITE)
    flat = pixels.reshape(-1, 3)
    flat[len(vector) :] = linear_to_srgb(np.array([[0.0, 0.0, 0.0]], np.float32))
    return pixels
