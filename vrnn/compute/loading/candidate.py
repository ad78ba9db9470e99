"""What a place that models come from offers: a script, a library, Python, the package itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from vrnn.media.image_set import ImageSet

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, eq=False)
class ModelCandidate:
    """A model and what came with it; all but the model may be missing.

    input_size: (height, width); mean, std: of each channel, of values 0…1; transform: takes a
    Pillow image and gives a (C, H, W) tensor; example_input: a tensor or a tuple of them.
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
