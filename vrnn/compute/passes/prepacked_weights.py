"""Weights in the order in which oneDNN reads them, kept from frame to frame of a stream.

torch's convolutions and linear layers bring their weights and results into oneDNN's order and back
in each call, as `torch.compile` avoids by packing weights once. Here the same operators are called
while images stream: a convolution of one group gives its result in channels-last order then, which
is the fastest for what follows as well (oneDNN, "Memory format propagation",
https://uxlfoundation.github.io/oneDNN/page_memory_format_propagation_cpp.html; PyTorch, "Channels
last memory format", https://docs.pytorch.org/tutorials/intermediate/memory_format_tutorial.html).
Sums are made in another order, so that values differ by float32's rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from vrnn.compute.passes.native_library import is_wide_cpu

PROBES = 16
"""Values of a weight that tell whether it was written to without torch's knowledge, as by `.data`.
A part between them may be written to so unnoticed, until images rest; what torch knows of is not.
"""


@dataclass(frozen=True, eq=False)
class _Packed:
    """A weight in the other order.

    Attributes:
        weight: The weight as it is in the model.
        pointer: Where its values lay.
        version: What it had been written to.
        values: Some of its values, which are a view of the model's own.
        known: The bytes of these values as they were.
        packed: The weight in the other order.
    """

    weight: torch.Tensor
    pointer: int
    version: int
    values: np.ndarray
    known: bytes
    packed: torch.Tensor

    def holds(self) -> bool:
        """Whether the weight is still what was packed."""
        weight = self.weight
        return (
            weight.data_ptr() == self.pointer
            and weight._version == self.version
            and self.values.tobytes() == self.known
        )


class PrepackedWeights:
    """Does convolutions and linear layers with weights that are packed once.

    Attributes:
        room: Bytes that packed weights may take.
        nbytes: Bytes that they take.
    """

    def __init__(self) -> None:
        """Begin without weights, and without room for any."""
        self.room = 0.0
        self.nbytes = 0
        self._packed: dict[int, _Packed] = {}  # by the id of the weight
        self._calls: dict[Any, Callable[..., torch.Tensor | None]] = {}
        if is_supported():
            self._calls = {torch.conv2d: self._convolve, functional.linear: self._apply_linear}

    def clear(self) -> None:
        """Forget all weights."""
        self._packed.clear()
        self.nbytes = 0

    def call(self, func: Any, args: tuple[Any, ...]) -> torch.Tensor | None:
        """Do a call of torch.

        Args:
            func: The function.
            args: Its positional arguments; it has no others.

        Returns:
            What it gives; None if it is to be called as usual.
        """
        known = self._calls.get(func)
        return None if known is None else known(*args)

    def _convolve(self, *args: Any) -> torch.Tensor | None:
        if len(args) != 7:  # as modules call it
            return None
        x, weight, bias, stride, padding, dilation, groups = args
        sizes = padding, stride, dilation
        if groups != 1 or not all(isinstance(size, tuple) for size in sizes):
            return None
        if x.dim() != 4 or not x.numel():
            return None
        shapes = *(list(size) for size in sizes), 1

        def pack() -> torch.Tensor:
            return torch.ops.mkldnn._reorder_convolution_weight(
                weight.detach(), *shapes, list(x.shape)
            )

        packed = self._packed_weight(x, weight, bias, pack)
        if packed is None:
            return None
        result: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, packed, bias, *shapes, "none", [], ""
        )
        return result

    def _apply_linear(self, *args: Any) -> torch.Tensor | None:
        if len(args) not in (2, 3):
            return None
        x, weight, bias = args if len(args) == 3 else (*args, None)
        if x.dim() < 2 or weight.dim() != 2 or not x.numel():
            return None

        def pack() -> torch.Tensor:
            rows = x.numel() // x.shape[-1]
            return torch.ops.mkldnn._reorder_linear_weight(weight.detach(), rows)

        packed = self._packed_weight(x, weight, bias, pack)
        if packed is None:
            return None
        result: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")
        return result

    def _packed_weight(
        self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None,
        pack: Callable[[], torch.Tensor],
    ) -> torch.Tensor | None:  # fmt: skip
        """The packed weight; None where the call is to be done as usual."""
        known = self._packed.get(id(weight))
        # A weight that is computed in each pass would be packed in each as well.
        if type(weight) is not torch.nn.Parameter or not _is_plain(weight):
            return None
        if not _is_plain(x) or not (bias is None or _is_plain(bias)):
            return None
        if torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
            return None
        if known is not None and known.holds():
            return known.packed
        if known is not None:
            del self._packed[id(weight)]
            self.nbytes -= weight.nbytes
        if weight.is_inference() or not weight.is_contiguous():
            return None
        if self.nbytes + weight.nbytes > self.room:
            return None
        # The view keeps the memory: no other weight can come to lie where this one was.
        flat = weight.detach().reshape(-1).numpy()
        values = flat[:: max(1, flat.size // PROBES)]
        # For the shape that it is used with first; with another one, oneDNN orders it anew.
        packed = pack()
        self._packed[id(weight)] = _Packed(
            weight, weight.data_ptr(), weight._version, values, values.tobytes(), packed
        )
        self.nbytes += weight.nbytes
        return packed


def is_supported() -> bool:
    """Whether this torch has these operators, and the processor is one that they are fast on."""
    operators = torch.ops.mkldnn
    names = (
        "_reorder_convolution_weight", "_convolution_pointwise", "_reorder_linear_weight",
        "_linear_pointwise",
    )  # fmt: skip
    return (
        torch.backends.mkldnn.is_available()
        and bool(torch.backends.mkldnn.enabled)
        and is_wide_cpu()
        and all(hasattr(operators, name) for name in names)
    )


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether these operators take a tensor: float32 numbers in the processor's memory."""
    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.dtype == torch.float32
        and tensor.device.type == "cpu"
        and tensor.layout == torch.strided
    )
