"""Blocks of feature maps in the memory of the device that computed them.

The blocks of all layers of a pass lie in one piece of memory, as they do in the textures of who
draws them (`vrnn.network.block_addresses`), so that they can go there in one piece, without passing
through the machine's memory.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import torch

from vrnn.compute.passes.cuda_calls import CudaCalls
from vrnn.compute.passes.feature_maps import (
    MIN_EXPONENT,
    PEAK_EXPONENT,
    UNSCALED_PEAKS,
    scale_exponent,
)
from vrnn.compute.passes.torch_filler import fill_levels
from vrnn.network.block_addresses import LAYER_ROWS, MAX_LAYERS, ROW_TEXELS, assign_addresses
from vrnn.network.feature_maps import block_size

FETCH_ALL_SHARE = 16
"""Whoever has asked for one in so many values of a pass gets all of them at once."""
CUDA = CudaCalls()
ARRAY_TEXELS = MAX_LAYERS * LAYER_ROWS * ROW_TEXELS


class PassMemory:
    """The memory of all blocks of a pass, which nothing changes once it is filled."""

    def __init__(self, values: torch.Tensor) -> None:
        """Take it.

        Args:
            values: (N,) float16, on the device.
        """
        self.values = values
        self._lock = threading.Lock()
        self._asked = 0
        self._host: np.ndarray | None = None

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return some of its half floats on the host, (stop - start,) float16, not to be changed.

        A few are fetched one by one; who asks for more gets all at once, through memory that the
        device writes into by itself.
        """
        with self._lock:
            self._asked += stop - start
            if self._host is None and self._asked * FETCH_ALL_SHARE < len(self.values):
                # In the stream of frames: in the usual one a pass may be on its way.
                with _in_frame_stream(self.values):
                    few: np.ndarray = self.values[start:stop].cpu().numpy()
                return few
            if self._host is None:
                self._host = _to_host(self.values).numpy()
            return self._host[start:stop]


def _to_host(values: torch.Tensor) -> torch.Tensor:
    """Values of a device in memory of the host, copied beside what else the device does."""
    if not CUDA.holds(values):
        return values.to("cpu", copy=True)
    try:
        host = CUDA.pinned(len(values), values.dtype)
    except RuntimeError:  # there is no more memory that a device can write into by itself
        return values.cpu()
    # They are complete: a pass ends when the device has come to its end.
    with _in_frame_stream(values):
        host.copy_(values, non_blocking=True)
        CUDA.current_stream(values.device).synchronize()
    return host


def _in_frame_stream(values: torch.Tensor) -> AbstractContextManager[object]:
    """Let what is done with complete values of a device come before passes there."""
    if not CUDA.holds(values):
        return nullcontext()
    return CUDA.on(CUDA.frame_stream(values.device))


@dataclass(frozen=True)
class PassMemoryBlock:
    """One block in the memory of a pass; a `vrnn.network.layer_maps.DeviceBlock`.

    Attributes:
        memory: That memory.
        first: Where the block begins in it.
        size: How many half floats it has.
    """

    memory: PassMemory
    first: int
    size: int

    @property
    def address(self) -> int:
        """Where it begins, bytes."""
        values = self.memory.values
        return values.data_ptr() + values.element_size() * self.first

    @property
    def device(self) -> int:
        """The device's number."""
        return self.memory.values.device.index or 0

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return some of its half floats, (stop - start,) float16."""
        return self.memory.read(self.first + start, self.first + stop)


def block_places(shapes: Mapping[int, tuple[int, int, int]]) -> tuple[dict[int, int], int]:
    """Choose where each layer's block lies in the memory of a pass.

    Args:
        shapes: Channels, height and width of each layer's maps, in the order of the network.

    Returns:
        The first half float of each block, by layer, and how many there are in all.
    """
    sizes = {node: block_size(*shape) for node, shape in shapes.items()}
    addresses = assign_addresses(sizes)
    places = {node: array * ARRAY_TEXELS + first for node, (array, first) in addresses.items()}
    return places, max((places[node] + sizes[node] for node in places), default=0)


def fill_scaled_block(
    half: torch.Tensor, values: torch.Tensor, stats: torch.Tensor, peak: torch.Tensor
) -> None:
    """Convert maps on a device that nothing waits for; see `fused_blocks.fill_by_kernels`."""
    if values.is_cuda and find_spec("triton") is not None:
        # Triton takes long to import, and a model on the processor has no use for it.
        from vrnn.compute.passes.fused_blocks import fill_by_kernels

        fill_by_kernels(half, values, stats, peak)
        return
    channels, height, width = values.shape
    flat = values.to(torch.float32).reshape(channels, height * width)
    torch.amax(flat.abs().view(1, -1), 1, out=peak)
    least, largest = UNSCALED_PEAKS
    is_plain = ((peak >= least) & (peak <= largest)) | (peak == 0)
    exponent = torch.where(is_plain, 0, torch.frexp(peak).exponent - PEAK_EXPONENT)
    exponent = exponent.clamp(min=MIN_EXPONENT).to(torch.float32)
    scaled = (flat * torch.exp2(-exponent)).contiguous()
    torch.mul(fill_levels(half, scaled, (height, width)), torch.exp2(exponent), out=stats)


def scaled_stats(stats: np.ndarray, peak: float) -> tuple[np.ndarray, float]:
    """Return what `fill_scaled_block` gives as `FeatureMaps` have it.

    Args:
        stats: (3, C) float32.
        peak: The largest |value|.

    Returns:
        (3, C) float32 least, largest and mean of each channel in units of the scale, and the scale.
    """
    exponent = scale_exponent(peak)
    return (stats / np.float32(2.0**exponent), 2.0**exponent) if exponent else (stats, 1.0)
