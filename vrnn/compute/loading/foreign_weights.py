"""Weights that TensorFlow or Keras wrote, by the names of their variables. No code is run."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vrnn.compute.loading.tensor_bundle import find_checkpoint, read_checkpoint
from vrnn.errors import VrnnError
from vrnn.storage.input_file import check_regular

HDF5_START = b"\x89HDF\r\n"
MAX_WEIGHTS_BYTES = 16 << 30
WEIGHTS_MEMBER = "model.weights.h5"
"""The file in a `.keras` archive that holds the weights."""


def read_variables(path: Path) -> dict[str, torch.Tensor] | None:
    """Read the variables of a TensorFlow checkpoint or of Keras' weights.

    Args:
        path: As for `load_weights`.

    Returns:
        Tensors by name; None if the path is none of these.

    Raises:
        VrnnError: It is one, but cannot be read, or a SavedModel.
    """
    if (path / "saved_model.pb").is_file():
        raise VrnnError(saved_model_advice(path))
    prefix = find_checkpoint(path)
    if prefix is not None:
        return read_checkpoint(prefix)
    try:
        check_regular(path)
        with path.open("rb") as file:
            start = file.read(8)
    except (OSError, ValueError, VrnnError):
        return None  # what is wrong with the file is told where all others are read
    if start.startswith(HDF5_START):
        return _read_hdf5(path, path)
    if path.suffix == ".keras" and start.startswith(b"PK"):
        return _read_keras(path)
    return None


def saved_model_advice(path: Path) -> str:
    """Return the sentence about a SavedModel, whose graph only TensorFlow runs."""
    return (
        f"'{path}' is a SavedModel of TensorFlow; where TensorFlow is installed, convert it: "
        f"pip install tf2onnx && python -m tf2onnx.convert --saved-model '{path}' --output "
        "net.onnx, then open it with --model net.onnx"
    )


def _read_keras(path: Path) -> dict[str, torch.Tensor]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = archive.getinfo(WEIGHTS_MEMBER).file_size
            if size > MAX_WEIGHTS_BYTES:
                raise VrnnError(f"the weights in '{path}' are larger than 16 GB")
            content = archive.read(WEIGHTS_MEMBER)
            names = _layer_names(json.loads(archive.read("config.json")))
    except (KeyError, OSError, ValueError, zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise VrnnError(f"'{path}' is damaged or not written by Keras 3; save it again") from error
    found = _read_hdf5(path, io.BytesIO(content))
    return {_renamed(name, names): value for name, value in found.items()}


def _layer_names(config: Any) -> dict[str, str]:
    """The name of each layer by that of its group: Keras 3 counts the layers of each class."""
    counts: Counter[str] = Counter()
    names = {}
    for layer in config["config"]["layers"]:
        kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", str(layer["class_name"]))
        kind = re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()
        names[f"{kind}_{counts[kind]}" if counts[kind] else kind] = str(layer["config"]["name"])
        counts[kind] += 1
    return names


def _renamed(name: str, names: dict[str, str]) -> str:
    """A variable's name with the layer's own name in the place of its group."""
    parts = name.split("/")
    if len(parts) > 2 and parts[0] == "layers":
        parts[1] = names.get(parts[1], parts[1])
    return "/".join(parts)


def _read_hdf5(path: Path, file: Any) -> dict[str, torch.Tensor]:
    if find_spec("h5py") is None:
        raise VrnnError(f"'{path}' is in HDF5, and h5py is not installed; run: pip install h5py")
    import h5py

    found: dict[str, np.ndarray] = {}

    def visit(name: str, entry: Any) -> None:  # visititems follows no links to other files
        if not isinstance(entry, h5py.Dataset) or entry.dtype.kind not in "fiub":
            return
        if not entry.external and not entry.is_virtual:  # whose numbers are in other files
            found[name] = np.asarray(entry[()])

    try:
        with h5py.File(file, "r") as archive:
            archive.visititems(visit)
    except (OSError, ValueError, RuntimeError, KeyError, MemoryError) as error:
        raise VrnnError(f"'{path}' is damaged, cut short or no HDF5 file; copy it again") from error
    return _with_names(found)


def _with_names(found: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """The variables with names: Keras 3 numbers those of a layer, `conv1/vars/0`."""
    layers: dict[str, list[str]] = {}
    named = {}
    for name in found:
        layer, vars_, number = name.rpartition("/vars/")
        if vars_ and number.isdecimal():
            layers.setdefault(layer, []).append(name)
        else:
            named[name] = found[name]
    for layer, names in layers.items():
        names.sort(key=lambda name: int(name.rpartition("/")[2]))
        arrays = [found[name] for name in names]
        named.update(zip((f"{layer}/{leaf}" for leaf in _leaves(arrays)), arrays, strict=True))
    return {name: torch.from_numpy(np.array(value)) for name, value in named.items()}


def _leaves(arrays: list[np.ndarray]) -> list[str]:
    """What the variables of a layer are called, by their number and shapes."""
    if arrays[0].ndim > 1:
        names = ["kernel", "bias"]
    elif len(arrays) == 4:
        names = ["gamma", "beta", "moving_mean", "moving_variance"]
    else:
        names = ["gamma", "beta"]
    return [*names, *(f"v{i}" for i in range(len(names), len(arrays)))][: len(arrays)]
