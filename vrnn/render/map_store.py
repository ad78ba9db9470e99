"""Feature maps on the GPU: half floats, one after the other, in a texture array.

A texture array is used as plain memory: a layer's block (see `FeatureMaps.block`) starts at a row
of `ROW_TEXELS` texels and continues through rows and layers of the array. So any number of maps of
any size shares one array, nothing is padded to a common size, and an upload copies the block as it
is. The block brings its own pyramid of means, so there are no mipmaps to build on the GPU either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import moderngl
import numpy as np

from vrnn.errors import VrnnError
from vrnn.render.gpu_memory import default_map_bytes

ROW_TEXELS = 1024
"""Texels in a row. A power of two: the shader divides by shifting."""
LAYER_ROWS = 1024
"""Rows in a layer of the array; a power of two."""
MAX_LAYERS = 2047
"""Layers of one array: all drivers allow 2048, and a texel's number stays below 2³¹."""

Address = tuple[int, int]
"""Index of the texture array, and the first texel in it."""
WriteBox = tuple[int, int, int, int, int, int]
"""Corner (x, y, layer) and size (width, rows, layers) of a write into a texture array, texels."""


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


def split_block(first: int, size: int) -> Iterator[tuple[int, int, WriteBox]]:
    """Split a block into boxes that a texture array can be written by.

    There are four boxes at most: to the end of a layer, whole layers, whole rows, and the beginning
    of the last row.

    Args:
        first: The block's first texel in the array, a multiple of `ROW_TEXELS`.
        size: Texels in the block.

    Yields:
        The start and stop of each part in the block, and its box.
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
    """The texture arrays that hold one network's feature maps.

    Attributes:
        addresses: Where each block lies, by node id.
        arrays: The texture arrays, half floats of one component; None in the place of one that a
            node had for itself.
    """

    arrays: list[moderngl.TextureArray | None]

    def __init__(self, ctx: moderngl.Context, sizes: Mapping[int, int]) -> None:
        """Allocate room for all blocks.

        Args:
            ctx: The context to allocate in.
            sizes: Half floats in each block, by node id.

        Raises:
            VrnnError: The GPU has not enough memory, or a block is larger than a texture array.
        """
        max_layers = min(MAX_LAYERS, ctx.info["GL_MAX_ARRAY_TEXTURE_LAYERS"] - 1)
        self.addresses = assign_addresses(sizes, max_layers)
        self._sizes = dict(sizes)
        rows: dict[int, int] = {}
        for node, (array, first) in self.addresses.items():
            end = first // ROW_TEXELS + -(-sizes[node] // ROW_TEXELS)
            rows[array] = max(rows.get(array, 0), end)
        self._ctx = ctx
        self.arrays = [self._create_array(ctx, rows[index]) for index in sorted(rows)]
        self._own: dict[int, tuple[int, int]] = {}

    @staticmethod
    def _create_array(ctx: moderngl.Context, rows: int) -> moderngl.TextureArray:
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
        """GPU memory taken, in bytes."""
        there = [array for array in self.arrays if array is not None]
        return sum(2 * a.width * a.height * a.layers for a in there)

    def add_own(self, node: int, block: np.ndarray) -> None:
        """Write a larger block of a node into an array of its own, beside the one it has.

        Args:
            node: Id of the layer's node.
            block: (size,) float16, always as large.

        Raises:
            VrnnError: The GPU has not enough memory.
        """
        if node not in self._own:
            rows = -(-block.size // ROW_TEXELS)
            if rows > MAX_LAYERS * LAYER_ROWS:
                raise VrnnError(f"one layer holds {block.size:,} values, more than a texture can")
            array = self._create_array(self._ctx, rows)
            free = [i for i, other in enumerate(self.arrays) if other is None]
            index = free[0] if free else len(self.arrays)
            self.arrays[index : index + 1] = [array]
            self._own[node] = index, block.size
        index, size = self._own[node]
        self._write((index, 0), block, size)

    def own_array(self, node: int) -> int:
        """Return the index of the array that a node has for itself."""
        return self._own[node][0]

    def drop_own(self, node: int) -> None:
        """Release the array that a node has for itself."""
        index, _ = self._own.pop(node)
        array = self.arrays[index]
        assert array is not None
        array.release()
        self.arrays[index] = None

    def upload(self, node: int, block: np.ndarray) -> None:
        """Write one layer's block over the one before.

        Args:
            node: Id of the layer's node.
            block: (size,) float16, as large as was allocated for the node.

        Raises:
            ValueError: The block has another shape or dtype.
        """
        self._write(self.addresses[node], block, self._sizes[node])

    def _write(self, address: Address, block: np.ndarray, size: int) -> None:
        if block.dtype != np.float16 or block.shape != (size,):
            raise ValueError(f"expected {size} half floats, got {block.shape} of {block.dtype}")
        index, first = address
        array = self.arrays[index]
        assert array is not None
        for start, stop, box in split_block(first, block.size):
            array.write(block[start:stop], viewport=box)

    def release(self) -> None:
        """Release the texture arrays."""
        for array in self.arrays:
            if array is not None:
                array.release()


class MapStores:
    """The map stores of all networks, by slot, and of whatever else has feature maps.

    Attributes:
        budget: Bytes that the maps of all networks may take.
    """

    def __init__(self, ctx: moderngl.Context, budget: int = 0) -> None:
        """Begin without stores.

        Args:
            ctx: The context to allocate in.
            budget: See the attribute; 0 for what suits the GPU.
        """
        self._ctx = ctx
        self.budget = budget or default_map_bytes(ctx)
        self._stores: dict[int, MapStore] = {}

    def allocate(self, slot: int, sizes: Mapping[int, int]) -> dict[int, Address]:
        """Allocate room for a network's maps, in the place of those it had.

        Args:
            slot: The network's number.
            sizes: Half floats in each block, by node id.

        Returns:
            Where each block lies, by node id.

        Raises:
            VrnnError: The GPU has not enough memory, or a block is larger than a texture array.
        """
        self.free(slot)
        self._stores[slot] = MapStore(self._ctx, sizes)
        return self._stores[slot].addresses

    def free(self, slot: int) -> None:
        """Release the memory of a network's maps, if it has any."""
        if slot in self._stores:
            self._stores.pop(slot).release()

    def upload(self, slot: int, node: int, block: np.ndarray) -> None:
        """Write one layer's block; see `MapStore.upload`."""
        self._stores[slot].upload(node, block)

    def add_own(self, slot: int, node: int, block: np.ndarray) -> None:
        """Write a larger block of a node into an array of its own; see `MapStore.add_own`."""
        self._stores[slot].add_own(node, block)

    def own_array(self, slot: int, node: int) -> int:
        """Return the index of that array; see `MapStore.own_array`."""
        return self._stores[slot].own_array(node)

    def drop_own(self, slot: int, node: int) -> None:
        """Release that array; see `MapStore.drop_own`."""
        self._stores[slot].drop_own(node)

    def addresses(self, slot: int) -> Mapping[int, Address]:
        """Return where each block of a network lies, by node id."""
        return self._stores[slot].addresses

    def texture(self, slot: int, index: int) -> moderngl.TextureArray:
        """Return one of the texture arrays that a network's maps lie in."""
        array = self._stores[slot].arrays[index]
        assert array is not None
        return array

    @property
    def slots(self) -> frozenset[int]:
        """The slots that have maps."""
        return frozenset(self._stores)

    @property
    def bytes(self) -> int:
        """GPU memory that all maps take, in bytes."""
        return sum(store.bytes for store in self._stores.values())

    def release(self) -> None:
        """Release the memory of all maps."""
        for store in self._stores.values():
            store.release()
        self._stores.clear()
