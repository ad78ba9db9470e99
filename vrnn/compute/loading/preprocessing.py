"""Images, videos, volumes and sounds become a model's inputs; and inputs become pictures again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.input_pictures import draw_curve, draw_input, tensor_picture
from vrnn.compute.loading.input_slots import CANONICAL_AXES, InputSlot
from vrnn.compute.loading.normalization import (
    along_channels,
    normalization,
    normalize,
    spread_channels,
)
from vrnn.compute.loading.user_traceback import explain_error
from vrnn.compute.model_inputs import ModelInputs, leaves_in, map_leaves
from vrnn.errors import VrnnError
from vrnn.media.image_reader import center_crop_resize
from vrnn.media.media import Media, Sound, Video, Volume

_NAMES = {"image": "an image", "video": "a video", "volume": "a volume", "sound": "a sound"}


class Prepared(NamedTuple):
    """Inputs that are ready for a pass.

    Attributes:
        inputs: The model's arguments.
        image: (H, W, 3) uint8, a picture of what goes in.
        note: What the user should know of it, a sentence; '' for nothing.
    """

    inputs: ModelInputs
    image: np.ndarray
    note: str = ""


class _Filled(NamedTuple):
    """What takes the place of one input.

    Attributes:
        values: The canonical axes of the slot's kind, float32 or uint8.
        image: (H, W, 3) uint8.
        note: As of `Prepared`.
    """

    values: torch.Tensor
    image: np.ndarray
    note: str = ""


def preprocess(
    candidate: ModelCandidate,
    inputs: ModelInputs,
    slots: tuple[InputSlot, ...],
    media: Media | None,
) -> Prepared:
    """Put something into all inputs that take it.

    Args:
        candidate: The model, with its transform and normalization.
        inputs: An example of its inputs.
        slots: Which of them take what.
        media: What is to be put in; None leaves the example as it is.

    Returns:
        The inputs with a picture of what really goes in. What cannot go in is told in the note.

    Raises:
        VrnnError: The script's transform failed, or gives what the model does not take.
    """
    leaves = leaves_in(inputs)
    if media is None:
        return Prepared(inputs, draw_input(candidate, leaves, slots))
    if isinstance(media, Volume):
        exact = _exact(leaves, media.values)
        if exact is not None:
            changed = _replaced(inputs, {exact: torch.from_numpy(media.values)}, leaves)
            return Prepared(changed, draw_input(candidate, leaves_in(changed), slots))
    new: dict[int, torch.Tensor] = {}
    image, note = None, ""
    for slot in slots:
        filled = _fill(candidate, slot, media, leaves[slot.index])
        if filled is None:
            continue
        new[slot.index] = _to_axes(filled.values, slot, leaves[slot.index])
        if image is None:
            image, note = filled.image, filled.note
    if image is None:
        shown = draw_input(candidate, leaves, slots)
        return Prepared(inputs, shown, _cannot_reach(candidate, media, slots, leaves))
    return Prepared(_replaced(inputs, new, leaves), image, note)


def _replaced(inputs: ModelInputs, new: dict[int, torch.Tensor], old: list[Any]) -> ModelInputs:
    """Inputs with some leaves replaced, in the dtype and on the device of the old ones."""
    numbers = iter(range(len(old)))

    def leaf(value: Any) -> Any:
        number = next(numbers)
        return new[number].to(value.device, value.dtype) if number in new else value

    changed: ModelInputs = map_leaves(inputs, leaf)
    return changed


def _exact(leaves: list[Any], values: np.ndarray) -> int | None:
    """The number of the first input that has the very shape of an array, and its kind."""
    is_float = values.dtype.kind == "f"
    for number, leaf in enumerate(leaves):
        if not isinstance(leaf, torch.Tensor) or tuple(leaf.shape) != values.shape:
            continue
        if leaf.is_floating_point() or not is_float:
            return number
    return None


def _cannot_reach(
    candidate: ModelCandidate, media: Media, slots: tuple[InputSlot, ...], leaves: list[Any]
) -> str:
    """A sentence about what was given and what goes in instead."""
    kind = media_kind(media)
    takes = dict.fromkeys(_NAMES.get(slot.kind, "tokens") for slot in slots)
    shapes = [
        "×".join(map(str, leaf.shape)) or "1" for leaf in leaves if isinstance(leaf, torch.Tensor)
    ]
    what = " and ".join(takes) if takes else f"numbers of shape {', '.join(shapes[:3])}"
    fed = "its example input" if candidate.example_input is not None else "an input made up for it"
    return f"{_NAMES[kind]} cannot go into {candidate.title}: it takes {what}; {fed} is shown"


def media_kind(media: Media) -> str:
    """Return `image`, `video`, `volume` or `sound`."""
    kinds = {Sound: "sound", Volume: "volume", Video: "video"}
    return kinds.get(type(media), "image")


def _fill(
    candidate: ModelCandidate, slot: InputSlot, media: Media, leaf: torch.Tensor
) -> _Filled | None:
    """What a medium puts into a slot; None if it cannot."""
    if slot.kind == "image":
        return _fill_image(candidate, slot, media, leaf)
    if slot.kind == "video":
        return _fill_video(candidate, slot, media, leaf)
    if slot.kind == "volume" and isinstance(media, Volume) and media.values.ndim in (3, 4):
        return _fill_volume(candidate, slot, media)
    if slot.kind == "sound" and isinstance(media, Sound):
        return _fill_sound(candidate, slot, media)
    return None


def _fill_image(
    candidate: ModelCandidate, slot: InputSlot, media: Media, leaf: torch.Tensor
) -> _Filled | None:
    image, note = _still(media)
    if image is None:
        return None
    if candidate.transform is not None:
        values, seen = _transform(candidate, image, slot)
        return _Filled(values, seen, note)
    channels, height, width = slot.shape
    seen = center_crop_resize(image, height, width)
    if channels == 1:  # luma, ITU-R BT.601
        seen = np.asarray(Image.fromarray(seen).convert("L").convert("RGB"))
    if leaf.dtype == torch.uint8:
        return _Filled(spread_channels(seen, channels), seen, note)
    return _Filled(normalize(seen, candidate, channels), seen, note)


def _still(media: Media) -> tuple[np.ndarray | None, str]:
    """One image of a medium, None if it has none, and a note where it has several."""
    if isinstance(media, Video):
        note = f"the first of {len(media.frames)} frames goes in, as the model takes an image"
        return media.frames[0], note
    if isinstance(media, Volume) and media.values.ndim in (2, 3, 4):
        values = media.values
        planes = values[0] if values.ndim == 4 else values if values.ndim == 3 else values[None]
        middle = len(planes) // 2
        note = f"slice {middle} (of 0 to {len(planes) - 1}) goes in, as the model takes an image"
        return _gray(planes[middle]), note if len(planes) > 1 else ""
    return (media, "") if isinstance(media, np.ndarray) else (None, "")


def _fill_video(
    candidate: ModelCandidate, slot: InputSlot, media: Media, leaf: torch.Tensor
) -> _Filled | None:
    count = slot.shape[0]
    note = ""
    if isinstance(media, np.ndarray):
        media = Video(media[None])
        note = f"the image is each of the {count} frames that the model takes"
    if not isinstance(media, Video):
        return None
    chosen = np.linspace(0, len(media.frames) - 1, count).round().astype(int)
    one = InputSlot(slot.index, slot.name, "image", "chw", slot.shape[1:])
    frames = [_fill_image(candidate, one, media.frames[i], leaf) for i in chosen]
    return _Filled(torch.stack([f.values for f in frames if f]), frames[0].image, note)  # type: ignore[union-attr]


def _fill_volume(candidate: ModelCandidate, slot: InputSlot, media: Volume) -> _Filled:
    """A volume resampled to the model's size, of mean 0 and deviation 1 unless the script says."""
    values = torch.from_numpy(np.nan_to_num(media.values).astype(np.float32))
    values = values[None] if values.dim() == 3 else values
    channels, *size = slot.shape
    resized = functional.interpolate(values[None], tuple(size), mode="trilinear")[0]
    resized = (
        resized[:channels] if len(resized) >= channels else resized[:1].expand(channels, *size)
    )
    shown = _gray(resized[0, size[0] // 2].numpy())
    if candidate.mean is None and candidate.std is None:
        resized = (resized - resized.mean()) / resized.std().clamp_min(1e-6)
    else:
        mean, std = normalization(candidate, channels)
        resized = (resized - along_channels(mean, 4)) / along_channels(std, 4)
    return _Filled(resized, shown)


def _fill_sound(candidate: ModelCandidate, slot: InputSlot, media: Sound) -> _Filled:
    """A sound at the model's rate, cut or padded with silence at its end."""
    channels, length = slot.shape
    samples = torch.from_numpy(media.samples)
    rate, note = candidate.sample_rate, ""
    if rate is not None and rate != media.rate:
        count = max(1, round(samples.shape[1] * rate / media.rate))
        samples = functional.interpolate(samples[None], count, mode="linear")[0]
    if len(samples) != channels:
        samples = samples.mean(0, keepdim=True).expand(channels, -1)
    if samples.shape[1] > length:
        seconds = length / (rate or media.rate)
        note = f"the first {seconds:.3g} s of the sound go in: the example input is that long"
    samples = functional.pad(samples[:, :length], (0, max(0, length - samples.shape[1])))
    return _Filled(samples, draw_curve(samples[0].numpy()), note)


def _to_axes(values: torch.Tensor, slot: InputSlot, like: torch.Tensor) -> torch.Tensor:
    """Bring canonical axes into the order of an input's, once for each sample."""
    if slot.axes == "n*":
        return values.reshape(1, -1)
    canonical = CANONICAL_AXES[slot.kind]
    axes = slot.axes.replace("n", "")
    dropped = [i for i, axis in enumerate(canonical) if axis not in axes]
    for axis in reversed(dropped):
        values = values.mean(axis) if values.is_floating_point() else values.select(axis, 0)
    kept = [axis for axis in canonical if axis in axes]
    values = values.permute([kept.index(axis) for axis in axes])
    if "n" in slot.axes:
        values = values[None].expand(like.shape[0], *values.shape)
    return values.contiguous()


def _transform(
    candidate: ModelCandidate, image: np.ndarray, slot: InputSlot
) -> tuple[torch.Tensor, np.ndarray]:
    """What the script's own transform makes: (C, H, W) float32, and the same as an image."""
    assert candidate.transform is not None
    try:
        tensor: Any = candidate.transform(Image.fromarray(image))
    except VrnnError:
        raise
    except Exception as error:
        raise VrnnError(
            f"the transform of '{candidate.title}' fails on a Pillow image: {explain_error(error)}"
        ) from error
    if isinstance(tensor, np.ndarray) and tensor.dtype.kind in "biuf":
        tensor = torch.from_numpy(np.ascontiguousarray(tensor))
    if isinstance(tensor, torch.Tensor):
        if tensor.dim() == 4 and len(tensor) == 1:
            tensor = tensor[0]
        if tensor.dim() != 3 and tensor.numel() == int(np.prod(slot.shape)):
            tensor = tensor.reshape(slot.shape)
    if not isinstance(tensor, torch.Tensor) or tensor.dim() != 3:
        raise VrnnError(
            f"the transform of '{candidate.title}' should make a (C, H, W) tensor of a Pillow "
            f"image; it made {_described(tensor)}"
        )
    if len(tensor) != slot.shape[0] and "c" in slot.axes:
        raise VrnnError(
            f"the transform of '{candidate.title}' makes {len(tensor)} channels, but the model "
            f"takes {slot.shape[0]}; convert the image in it, as with picture.convert('L')"
        )
    tensor = tensor.detach().float().cpu()
    return tensor, tensor_picture(candidate, tensor)


def _described(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {'×'.join(map(str, value.shape))}"
    return type(value).__name__


def _gray(values: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 of (H, W) numbers, stretched to their range."""
    values = np.nan_to_num(values.astype(np.float32))
    low, span = float(values.min()), float(np.ptp(values)) or 1.0
    gray = np.rint((values - low) / span * 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, -1)
