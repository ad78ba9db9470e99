"""The examples that a watched model runs on, kept beside its recording as plain tensors.

Several images are one tensor with a batch; `samples` in the file's metadata says how many they are.
A batch without it goes in as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from vrnn.errors import VrnnError
from vrnn.recordings.manifest import EXAMPLE
from vrnn.storage.atomic import atomic_path

MAX_SAMPLES = 64
"""Images that are kept at most."""
MAX_BYTES = 64 << 20
"""Bytes of all of them, unless a single one has more."""
SAMPLES = "samples"
"""Key of the file's metadata."""
IMAGE_AXES = 4
"""A tensor with so many axes or more is a batch of images, or of what is larger."""

Sample = tuple[torch.Tensor, ...]
"""The arguments of a pass of one sample, each with a batch of one."""


def write_example(folder: Path, example: Any) -> str:
    """Write an example beside a recording.

    Args:
        folder: The recording.
        example: A tensor with a batch; a tuple of those that the model takes; or a list of images,
            without a batch or each with a batch of one.

    Returns:
        What the user should know of it; '' for nothing.

    Raises:
        VrnnError: It is something else, or cannot be written.
    """
    several = (_stacked(example),) if isinstance(example, list) else example
    several = several if isinstance(several, tuple) else (several,)
    if not several or not all(isinstance(tensor, torch.Tensor) for tensor in several):
        raise VrnnError(
            "the example should be a tensor with a batch, a tuple of those that the model takes, "
            "or a list of images"
        )
    count = len(several[0]) if isinstance(example, list) else batch_size(several)
    kept, note = count, ""
    if count > 1:
        kept = _fitting(several, count)
        if kept < count:
            note = f"of {count:,} images the first {kept} are kept beside the recording"
        several = tuple(tensor[:kept] for tensor in several)
    tensors = {str(i): t.detach().cpu().contiguous().clone() for i, t in enumerate(several)}
    with atomic_path(folder / EXAMPLE) as temporary:
        save_file(tensors, temporary, {SAMPLES: str(kept)} if count > 1 else None)
    return note


def _stacked(images: Sequence[Any]) -> torch.Tensor:
    """A list of images as a batch."""
    if not images or not all(isinstance(image, torch.Tensor) for image in images):
        raise VrnnError("a list of images should hold tensors; give at least one")
    if len({(image.shape, image.dtype) for image in images}) > 1:
        shapes = " and ".join(sorted({"×".join(map(str, one.shape)) for one in images}))
        raise VrnnError(f"the images of the example differ: {shapes}; give them one size and type")
    first = images[0]
    has_batch = first.ndim >= IMAGE_AXES and first.shape[0] == 1
    return torch.cat(list(images)) if has_batch else torch.stack(list(images))


def batch_size(arguments: Sequence[Any]) -> int:
    """Return of how many images the arguments of a pass are; 1 where that is not plain to see.

    Args:
        arguments: All of them.
    """
    if not all(isinstance(one, torch.Tensor) and one.ndim for one in arguments):
        return 1
    if not arguments or arguments[0].ndim < IMAGE_AXES:
        return 1
    counts = {len(tensor) for tensor in arguments}
    return counts.pop() if len(counts) == 1 else 1


def _fitting(several: Sequence[torch.Tensor], count: int) -> int:
    """How many of some images are kept."""
    one = sum(tensor.element_size() * tensor.numel() for tensor in several) / count
    return max(1, min(count, MAX_SAMPLES, int(MAX_BYTES / max(one, 1.0))))


def read_examples(file: Path) -> tuple[Sample, ...]:
    """Read the examples beside a recording, one for each image.

    Raises:
        VrnnError: The file is damaged.
    """
    try:
        with safe_open(file, "pt") as opened:
            count = int((opened.metadata() or {}).get(SAMPLES, 1))
            tensors = tuple(opened.get_tensor(str(i)) for i in range(len(opened.keys())))
        if not tensors or (count > 1 and any(len(tensor) != count for tensor in tensors)):
            raise ValueError(count)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise VrnnError(
            f"the example '{file}' is damaged; remove it, and the model's own is shown"
        ) from error
    if count < 2:
        return (tensors,)
    return tuple(tuple(tensor[i : i + 1] for tensor in tensors) for i in range(count))
