"""Portraits by the native code in compute/native/portrait.c, where it could be compiled."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from vrnn.compute.passes.memory_order import is_side_by_side
from vrnn.compute.passes.native_library import (
    find_run_threads,
    is_wide_cpu,
    load_native_library,
    thread_count,
)

COMPONENTS = 3
MIN_THREAD_VALUES = 1 << 18
"""Values of a layer for each thread, at least: a portrait reads them twice, and writes little."""


@dataclass(frozen=True, eq=False)
class TurnOrder:
    """Layers whose portraits are turned in one call, in run order; see `NativePortrait.turn`.

    Attributes:
        heights: (L,) int64 rows of each portrait.
        widths: (L,) int64 columns.
        given: (L,) uint64 addresses of (3, h, w) float32 colors that a layer has already, else 0.
        source_starts: (L + 1,) int64 where a layer's sources begin.
        sources: (E,) int64 numbers of the layers that those are to agree with, at least one each.
        starts: (L,) int64 where each layer's (3, h, w) scores begin.
        before: (L,) uint64 addresses of (3, P) float32 colors in the frame before, else 0.
    """

    heights: np.ndarray
    widths: np.ndarray
    given: np.ndarray
    source_starts: np.ndarray
    sources: np.ndarray
    starts: np.ndarray
    before: np.ndarray


class NativePortrait:
    """Makes portraits of features that lie in the processor's memory, but for rare cases."""

    def __init__(self, library: ctypes.CDLL, is_wide: bool) -> None:
        """Prepare a library.

        Args:
            library: Compiled from compute/native/.
            is_wide: Whether to use AVX2 and FMA, which the processor must have.
        """
        self._is_wide = is_wide
        self._make = library.vrnn_portrait
        self._make.argtypes = [
            ctypes.c_void_p, ctypes.c_int, *[ctypes.c_int64] * 6, *[ctypes.c_void_p] * 5,
            ctypes.c_int, ctypes.c_uint, ctypes.c_void_p,
        ]  # fmt: skip
        self._make.restype = ctypes.c_int
        self._run_threads = find_run_threads()
        self._color = library.vrnn_portrait_colors
        self._color.argtypes = [
            *[ctypes.c_void_p] * 2, ctypes.c_int64, ctypes.c_float, *[ctypes.c_double] * 2,
            *[ctypes.c_void_p] * 2, ctypes.c_int,
        ]  # fmt: skip
        self._color.restype = ctypes.c_int
        self._resize = library.vrnn_resize_picture
        self._resize.argtypes = [ctypes.c_void_p, *[ctypes.c_int64] * 4, ctypes.c_void_p]
        self._resize.restype = None
        self._turn = library.vrnn_turn_portraits
        self._turn.argtypes = [
            *[ctypes.c_int64] * 2, *[ctypes.c_void_p] * 10, ctypes.c_float, ctypes.c_void_p,
            ctypes.c_float, *[ctypes.c_double] * 2, ctypes.c_int,
        ]  # fmt: skip
        self._turn.restype = ctypes.c_int64
        self._scratch_size = library.vrnn_portrait_scratch
        self._scratch_size.argtypes = [ctypes.c_int64] * 2
        self._scratch_size.restype = ctypes.c_int64

    def scores(
        self, flat: torch.Tensor, picked: slice, channel_step: int, start: np.ndarray | None,
        before: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray] | None:  # fmt: skip
        """Make a basis near the first three components, and the scores in it.

        Args:
            flat: (C, P) float32 features, in an order that `memory_order` knows.
            picked: Which positions the components are found from.
            channel_step: Every so many channels tell where the iteration starts.
            start: (3, K) float32 where it starts, in the positions that are picked.
            before: (3, C) float32 where it starts in channels, in place of `start`.

        Returns:
            (3, C) float32 rows of length 1, and (3, P) float32; None where values are not finite,
            or too large.
        """
        channels, positions = flat.shape
        first, step = picked.start or 0, picked.step or 1
        count = len(range(*picked.indices(positions)))
        scratch = np.empty(self._scratch_size(channels, count), np.float32)
        basis = np.empty((COMPONENTS, channels), np.float32)
        scores = np.empty((COMPONENTS, positions), np.float32)
        begin = None if start is None else np.ascontiguousarray(start, np.float32)
        is_made = self._make(
            flat.data_ptr(), is_side_by_side(flat), channels, positions, first, step, count,
            channel_step, None if begin is None else begin.ctypes.data,
            None if before is None else before.ctypes.data,
            scratch.ctypes.data, basis.ctypes.data, scores.ctypes.data, self._is_wide,
            thread_count(flat.numel(), MIN_THREAD_VALUES), self._run_threads,
        )  # fmt: skip
        return (basis, scores) if is_made else None

    def colors(
        self, scores: np.ndarray, target: np.ndarray, contrast: float, free: float, rounding: float
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Turn whitened scores so that they agree with a target.

        Args:
            scores: (3, P) float32; its mean is taken from it.
            target: (3, P) float32.
            contrast: What a byte of a color grows by when the color does by 1.
            free: Agreement, beside the greatest of the three, below which it is none.
            rounding: Deviation beside the mean up to which scores are 0.

        Returns:
            (3, P) float32, and (P, 3) uint8; None where a direction has no agreement, or numbers
            are not finite.
        """
        positions = scores.shape[1]
        target = np.ascontiguousarray(target, np.float32)
        colors = np.empty((COMPONENTS, positions), np.float32)
        levels = np.empty((positions, COMPONENTS), np.uint8)
        is_made = self._color(
            scores.ctypes.data, target.ctypes.data, positions, contrast, free, rounding,
            colors.ctypes.data, levels.ctypes.data, self._is_wide,
        )  # fmt: skip
        return (colors, levels) if is_made else None

    def resize(self, picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Return a picture averaged where it becomes smaller, interpolated where larger.

        Args:
            picture: (3, H, W) float32.
            size: (h, w).

        Returns:
            (3, h, w) float32.
        """
        picture = np.ascontiguousarray(picture, np.float32)
        resized = np.empty((COMPONENTS, *size), np.float32)
        self._resize(picture.ctypes.data, *picture.shape[1:], *size, resized.ctypes.data)
        return resized

    def turn(
        self, first: int, order: TurnOrder, scores: np.ndarray, colors: np.ndarray,
        levels: np.ndarray, scratch: np.ndarray, steadiness: float, contrast: float, free: float,
        rounding: float,
    ) -> int:  # fmt: skip
        """Turn the portraits of all layers to agree with those that feed them, in run order.

        Args:
            first: The layer to begin with; those before it have their colors.
            order: What the layers are, and what agrees with what.
            scores: (N,) float32 of all layers, contiguous; see `TurnOrder.starts`.
            colors: (N,) float32, gets their colors in the same places.
            levels: (N,) uint8, gets (h, w, 3) bytes there.
            scratch: (M,) float32 to work in, 6 times as many as the largest has pixels.
            steadiness: Weight of the colors in the frame before.
            contrast: See `colors`.
            free: See `colors`.
            rounding: See `colors`.

        Returns:
            The number of layers; or the first of which a direction has no agreement, or numbers
            are not finite. The (3, P) that it is to agree with are at the scratch's beginning.
        """
        return int(
            self._turn(
                first, len(order.heights), order.heights.ctypes.data, order.widths.ctypes.data,
                order.given.ctypes.data, order.source_starts.ctypes.data,
                order.sources.ctypes.data, order.starts.ctypes.data, scores.ctypes.data,
                colors.ctypes.data, levels.ctypes.data, order.before.ctypes.data, steadiness,
                scratch.ctypes.data, contrast, free, rounding, self._is_wide,
            )
        )  # fmt: skip


@cache
def load_native_portrait() -> NativePortrait | None:
    """Load the native code; None where it was not compiled."""
    library = load_native_library()
    return None if library is None else NativePortrait(library, is_wide_cpu())
