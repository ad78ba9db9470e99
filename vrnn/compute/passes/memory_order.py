"""The orders of a layer's values in memory that native code reads as they are.

torch's own is map after map. Where a model runs in channels-last order, or has tokens with their
features, the channels of a position lie side by side: to copy these into torch's own order would
take longer than all else that is done with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch

from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.passes.native_library import load_native_library

MAX_POSITIONS = 1 << 16
"""Of a map, up to which channels that lie side by side are read as they are: 16 of them have to
stay in a cache."""


def in_known_order(maps: torch.Tensor) -> torch.Tensor:
    """Return maps in an order that `NativeFiller` and `NativePortrait` read, a copy if need be.

    Args:
        maps: (C, H, W) float32.
    """
    if maps.is_contiguous():
        return maps
    channels, height, width = maps.shape
    is_read = (
        maps.stride() == (1, width * channels, channels)
        and height * width <= MAX_POSITIONS
        and maps.device.type == "cpu"
        and load_native_library() is not None
    )
    return maps if is_read else maps.contiguous()


@dataclass(frozen=True)
class PlainOrder:
    """Tells of tensors of a layout how their values lie, as quickly as Python can.

    Attributes:
        shape: (C, H, W) of the maps.
    """

    shape: tuple[int, int, int]

    @staticmethod
    def of(layout: MapLayout) -> PlainOrder | None:
        """Return that of a layout; None where maps are not simply the first sample of a tensor."""
        return PlainOrder(layout.shape) if layout.is_plain else None

    def is_side_by_side(self, tensor: torch.Tensor) -> bool | None:
        """Return the order of the first sample's values; None for one that is not known.

        Args:
            tensor: (N, C, H, W), of any dtype, wherever it is.
        """
        if (
            tensor.dtype is not torch.float32
            or not tensor.is_cpu
            or type(tensor) is not torch.Tensor
        ):
            return None
        if tensor.layout is not torch.strided or tuple(tensor.shape[1:]) != self.shape:
            return None
        strides = tensor.stride()[1:]
        if strides == self._strides[0]:
            return False
        return True if strides == self._strides[1] and self._is_read else None

    @cached_property
    def _strides(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        channels, height, width = self.shape
        return (height * width, width, 1), (1, width * channels, channels)

    @cached_property
    def _is_read(self) -> bool:
        return self.shape[1] * self.shape[2] <= MAX_POSITIONS


def is_side_by_side(flat: torch.Tensor) -> bool:
    """Whether channels of a position lie side by side, in (C, P) maps of a known order."""
    return not flat.is_contiguous() and flat.stride() == (1, len(flat))


def every_nth_value(maps: torch.Tensor, step: int) -> torch.Tensor:
    """Return (N,) every `step`-th value of (C, H, W) maps, in torch's own order."""
    if maps.is_contiguous() or maps.device.type != "cpu":
        return maps.reshape(-1)[::step]
    return torch.from_numpy(maps.numpy()[_places(tuple(maps.shape), step)])


@lru_cache(256)
def _places(shape: tuple[int, int, int], step: int) -> tuple[np.ndarray, ...]:
    """Where these values are, an index a dimension."""
    return np.unravel_index(np.arange(0, shape[0] * shape[1] * shape[2], step), shape)
