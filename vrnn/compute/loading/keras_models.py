"""Models that Keras 3 saved, run by Keras on torch."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.errors import VrnnError, error_text
from vrnn.storage.input_file import check_regular, describe_missing
from vrnn.storage.terminal import one_line

MAX_CONFIG_BYTES = 64 << 20
DEFAULT_SIDE = 224
"""Pixels of an image's side that the file leaves open."""
DEFAULT_STEPS = 16
"""Length of other axes that are open."""


class _LayerCall(nn.Module):
    """What a Keras layer does when it is called, as a module of torch with its weights."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self._function = layer.call
        for variable in layer._trainable_variables + layer._non_trainable_variables:
            self.register_parameter(variable.name, variable.value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)


class KerasNetwork(nn.Module):
    """A model of Keras whose layers are modules of torch, under their own names."""

    def __init__(self, model: Any) -> None:
        """Give each layer a module.

        Args:
            model: A `keras.Model` on torch.
        """
        super().__init__()
        for path, layer in _layers(model):
            parent: nn.Module = self
            *scopes, name = path
            for scope in scopes:
                if scope not in parent._modules:
                    parent.add_module(scope, nn.Module())
                parent = parent._modules[scope]  # type: ignore[assignment]
            call = _LayerCall(layer)
            parent.add_module(name, call)
            object.__setattr__(layer, "call", call.__call__)
        # Not as a submodule: Keras' own tree of modules names no layer.
        self._run = [model]

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Run the model in evaluation mode.

        Args:
            *inputs: In the order in which the model names them.
        """
        from keras import tree

        model = self._run[0]
        taken: Any = inputs[0]
        if len(inputs) > 1:  # a list, or a dict by name
            taken = tree.pack_sequence_as(model._inputs_struct, list(inputs))
        return model(taken, training=False)


def _layers(model: Any, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each layer without layers inside of it, with the names of those around it and its own."""
    for layer in model.layers:
        path = (*prefix, layer.name.replace(".", "_"))
        if getattr(layer, "layers", None):
            yield from _layers(layer, path)
        elif type(layer).__name__ != "InputLayer":
            yield path, layer


def from_keras(path: Path, size: tuple[int, int] | None = None) -> ModelCandidate:
    """Open a `.keras` or `.h5` file. Code in it is refused.

    Args:
        path: The file.
        size: (height, width) in pixels of the image that goes in, for axes that are open.

    Raises:
        VrnnError: Keras is not installed or on another backend; the file is missing, damaged, holds
            code or weights alone, or a model that does not tell its inputs.
    """
    if find_spec("keras") is None:
        raise VrnnError("keras is not installed; run: pip install 'vrnn[keras]'")
    _check_file(path)
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "torch"
    import keras

    if keras.backend.backend() != "torch":
        raise VrnnError(
            f"Keras runs on {keras.backend.backend()} here; set the environment variable "
            "KERAS_BACKEND=torch before it is imported"
        )
    try:
        with torch.device("cpu"):
            model = keras.models.load_model(str(path), compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many kinds
        text = one_line(error_text(error))[:240]
        raise VrnnError(f"Keras cannot open '{path}': {text}") from error
    model.trainable = False
    try:
        inputs = list(model.inputs)
    except (AttributeError, TypeError):
        inputs = []
    if not inputs:
        raise VrnnError(
            f"'{path}' does not tell what its inputs are; build it in a script with example_input"
        )
    examples = [_example(one, size) for one in inputs]
    notes: tuple[str, ...] = ("Keras 3 on torch",)
    if any(None in one.shape[1:] for one in inputs) and size is None:
        told = ", ".join("×".join(map(str, example.shape)) for example in examples)
        notes += (f"the file leaves sizes open, taken is {told}",)
    return ModelCandidate(
        KerasNetwork(model), path.stem, random_weights=False,
        example_input=examples[0] if len(examples) == 1 else tuple(examples),
        has_placeholder=True, notes=notes,
    )  # fmt: skip


def _example(taken: Any, size: tuple[int, int] | None) -> torch.Tensor:
    """Make up numbers for an input of Keras: small ones, or zeros where they are whole."""
    shape = _shape(tuple(taken.shape), size)
    if "int" in str(taken.dtype):
        return torch.zeros(shape, dtype=torch.int64)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def _shape(shape: tuple[int | None, ...], size: tuple[int, int] | None) -> tuple[int, ...]:
    sides = size or (DEFAULT_SIDE, DEFAULT_SIDE)
    is_image = len(shape) == 4
    first = 2 if is_image and shape[1] in (1, 3) else 1
    found = [1]
    for axis, length in enumerate(shape[1:], 1):
        is_side = is_image and axis in (first, first + 1)
        found.append(length or (sides[axis - first] if is_side else DEFAULT_STEPS))
    return tuple(found)


def _check_file(path: Path) -> None:
    """Check that a file is there, holds a model, and that all of it comes with Keras."""
    try:
        check_regular(path)
        text = _config(path)
    except FileNotFoundError as error:
        raise VrnnError(describe_missing(path, "Keras file")) from error
    except (KeyError, OSError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        raise VrnnError(
            f"'{path}' is damaged, cut short or was not written by Keras; save it again"
        ) from error
    if text is None:
        raise VrnnError(
            f"'{path}' holds weights without a model; give the model with --model and these with "
            "--weights"
        )
    try:
        foreign = sorted(set(_foreign(json.loads(text))))
    except (ValueError, RecursionError) as error:
        raise VrnnError(f"the model in '{path}' is damaged; save it again") from error
    if foreign:
        raise VrnnError(
            f"'{path}' holds layers that are code of its own ({', '.join(foreign[:4])}), which is "
            "never run from a file; build the model in a script and give the file with --weights"
        )


def _config(path: Path) -> str | None:
    """The description of the model in a file; None if it holds weights alone."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > MAX_CONFIG_BYTES:
                raise ValueError("too large")
            return archive.read("config.json").decode("utf-8")
    import h5py

    with h5py.File(path, "r") as archive:
        text = archive.attrs.get("model_config")
    return text.decode("utf-8") if isinstance(text, bytes) else text


def _foreign(config: Any) -> Iterator[str]:
    """Names of classes that do not come with Keras, and of what holds code."""
    if isinstance(config, dict):
        name, module = config.get("class_name"), config.get("module")
        if name in ("Lambda", "__lambda__", "function") or config.get("registered_name"):
            own = config.get("registered_name") or ""
            if own != name or name == "Lambda":
                yield str(own or name)
        if isinstance(module, str) and module.partition(".")[0] not in ("keras", "builtins"):
            yield f"{module}.{name}"
        for value in config.values():
            yield from _foreign(value)
    elif isinstance(config, list):
        for value in config:
            yield from _foreign(value)
