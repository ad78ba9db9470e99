"""What model the user wants to open, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from vrnn.default.choice import default_model
from vrnn.storage.limits import Range

Detail = Literal["layers", "modules", "all"]
DETAILS: tuple[Detail, ...] = get_args(Detail)
"""How finely a network is shown, coarsest first."""
CUBE = "cube:"
"""Beginning of a model that is a feature cube, before its file."""
LIBRARIES = ("torchvision:", "timm:", "hf:")
"""Beginnings of models whose trained weights a library downloads; no other code is run."""
InputSide = Annotated[int, Range(1, 65_536)]
"""Height or width of an input, pixels."""


@dataclass(frozen=True)
class ModelSpec:
    """One model to open.

    Attributes:
        model: `default`, `imagenet`, `digits`, `script.py`, `script.py:Name`, `torchvision:name`,
            `timm:name`, `hf:owner/name` (each of these three with `@` and which weights, or
            `@random`), `package.module:factory`, `cube:FILE`, or an `nn.Module` itself (from
            Python).
        weights: A safetensors or state_dict file.
        classes: A text file with one class name in each line.
        data: A folder of images, with a subfolder for each class.
        input_size: (height, width) in pixels.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`, ...
        text: A text that goes in, through the script's tokenizer.
    """

    model: Any = "default"
    weights: Path | None = None
    classes: Path | None = None
    data: Path | None = None
    input_size: tuple[InputSide, InputSide] | None = None
    device: str = "auto"
    text: str | None = None


def name_default(spec: ModelSpec) -> ModelSpec:
    """Return a spec with the name of the model that `default` stands for, if that is its model."""
    is_default = isinstance(spec.model, str) and spec.model == "default"
    return replace(spec, model=default_model()) if is_default else spec


def split_weights_choice(name: str) -> tuple[str, str]:
    """Split `resnet50@IMAGENET1K_V1` into the model and its weights, '' where none are named."""
    model, _, choice = name.partition("@")
    return model, choice


def without_download(spec: ModelSpec) -> ModelSpec:
    """Return a spec that opens the same network without downloading trained weights for it."""
    if not isinstance(spec.model, str) or not spec.model.startswith(LIBRARIES):
        return spec
    return replace(spec, model=f"{split_weights_choice(spec.model)[0]}@random")


def model_files(spec: ModelSpec) -> tuple[Path | None, ...]:
    """Return the files and folders that a model is read from; None for what was not given."""
    if isinstance(spec.model, str) and spec.model.startswith(CUBE):
        return Path(spec.model.removeprefix(CUBE)), spec.weights, spec.classes, spec.data
    script = split_script_name(spec.model)[0] if isinstance(spec.model, str) else None
    if script is not None and script.suffix != ".py":
        script = None
    return script, spec.weights, spec.classes, spec.data


def split_script_name(text: str) -> tuple[Path, str]:
    """Split `script.py:Name` into its two parts; the colon of a drive is left alone."""
    script, colon, name = text.rpartition(":")
    if colon and script.endswith(".py") and name.replace(".", "_").isidentifier():
        return Path(script), name
    return Path(text), ""
