"""Edits of kernels as plain data: what replaces weights of a layer, and which kernels it has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Annotated, Literal, get_args

import numpy as np

from vrnn.storage.limits import Range

KernelFilter = Literal[
    "horizontal sobel", "vertical sobel", "horizontal scharr", "vertical scharr", "laplacian",
    "blob", "gabor", "average", "identity",
]  # fmt: skip
"""Hand-written filters."""
KernelContent = Literal[
    "values", "zero", "noise", "horizontal sobel", "vertical sobel", "horizontal scharr",
    "vertical scharr", "laplacian", "blob", "gabor", "average", "identity",
]  # fmt: skip
"""What a kernel is replaced by."""
KERNEL_FILTERS: tuple[KernelFilter, ...] = get_args(KernelFilter)
KERNEL_CONTENTS: tuple[KernelContent, ...] = get_args(KernelContent)
CONTENT_TEXT: dict[KernelContent, str] = {
    "values": "values by hand", "zero": "zero", "noise": "noise",
    "horizontal sobel": "horizontal edges (Sobel)", "vertical sobel": "vertical edges (Sobel)",
    "horizontal scharr": "horizontal edges (Scharr)",
    "vertical scharr": "vertical edges (Scharr)", "laplacian": "Laplacian",
    "blob": "blob (Laplacian of Gaussian)", "gabor": "Gabor", "average": "average",
    "identity": "identity",
}  # fmt: skip
"""What people read for each."""
Index = Annotated[int, Range(0, 10**9)]
Weight = Annotated[float, Range(-1e9, 1e9)]


@dataclass(frozen=True)
class KernelEdit:
    """A kernel, or all kernels of a filter, replaced by something else.

    Attributes:
        layer: Name of the layer.
        output: The filter: the map of the layer that it makes.
        input: Which of the filter's kernels, counted among the maps that it takes; None for all.
        content: What is put there.
        values: Of `values`: the weights of the kernel in row-major order.
        angle: Of a Gabor filter, degrees: 0 responds to vertical stripes, 90 to horizontal ones.
        wavelength: Of a Gabor filter, in weights.
        seed: Of noise.
        keeps_norm: Whether what is put there is scaled to the norm of what was there.
    """

    layer: str
    output: Index
    input: Index | None = None
    content: KernelContent = "zero"
    values: tuple[Weight, ...] = ()
    angle: Annotated[float, Range(-360.0, 360.0)] = 0.0
    wavelength: Annotated[float, Range(1.0, 1000.0)] = 4.0
    seed: Annotated[int, Range(0, 2**32 - 1)] = 0
    keeps_norm: bool = True

    @property
    def place(self) -> tuple[str, int, int | None]:
        """Layer, filter and kernel: what it replaces."""
        return self.layer, self.output, self.input

    def covers(self, other: KernelEdit) -> bool:
        """Whether it replaces all that another one did."""
        own, its = self.place, other.place
        return own[:2] == its[:2] and (self.input is None or own == its)

    @property
    def text(self) -> str:
        """What people read: `conv1 filter 3 kernel 0: Gabor`."""
        kernel = "" if self.input is None else f" kernel {self.input}"
        return f"{self.layer} filter {self.output}{kernel}: {CONTENT_TEXT[self.content]}"


@dataclass(frozen=True)
class KernelShape:
    """The kernels of a layer.

    Attributes:
        outputs: Number of filters, one for each map of the layer.
        inputs: Number of kernels of a filter.
        size: Of a kernel, by axes; () for the single weights of a linear layer.
        shared: Names of other layers that use the same weights.
        refusal: Why its kernels cannot be edited; '' if they can.
    """

    outputs: int = 0
    inputs: int = 0
    size: tuple[int, ...] = ()
    shared: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def weights(self) -> int:
        """Number of weights of a kernel."""
        return prod(self.size)


@dataclass(frozen=True, eq=False)
class FilterKernels:
    """The kernels of one filter.

    Attributes:
        layer: Name of the layer.
        output: The filter.
        before: (J, …) float32, as they are in the model.
        now: (J, …) float32, as they are edited.
    """

    layer: str
    output: int
    before: np.ndarray
    now: np.ndarray


def with_edit(edits: Iterable[KernelEdit], edit: KernelEdit) -> tuple[KernelEdit, ...]:
    """Return edits with one more, without those of which it leaves nothing."""
    return (*(one for one in edits if not edit.covers(one)), edit)


def edited_count(edits: Iterable[KernelEdit]) -> str:
    """Return how much is edited, such as `2 kernels and 1 filter edited`; '' for nothing."""
    edits = tuple(edits)
    filters = sum(1 for one in edits if one.input is None)
    parts = [
        f"{count} {noun}{'s' if count > 1 else ''}"
        for count, noun in ((len(edits) - filters, "kernel"), (filters, "filter"))
        if count
    ]
    return f"{' and '.join(parts)} edited" if parts else ""


def no_kernels(layer: str) -> str:
    """Return what is told of a layer without kernels."""
    return f"{layer} has no kernels; choose a convolution or a linear layer"
