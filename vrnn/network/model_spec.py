"""What model the user wants to open, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from vrnn.storage.limits import Range

Detail = Literal["layers", "modules", "all"]
DETAILS: tuple[Detail, ...] = get_args(Detail)
"""How finely a network is shown, coarsest first."""


InputSide = Annotated[int, Range(1, 65_536)]
"""Height or width of an input, pixels."""


@dataclass(frozen=True)
class ModelSpec:
    """One model to open.

    Attributes:
        model: `default`, `script.py`, `script.py:Name`, `torchvision:name`, `timm:name`,
            `package.module:factory`, or an `nn.Module` itself (from Python).
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


def model_files(spec: ModelSpec) -> tuple[Path | None, ...]:
    """Return the files and folders that a model is read from; None for what was not given."""
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
