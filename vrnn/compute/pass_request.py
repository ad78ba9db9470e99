"""What the worker is asked to run: an image, and what is changed in the models meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.media.media import Example, Media
from vrnn.media.media_reader import read_media
from vrnn.network.axes import AxisChoice, AxisRole
from vrnn.network.kernel_edits import KernelEdit
from vrnn.network.results import Ablation
from vrnn.recordings.recorded_step import RecordedStep

ImageInput = np.ndarray | Path | int | Example | Callable[[], np.ndarray] | None
"""(H, W, 3) uint8, a file, the number of an image in the first model's data set, one of the images
that it was watched with, a function that returns an array, or None for each model's own sample."""
Ablations = Mapping[int, tuple[Ablation, ...]]
"""What is ablated, by slot."""
NO_ABLATIONS: Ablations = MappingProxyType({})
Edits = Mapping[int, tuple[KernelEdit, ...]]
"""Edits of kernels, by slot."""
NO_EDITS: Edits = MappingProxyType({})
Choices = Mapping[int, tuple[AxisChoice, ...]]
"""Which index of an axis is shown, by slot."""
NO_CHOICES: Choices = MappingProxyType({})
RolesByLayer = Mapping[str, tuple[AxisRole, ...]]
"""What the user says that the axes of a layer hold, the batch included, by the layer's name."""
NO_ROLES: Mapping[int, RolesByLayer] = MappingProxyType({})
RecordedSteps = Mapping[int, RecordedStep]
"""The step of its training that each model has the weights of, by slot."""
NO_STEPS: RecordedSteps = MappingProxyType({})
LeftOut = Mapping[int, Mapping[int, int]]
"""How many of the finest levels the maps of layers lack, by slot and node; see
`ForwardPasses.run`."""
NO_LEFT_OUT: LeftOut = MappingProxyType({})
Hidden = Mapping[int, Collection[int]]
"""Nodes of which only the portrait is seen, by slot; see `ForwardPasses.run`."""
NO_HIDDEN: Hidden = MappingProxyType({})


@dataclass(frozen=True)
class PassRequest:
    """An image to run, and how; what its attributes say is told by `Worker.run_image`.

    Attributes:
        image: The image, or where it is.
        ablations: What is ablated in each model.
        choices: Which sample, frame or slice is shown in each model.
        axes: What the user says that the axes of each model's layers hold.
        edits: Edits of the kernels of each model.
        number: Counts the requests.
        continues: Whether it is the next frame of a stream.
        recorded: The steps of their trainings that models have the weights of.
        left_out: How many of the finest levels the maps of each layer lack.
        hidden: The layers of which only the portrait is seen.
        weight_room: Bytes that packed weights of all models may take.
    """

    image: ImageInput = None
    ablations: Ablations = field(default_factory=lambda: NO_ABLATIONS)
    choices: Choices = field(default_factory=lambda: NO_CHOICES)
    axes: Mapping[int, RolesByLayer] = field(default_factory=lambda: NO_ROLES)
    edits: Edits = field(default_factory=lambda: NO_EDITS)
    number: int = 0
    continues: bool = False
    recorded: RecordedSteps = field(default_factory=lambda: NO_STEPS)
    left_out: LeftOut = field(default_factory=lambda: NO_LEFT_OUT)
    hidden: Hidden = field(default_factory=lambda: NO_HIDDEN)
    weight_room: float = 0.0


def read_input(image: ImageInput, dataset: ImageSet | None) -> Media | None:
    """Return what goes into the models; None for each model's own sample.

    Args:
        image: The image, or where it is.
        dataset: What a number is looked up in; None where there is none.

    Raises:
        VrnnError: A file cannot be read, or the data set has no such image.
    """
    if callable(image):
        return image()
    if isinstance(image, Path):
        return read_media(image)
    if isinstance(image, int):
        if dataset is None or not 0 <= image < len(dataset):
            count = 0 if dataset is None else len(dataset)
            raise VrnnError(
                f"there is no image {image}: the model's data set has {count}; "
                "pass --data FOLDER or an image file"
            )
        return dataset.image(image)
    return image
