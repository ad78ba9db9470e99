"""How a model's images are normalized where neither the user nor a library says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.example_inputs import ExampleInput
from vrnn.compute.loading.input_slots import CANONICAL_AXES
from vrnn.compute.model_attributes import attribute
from vrnn.compute.model_inputs import leaves_in
from vrnn.compute.tracing.module_stack import named_modules

_PAIRS = tuple(
    (f"{prefix}mean", f"{prefix}std")
    for prefix in ("image_", "pixel_", "img_", "input_", "norm_", "normalize_", "_", "")
)
"""Names under which models keep what they normalize their images by."""
_CHANNELS = (1, 3, 4)
_MAX_FRACTION = 1.5
"""A mean above this is of values 0…255."""


def settle_normalization(candidate: ModelCandidate, example: ExampleInput) -> ModelCandidate:
    """Find out how a model's images are normalized, if nobody said so, and note what is assumed.

    A model that holds a mean and a standard deviation of its own takes plain pixels.

    Args:
        candidate: The model.
        example: Inputs that it takes.

    Returns:
        The model with its normalization and a note, or as it was.
    """
    if candidate.transform is not None or not (candidate.mean is None is candidate.std):
        return candidate
    channels = _image_channels(example)
    if not channels:
        return candidate
    own = next(_normalizations(candidate.model), None)
    if own is not None:
        place, largest = own
        where = f"its layer '{place}'" if place else "the model"
        note = f"{where} normalizes images itself, so pixels go in as 0 to {largest}"
        return replace(
            candidate, mean=(0.0,) * channels, std=(1 / largest,) * channels,
            notes=(*candidate.notes, note),
        )  # fmt: skip
    if candidate.random_weights:
        return candidate
    how = "normalized as for ImageNet" if channels == 3 else "as -1 to 1"
    note = (
        f"no mean and std are given, so images go in {how}; where it was trained with others, set "
        "mean and std in its script"
    )
    return replace(candidate, notes=(*candidate.notes, note))


def _image_channels(example: ExampleInput) -> int:
    """Channels of the image or video that goes in; 0 if none does, or whole numbers do."""
    leaves = leaves_in(example.inputs)
    for slot in example.slots:
        if slot.kind in ("image", "video") and leaves[slot.index].is_floating_point():
            return slot.shape[CANONICAL_AXES[slot.kind].index("c")]
    return 0


def _normalizations(model: nn.Module) -> Iterator[tuple[str, int]]:
    """Names of the modules that hold a mean and a standard deviation of images, and the largest
    pixel that these are for."""
    for name, module in named_modules(model):
        for pair in _PAIRS:
            mean, std = (_numbers(attribute(module, key)) for key in pair)
            if mean and std and len(mean) in _CHANNELS and min(std) > 0:
                yield name, 255 if max(mean) > _MAX_FRACTION else 1


def _numbers(value: Any) -> list[float]:
    """A few numbers that are no parameter; [] for anything else."""
    if value is None or isinstance(value, nn.Parameter | bool | str) or callable(value):
        return []
    try:
        tensor = torch.as_tensor(value, dtype=torch.float64).flatten()
    except (TypeError, ValueError, RuntimeError):
        return []
    is_usable = 0 < len(tensor) <= max(_CHANNELS) and bool(tensor.isfinite().all())
    return tensor.tolist() if is_usable else []
