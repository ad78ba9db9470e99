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
from vrnn.network.block_addresses import (
    LAYER_ROWS,
    MAX_LAYERS,
    ROW_TEXELS,
    Address,
    assign_addresses,
)
from vrnn.network.layer_maps import DeviceBlock
from vrnn.render.cuda_interop import CudaInterop, InteropError, WriteBox, find_interop
from vrnn.render.gpu_memory import default_map_bytes


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
        if block.size != size:
            raise ValueError(f"expected {size} half floats, got {block.shape} of {block.dtype}")
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
            block: (size,) float16, at most as large as was allocated for the node.

        Raises:
            ValueError: The block has another shape or dtype.
        """
        self._write(self.addresses[node], block, self._sizes[node])

    def upload_from_device(self, blocks: Mapping[int, DeviceBlock], interop: CudaInterop) -> None:
        """Write blocks of several layers that lie in the memory of the device that computes.

        Args:
            blocks: By node id.
            interop: How they come from there.

        Raises:
            InteropError: They do not.
        """
        for node, size, block in self._runs(blocks):
            index, first = self.addresses[node]
            array = self.arrays[index]
            assert array is not None
            boxes = split_block(first, size)
            parts = [(block.address + 2 * start, box) for start, _, box in boxes]
            interop.write(array, block.device, parts)

    def _runs(self, blocks: Mapping[int, DeviceBlock]) -> Iterator[tuple[int, int, DeviceBlock]]:
        """The first node of each run that lies in one piece both here and there, its size, and
        where it begins there."""
        ordered = sorted(blocks, key=self.addresses.__getitem__)
        while ordered:
            first, block = ordered[0], blocks[ordered[0]]
            index, texel = self.addresses[first]
            count, end = 0, texel
            for node in ordered:
                other, (array, start) = blocks[node], self.addresses[node]
                is_next = array == index and other.device == block.device
                # Up to a row's end lies nothing, here as there.
                if not is_next or other.address - block.address != 2 * (start - texel):
                    break
                if start - end >= ROW_TEXELS:
                    break
                count, end = count + 1, start + self._sizes[node]
            yield first, end - texel, block
            del ordered[:count]

    def _write(self, address: Address, block: np.ndarray, size: int) -> None:
        if block.dtype != np.float16 or block.ndim != 1 or block.size > size:
            raise ValueError(
                f"expected up to {size} half floats, got {block.shape} of {block.dtype}"
            )
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
        no_interop: Why maps of a CUDA model do not come from its memory directly; '' where they do,
            or nobody has tried.
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
        self._interop: CudaInterop | None = None
        self.no_interop = ""

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
            store = self._stores.pop(slot)
            if self._interop is not None:
                for array in store.arrays:
                    if array is not None:
                        self._interop.forget(array)
            store.release()

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

    def upload_from_device(self, slot: int, blocks: Mapping[int, DeviceBlock]) -> bool:
        """Write blocks that lie in the memory of the device that computes.

        Args:
            slot: The network's number.
            blocks: By node id.

        Returns:
            Whether that could be done.
        """
        if self._interop is None and not self.no_interop:
            self._interop, self.no_interop = find_interop()
        if self.no_interop or self._interop is None:
            return False
        try:
            self._stores[slot].upload_from_device(blocks, self._interop)
        except InteropError as error:
            self.no_interop = str(error)
            return False
        return True

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
        for slot in list(self._stores):
            self.free(slot)
