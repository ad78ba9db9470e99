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

STATE_DICT_KEYS = tuple(
    "state_dict model_state_dict model_state model net network module params".split()
)
"""Keys under which training programs keep a state_dict; the first that fits is taken."""
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "encoder.")
"""What wrappers put before the names of weights."""
MAX_NESTING = 4
"""Levels of dictionaries that are searched for a state_dict."""
MAX_LISTED_KEYS = 4
"""Keys that a message lists by name."""

StateDict = Mapping[str, torch.Tensor]


def load_weights(model: nn.Module, path: Path) -> tuple[str, ...]:
    """Put a file's weights into a model.

    Args:
        model: The model.
        path: A safetensors file, or a state_dict as torch saves it, also nested as training
            programs do.

    Returns:
        Sentences about keys that did not fit.

    Raises:
        VrnnError: The file cannot be read, holds code, or nothing in it fits.
    """
    own = model.state_dict()
    state = _with_best_prefix(_find_state_dict(_read_file(path), path), own)
    fitting = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
    misshapen = [k for k, v in state.items() if k in own and own[k].shape != v.shape]
    if not fitting:
        raise VrnnError(
            f"no weight in '{path}' fits this model ({_list_keys(list(state))} there, "
            f"{_list_keys(list(own))} here); is it the file of another model?"
        )
    model.load_state_dict(fitting, strict=False)
    missing = [k for k in own if k not in fitting and k not in misshapen]
    unexpected = [k for k in state if k not in own]
    notes = [
        f"{len(keys)} {what} ({_list_keys(keys)})"
        for keys, what in (
            (missing, "weights missing in the file"),
            (unexpected, "weights in the file that the model does not have"),
            (misshapen, "weights of another shape, left as they were"),
        )
        if keys
    ]
    return tuple(notes)


def _list_keys(keys: list[str]) -> str:
    more = ", …" if len(keys) > MAX_LISTED_KEYS else ""
    return ", ".join(keys[:MAX_LISTED_KEYS]) + more if keys else "none"


def _read_file(path: Path) -> Any:
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


def _find_state_dict(loaded: Any, path: Path) -> StateDict:
    """The state_dict in what was loaded, up to MAX_NESTING levels down."""
    for _ in range(MAX_NESTING):
        if isinstance(loaded, Mapping):
            tensors = {k: v for k, v in loaded.items() if isinstance(v, torch.Tensor)}
            if tensors:
                return tensors
            key = next((k for k in STATE_DICT_KEYS if isinstance(loaded.get(k), Mapping)), None)
            if key is not None:
                loaded = loaded[key]
                continue
        break
    raise VrnnError(
        f"the weights file '{path}' holds no weights by name; save model.state_dict() instead"
    )


def _with_best_prefix(state: StateDict, own: StateDict) -> StateDict:
    """The weights with prefixes removed, or one added, so that most of them fit."""
    best, best_count = state, _count_fitting(state, own)
    variants = [state]
    for _ in range(3):
        variants = [_without_prefix(v, p) for v in variants for p in PREFIXES if _has_prefix(v, p)]
        for variant in variants:
            if _count_fitting(variant, own) > best_count:
                best, best_count = variant, _count_fitting(variant, own)
    for prefix in PREFIXES:
        prefixed = {prefix + k: v for k, v in state.items()}
        if _count_fitting(prefixed, own) > best_count:
            best, best_count = prefixed, _count_fitting(prefixed, own)
    return best


def _has_prefix(state: StateDict, prefix: str) -> bool:
    return any(name.startswith(prefix) for name in state)


def _without_prefix(state: StateDict, prefix: str) -> StateDict:
    return {name.removeprefix(prefix): value for name, value in state.items()}


def _count_fitting(state: StateDict, own: StateDict) -> int:
    return sum(k in own and own[k].shape == v.shape for k, v in state.items())
