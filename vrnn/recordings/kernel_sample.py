"""Which kernels of a layer are recorded and shown, where there are too many for all."""

from __future__ import annotations

from math import prod

MAX_KERNELS = 64
"""Kernels of a filter."""
MAX_FILTERS = 1024
"""Filters of a layer."""
MAX_VALUES = 1 << 17
"""Weights of a layer, where a filter has more than one kernel."""
MAX_SIDE = 128
"""Rows and columns of a matrix, as a linear layer has it."""

Slices = tuple[slice, slice]
"""Of the filters and of the kernels of each."""


def kernel_slices(shape: tuple[int, ...]) -> Slices:
    """Return which kernels of a layer stand for all: the first of each filter.

    Of a matrix it is every so manieth row and column.

    Args:
        shape: (filters, kernels of a filter, …) of all weights, two axes for a matrix.
    """
    filters, kernels, *size = shape
    if not size:
        return (
            slice(None, None, -(-filters // MAX_SIDE) or 1),
            slice(None, None, -(-kernels // MAX_SIDE) or 1),
        )
    filters = min(filters, MAX_FILTERS)
    kept = min(kernels, MAX_KERNELS)
    while kept > 1 and filters * kept * prod(size) > MAX_VALUES:
        kept = max(kept // 4, 1)
    return slice(filters), slice(kept)


def sample_text(shape: tuple[int, ...]) -> str:
    """Return which kernels are shown: `64 of 512 kernels of each filter`; '' for all of them.

    Args:
        shape: As for `kernel_slices`.
    """
    rows, columns = (
        len(range(*part.indices(count)))
        for part, count in zip(kernel_slices(shape), shape[:2], strict=True)
    )
    if (rows, columns) == shape[:2]:
        return ""
    if len(shape) == 2:
        return f"{rows} of {shape[0]:,} rows, {columns} of {shape[1]:,} columns"
    told = [f"{rows} of {shape[0]:,} filters"] if rows < shape[0] else []
    told += [f"{columns} of {shape[1]:,} kernels of each"] if columns < shape[1] else []
    return ", ".join(told)
