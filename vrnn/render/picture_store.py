"""Layer pictures on the GPU: what panels show from afar, one layer of a texture array each.

Beside a picture lie its coarser levels, each half as large as the one before, so that one texture
fetch is enough at any distance and an upload of one picture touches no other:

    +---------+----+
    |         | 1  |
    |    0    +--+-+
    |         |2 |
    +---------+--+
"""

from __future__ import annotations

from collections.abc import Iterator

import moderngl
import numpy as np

from vrnn.compute.passes.native_picture import load_native_picture

PICTURE_SIDE = 64
"""Height and width of a picture, texels; a power of two."""
PICTURE_LEVELS = 5
"""Levels of a picture, down to 4 texels a side."""
MAX_PICTURES = 2048
"""Layers of one array that all drivers allow; layers of a network beyond show their maps only."""


class PictureStores:
    """The layer pictures of all networks, by slot."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._max_pictures = min(MAX_PICTURES, ctx.info["GL_MAX_ARRAY_TEXTURE_LAYERS"])
        self._arrays: dict[int, moderngl.TextureArray] = {}
        self._empty = self._create(1)

    def allocate(self, slot: int, count: int) -> int:
        """Allocate room for a network's pictures, in the place of those it had.

        Args:
            slot: The network's number.
            count: How many pictures there may be.

        Returns:
            How many there is room for.
        """
        self.free(slot)
        room = min(count, self._max_pictures)
        if room:
            self._arrays[slot] = self._create(room)
        return room

    def free(self, slot: int) -> None:
        """Release the memory of a network's pictures, if it has any."""
        if slot in self._arrays:
            self._arrays.pop(slot).release()

    def upload(self, slot: int, number: int, texels: np.ndarray) -> None:
        """Write one picture over the one before.

        Args:
            slot: The network's number.
            number: Of the picture in its store.
            texels: (PICTURE_SIDE, PICTURE_SIDE, 4) uint8. Red, green, blue as sRGB and 255; or a
                value in red, from the lower to the upper end of the colors, and 0 in alpha where it
                is not finite.
        """
        box = (0, 0, number, PICTURE_SIDE * 3 // 2, PICTURE_SIDE, 1)
        self._arrays[slot].write(with_levels(texels), viewport=box)

    def texture(self, slot: int) -> moderngl.TextureArray:
        """Return the texture array of a network's pictures, or an empty one."""
        return self._arrays.get(slot, self._empty)

    @property
    def slots(self) -> frozenset[int]:
        """The slots that have pictures."""
        return frozenset(self._arrays)

    def _create(self, layers: int) -> moderngl.TextureArray:
        size = (PICTURE_SIDE * 3 // 2, PICTURE_SIDE, layers)
        array = self._ctx.texture_array(size, 4)
        array.filter = (moderngl.LINEAR, moderngl.LINEAR)
        array.repeat_x = array.repeat_y = False
        return array

    def release(self) -> None:
        """Release the memory of all pictures."""
        for array in (*self._arrays.values(), self._empty):
            array.release()
        self._arrays.clear()


def with_levels(texels: np.ndarray) -> np.ndarray:
    """Return a picture with its coarser levels beside it.

    Args:
        texels: (PICTURE_SIDE, PICTURE_SIDE, 4) uint8.

    Returns:
        (PICTURE_SIDE, PICTURE_SIDE * 3 / 2, 4) uint8.
    """
    native = load_native_picture()
    if native is not None and texels.dtype == np.uint8:
        return native.with_levels(texels)
    found = np.zeros((PICTURE_SIDE, PICTURE_SIDE * 3 // 2, 4), np.uint8)
    found[:, :PICTURE_SIDE] = texels
    top = 0
    for level in _coarser_levels(texels):
        side = len(level)
        found[top : top + side, PICTURE_SIDE : PICTURE_SIDE + side] = level
        top += side
    return found


def _coarser_levels(texels: np.ndarray) -> Iterator[np.ndarray]:
    """Each level below the finest: means over squares of 2 × 2."""
    for _ in range(PICTURE_LEVELS - 1):
        wide = texels.astype(np.uint16)
        rows = wide[0::2] + wide[1::2]
        texels = ((rows[:, 0::2] + rows[:, 1::2] + 2) // 4).astype(np.uint8)
        yield texels
