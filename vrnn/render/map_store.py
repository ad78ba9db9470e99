"""Feature maps on the GPU: half floats, one after the other, in a texture array.

A texture array is used as plain memory: a layer's block (see `FeatureMaps.block`) starts at a row
of ROW texels and runs on through rows and layers of the array, so that any number of maps of any
size shares one array, nothing is padded to a common size, and an upload copies the block as it is.
The block brings its own pyramid of means, so there are no mipmaps to build on the GPU either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import moderngl
import numpy as np

from vrnn.errors import VrnnError

ROW_TEXELS = 1024
"""Texels in a row. A power of two: the shader divides by shifting."""
LAYER_ROWS = 1024
"""Rows in a layer of the array; a power of two."""
MAX_LAYERS = 2047
"""Of one array: all drivers allow 2048, and a texel's number stays below 2³¹."""

Address = tuple[int, int]
"""Number of the array, and the first texel in it."""


def assign_addresses(sizes: Mapping[int, int], max_layers: int = MAX_LAYERS) -> dict[int, Address]:
    """Where each node's block lies. sizes: half floats in the block, by node id."""
    where: dict[int, Address] = {}
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
        where[node] = (array, row * ROW_TEXELS)
        row += rows
    return where


WriteBox = tuple[int, int, int, int, int, int]


def split_block(first: int, size: int) -> Iterator[tuple[int, int, WriteBox]]:
    """How to write a block: (start, stop) in it and the box (x, y, layer, width, rows, layers).

    first: a multiple of ROW. Four boxes at most: to the end of a layer, whole layers, whole rows,
    and the last row's beginning.
    """
    start = 0
    row = first // ROW_TEXELS
    whole_rows = size // ROW_TEXELS
    head = min(whole_rows, -row % LAYER_ROWS)
    middle = (whole_rows - head) // LAYER_ROWS
    tail = whole_rows - head - middle * LAYER_ROWS
    for rows, layers in ((head, 1), (LAYER_ROWS, middle), (tail, 1)):
        if rows and layers:
            stop = start + rows * layers * ROW_TEXELS
            yield start, stop, (0, row % LAYER_ROWS, row // LAYER_ROWS, ROW_TEXELS, rows, layers)
            start, row = stop, row + rows * layers
    if start < size:
        yield start, size, (0, row % LAYER_ROWS, row // LAYER_ROWS, size - start, 1, 1)


class MapStore:
    """The texture arrays of one network."""

    def __init__(self, ctx: moderngl.Context, sizes: Mapping[int, int]) -> None:
        """Make room for blocks of these sizes (half floats, by node id).

        Raises VrnnError when the GPU has not enough memory.
        """
        self.addresses = assign_addresses(
            sizes, min(MAX_LAYERS, ctx.info["GL_MAX_ARRAY_TEXTURE_LAYERS"] - 1)
        )
        self._sizes = dict(sizes)
        rows: dict[int, int] = {}
        for node, (array, first) in self.addresses.items():
            rows[array] = max(
                rows.get(array, 0), first // ROW_TEXELS + -(-sizes[node] // ROW_TEXELS)
            )
        self.arrays = [self._array(ctx, rows[index]) for index in sorted(rows)]

    @staticmethod
    def _array(ctx: moderngl.Context, rows: int) -> moderngl.TextureArray:
        layers = -(-rows // LAYER_ROWS)
        height = rows if layers == 1 else LAYER_ROWS
        array = ctx.texture_array((ROW_TEXELS, height, layers), 1, dtype="f2")
        array.filter = (moderngl.NEAREST, moderngl.NEAREST)
        if ctx.error == "GL_OUT_OF_MEMORY":
            array.release()
            megabytes = ROW_TEXELS * height * layers * 2 >> 20
            raise VrnnError(
                f"the GPU has no {megabytes} MB free for the feature maps; "
                "pass a smaller --input-size or --detail layers"
            )
        return array

    @property
    def bytes(self) -> int:
        """GPU memory taken."""
        return sum(2 * a.width * a.height * a.layers for a in self.arrays)

    def upload(self, node: int, block: np.ndarray) -> None:
        """Write one layer's block, float16 and one-dimensional, over the one before."""
        if block.dtype != np.float16 or block.shape != (self._sizes[node],):
            raise ValueError(
                f"node {node}: expected {self._sizes[node]} half floats, "
                f"got {block.shape} of {block.dtype}"
            )
        array, first = self.addresses[node]
        for start, stop, box in split_block(first, block.size):
            self.arrays[array].write(block[start:stop], viewport=box)

    def release(self) -> None:
        """Give the arrays back."""
        for array in self.arrays:
            array.release()
