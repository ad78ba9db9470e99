"""The weights of a model, written as a copy."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from vrnn.errors import VrnnError
from vrnn.storage.atomic import atomic_path, check_writable

SUFFIX = ".safetensors"


def save_weights(model: nn.Module, file: Path) -> int:
    """Write all weights and buffers of a model as they are now, as safetensors.

    Weights that are shared are written under each of their names. `vrnn --weights` and
    `load_state_dict` read the file.

    Args:
        model: The model.
        file: Where to.

    Returns:
        Number of tensors.

    Raises:
        VrnnError: The file has another suffix or cannot be written, or the model holds what such a
            file cannot.
    """
    from safetensors.torch import save_file

    check_weight_file(file)
    tensors: dict[str, torch.Tensor] = {}
    addresses: set[int] = set()
    for name, value in model.state_dict().items():
        if not isinstance(value, torch.Tensor) or value.is_quantized or value.is_sparse:
            raise VrnnError(
                f"'{name}' of the model is quantized, sparse or no tensor, which a {SUFFIX} file "
                "cannot hold; save the model with torch.save"
            )
        value = value.detach().cpu().contiguous()
        # Such a file holds no two tensors in one place of memory.
        address = value.untyped_storage().data_ptr()
        tensors[name] = value.clone() if address in addresses else value
        addresses.add(address)
    with atomic_path(file) as path:
        try:
            save_file(tensors, path)
        except (OSError, ValueError) as error:
            raise VrnnError(f"the weights cannot be written to '{file}': {error}") from error
    return len(tensors)


def check_weight_file(file: Path) -> None:
    """Raise VrnnError where weights cannot be written to a file."""
    if file.suffix != SUFFIX:
        raise VrnnError(f"weights are written as {SUFFIX}, not as '{file.name}'; name it so")
    check_writable(file)
