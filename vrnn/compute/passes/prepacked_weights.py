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

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from vrnn.compute.passes.native_library import is_wide_cpu

PROBES = 16
"""Values of a weight that tell whether it was written to without torch's knowledge, as by `.data`.
A part between them may be written to so unnoticed, until images rest; what torch knows of is not.
"""


@dataclass(frozen=True, eq=False)
class ScaleAndShift:
    """What a batch norm does with the channels of a convolution's result.

    Attributes:
        mean: (C,) float32, what is taken away.
        variance: (C,) float32, by whose root is divided.
        weight: (C,) float32, what is multiplied by then; None for 1.
        bias: (C,) float32, what is added then; None for 0.
        epsilon: What is added to the variance.
    """

    mean: torch.Tensor
    variance: torch.Tensor
    weight: torch.Tensor | None
    bias: torch.Tensor | None
    epsilon: float

    @property
    def tensors(self) -> list[torch.Tensor]:
        """All that it is made of."""
        given = self.mean, self.variance, self.weight, self.bias
        return [tensor for tensor in given if tensor is not None]

    def fold_into(
        self, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weight and bias of a convolution that does this as well.

        Args:
            weight: (C, …) float32 of the convolution.
            bias: (C,) float32; None for 0.
        """
        scale = torch.rsqrt(self.variance.double() + self.epsilon)
        if self.weight is not None:
            scale = scale * self.weight
        shift = -self.mean.double() if bias is None else bias.double() - self.mean
        shift = shift * scale
        if self.bias is not None:
            shift = shift + self.bias
        return weight * scale.float().reshape(-1, *(1,) * (weight.dim() - 1)), shift.float()


class _Watched:
    """A tensor of the model, of which one can tell whether it was written to."""

    def __init__(self, tensor: torch.Tensor) -> None:
        """Begin with a contiguous tensor as it is."""
        # The view keeps the memory: no other tensor can come to lie where this one was.
        flat = tensor.detach().reshape(-1).numpy()
        self._tensor = tensor
        self._pointer, self._version = tensor.data_ptr(), tensor._version
        self._values = flat[:: max(1, flat.size // PROBES)]
        self._known = self._values.tobytes()

    def is_still(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor is this one, and what it was."""
        return (
            tensor is self._tensor
            and tensor.data_ptr() == self._pointer
            and tensor._version == self._version
            and self._values.tobytes() == self._known
        )


@dataclass(frozen=True, eq=False)
class _Packed:
    """A weight in the other order.

    Attributes:
        weight: The weight.
        bias: What is added to the result, with a scale and shift folded in; None without one.
        nbytes: Bytes that it takes.
        sources: What it was made of.
    """

    weight: torch.Tensor
    bias: torch.Tensor | None
    nbytes: int
    sources: tuple[_Watched, ...]

    def is_of(self, sources: Sequence[torch.Tensor]) -> bool:
        """Whether it was made of these tensors, as they are now."""
        return len(sources) == len(self.sources) and all(
            watched.is_still(tensor) for watched, tensor in zip(self.sources, sources, strict=True)
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
        self._packed: dict[tuple[int, int], _Packed] = {}  # by the ids of what it is made of
        self._is_supported = is_supported()

    def clear(self) -> None:
        """Forget all weights."""
        self._packed.clear()
        self.nbytes = 0

    def call(
        self, func: Any, args: tuple[Any, ...], scale_and_shift: ScaleAndShift | None = None
    ) -> torch.Tensor | None:
        """Do a call of torch.

        Args:
            func: The function.
            args: Its positional arguments; it has no others.
            scale_and_shift: What is done with the result as well, of a convolution.

        Returns:
            What it gives; None if it is to be called as usual.
        """
        if not self._is_supported:
            return None
        if func is torch.conv2d and len(args) == 7:  # as modules call it
            return self._convolve(scale_and_shift, *args)
        if func is functional.linear and len(args) in (2, 3):
            return self._apply_linear(*args)
        return None

    def _convolve(
        self, scale_and_shift: ScaleAndShift | None, x: torch.Tensor, weight: torch.Tensor,
        bias: torch.Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int,
    ) -> torch.Tensor | None:  # fmt: skip
        sizes = padding, stride, dilation
        if groups != 1 or not all(isinstance(size, tuple) for size in sizes):
            return None
        if x.dim() != 4 or not x.numel():
            return None
        shapes = *(list(size) for size in sizes), 1

        def pack(values: torch.Tensor) -> torch.Tensor:
            reorder = torch.ops.mkldnn._reorder_convolution_weight
            packed: torch.Tensor = reorder(values, *shapes, list(x.shape))
            return packed

        packed = self._packed_weight(x, weight, bias, pack, scale_and_shift)
        if packed is None:
            return None
        result: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, packed.weight, packed.bias if scale_and_shift else bias, *shapes, "none", [], ""
        )
        return result

    def _apply_linear(
        self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor | None:
        if x.dim() < 2 or weight.dim() != 2 or not x.numel():
            return None

        def pack(values: torch.Tensor) -> torch.Tensor:
            rows = x.numel() // x.shape[-1]
            packed: torch.Tensor = torch.ops.mkldnn._reorder_linear_weight(values, rows)
            return packed

        packed = self._packed_weight(x, weight, bias, pack)
        if packed is None:
            return None
        result: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            x, packed.weight, bias, "none", [], ""
        )
        return result

    def _packed_weight(
        self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None,
        pack: Callable[[torch.Tensor], torch.Tensor],
        scale_and_shift: ScaleAndShift | None = None,
    ) -> _Packed | None:  # fmt: skip
        """The packed weight; None where the call is to be done as usual."""
        # A weight that is computed in each pass would be packed in each as well.
        if type(weight) is not torch.nn.Parameter or not is_plain(weight):
            return None
        if not is_plain(x) or not (bias is None or is_plain(bias)):
            return None
        if torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
            return None
        sources: list[torch.Tensor] = [weight]
        if scale_and_shift is not None:
            sources += [*scale_and_shift.tensors, *(() if bias is None else (bias,))]
        key = id(weight), id(scale_and_shift)
        known = self._packed.get(key)
        if known is not None and known.is_of(sources):
            return known
        if known is not None:
            del self._packed[key]
            self.nbytes -= known.nbytes
        if any(tensor.is_inference() or not tensor.is_contiguous() for tensor in sources):
            return None
        if self.nbytes + weight.nbytes > self.room:
            return None
        values, added = weight.detach(), None
        if scale_and_shift is not None:
            values, added = scale_and_shift.fold_into(values, bias)
        # For the shape that it is used with first; with another one, oneDNN orders it anew.
        made = _Packed(pack(values), added, weight.nbytes, tuple(_Watched(t) for t in sources))
        self._packed[key] = made
        self.nbytes += made.nbytes
        return made


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


def is_plain(tensor: torch.Tensor) -> bool:
    """Return whether these operators take a tensor: float32 numbers in the processor's memory."""
    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.dtype == torch.float32
        and tensor.device.type == "cpu"
        and tensor.layout == torch.strided
    )
