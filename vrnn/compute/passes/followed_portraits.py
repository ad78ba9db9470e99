"""Portraits of layers that had one in the frame before of a stream, with little work in Python.

What native code needs to know of a layer is prepared once, see compute/native/follow_portrait.c: a
frame has hundreds of layers, and Python would take longer for them than reading their values does.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vrnn.compute.passes.native_library import (
    find_run_threads,
    is_wide_cpu,
    load_native_library,
    thread_count,
)
from vrnn.compute.passes.native_portrait import COMPONENTS, MIN_THREAD_VALUES
from vrnn.compute.passes.portrait_colors import CONTRAST, ROUNDING
from vrnn.compute.passes.portrait_components import FREE
from vrnn.compute.passes.portrait_sampling import (
    MAX_START_CHANNELS,
    MAX_STREAM_POSITIONS,
    fit_positions,
    portrait_size,
)
from vrnn.network.feature_maps import probe_step

STEADINESS = 1.0
"""Weight of the portrait of the frame before, beside those of the layers that feed a layer."""


class _Followed(ctypes.Structure):
    """`Followed` of the native code."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("channels", "rows", "columns", "height", "width")),
        *((name, ctypes.c_int64) for name in ("first", "step", "count", "channel_step")),
        ("probe_step", ctypes.c_int64),
        ("feeding", ctypes.c_void_p),
        ("feeding_count", ctypes.c_int64),
        ("bases", ctypes.c_void_p * 2),
        ("colors", ctypes.c_void_p * 2),
        ("scratch", ctypes.c_void_p),
        ("basis_now", ctypes.c_void_p),
        ("colors_now", ctypes.c_void_p),
        ("frame", ctypes.c_int64),
        ("free_part", ctypes.c_double),
        ("rounding", ctypes.c_double),
        ("steadiness", ctypes.c_float),
        ("contrast", ctypes.c_float),
        ("wide", ctypes.c_int32),
        ("threads", ctypes.c_uint32),
        ("run_threads", ctypes.c_void_p),
    )


class FollowedPortrait(NamedTuple):
    """The portrait of a layer in a frame.

    Attributes:
        basis: (3, C) float32, what the next frame starts from.
        colors: (3, h, w) float32.
        flat_colors: (3, P) float32, the same.
        levels: (h, w, 3) uint8 sRGB.
        probes: (N,) float32, some of the layer's values, see `probe_step`.
    """

    basis: np.ndarray
    colors: np.ndarray
    flat_colors: np.ndarray
    levels: np.ndarray
    probes: np.ndarray


class _Layer:
    """What is kept of a layer; one without a shape only feeds others."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.shape: tuple[int, int, int] | None = None
        self.has_basis = False
        self.struct = _Followed(height=size[0], width=size[1])
        self.address = ctypes.addressof(self.struct)
        self.held: object = None  # what the struct points to, as is the next
        self.feeding: object = None
        self.bases: Sequence[np.ndarray] = ()
        self.colors: Sequence[tuple[np.ndarray, np.ndarray]] = ()  # (3, h, w), and (3, P)
        self.levels = self.probes = slice(0, 0)  # among those of all layers

    def point_to(self, basis: np.ndarray | None, colors: np.ndarray, frame: int) -> None:
        """Let what was made in another way be what is newest of it."""
        self.held = basis, colors
        self.has_basis = basis is not None
        self.struct.basis_now = None if basis is None else basis.ctypes.data
        self.struct.colors_now = colors.ctypes.data
        self.struct.frame = frame


class FollowedPortraits:
    """Follows the portraits of a network's layers through a stream."""

    def __init__(self) -> None:
        """Begin without layers."""
        library = load_native_library()
        if library is not None:
            self._run = library.vrnn_follow_portrait
            self._run.argtypes = [
                ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_void_p,
                ctypes.c_void_p,
            ]  # fmt: skip
            self._run.restype = ctypes.c_int
            self._scratch_size = library.vrnn_follow_scratch
            self._scratch_size.argtypes = [ctypes.c_int64] * 4
            self._scratch_size.restype = ctypes.c_int64
        self._is_native = library is not None
        self._layers: dict[int, _Layer] = {}
        self._image = _Layer((1, 1))
        self._frame = 0
        self._scratch = np.empty(0, np.float32)
        self._level_count = self._probe_count = 0
        self._levels = np.empty(0, np.uint8)
        self._probes = np.empty(0, np.float32)

    def begin(self, image: np.ndarray, continues: bool, again: bool) -> None:
        """Begin a frame.

        Args:
            image: (3, h, w) float32 colors of the image.
            continues: Whether it is the next frame of a stream; else all layers are forgotten.
            again: Whether it is the frame that was begun last, of which no layer has been made.
        """
        self._frame += not again
        if not continues:
            self._layers.clear()
            self._level_count = self._probe_count = 0
        self._image.struct.height, self._image.struct.width = image.shape[1:]
        self._image.point_to(None, image, self._frame)
        # Of their own in each frame: they are handed out.
        self._levels = np.empty(self._level_count, np.uint8)
        self._probes = np.empty(self._probe_count, np.float32)
        self._level_address = self._levels.ctypes.data
        self._probe_address = self._probes.ctypes.data

    def follow(
        self, node: int, shape: tuple[int, ...], address: int, side_by_side: bool
    ) -> FollowedPortrait | None:
        """Make the portrait of a layer.

        Args:
            node: Id of the layer.
            shape: (C, H, W) of its maps.
            address: Where their float32 values lie, in an order that `memory_order` knows.
            side_by_side: Whether the channels of a position lie side by side.

        Returns:
            The portrait; None where it has to be made as usual.
        """
        layer = self._layers.get(node)
        if layer is None or layer.shape != shape or not layer.has_basis:
            return None
        if layer.levels.stop > len(self._levels):  # it was learned in this very frame
            return None
        made = self._run(
            layer.address, address, side_by_side, self._frame,
            self._level_address + layer.levels.start, self._probe_address + 4 * layer.probes.start,
        )  # fmt: skip
        if not made:
            return None
        levels = self._levels[layer.levels].reshape(*layer.size, COMPONENTS)
        colors, flat_colors = layer.colors[made - 1]
        return FollowedPortrait(
            layer.bases[made - 1], colors, flat_colors, levels, self._probes[layer.probes]
        )

    def keep(self, node: int, basis: np.ndarray | None, colors: np.ndarray) -> None:
        """Keep what was made of a layer as usual, for those behind it.

        Args:
            node: Id of the layer.
            basis: (3, C) float32; None for none.
            colors: (3, h, w) float32, contiguous.
        """
        layer = self._layers.get(node)
        if layer is not None:
            layer.point_to(basis, colors, self._frame)

    def learn(
        self, node: int, shape: tuple[int, int, int], basis: np.ndarray, colors: np.ndarray,
        feeding: Sequence[tuple[int | None, np.ndarray]],
    ) -> None:  # fmt: skip
        """Follow a layer from the next frame on.

        Args:
            node: Id of the layer.
            shape: (C, H, W) of its maps.
            basis: (3, C) float32, made as usual.
            colors: (3, h, w) float32, contiguous.
            feeding: The ids of the layers that feed it, each with its (3, …) colors in this frame;
                None for the image.
        """
        if not self._is_native:
            return
        size = portrait_size(*shape[1:])
        layer = self._layers.setdefault(node, _Layer(size))
        if layer.shape == shape:  # native code leaves it to others in this frame, or in each
            return
        layer.shape, channels, pixels = shape, shape[0], size[0] * size[1]
        count, step = channels * shape[1] * shape[2], probe_step(channels * shape[1] * shape[2])
        picked = fit_positions(shape[1:], MAX_STREAM_POSITIONS)
        struct = layer.struct
        struct.channels, struct.rows, struct.columns = shape
        struct.first, struct.step = picked.start or 0, picked.step or 1
        struct.count = len(range(*picked.indices(shape[1] * shape[2])))
        struct.channel_step = -(-channels // MAX_START_CHANNELS)
        struct.probe_step = step
        sources = [self._source(source, found) for source, found in feeding]
        addresses = (ctypes.c_void_p * len(sources))(*[source.address for source in sources])
        struct.feeding, struct.feeding_count = ctypes.addressof(addresses), len(sources)
        layer.bases = [np.empty((COMPONENTS, channels), np.float32) for _ in range(2)]
        colors_of_two = [np.empty((COMPONENTS, *size), np.float32) for _ in range(2)]
        layer.colors = [(one, one.reshape(COMPONENTS, pixels)) for one in colors_of_two]
        struct.bases[:] = [one.ctypes.data for one in layer.bases]
        struct.colors[:] = [one.ctypes.data for one in colors_of_two]
        struct.free_part, struct.rounding = FREE, ROUNDING
        struct.steadiness, struct.contrast = STEADINESS, CONTRAST * 255.0
        struct.wide, struct.threads = is_wide_cpu(), thread_count(count, MIN_THREAD_VALUES)
        run_threads = find_run_threads()
        struct.run_threads = None if run_threads is None else run_threads.value
        layer.feeding = sources, addresses
        layer.point_to(basis, colors, self._frame)
        layer.levels = slice(self._level_count, self._level_count + COMPONENTS * pixels)
        layer.probes = slice(self._probe_count, self._probe_count - (-count // step))
        self._level_count, self._probe_count = layer.levels.stop, layer.probes.stop
        self._make_room(
            self._scratch_size(channels, struct.count, shape[1] * shape[2], pixels), layer
        )

    def _source(self, node: int | None, colors: np.ndarray) -> _Layer:
        """A layer that feeds others, or the image."""
        if node is None:
            return self._image
        layer = self._layers.get(node)
        if layer is None:
            layer = self._layers[node] = _Layer((colors.shape[1], colors.shape[2]))
            layer.point_to(None, colors, self._frame)
        return layer

    def _make_room(self, size: int, layer: _Layer) -> None:
        """All layers share what they are made in, which stays in a cache."""
        if size > len(self._scratch):
            self._scratch = np.empty(size, np.float32)
            for other in self._layers.values():
                other.struct.scratch = self._scratch.ctypes.data
        layer.struct.scratch = self._scratch.ctypes.data
