"""Trained weights from a file into a model. No code in the file is ever run."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vrnn.compute.loading.foreign_weights import read_variables
from vrnn.compute.loading.variable_names import to_state_dict
from vrnn.errors import VrnnError, error_text
from vrnn.storage.input_file import check_regular, describe_missing, reason
from vrnn.storage.terminal import one_line

STATE_DICT_KEYS = tuple(
    "state_dict model_state_dict model_state model net network module params".split()
)
"""Keys under which training programs keep a state_dict; the first that fits is taken."""
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "encoder.")
"""What wrappers put before the names of weights."""
MAX_NESTING = 4
"""Levels of dictionaries that are searched for a state_dict."""
MAX_REASON = 200
"""Characters of torch's own message that are shown."""
MAX_LISTED_KEYS = 4
"""Keys that a message lists by name."""
MAX_KEY = 80
"""Characters of such a name."""

StateDict = Mapping[str, torch.Tensor]


def load_weights(model: nn.Module, path: Path) -> tuple[str, ...]:
    """Put a file's weights into a model.

    Args:
        model: The model.
        path: A safetensors file; a state_dict as torch saves it, also nested as training
            programs do; a TensorFlow checkpoint, by its prefix or one of its files; or weights of
            Keras in HDF5.

    Returns:
        Sentences about keys that did not fit, and about how many were taken by name from
        TensorFlow or Keras.

    Raises:
        VrnnError: The file cannot be read, holds code, or nothing in it fits.
    """
    variables = read_variables(path)
    if variables is None:
        return put_weights(model, read_weights(path), path)
    own = _tensors(model)
    state = to_state_dict(variables, own)
    own = {k: v for k, v in own.items() if not k.endswith("num_batches_tracked")}
    taken = sum(k in own for k in state)
    told = f"{taken} of {len(own)} weights taken by name and shape from '{path.name}'"
    return told, *_put(model, state, own, path)


def read_weights(path: Path) -> StateDict:
    """Read the weights in a file of torch or safetensors by their names there."""
    return _find_state_dict(_read_file(path), path)


def put_weights(model: nn.Module, weights: StateDict, path: Path) -> tuple[str, ...]:
    """Put weights into a model; see `load_weights`.

    Args:
        model: The model.
        weights: By name, with or without what wrappers put before it.
        path: What they were read from, for messages.
    """
    own = _tensors(model)
    return _put(model, _with_best_prefix(weights, own), own, path)


def _tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """Those of its state; a module may keep state of its own that is no tensor."""
    return {k: v for k, v in model.state_dict().items() if isinstance(v, torch.Tensor)}


def _put(model: nn.Module, state: StateDict, own: StateDict, path: Path) -> tuple[str, ...]:
    """Put weights into a model whose own have the same names; see `load_weights`."""
    fitting = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
    misshapen = [k for k, v in state.items() if k in own and own[k].shape != v.shape]
    if not fitting:
        raise VrnnError(
            f"no weight in '{path}' fits this model ({_list_keys(list(state))} there, "
            f"{_list_keys(list(own))} here); pass a file that was saved from this model, or the "
            "--model that it was saved from"
        )
    try:
        model.load_state_dict(fitting, strict=False)
    except Exception as error:  # a module may have a way of its own to load them
        text = one_line(error_text(error))[:MAX_REASON]
        raise VrnnError(f"the weights in '{path}' cannot be put into this model: {text}") from error
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
    shown = (k if len(k) <= MAX_KEY else f"{k[:MAX_KEY]}…" for k in keys[:MAX_LISTED_KEYS])
    return ", ".join(key or "''" for key in shown) + more if keys else "none"


def _read_file(path: Path) -> Any:
    try:
        check_regular(path)
        with path.open("rb") as file:
            start = file.read(512)
    except FileNotFoundError as error:
        raise VrnnError(describe_missing(path, "weights file")) from error
    except (OSError, ValueError) as error:
        raise VrnnError(f"the weights file '{path}' cannot be read: {reason(error)}") from error
    except VrnnError as error:
        raise VrnnError(f"the weights file '{path}' cannot be read: {error}") from error
    if problem := _foreign_format(start):
        raise VrnnError(f"the weights file '{path}' {problem}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch finds odd in a file is said in one sentence
        return _load(path, start)


def _load(path: Path, start: bytes) -> Any:
    if path.suffix == ".safetensors" or start[8:9] == b"{":  # the format's header is JSON
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise VrnnError(f"the weights file '{path}' cannot be read: {error}") from error
    if not start.startswith((b"\x80", b"PK")) and b"ustar" not in start:  # pickle, ZIP, TAR
        raise VrnnError(
            f"the weights file '{path}' is damaged or was not written by torch; save it again as "
            "safetensors or with torch.save"
        )
    if _is_torchscript(path):
        raise VrnnError(
            f"the weights file '{path}' is a TorchScript archive, which holds code; save its "
            "weights alone: torch.save(torch.jit.load(FILE).state_dict(), 'weights.pt')"
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "weights_only" not in str(error).lower() and "unsupported" not in str(error).lower():
            raise VrnnError(
                f"the weights file '{path}' is damaged or was not written by torch"
            ) from error
        raise VrnnError(
            f"the weights file '{path}' holds code or objects beside weights, which is never run; "
            "save model.state_dict() or a safetensors file instead"
        ) from error
    except MemoryError as error:
        raise VrnnError(f"not enough memory for the weights file '{path}'") from error
    except Exception as error:  # a damaged file fails in as many ways as there are bytes in it
        raise VrnnError(
            f"the weights file '{path}' is damaged or was not written by torch; save it again"
        ) from error


def not_downloaded(start: bytes, wanted: str) -> str:
    """Say what a file is that stands for another one, by its first bytes; '' if it does not.

    Args:
        start: Its first bytes.
        wanted: What it should hold.
    """
    if start.startswith(b"version https://git-lfs"):
        return "is only a pointer of git-lfs; fetch the file itself with: git lfs pull"
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return f"is a web page, not {wanted}; download the file itself"
    return ""


def _foreign_format(start: bytes) -> str:
    """Say what a file is that holds no weights of torch, by its first bytes; '' if it may."""
    if start.startswith(b"\x89HDF\r\n"):
        return "is in HDF5, as Keras writes it; save model.state_dict() from PyTorch"
    if start.startswith(b"GGUF"):
        return "is in GGUF, as llama.cpp reads it; take the safetensors file of the same model"
    if b"onnx" in start[:64].lower() or start.startswith((b"\x08\x07\x12", b"\x08\x08\x12")):
        return "seems to be in ONNX; open it with --model, which takes its weights as well"
    return not_downloaded(start, "weights")


def _is_torchscript(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("constants.pkl") for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def _plain(tensors: Mapping[str, torch.Tensor], path: Path) -> StateDict:
    """The tensors of a file as they can be copied into a model: dense, with values.

    Raises:
        VrnnError: Some have no values: they were saved from the device `meta`.
    """
    meta = [name for name, tensor in tensors.items() if tensor.is_meta]
    if meta:
        raise VrnnError(
            f"the weights file '{path}' holds shapes without values ({_list_keys(meta)}: device "
            "meta); save the model after its weights are loaded"
        )
    plain = {}
    for name, tensor in tensors.items():
        try:
            if tensor.is_quantized:
                tensor = tensor.dequantize()
            plain[name] = tensor.to_dense() if tensor.layout != torch.strided else tensor
            tuple(plain[name].shape)  # a nested tensor has none
        except Exception as error:  # of one of the many kinds of tensors, or too large
            raise VrnnError(
                f"'{name}' in the weights file '{path}' is not a plain tensor; save it as one with "
                ".to_dense()"
            ) from error
    return plain


def _find_state_dict(loaded: Any, path: Path) -> StateDict:
    """The state_dict in what was loaded, up to MAX_NESTING levels down."""
    for _ in range(MAX_NESTING):
        if isinstance(loaded, Mapping):
            # Other keys than text name no weight.
            items = loaded.items()
            tensors = {k: v for k, v in items if isinstance(k, str) and isinstance(v, torch.Tensor)}
            if tensors:
                return _plain(tensors, path)
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
