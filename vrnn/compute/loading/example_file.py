"""The example that a watched model runs on, kept beside its recording as plain tensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from vrnn.errors import VrnnError
from vrnn.recordings.manifest import EXAMPLE
from vrnn.storage.atomic import atomic_path


def write_example(folder: Path, example: Any) -> None:
    """Write an example beside a recording.

    Args:
        folder: The recording.
        example: A tensor, or a tuple or list of all positional arguments, each a tensor.

    Raises:
        VrnnError: It is something else, or cannot be written.
    """
    several = example if isinstance(example, tuple | list) else (example,)
    if not several or not all(isinstance(tensor, torch.Tensor) for tensor in several):
        raise VrnnError(
            "the example should be a tensor with a batch, or a tuple of those that the model takes"
        )
    tensors = {str(i): t.detach().cpu().contiguous().clone() for i, t in enumerate(several)}
    with atomic_path(folder / EXAMPLE) as temporary:
        save_file(tensors, temporary)


def read_example(file: Path) -> tuple[torch.Tensor, ...]:
    """Read an example.

    Raises:
        VrnnError: It is damaged.
    """
    try:
        tensors = load_file(file)
        return tuple(tensors[str(i)] for i in range(len(tensors)))
    except (SafetensorError, OSError, KeyError) as error:
        raise VrnnError(
            f"the example '{file}' is damaged; remove it, and the model's own is shown"
        ) from error
