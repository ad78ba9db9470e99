"""Inputs to try an ONNX model with: shapes from the file, open axes filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vrnn.errors import VrnnError

SIDES = ((224, 224), (256, 256), (640, 640), (48, 320), (32, 320), (32, 32), (28, 28))
"""(height, width) in pixels that are tried, in this order, where the file leaves them open."""
STEPS = 16
"""Length of other axes that are open."""


@dataclass(frozen=True)
class InputValue:
    """An input of a graph.

    Attributes:
        name: Its name.
        dtype: Type of its numbers.
        shape: Its shape; None for an axis that is open.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]

    @property
    def image_axes(self) -> tuple[int, int] | None:
        """Which axes are height and width, if it can be an image."""
        if len(self.shape) != 4 or self.dtype.kind not in "fu":
            return None
        channels = (1, 3, 4)
        if self.shape[1] in channels or (self.shape[1] and self.shape[3] not in channels):
            return 2, 3
        return (1, 2) if self.shape[3] in channels else (2, 3)


def read_inputs(model: Any, constants: dict[str, np.ndarray]) -> list[InputValue]:
    """Return the inputs of a graph.

    Args:
        model: An `onnx.ModelProto`.
        constants: Its weights by name, which old files list among the inputs.

    Raises:
        VrnnError: One is no tensor of numbers, or there is none.
    """
    from onnx import helper

    found = []
    for value in model.graph.input:
        if value.name in constants:
            continue
        kind = value.type.tensor_type
        if not value.type.HasField("tensor_type") or not kind.elem_type:
            raise VrnnError(
                f"the input '{value.name}' is no tensor, and only tensors can be put in"
            )
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(kind.elem_type))
        if dtype.kind not in "fiub":
            raise VrnnError(
                f"the input '{value.name}' takes {dtype}, and only numbers can be put in; export "
                "the model behind its text processing"
            )
        if not kind.HasField("shape"):
            raise VrnnError(
                f"the file does not tell how many axes the input '{value.name}' has; export it "
                "with shapes"
            )
        dims = [d.dim_value if d.dim_value > 0 else None for d in kind.shape.dim]
        found.append(InputValue(value.name, dtype, tuple(dims)))
    if not found:
        raise VrnnError("the model has no inputs, so there is nothing to see; export it with some")
    return found


def example_shapes(
    inputs: list[InputValue], size: tuple[int, int] | None, known: tuple[int, int] | None
) -> Iterator[list[tuple[int, ...]]]:
    """Yield shapes of the inputs, the likeliest first.

    Args:
        inputs: The inputs.
        size: (height, width) in pixels that the user asks for.
        known: That which the file's metadata names.
    """
    sizes = [size] if size else [*([known] if known else []), *SIDES]
    is_open = any(
        value.image_axes and None in [value.shape[a] for a in value.image_axes] for value in inputs
    )
    for height, width in sizes if is_open else sizes[:1]:
        yield [_filled(value, height, width) for value in inputs]


def _filled(value: InputValue, height: int, width: int) -> tuple[int, ...]:
    sides = dict(zip(value.image_axes or (), (height, width), strict=False))
    filled = []
    for axis, length in enumerate(value.shape):
        if length is not None:
            filled.append(length)
        elif axis in sides:
            filled.append(sides[axis])
        elif axis == 0:
            filled.append(1)
        else:
            filled.append(3 if value.image_axes else STEPS)
    return tuple(filled)


def check_size(inputs: list[InputValue], size: tuple[int, int] | None, title: str) -> None:
    """Raise VrnnError if no input can have the size that the user asks for.

    Args:
        inputs: The inputs.
        size: (height, width) in pixels; None if none is asked for.
        title: What messages call the model.
    """
    if size is None:
        return
    for value in inputs:
        if value.image_axes is not None:
            fixed = [value.shape[axis] for axis in value.image_axes]
            if all(f in (None, s) for f, s in zip(fixed, size, strict=True)):
                return
            told = "×".join("any" if f is None else str(f) for f in fixed)
            raise VrnnError(
                f"'{title}' takes images of {told} pixels only; leave --input-size out, or export "
                "it with open axes"
            )


def example_arrays(inputs: list[InputValue], shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Return inputs of these shapes: normal numbers, ones for masks, zeros and ones for ids."""
    generator = np.random.default_rng(0)
    arrays = []
    for value, shape in zip(inputs, shapes, strict=True):
        if value.dtype.kind == "f":
            array = generator.standard_normal(shape).astype(value.dtype)
        elif value.dtype.kind == "b" or "mask" in value.name:
            array = np.ones(shape, value.dtype)
        elif value.dtype == np.uint8:
            array = generator.integers(0, 256, shape).astype(value.dtype)
        else:
            array = generator.integers(0, 2, shape).astype(value.dtype)
        arrays.append(array)
    return arrays
