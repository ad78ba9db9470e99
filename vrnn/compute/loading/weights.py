"""Trained weights from a file into a model. No code in the file is ever run."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vrnn.errors import VrnnError

NESTS = tuple("state_dict model_state_dict model_state model net network module params".split())
"""Keys under which training programs keep a state_dict; the first that fits is taken."""
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "encoder.")
NAMED = 4
"""Keys told by name."""


def load_weights(model: nn.Module, path: Path) -> tuple[str, ...]:
    """Put a file's weights into the model; returns notes on keys that did not fit.

    path: safetensors, or a state_dict as torch saves it, also nested as training programs do.
    Raises VrnnError when it cannot be read, holds code, or nothing in it fits.
    """
    state = _state(_read(path), path)
    own = model.state_dict()
    state = _best_prefix(state, own)
    fitting = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
    wrong = [k for k, v in state.items() if k in own and own[k].shape != v.shape]
    if not fitting:
        raise VrnnError(
            f"no weight in '{path}' fits this model ({_some(list(state))} there, "
            f"{_some(list(own))} here); is it the file of another model?"
        )
    model.load_state_dict(fitting, strict=False)
    missing = [k for k in own if k not in fitting and k not in wrong]
    unexpected = [k for k in state if k not in own]
    notes = [
        f"{len(keys)} {what} ({_some(keys)})"
        for keys, what in (
            (missing, "weights missing in the file"),
            (unexpected, "weights in the file that the model does not have"),
            (wrong, "weights of another shape, left as they were"),
        )
        if keys
    ]
    return tuple(notes)


def _some(keys: list[str]) -> str:
    more = ", …" if len(keys) > NAMED else ""
    return ", ".join(keys[:NAMED]) + more if keys else "none"


def _read(path: Path) -> Any:
    if not path.is_file():
        raise VrnnError(f"there is no weights file '{path}'")
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise VrnnError(f"the weights file '{path}' cannot be read: {error}") from error
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "weights_only" not in str(error).lower() and "unsupported" not in str(error).lower():
            raise VrnnError(f"the weights file '{path}' is damaged or none of torch's") from error
        raise VrnnError(
            f"the weights file '{path}' holds code or objects beside weights, which is never run; "
            "save model.state_dict() or a safetensors file instead"
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise VrnnError(
            f"the weights file '{path}' is damaged or none of torch's; save it again"
        ) from error


def _state(loaded: Any, path: Path) -> dict[str, torch.Tensor]:
    """The state_dict in what was loaded, a few levels down."""
    for _ in range(4):
        if isinstance(loaded, Mapping):
            tensors = {k: v for k, v in loaded.items() if isinstance(v, torch.Tensor)}
            if tensors:
                return tensors
            key = next((k for k in NESTS if isinstance(loaded.get(k), Mapping)), None)
            if key is not None:
                loaded = loaded[key]
                continue
        break
    raise VrnnError(
        f"the weights file '{path}' holds no weights by name; save model.state_dict() instead"
    )


def _best_prefix(
    state: dict[str, torch.Tensor], own: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Names without the prefix that wrappers add, or with one that the model has itself."""
    best, most = state, _fits(state, own)
    tried = [state]
    for _ in range(3):
        tried = [_without(n, p) for n in tried for p in PREFIXES if _has(n, p)]
        for names in tried:
            if _fits(names, own) > most:
                best, most = names, _fits(names, own)
    for prefix in PREFIXES:
        longer = {prefix + k: v for k, v in state.items()}
        if _fits(longer, own) > most:
            best, most = longer, _fits(longer, own)
    return best


def _has(names: Mapping[str, Any], prefix: str) -> bool:
    return any(name.startswith(prefix) for name in names)


def _without(names: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in names.items()}


def _fits(names: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]) -> int:
    return sum(k in own and own[k].shape == v.shape for k, v in names.items())
