"""Kernels as small pictures: on their ribbons, and all of a layer beside each other."""

from __future__ import annotations

import numpy as np

from vrnn.network.connections import ConnectionPart, LayerConnections
from vrnn.network.strongest_pairs import StrongestPairs
from vrnn.scene.primitives import FIXED, QUAD
from vrnn.style.connection_colors import ConnectionPalette, connection_colors, connection_pixels

MAX_CELLS = 12_000
"""Weights that are drawn on ribbons; of more kernels the strongest are."""
MAX_SIDE = 24
"""Weights along the side of a kernel on a ribbon; of a larger one, every so manieth."""
FRAME = 0.12
"""Width of the frame around a kernel, as a part of its side."""
FRAME_COLOR = (0.004, 0.005, 0.008, 1.0)
MAX_SHEET_MAPS = 64
"""Maps of the layer, and of its input, whose kernels stand on the sheet."""
MAX_SHEET_SIDE = 32
"""Pixels of a kernel on the sheet."""
MIN_SHEET_SIDE = 12
"""Pixels of the longer side of a smaller one."""
SHEET_BACKGROUND = (9, 11, 15)


def kernel_image(kernel: np.ndarray, max_side: int) -> np.ndarray:
    """Return a kernel (…) as rows and columns (h, w): of a volume its slices below each other."""
    flat = kernel.reshape(-1, kernel.shape[-1]) if kernel.ndim else kernel.reshape(1, 1)
    steps = [max(1, -(-size // max_side)) for size in flat.shape]
    return flat[:: steps[0], :: steps[1]]


def largest_weight(layer: LayerConnections) -> float:
    """Return the largest finite |weight| of a layer's kernels."""
    found = [0.0]
    for part in layer.parts:
        low, high = float(np.nanmin(part.kernels)), float(np.nanmax(part.kernels))
        if not np.isfinite([low, high]).all():
            finite = part.kernels[np.isfinite(part.kernels)]
            low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
        found.append(max(-float(low), float(high)))
    return max(found)


def kernel_quads(
    layer: LayerConnections, pairs: StrongestPairs, which: np.ndarray, centers: np.ndarray,
    side: float, palette: ConnectionPalette,
) -> np.ndarray:  # fmt: skip
    """Return kernels as colored squares that face +Z, (N,) `QUAD`.

    Args:
        layer: The layer.
        pairs: Pairs of maps, the strongest first.
        which: (K,) int: those of them that are drawn.
        centers: (K, 3) where the middle of each kernel stands, meters.
        side: Of a kernel's longer side, meters.
        palette: Of weights.
    """
    largest = largest_weight(layer)
    found: list[np.ndarray] = []
    cells = 0
    for place, number in zip(centers, which.tolist(), strict=True):
        part = layer.parts[int(pairs.parts[number])]
        image = kernel_image(_kernel(part, pairs, number), MAX_SIDE)
        cells += image.size
        if found and cells > MAX_CELLS:
            break
        found.append(_framed_kernel(image, place, side, largest, palette))
    return np.concatenate(found) if found else np.zeros(0, QUAD)


def _kernel(part: ConnectionPart, pairs: StrongestPairs, number: int) -> np.ndarray:
    output = int(pairs.outputs[number]) - part.first_output
    j = int(pairs.inputs[number]) - int(part.first_input(output))
    kernel: np.ndarray = part.kernels[output, j]
    return kernel


def _framed_kernel(
    image: np.ndarray, center: np.ndarray, side: float, largest: float, palette: ConnectionPalette
) -> np.ndarray:
    rows, columns = image.shape
    cell = side / max(rows, columns)
    width, height = columns * cell, rows * cell
    border = FRAME * side
    records = np.zeros(1 + image.size, QUAD)
    left, top = center[0] - width / 2, center[1] + height / 2
    records["origin"][0] = (left - border / 2, top + border / 2, center[2])
    records["right"][0, 0], records["down"][0, 1] = width + border, -height - border
    records["top"][0] = records["bottom"][0] = FRAME_COLOR
    y, x = np.divmod(np.arange(image.size), columns)
    records["origin"][1:, 0], records["origin"][1:, 1] = left + x * cell, top - y * cell
    records["origin"][1:, 2] = center[2] + 0.002
    records["right"][1:, 0], records["down"][1:, 1] = cell, -cell
    colors = connection_colors(image.reshape(-1), largest, palette)
    records["top"][1:, :3] = records["bottom"][1:, :3] = colors
    records["top"][1:, 3] = records["bottom"][1:, 3] = 1
    records["kind"] = FIXED
    return records


def kernel_sheet(layer: LayerConnections, palette: ConnectionPalette) -> tuple[np.ndarray, str]:
    """Return all kernels of a layer beside each other, and what they are.

    Kernels on three maps, as those of a first layer, are in the colors that they look for.

    Returns:
        (H, W, 3) uint8 sRGB, a row for each map of the layer, unless they are in color; and a line
        of text.
    """
    part = max(layer.parts, key=lambda one: one.pair_count)
    size = " × ".join(map(str, part.window.size))
    outputs, fan_in = part.outputs, part.fan_in
    if fan_in == 3 and part.kernels.ndim == 4 and part.kernels.shape[-1] > 1:
        largest = float(np.nanmax(np.abs(part.kernels))) or 1.0
        colored = np.clip(0.5 + 0.5 * part.kernels / largest, 0, 1)
        shown = [np.rint(np.moveaxis(k, 0, -1) * 255).astype(np.uint8) for k in colored]
        columns = int(np.ceil(np.sqrt(len(shown) * 2)))
        text = f"all {outputs:,} kernels {size} of {layer.name}, in the colors that they look for"
        return _tiled([shown[i : i + columns] for i in range(0, len(shown), columns)]), text
    largest = largest_weight(layer)
    rows = part.kernels[:MAX_SHEET_MAPS, :MAX_SHEET_MAPS]
    pictures = [
        [connection_pixels(kernel_image(k, MAX_SHEET_SIDE), largest, palette) for k in row]
        for row in rows
    ]
    if fan_in == 1:  # one for each map: beside each other as well
        flat = [row[0] for row in pictures]
        columns = int(np.ceil(np.sqrt(len(flat) * 2)))
        pictures = [flat[i : i + columns] for i in range(0, len(flat), columns)]
    text = f"{outputs:,} × {fan_in:,} kernels {size} of {layer.name}, a row for each of its maps"
    if fan_in == 1:
        text = f"{outputs:,} kernels {size} of {layer.name}, one for each of its maps"
    if outputs > MAX_SHEET_MAPS or fan_in > MAX_SHEET_MAPS:
        text = f"the first {len(rows)} × {len(rows[0])} of {text}"
    return _tiled(pictures), text


def _tiled(pictures: list[list[np.ndarray]]) -> np.ndarray:
    """Pictures of one size with a narrow line between them."""
    times = -(-MIN_SHEET_SIDE // max(pictures[0][0].shape[:2]))
    pictures = [[one.repeat(times, 0).repeat(times, 1) for one in row] for row in pictures]
    height, width = pictures[0][0].shape[:2]
    columns = max(len(row) for row in pictures)
    sheet = np.empty((len(pictures) * (height + 1) + 1, columns * (width + 1) + 1, 3), np.uint8)
    sheet[:] = SHEET_BACKGROUND
    for y, row in enumerate(pictures):
        for x, picture in enumerate(row):
            top, left = y * (height + 1) + 1, x * (width + 1) + 1
            sheet[top : top + height, left : left + width] = picture
    return sheet
