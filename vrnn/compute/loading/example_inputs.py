"""What goes into a model: an example to trace it with, and images preprocessed for it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import nn

from vrnn.compute.loading.candidate import IMAGENET_MEAN, IMAGENET_STD, ModelCandidate
from vrnn.compute.loading.script import to_uint8_rgb
from vrnn.compute.loading.user_traceback import is_out_of_memory, user_line
from vrnn.compute.tracing.tracer import evaluation_mode, tensors_in
from vrnn.errors import VrnnError
from vrnn.media.image_reader import center_crop_resize

IMAGE_SIDES = (224, 32, 28, 64, 96, 128, 256, 299, 384, 512, 16, 8)
"""Sides in pixels of square images that are tried where nothing tells the size."""
SEQUENCE_LENGTHS = (128, 1024, 16000)
"""Lengths of sequences that are tried."""


@dataclass(frozen=True, eq=False)
class ExampleInput:
    """A model's inputs.

    Attributes:
        tensors: An example of all positional arguments. The first tensor is the image if its shape
            is (1, C, H, W), or (1, C·H·W) for a vector that an image is flattened to.
    """

    tensors: tuple[Any, ...]

    @property
    def first(self) -> torch.Tensor:
        """The tensor that takes the image."""
        return next(tensors_in(self.tensors))


def find_example_input(
    candidate: ModelCandidate, size: tuple[int, int] | None, device: torch.device
) -> ExampleInput:
    """Find inputs that the model takes: the candidate's own example, or the first usual shape.

    Args:
        candidate: The model.
        size: (height, width) in pixels that the user asked for.
        device: Where the model is.

    Raises:
        VrnnError: The model takes none of them; the message names the sizes tried.
    """
    if candidate.example_input is not None:
        given = candidate.example_input
        tensors = tuple(given) if isinstance(given, list | tuple) else (given,)
        if size is not None:
            tensors = tuple(_resize(t, size) for t in tensors)
        example = tuple(_to_device(t, device) for t in tensors)
        _try_pass(candidate, example, f"its example_input {_format_shapes(example)}")
        return ExampleInput(example)
    count = _required_input_count(candidate.model)
    trials = _trials(candidate, size)
    first_error: VrnnError | None = None
    for shape, kind in trials:
        example = tuple(_make_input(shape, kind, device) for _ in range(count))
        try:
            _try_pass(candidate, example, f"an input of {'×'.join(str(n) for n in shape)}")
        except VrnnError as error:
            # The size that the user or the model itself names comes first: its message says most.
            first_error = first_error or error
            if "out of memory" in str(error):
                break
            continue
        return ExampleInput(example)
    sizes = ", ".join("×".join(str(n) for n in shape[1:]) for shape, _ in trials)
    tried = f"; tried {sizes}" if len(trials) > 1 else ""
    raise VrnnError(
        f"{first_error}{tried}; pass --input-size HxW, or set input_size or example_input in the "
        "script"
    ) from first_error


def _try_pass(candidate: ModelCandidate, example: tuple[Any, ...], what: str) -> None:
    """Run one pass; raise VrnnError that names the user's line where it fails."""
    try:
        with torch.no_grad(), evaluation_mode(candidate.model):
            candidate.model(*example)
    except Exception as error:
        reason = " ".join(str(error).split())[:240] or "no reason given"
        line = user_line(error)
        where = f" at {line}" if line else ""
        if is_out_of_memory(error):
            raise VrnnError(
                f"out of memory running '{candidate.title}' on {what}{where}; pass a smaller "
                "--input-size or --device cpu"
            ) from error
        raise VrnnError(
            f"'{candidate.title}' does not take {what}: {type(error).__name__}: {reason}{where}"
        ) from error


def _required_input_count(model: nn.Module) -> int:
    """Number of inputs without a default."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return 1
    return max(1, sum(p.kind in kinds and p.default is p.empty for p in parameters))


InputKind = Literal["image", "plain", "ids"]
"""An image, other numbers, or token ids."""
Trials = list[tuple[tuple[int, ...], InputKind]]
"""Shapes to try, the likeliest first."""


def _trials(candidate: ModelCandidate, size: tuple[int, int] | None) -> Trials:
    fixed_size = size or candidate.input_size
    first_layer, channels = _first_layer(candidate)
    if first_layer == "linear":
        images: Trials = [
            ((1, c, s, s), "image") for s in IMAGE_SIDES for c in (1, 3) if c * s * s == channels
        ]
        if fixed_size:
            images = [
                ((1, c, *fixed_size), "image") for c in (1, 3) if c * prod(fixed_size) == channels
            ]
        return [*images, ((1, channels), "plain"), ((1, 16, channels), "plain")]
    if first_layer == "conv1d":
        return [((1, channels, n), "plain") for n in SEQUENCE_LENGTHS]
    if first_layer == "conv3d":
        return [((1, channels, d, s, s), "plain") for d, s in ((16, 112), (8, 64), (32, 32))]
    if first_layer == "embedding":
        return [((1, n), "ids") for n in (16, 64, 128)]
    sizes = [fixed_size] if fixed_size else [(s, s) for s in IMAGE_SIDES]
    channel_counts = [channels] if channels else [3, 1]
    return [((1, c, *hw), "image") for c in channel_counts for hw in sizes]


def _first_layer(candidate: ModelCandidate) -> tuple[str, int]:
    """Kind of the first layer with weights, and how many channels or features it takes."""
    for module in candidate.model.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            return f"conv{len(module.kernel_size)}d", module.in_channels
        if isinstance(module, nn.Linear):
            return "linear", module.in_features
        if isinstance(module, nn.Embedding):
            return "embedding", module.num_embeddings
    return "image", 0


def _make_input(shape: tuple[int, ...], kind: InputKind, device: torch.device) -> torch.Tensor:
    if kind == "ids":
        return torch.arange(shape[1], device=device)[None] % 7
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=generator).to(device)


def _to_device(value: Any, device: torch.device) -> Any:
    return value.to(device) if isinstance(value, torch.Tensor) else value


def _resize(value: Any, size: tuple[int, int]) -> Any:
    if isinstance(value, torch.Tensor) and value.dim() == 4 and value.is_floating_point():
        return nn.functional.interpolate(value, size)
    return value


def _format_shapes(tensors: tuple[Any, ...]) -> str:
    return ", ".join("×".join(str(n) for n in t.shape) for t in tensors_in(tensors))


def preprocess(
    candidate: ModelCandidate, example: ExampleInput, image: np.ndarray | None
) -> tuple[tuple[Any, ...], np.ndarray]:
    """Make a model's inputs from an image.

    All inputs of the same shape as the first get the image too.

    Args:
        candidate: The model, with its transform and normalization.
        example: An example of its inputs.
        image: (H, W, 3) uint8; None leaves the example as it is.

    Returns:
        The inputs, and (H, W, 3) uint8 the image as the network sees it.
    """
    first = example.first
    shape = _image_shape(first)
    if image is None or shape is None or not first.is_floating_point():
        return example.tensors, _to_image(first, candidate)
    if candidate.transform is not None:
        normalized, seen = _transform(candidate, image)
    else:
        seen = center_crop_resize(image, shape[1], shape[2])
        if shape[0] == 1:  # luma, ITU-R BT.601
            seen = np.asarray(Image.fromarray(seen).convert("L").convert("RGB"))
        normalized = _normalize(seen, candidate, shape[0])
    tensor = normalized.reshape(1, *normalized.shape).to(first.device)
    if first.dim() != 4:
        tensor = tensor.reshape(first.shape)
    fits = [isinstance(t, torch.Tensor) and t.shape == first.shape for t in example.tensors]
    if not any(fits):
        return example.tensors, seen
    return tuple(tensor if fit else t for fit, t in zip(fits, example.tensors, strict=True)), seen


def _image_shape(tensor: torch.Tensor) -> tuple[int, int, int] | None:
    """(C, H, W) that an image has to have; None when no image fits."""
    if tensor.dim() == 4:
        return tensor.shape[1], tensor.shape[2], tensor.shape[3]
    if tensor.dim() == 2 and tensor.shape[0] == 1:
        for channels in (1, 3):
            side = isqrt(tensor.shape[1] // channels)
            if side > 3 and channels * side * side == tensor.shape[1]:
                return channels, side, side
    return None


def normalization(
    candidate: ModelCandidate, channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and standard deviation by which values 0…1 are normalized.

    They are the candidate's own, else ImageNet's for three channels and 0.5 for others.

    Args:
        candidate: The model.
        channels: Number of channels of its input.
    """
    mean, std = candidate.mean, candidate.std
    if mean is None:
        mean = IMAGENET_MEAN if channels == 3 else (0.5,)
    if std is None:
        std = IMAGENET_STD if channels == 3 else (0.5,)
    return mean, tuple(max(value, 1e-8) for value in std)


def _normalize(image: np.ndarray, candidate: ModelCandidate, channels: int) -> torch.Tensor:
    """(C, H, W) float32 of (H, W, 3) uint8, which is gray already if there is one channel."""
    values = image.astype(np.float32) / 255
    if channels == 1:
        values = values[..., :1]
    elif channels != 3:
        values = np.concatenate([values] * -(-channels // 3), -1)[..., :channels]
    mean, std = normalization(candidate, channels)
    values = (values - np.array(mean)) / np.array(std)
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1), np.float32))


def _transform(candidate: ModelCandidate, image: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
    """What the script's own transform makes: (C, H, W) float32, and the same as an image."""
    assert candidate.transform is not None
    tensor = candidate.transform(Image.fromarray(image))
    if not isinstance(tensor, torch.Tensor) or tensor.dim() != 3:
        raise VrnnError(
            f"the transform of '{candidate.title}' should make a (C, H, W) tensor of a Pillow "
            f"image; it made {type(tensor).__name__}"
        )
    return tensor.float(), _to_image(tensor[None].float(), candidate)


def _to_image(tensor: torch.Tensor, candidate: ModelCandidate) -> np.ndarray:
    """(H, W, 3) uint8: an input tensor as an image, its normalization undone."""
    shape = _image_shape(tensor)
    if shape is None:
        values = tensor.detach().float().cpu().reshape(1, -1).numpy()
        return to_uint8_rgb(values - values.min(initial=0))
    values = tensor[0].detach().float().cpu().reshape(shape).numpy().transpose(1, 2, 0)
    if candidate.mean is not None and candidate.std is not None:
        values = np.clip(values * np.array(candidate.std) + np.array(candidate.mean), 0, 1)
    elif values.size:
        values = (values - values.min()) / max(float(np.ptp(values)), 1e-8)
    return to_uint8_rgb(values if values.shape[-1] != 2 else values[..., :1])
