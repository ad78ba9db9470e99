"""A model that was found, with what came with it, before it is checked and prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from vrnn.media.image_set import ImageSet
from vrnn.network.axes import AxisRole

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue values 0…1."""


@dataclass(frozen=True, eq=False)
class ModelCandidate:
    """A model and what came with it; all but the model may be missing.

    Attributes:
        model: The model.
        title: What it is called.
        random_weights: Whether its weights are untrained.
        class_names: Names of the classes that it predicts.
        dataset: Images for it.
        transform: Takes a Pillow image and returns a (C, H, W) tensor.
        input_size: (height, width) of its input in pixels.
        example_input: A tensor, or a tuple of all positional arguments.
        mean: Mean of each channel, of values 0…1, by which its inputs are normalized.
        std: Standard deviation of each channel, likewise.
        tokenizer: Turns a text into token ids.
        sample_rate: Samples per second of the sounds that it takes.
        source: What the model is defined in, for messages: the script's file name, or ''.
        source_files: The script and what it imports from its folder.
        has_placeholder: Whether the example input is made-up numbers, in whose place a photo goes
            in where it is an image.
        axes: What the axes of its inputs hold, by the name of the input; '' is the first one.
        loss_names: Names that the script uses, among them those of its losses.
        notes: Sentences for the user, such as why its weights are not trained.
    """

    model: nn.Module
    title: str
    random_weights: bool = True
    class_names: tuple[str, ...] = ()
    dataset: ImageSet | None = None
    transform: Callable[[Any], Any] | None = None
    input_size: tuple[int, int] | None = None
    example_input: Any = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    tokenizer: Callable[[str], Any] | None = None
    sample_rate: int | None = None
    source: str = ""
    loss_names: tuple[str, ...] = ()
    source_files: tuple[Path, ...] = ()
    axes: Mapping[str, tuple[AxisRole, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    has_placeholder: bool = False
