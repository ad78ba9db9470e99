"""What model the user wants to open, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from vrnn.default.choice import default_model
from vrnn.errors import VrnnError
from vrnn.storage.limits import Range

Detail = Literal["layers", "modules", "all"]
DETAILS: tuple[Detail, ...] = get_args(Detail)
"""How finely a network is shown, coarsest first."""
CUBE = "cube:"
"""Beginning of a model that is a feature cube, before its file."""
MODEL_SUFFIXES = (".onnx", ".keras", ".h5", ".hdf5")
"""Ends of the names of files that hold a whole model as data."""
LIBRARIES = ("torchvision:", "timm:", "hf:")
"""Beginnings of models whose trained weights a library downloads; no other code is run."""
RANDOM = "random"
"""In the place of weights: none but those that a model is built with."""
InputSide = Annotated[int, Range(1, 65_536)]
"""Height or width of an input, pixels."""


@dataclass(frozen=True)
class ModelSpec:
    """One model to open.

    Attributes:
        model: `default`, `imagenet`, `digits`, `script.py`, `script.py:Name`, `torchvision:name`,
            `timm:name`, `hf:owner/name` (each of these three with `@` and which weights, or
            `@random`), `net.onnx`, `net.keras`, `package.module:factory`, `cube:FILE`, or an
            `nn.Module` itself (from Python).
        weights: A safetensors or state_dict file, a TensorFlow checkpoint, or weights of Keras;
            `random` opens a library's model without its trained ones, as `@random` does, and is
            None afterwards. Paths may be given as text.
        classes: A text file with one class name in each line.
        data: A folder of images, with a subfolder for each class.
        input_size: (height, width) in pixels.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`, ...
        text: A text that goes in, through the script's tokenizer.
        example: A safetensors file with the tensors that go in, in place of the model's own.
    """

    model: Any = "default"
    weights: Path | None = None
    classes: Path | None = None
    data: Path | None = None
    input_size: tuple[InputSide, InputSide] | None = None
    device: str = "auto"
    text: str | None = None
    example: Path | None = None

    def __post_init__(self) -> None:
        """Raises VrnnError: `random` is asked for where weights are not a library's."""
        if isinstance(self.weights, str) and self.weights == RANDOM:
            object.__setattr__(self, "weights", None)
            object.__setattr__(self, "model", _untrained(self.model))
        for name in ("weights", "classes", "data", "example"):
            if isinstance(getattr(self, name), str):
                object.__setattr__(self, name, Path(getattr(self, name)))


def name_default(spec: ModelSpec) -> ModelSpec:
    """Return a spec with the name of the model that `default` stands for, if that is its model."""
    is_default = isinstance(spec.model, str) and spec.model == "default"
    return replace(spec, model=default_model()) if is_default else spec


def split_weights_choice(name: str) -> tuple[str, str]:
    """Split `resnet50@IMAGENET1K_V1` into the model and its weights, '' where none are named."""
    model, _, choice = name.partition("@")
    return model, choice


def _untrained(model: Any) -> str:
    """The name under which a library's model opens without trained weights."""
    if isinstance(model, str) and model.startswith(LIBRARIES):
        return f"{split_weights_choice(model)[0]}@{RANDOM}"
    shown = model if isinstance(model, str) else type(model).__name__
    raise VrnnError(
        f"--weights random is for models of {', '.join(LIBRARIES)}; '{shown}' opens with the "
        "weights that it is built with"
    )


def without_download(spec: ModelSpec) -> ModelSpec:
    """Return a spec that opens the same network without downloading trained weights for it."""
    if not isinstance(spec.model, str) or not spec.model.startswith(LIBRARIES):
        return spec
    return replace(spec, model=_untrained(spec.model))


def model_files(spec: ModelSpec) -> tuple[Path | None, ...]:
    """Return the files and folders that a model is read from; None for what was not given."""
    model = split_model_file(spec.model)[1] if isinstance(spec.model, str) else None
    return model, spec.weights, spec.classes, spec.data


def split_model_file(model: str) -> tuple[str, Path | None, str]:
    """Split a model's name into what stands before its file, the file, and what stands behind it.

    Args:
        model: As in `ModelSpec`.

    Returns:
        `cube:` or '', the path, and `:Name` or ''; the path is None, and all is the first part, for
        a model that is no file.
    """
    if model.startswith(CUBE):
        return CUBE, Path(model.removeprefix(CUBE)), ""
    script, name = split_script_name(model)
    if script.suffix == ".py" or is_model_file(script):
        return "", script, f":{name}" if name else ""
    return model, None, ""


def is_model_file(path: Path) -> bool:
    """Return whether a path names a file that holds a whole model as data, without code."""
    return path.suffix.lower() in MODEL_SUFFIXES


def split_script_name(text: str) -> tuple[Path, str]:
    """Split `script.py:Name` into its two parts; the colon of a drive is left alone."""
    script, colon, name = text.rpartition(":")
    if colon and script.endswith(".py") and name.replace(".", "_").isidentifier():
        return Path(script), name
    return Path(text), ""
