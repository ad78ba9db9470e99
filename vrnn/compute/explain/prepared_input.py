"""What goes into a model whose answer is explained, with what is known of it as an image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from vrnn.compute.explain.linear_rules import Bounds
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.normalization import along_channels, normalization
from vrnn.compute.model_inputs import ModelInputs, leaves_in, map_tensors
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError
from vrnn.media.media import Media


@dataclass(frozen=True, eq=False)
class ExplainedInput:
    """What goes in.

    Attributes:
        inputs: The model's arguments.
        image: (H, W, 3) uint8, a picture of it; None for none.
        index: Which of its tensors holds the image, or the first that holds numbers.
        is_image: Whether that has rows and columns last.
        bounds: The least and the largest value of each channel; None if unknown.
        note: What the user should know of it.
    """

    inputs: ModelInputs
    image: np.ndarray | None
    index: int
    is_image: bool
    bounds: Bounds | None
    note: str = ""

    @property
    def tensor(self) -> torch.Tensor:
        """The tensor that holds the image."""
        return list(tensors_in(self.inputs))[self.index]

    def with_floats(self, change: Callable[[torch.Tensor], torch.Tensor]) -> ModelInputs:
        """Return the inputs with each tensor of numbers changed."""
        changed: ModelInputs = map_tensors(
            self.inputs, lambda t: change(t) if t.is_floating_point() else t
        )
        return changed

    def with_image(self, tensor: torch.Tensor) -> ModelInputs:
        """Return the inputs with another tensor in the place of the image."""
        own = self.tensor
        changed: ModelInputs = map_tensors(self.inputs, lambda t: tensor if t is own else t)
        return changed


def prepare_input(model: LoadedModel, media: Media | torch.Tensor | None) -> ExplainedInput:
    """Prepare what goes in.

    Args:
        model: The model.
        media: An image or another medium; a tensor that is the very input; None for the model's
            own sample.

    Raises:
        VrnnError: It does not fit the model.
    """
    image: np.ndarray | None = None
    note = ""
    if isinstance(media, torch.Tensor):
        inputs = _with_tensor(model, media)
    else:
        prepared = model.source.prepare(media)
        inputs, image, note = prepared.inputs, prepared.image, prepared.note
    tensors = list(tensors_in(inputs))
    if not tensors:
        raise VrnnError(f"{model.source.title} takes no tensor, so nothing of it can be explained")
    slot = model.source.image_slot
    index = next((i for i, t in enumerate(tensors) if t.is_floating_point()), 0)
    if slot is not None:
        leaf = leaves_in(inputs)[slot.index]
        index = next((i for i, t in enumerate(tensors) if t is leaf), index)
    tensor = tensors[index]
    is_image = tensor.dim() == 4 and (
        slot.axes == "nchw" if slot is not None else tensor.shape[1] in (1, 3, 4)
    )
    bounds = _bounds(model, tensor) if is_image and tensor.is_floating_point() else None
    if is_image and (image is None or image.shape[:2] != tuple(tensor.shape[2:])):
        image = _picture(tensor, bounds)
    return ExplainedInput(inputs, image, index, is_image, bounds, note)


def _with_tensor(model: LoadedModel, tensor: torch.Tensor) -> ModelInputs:
    """The model's example inputs with a tensor in the place of the image, or of the first."""
    example = model.source.example_inputs()
    slot = model.source.image_slot
    leaves = leaves_in(example)
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]
    place = slot.index if slot is not None else next(iter(places), None)
    if place is None:
        raise VrnnError(f"{model.source.title} takes no tensor, so nothing of it can be explained")
    own = leaves[place]
    if own.dim() == tensor.dim() + 1:
        tensor = tensor[None]
    numbered = iter(range(len(leaves)))
    from vrnn.compute.model_inputs import map_leaves

    changed: Any = map_leaves(
        example, lambda leaf: tensor.detach().to(own) if next(numbered) == place else leaf
    )
    inputs: ModelInputs = changed
    return inputs


def _bounds(model: LoadedModel, tensor: torch.Tensor) -> Bounds:
    """What black and white become."""
    mean, std = normalization(model.source.candidate, tensor.shape[1])
    low, high = (
        ((value - along_channels(mean, 3)) / along_channels(std, 3))[None] for value in (0.0, 1.0)
    )
    low, high = low.to(tensor), high.to(tensor)
    axes = (0, 2, 3)
    return (
        torch.minimum(low, tensor.detach().amin(axes, keepdim=True)),
        torch.maximum(high, tensor.detach().amax(axes, keepdim=True)),
    )


def _picture(tensor: torch.Tensor, bounds: Bounds | None) -> np.ndarray:
    """(H, W, 3) uint8 of an (N, C, H, W) input."""
    values = tensor.detach()[:1].float()
    low, high = (values.amin(), values.amax()) if bounds is None else (b.float() for b in bounds)
    shown = ((values - low) / (high - low).clamp(min=1e-12))[0].clamp(0, 1)
    shown = shown[:3] if shown.shape[0] >= 3 else shown[:1].expand(3, -1, -1)
    picture: np.ndarray = (shown * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return picture
