"""Where the blocks of all layers lie in the memory that holds them.

It is made of arrays of layers of rows, as textures are; a block starts at a row.
"""

from __future__ import annotations

from collections.abc import Mapping

from vrnn.errors import VrnnError

ROW_TEXELS = 1024
"""Texels in a row. A power of two: the shader divides by shifting."""
LAYER_ROWS = 1024
"""Rows in a layer of the array; a power of two."""
MAX_LAYERS = 2047
"""Layers of one array: all drivers allow 2048, and a texel's number stays below 2³¹."""

Address = tuple[int, int]
"""Index of the texture array, and the first texel in it."""


def assign_addresses(sizes: Mapping[int, int], max_layers: int = MAX_LAYERS) -> dict[int, Address]:
    """Choose where each node's block lies.

    Args:
        sizes: Half floats in each block, by node id.
        max_layers: Layers that one texture array may have.

    Raises:
        VrnnError: A single block is larger than a texture array.
    """
    addresses: dict[int, Address] = {}
    array, row = 0, 0
    for node, size in sizes.items():
        rows = -(-size // ROW_TEXELS)
        if rows > max_layers * LAYER_ROWS:
            raise VrnnError(
                f"one layer holds {size:,} values, more than a texture can; "
                "pass a smaller --input-size"
            )
        if row + rows > max_layers * LAYER_ROWS:
            array, row = array + 1, 0
        addresses[node] = (array, row * ROW_TEXELS)
        row += rows
    return addresses
