"""Which of a model's inputs take an image, a video, a volume, a sound or a text, and how."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any, Literal

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.input_guess import PHOTO_SIZES
from vrnn.compute.loading.layer_use import LayerUse
from vrnn.compute.model_inputs import ModelInputs

SlotKind = Literal["image", "video", "volume", "sound", "text"]
CANONICAL_AXES: Mapping[SlotKind, str] = {
    "image": "chw", "video": "tchw", "volume": "cdhw", "sound": "cl", "text": "l",
}  # fmt: skip
"""How media are ordered before they become an input: c channels, h height, w width, t frames,
d depth, l length."""
MIN_SOUND = 256
"""Samples of the shortest input that is taken for a sound."""
_SOUND_NAMES = ("wav", "audio", "speech", "sound", "signal", "input_values")
_TOKEN_NAMES = ("ids", "token", "text", "caption")
_CHANNELS = (1, 3, 4)
"""Numbers of channels that images have."""


@dataclass(frozen=True)
class InputSlot:
    """An input that takes a medium.

    Attributes:
        index: Its number among the leaves of the inputs, see `leaves_in`.
        name: Of the argument or key.
        kind: What it takes.
        axes: The axes of its tensor, letters of `CANONICAL_AXES` and n for samples; "n*" for one
            axis that all of an image is flattened to.
        shape: Sizes of the canonical axes, see `CANONICAL_AXES`.
        tokens: The text of each token that goes in, as far as it is known.
    """

    index: int
    name: str
    kind: SlotKind
    axes: str
    shape: tuple[int, ...]
    tokens: tuple[str, ...] = ()


def leaf_names(model: nn.Module, inputs: ModelInputs) -> list[str]:
    """Return what each leaf of the inputs is called: its key, else its parameter.

    Args:
        model: The model.
        inputs: Its arguments.
    """
    try:
        parameters = list(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        parameters = []
    names: list[str] = []
    for number, value in enumerate(inputs.args):
        names += _names_in(value, parameters[number] if number < len(parameters) else "input")
    for name, value in inputs.kwargs.items():
        names += _names_in(value, name)
    return names


def _names_in(value: Any, name: str) -> list[str]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in _names_in(item, str(key))]
    is_named = isinstance(value, tuple) and hasattr(value, "_fields")
    if is_named and not isinstance(value, PackedSequence):
        fields = zip(value._fields, value, strict=True)
        return [found for field, item in fields for found in _names_in(item, field)]
    if type(value) in (list, tuple):
        return [found for item in value for found in _names_in(item, name)]
    return [name]


def find_slots(
    candidate: ModelCandidate,
    leaves: list[Any],
    names: list[str],
    first_uses: Mapping[int, LayerUse],
    size: tuple[int, int] | None = None,
) -> tuple[InputSlot, ...]:
    """Find the inputs that take media.

    Args:
        candidate: The model.
        leaves: The leaves of its inputs.
        names: What each is called.
        first_uses: The first layer that takes each of them, as far as it is known.
        size: (height, width) in pixels that the user asked for.
    """
    slots = []
    for index, (leaf, name) in enumerate(zip(leaves, names, strict=True)):
        if not isinstance(leaf, torch.Tensor) or leaf.layout != torch.strided:
            continue
        found = _slot_of(candidate, leaf, name.lower(), first_uses.get(index), size)
        if found is not None:
            kind, axes, shape = found
            if axes != "n*":
                sizes = dict(zip(axes, leaf.shape, strict=True))
                shape = tuple(sizes.get(axis, 1) for axis in CANONICAL_AXES[kind])
            slots.append(InputSlot(index, name, kind, axes, shape))
    return tuple(slots)


_Found = tuple[SlotKind, str, tuple[int, ...]] | None


def _slot_of(
    candidate: ModelCandidate, leaf: torch.Tensor, name: str, use: LayerUse | None,
    size: tuple[int, int] | None,
) -> _Found:  # fmt: skip
    if not leaf.dim() or not leaf.numel() or "mask" in name or leaf.is_complex():
        return None
    if not leaf.is_floating_point() and leaf.dtype != torch.uint8:
        takes_tokens = use is not None and use.kind == "embedding"
        takes_tokens |= use is None and any(word in name for word in _TOKEN_NAMES)
        if takes_tokens and leaf.dim() in (1, 2) and leaf.dtype in (torch.int64, torch.int32):
            return "text", "nl"[-leaf.dim() :], ()
        return None
    shape = tuple(leaf.shape)
    if use is not None and use.kind == "conv":
        return _of_convolution(shape, use)
    if leaf.dim() == 2 and shape[0] == 1:
        return _of_vector(candidate, shape[1], name, use, size)
    if leaf.dim() == 3 and use is None and shape[0] in (1, 3) and min(shape[1:]) >= 8:
        return "image", "chw", ()
    if leaf.dim() == 4:
        is_last = shape[3] in _CHANNELS and shape[1] not in _CHANNELS
        return "image", "nhwc" if is_last else "nchw", ()
    if leaf.dim() == 5:
        return _of_frames(shape, 3)
    return None


def _of_convolution(shape: tuple[int, ...], use: LayerUse) -> _Found:
    """An input whose first layer is a convolution."""
    spatial, dims, channels = use.rank - 2, len(shape), use.size
    if dims == 5:
        return _of_frames(shape, channels, spatial)
    if spatial == 3:
        return ("volume", "cdhw", ()) if dims == 4 else None
    if spatial == 2 and dims == 4:
        is_last = shape[1] != channels and shape[3] in (channels, *_CHANNELS)
        return "image", "nhwc" if is_last and shape[1] not in _CHANNELS else "nchw", ()
    if spatial == 2 and dims == 3:
        if shape[2] == channels != shape[0] and shape[2] in _CHANNELS:
            return "image", "hwc", ()
        return "image", "chw" if shape[0] in (channels, *_CHANNELS) else "nhw", ()
    is_long = shape[-1] >= MIN_SOUND
    if spatial == 2 and dims == 2 and shape[0] > 1:
        return "image", "hw", ()
    if dims == 3 and is_long and shape[1] in (1, 2):
        return "sound", "ncl", ()
    if dims == 2 and is_long and shape[0] in (1, 2):
        return "sound", "nl" if shape[0] == 1 else "cl", ()
    return ("sound", "l", ()) if dims == 1 and is_long else None


def _of_frames(shape: tuple[int, ...], channels: int, spatial: int = 3) -> _Found:
    """An input of five axes: frames of a video, or a volume."""
    if spatial == 2:
        return "video", "ncthw" if shape[1] == channels != shape[2] else "ntchw", ()
    if shape[1] == 3:
        return "video", "ncthw", ()
    if shape[2] == 3:
        return "video", "ntchw", ()
    return "volume", "ncdhw", ()


def _of_vector(
    candidate: ModelCandidate, count: int, name: str, use: LayerUse | None,
    size: tuple[int, int] | None,
) -> _Found:  # fmt: skip
    """An input of one axis: an image that is flattened, a sound, or numbers."""
    size = size or candidate.input_size
    if count >= MIN_SOUND and (
        candidate.sample_rate is not None or any(word in name for word in _SOUND_NAMES)
    ):
        return "sound", "nl", ()
    for channels in (1, 3, 4):
        if size is not None and channels * prod(size) == count:
            return "image", "n*", (channels, *size)
        side = isqrt(count // channels)
        takes_images = count in PHOTO_SIZES or any(
            one is not None for one in (candidate.dataset, candidate.transform)
        )
        if takes_images and side > 3 and channels * side * side == count:
            return "image", "n*", (channels, side, side)
    return None
