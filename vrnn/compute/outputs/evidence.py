"""What is known of one output of a model, from which the rules conclude what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from vrnn.compute.loading.model_evidence import ModelEvidence
from vrnn.compute.tracing.trace import OpRecord, Trace

MAX_OPERATIONS = 4
"""Operations before the output that are looked at."""
MIN_FLAT_IMAGE = 49
"""Numbers of the smallest image that is looked for in a vector."""
MIN_SIGNAL = 256
"""Samples of the shortest signal."""
MAX_SIGNAL_CHANNELS = 8
TIME_NAMES = ("t", "ts", "timestep", "timesteps", "time", "sigma", "sigmas", "noise_level")
"""Names of the input that tells a denoiser how much noise there is."""


@dataclass(frozen=True)
class InputFact:
    """An input tensor.

    Attributes:
        name: Of the argument.
        shape: With its batch.
        is_float: Whether it holds numbers rather than tokens or indices.
    """

    name: str
    shape: tuple[int, ...]
    is_float: bool = True

    @property
    def image_shape(self) -> tuple[int, int, int] | None:
        """(C, H, W) of an image or of the frames or slices of one; None for anything else."""
        if not self.is_float or len(self.shape) not in (3, 4, 5):
            return None
        if len(self.shape) == 3 and self.shape[0] != 3:
            return None  # a batch of sequences
        channels = self.shape[1] if len(self.shape) > 3 else self.shape[0]
        is_small = min(self.shape[-2:]) < 8
        return None if is_small else (channels, self.shape[-2], self.shape[-1])

    @property
    def what(self) -> str:
        """What people call it."""
        if len(self.shape) == 5:
            return "a video" if self.shape[2] == 3 else "a volume"
        return "a signal" if self.signal_length else "an image"

    @property
    def signal_length(self) -> int:
        """Number of samples of a signal, 0 for anything else."""
        if not self.is_float or len(self.shape) not in (2, 3) or self.image_shape:
            return 0
        is_signal = len(self.shape) == 2 or self.shape[1] <= MAX_SIGNAL_CHANNELS
        return self.shape[-1] if is_signal and self.shape[-1] >= MIN_SIGNAL else 0


@dataclass(frozen=True, eq=False)
class OutputEvidence:
    """What is known of an output.

    Attributes:
        name: See `Output.name`.
        keys: Keys and attributes on the way to it in the model's result, in lower case.
        values: See `Output.values`.
        operations: Names of the operations that made it, the last first.
        layer: Name of the last layer with weights, without the path to it, in lower case.
        layer_path: Its whole path, in lower case.
        inputs: The model's inputs.
        model: What the model says.
        position: Which part of the tensor `values` is, such as `slice 8`; '' for all.
        flat_images: (C, H, W) of images that go in as one axis of numbers.
    """

    name: str
    keys: tuple[str, ...]
    values: np.ndarray
    operations: tuple[str, ...] = ()
    layer: str = ""
    layer_path: str = ""
    inputs: Sequence[InputFact] = ()
    model: ModelEvidence = field(default_factory=ModelEvidence)
    position: str = ""
    flat_images: Sequence[tuple[int, int, int]] = ()

    @property
    def flat_image(self) -> tuple[int, int, int] | None:
        """(C, H, W) of an input image that has as many pixels as the vector has numbers."""
        if self.values.ndim != 1 or self.count < MIN_FLAT_IMAGE:
            return None
        images = [*self.flat_images, *(i.image_shape for i in self.inputs if i.image_shape)]
        return next((shape for shape in images if prod(shape) == self.count), None)

    @property
    def count(self) -> int:
        """Number of channels."""
        return self.values.shape[0]

    @property
    def image(self) -> tuple[int, int, int] | None:
        """(C, H, W) of the first image among the inputs."""
        return next((i.image_shape for i in self.inputs if i.image_shape), None)

    @property
    def image_count(self) -> int:
        """Number of images among the inputs."""
        return sum(i.image_shape is not None for i in self.inputs)

    @property
    def signal_length(self) -> int:
        """Number of samples of the signal among the inputs, 0 where there is none."""
        return max((i.signal_length for i in self.inputs), default=0)

    @property
    def has_time_step(self) -> bool:
        """Whether another input tells a time or a noise level."""
        return any(
            i.name.lower() in TIME_NAMES or len(i.shape) == 0 or i.shape == (1,)
            for i in self.inputs[1:]
        )

    @property
    def has_input_size(self) -> bool:
        """Whether maps are as large as the image that they are of."""
        return self.image is not None and self.values.shape[-2:] == self.image[1:]

    @property
    def size_ratio(self) -> float:
        """Height of the image over that of the maps, where both have the same aspect; else 0."""
        if self.image is None or self.values.ndim != 3:
            return 0.0
        (height, width), (rows, columns) = self.image[1:], self.values.shape[1:]
        across, along = width / columns, height / rows
        return along if abs(across - along) < 0.15 * along else 0.0

    def ends_in(self, *names: str) -> bool:
        """Return whether the last operation is one of these."""
        return bool(self.operations) and self.operations[0] in names

    def has_key(self, *words: str) -> str:
        """Return the first key on the way to the output that holds one of these words, or ''."""
        return next((k for k in reversed(self.keys) if any(w in k for w in words)), "")


def last_operations(trace: Trace, record: int) -> tuple[tuple[str, ...], str]:
    """Find out how an output was made.

    Args:
        trace: The traced pass.
        record: Id of the record that the output is the result of.

    Returns:
        Names of the last operations, the last first, as far as each took from one other; and the
        path of the last layer with weights, '' for none among them.
    """
    operations: list[str] = []
    layer = ""
    current: OpRecord | None = trace.records[record]
    while current is not None and len(operations) < MAX_OPERATIONS:
        if current.operation == "input":
            break
        operations.append(current.operation)
        is_layer = current.operation.startswith(("conv", "linear", "module", "matmul"))
        if is_layer and not layer:
            layer = current.weight_module or current.module
        sources = current.sources
        current = trace.records[sources[0]] if len(sources) == 1 else None
    return tuple(operations), layer
