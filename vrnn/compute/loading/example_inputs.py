"""What goes into a model: an example to trace it with, and images made ready for it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from vrnn.compute.loading.candidate import IMAGENET_MEAN, IMAGENET_STD, ModelCandidate
from vrnn.compute.loading.script import to_uint8_rgb
from vrnn.compute.tracing.tracer import evaluation_mode, tensors_in
from vrnn.compute.user_traceback import is_out_of_memory, user_line
from vrnn.errors import VrnnError
from vrnn.media.image_reader import center_crop_resize

SIZES = (224, 32, 28, 64, 96, 128, 256, 299, 384, 512, 16, 8)
"""Sides of square images that are tried where nothing says the size."""
LENGTHS = (128, 1024, 16000)
"""Lengths of sequences that are tried."""


@dataclass(frozen=True, eq=False)
class ExampleInput:
    """A model's inputs. tensors: an example of all of them; the first is the image where it has
    the form (1, C, H, W), or a vector (1, C·H·W) that an image is flattened to."""

    tensors: tuple[Any, ...]

    @property
    def first(self) -> torch.Tensor:
        """The tensor that the image goes into."""
        return next(tensors_in(self.tensors))


def find_example_input(
    offer: ModelCandidate, size: tuple[int, int] | None, device: torch.device
) -> ExampleInput:
    """An example input: the offer's own, or the first usual one that the model takes.

    size: (height, width) that the user asked for. Raises VrnnError with the sizes tried.
    """
    if offer.example_input is not None:
        given = offer.example_input
        tensors = tuple(given) if isinstance(given, list | tuple) else (given,)
        if size is not None:
            tensors = tuple(_resized(t, size) for t in tensors)
        example = tuple(_on(t, device) for t in tensors)
        _try(offer, example, f"its example_input {_shapes(example)}")
        return ExampleInput(example)
    count = _needed(offer.model)
    candidates = _candidates(offer, size)
    problem: VrnnError | None = None
    for shape, kind in candidates:
        example = tuple(_filled(shape, kind, device) for _ in range(count))
        try:
            _try(offer, example, f"an input of {'×'.join(str(n) for n in shape)}")
        except VrnnError as error:
            # The size a user or the model itself names comes first: its message says most.
            problem = problem or error
            if "out of memory" in str(error):
                break
            continue
        return ExampleInput(example)
    tried = ", ".join("×".join(str(n) for n in shape[1:]) for shape, _ in candidates)
    more = f"; tried {tried}" if len(candidates) > 1 else ""
    raise VrnnError(
        f"{problem}{more}; pass --input-size HxW, or set input_size or example_input in the script"
    ) from problem


def _try(offer: ModelCandidate, example: tuple[Any, ...], what: str) -> None:
    """One pass. Raises VrnnError that names the user's line."""
    try:
        with torch.no_grad(), evaluation_mode(offer.model):
            offer.model(*example)
    except Exception as error:
        reason = " ".join(str(error).split())[:240] or "no reason given"
        line = user_line(error)
        where = f" at {line}" if line else ""
        if is_out_of_memory(error):
            raise VrnnError(
                f"out of memory running '{offer.title}' on {what}{where}; pass a smaller "
                "--input-size or --device cpu"
            ) from error
        raise VrnnError(
            f"'{offer.title}' does not take {what}: {type(error).__name__}: {reason}{where}"
        ) from error


def _needed(model: nn.Module) -> int:
    """Number of inputs without a default."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return 1
    return max(1, sum(p.kind in kinds and p.default is p.empty for p in parameters))


Candidates = list[tuple[tuple[int, ...], str]]


def _candidates(offer: ModelCandidate, size: tuple[int, int] | None) -> Candidates:
    """Shapes to try, the likeliest first, each `resolve_input_image`, `plain` or `ids`."""
    fixed = size or offer.input_size
    first, channels = _first_layer(offer)
    if first == "linear":
        flat: Candidates = [((1, channels), "plain")]
        images: Candidates = [
            ((1, c, s, s), "image") for s in SIZES for c in (1, 3) if c * s * s == channels
        ]
        if fixed:
            images = [((1, c, *fixed), "image") for c in (1, 3) if c * prod(fixed) == channels]
        return [*images, *flat, ((1, 16, channels), "plain")]
    if first == "conv1d":
        return [((1, channels, n), "plain") for n in LENGTHS]
    if first == "conv3d":
        return [((1, channels, d, s, s), "plain") for d, s in ((16, 112), (8, 64), (32, 32))]
    if first == "embedding":
        return [((1, n), "ids") for n in (16, 64, 128)]
    sizes = [fixed] if fixed else [(s, s) for s in SIZES]
    options = [channels] if channels else [3, 1]
    return [((1, c, *hw), "image") for c in options for hw in sizes]


def _first_layer(offer: ModelCandidate) -> tuple[str, int]:
    """Kind of the first layer with weights, and how many channels or features it takes."""
    for module in offer.model.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            return f"conv{len(module.kernel_size)}d", module.in_channels
        if isinstance(module, nn.Linear):
            return "linear", module.in_features
        if isinstance(module, nn.Embedding):
            return "embedding", module.num_embeddings
    return "image", 0


def _filled(shape: tuple[int, ...], kind: str, device: torch.device) -> torch.Tensor:
    if kind == "ids":
        return torch.arange(shape[1], device=device)[None] % 7
    generator = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=generator).to(device)


def _on(value: Any, device: torch.device) -> Any:
    return value.to(device) if isinstance(value, torch.Tensor) else value


def _resized(value: Any, size: tuple[int, int]) -> Any:
    if isinstance(value, torch.Tensor) and value.dim() == 4 and value.is_floating_point():
        return nn.functional.interpolate(value, size)
    return value


def _shapes(tensors: tuple[Any, ...]) -> str:
    return ", ".join("×".join(str(n) for n in t.shape) for t in tensors_in(tensors))


def preprocess(
    offer: ModelCandidate, example: ExampleInput, image: np.ndarray | None
) -> tuple[tuple[Any, ...], np.ndarray]:
    """Inputs made of an image, and the image (H, W, 3) uint8 as the network sees it.

    image: (H, W, 3) uint8; None leaves the example as it is. All inputs of the same shape as the
    first get the image too.
    """
    first = example.first
    shape = _image_shape(first)
    if image is None or shape is None or not first.is_floating_point():
        return example.tensors, _shown(first, offer)
    if offer.transform is not None:
        made, seen = _transformed(offer, image)
    else:
        seen = center_crop_resize(image, shape[1], shape[2])
        if shape[0] == 1:  # luma, ITU-R BT.601
            seen = np.asarray(Image.fromarray(seen).convert("L").convert("RGB"))
        made = _normalized(seen, offer, shape[0])
    tensor = made.reshape(1, *made.shape).to(first.device)
    if first.dim() != 4:
        tensor = tensor.reshape(first.shape)
    same = [isinstance(t, torch.Tensor) and t.shape == first.shape for t in example.tensors]
    if not any(same):
        return example.tensors, seen
    return tuple(tensor if s else t for s, t in zip(same, example.tensors, strict=True)), seen


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
    offer: ModelCandidate, channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation by which values 0…1 are normalized: the offer's own, else the usual."""
    mean, std = offer.mean, offer.std
    if mean is None:
        mean = IMAGENET_MEAN if channels == 3 else (0.5,)
    if std is None:
        std = IMAGENET_STD if channels == 3 else (0.5,)
    return mean, tuple(max(value, 1e-8) for value in std)


def _normalized(seen: np.ndarray, offer: ModelCandidate, channels: int) -> torch.Tensor:
    """(C, H, W) float32 of (H, W, 3) uint8, gray already where there is one channel."""
    values = seen.astype(np.float32) / 255
    if channels == 1:
        values = values[..., :1]
    elif channels != 3:
        values = np.concatenate([values] * -(-channels // 3), -1)[..., :channels]
    mean, std = normalization(offer, channels)
    values = (values - np.array(mean)) / np.array(std)
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1), np.float32))


def _transformed(offer: ModelCandidate, image: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
    """The script's own transform, and the picture that came of it."""
    assert offer.transform is not None
    tensor = offer.transform(Image.fromarray(image))
    if not isinstance(tensor, torch.Tensor) or tensor.dim() != 3:
        raise VrnnError(
            f"the transform of '{offer.title}' should make a (C, H, W) tensor of a Pillow image; "
            f"it made {type(tensor).__name__}"
        )
    return tensor.float(), _shown(tensor[None].float(), offer)


def _shown(tensor: torch.Tensor, offer: ModelCandidate) -> np.ndarray:
    """(H, W, 3) uint8: an input tensor as a picture, its normalization undone."""
    shape = _image_shape(tensor)
    if shape is None:
        values = tensor.detach().float().cpu().reshape(1, -1).numpy()
        return to_uint8_rgb(values - values.min(initial=0))
    values = tensor[0].detach().float().cpu().reshape(shape).numpy().transpose(1, 2, 0)
    if offer.mean is not None and offer.std is not None:
        values = np.clip(values * np.array(offer.std) + np.array(offer.mean), 0, 1)
    elif values.size:
        values = (values - values.min()) / max(float(np.ptp(values)), 1e-8)
    return to_uint8_rgb(values if values.shape[-1] != 2 else values[..., :1])
