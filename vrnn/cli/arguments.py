"""Arguments that several subcommands have, and the forms that arguments can take."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from vrnn.config.choices import CAMERAS, MAX_IMAGE_SIDE
from vrnn.config.options import parse_camera
from vrnn.errors import VrnnError
from vrnn.network.model_spec import CUBE, DETAILS, ModelSpec, model_files
from vrnn.storage.input_file import check_path
from vrnn.storage.limits import Range

T = TypeVar("T")


def read_options(kind: type[T], arguments: argparse.Namespace) -> T:
    """Collect the arguments that a data class has fields for; lists become tuples."""
    data_class: Any = kind
    names = {field.name for field in fields(data_class)}
    given = {name: value for name, value in vars(arguments).items() if name in names}
    return kind(**{n: tuple(v) if isinstance(v, list) else v for n, v in given.items()})


def input_files(arguments: argparse.Namespace) -> Iterator[Path | None]:
    """Yield the files and folders that a command line names to be read; None for none."""
    given = vars(arguments)
    for model in given.get("models", ()):
        yield from model_files(ModelSpec(model))
    yield from given.get("images", ())
    yield from (file for file in given.get("weights", ()) if file != "random")
    for name in ("classes", "data", "config", "play"):
        yield given.get(name)
    if given.get("live"):
        yield Path(given["live"])


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `ModelOptions` holds."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model", dest="models", action="append", metavar="MODEL",
        help="script.py, script.py:Name, torchvision:NAME, timm:NAME or hf:OWNER/NAME (trained; "
        "@random: not), net.onnx, net.keras, package.module:factory, imagenet, digits or default; "
        "repeat it for networks side by side",
    )  # fmt: skip
    group.add_argument(
        "--cube", dest="models", action="append", type=_cube, metavar="FILE",
        help="feature cube in place of a model: IFeaLiD .zip, .npy or .npz of H×W×C, .tif of many "
        "pages, .hdr of an ENVI image",
    )  # fmt: skip
    group.add_argument(
        "--weights", action="append", type=_weights, metavar="FILE",
        help="safetensors or state_dict file, TensorFlow checkpoint, Keras weights, or random for "
        "a library's model without training; repeated: for each model in order, none for no file",
    )  # fmt: skip
    group.add_argument(
        "--classes", type=file_path, metavar="FILE", help="text file, one class name per line"
    )
    group.add_argument(
        "--data", type=file_path, metavar="FOLDER", help="images, classes by subfolder"
    )
    group.add_argument("--input-size", type=_input_size, metavar="HxW", help="224 or 180x250")
    group.add_argument("--text", metavar="TEXT", help="text input, through the script's tokenizer")
    group.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps (auto)")
    group.add_argument("--detail", choices=DETAILS, help="how finely the graph is shown (layers)")


def add_image_argument(parser: argparse._ActionsContainer, help: str) -> None:
    """Add `--image`, which may be repeated."""
    parser.add_argument(
        "--image", dest="images", action="append", type=file_path, metavar="FILE", help=help
    )


def check_single_image(images: tuple[Path, ...]) -> None:
    """Raise VrnnError where several images were given to what takes one."""
    if len(images) > 1:
        raise VrnnError(f"--image is given {len(images)} times, but one is used; give it once")


def add_ray_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--ray`, which spreads work over machines."""
    parser.add_argument(
        "--ray", metavar="ADDRESS",
        help="spread over the machines of a Ray cluster, such as auto or ray://head:10001",
    )  # fmt: skip


def add_quiet_argument(parser: argparse._ActionsContainer) -> None:
    """Add `--quiet`."""
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def image_size(text: str) -> tuple[int, int]:
    """Read (width, height) in pixels, such as 1920x1080."""
    size = _two_numbers(text)
    if size is None:
        raise argparse.ArgumentTypeError(f"'{text}' should be WIDTHxHEIGHT, such as 1920x1080")
    if not all(1 <= side <= MAX_IMAGE_SIDE for side in size):
        limit = f"{MAX_IMAGE_SIDE}x{MAX_IMAGE_SIDE}"
        raise argparse.ArgumentTypeError(f"'{text}' should lie between 1x1 and {limit}")
    return size


def file_path(text: str) -> Path:
    """Read the path of a file or folder."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    try:
        return check_path(text)
    except VrnnError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def number_within(kind: Any) -> Callable[[str], float]:
    """Return a function that reads a number of a type with a `Range`."""
    limits: Range = kind.__metadata__[0]

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not limits.low <= number <= limits.high:
            raise argparse.ArgumentTypeError(f"'{text}' should be a number {limits}")
        return number

    return read


def png_file(text: str) -> Path:
    """Read the path of a PNG."""
    path = file_path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"'{text}' should end in .png")
    return path


def camera(text: str) -> str:
    """Read a camera: by name, before a layer, or by numbers."""
    named = text in CAMERAS or (text.startswith("layer:") and text != "layer:")
    if not named and parse_camera(text) is None:
        raise argparse.ArgumentTypeError(
            f"'{text}' should be {', '.join(CAMERAS)}, layer:NAME or five numbers x,y,z,yaw,pitch"
        )
    return text


def some_of(choices: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Return a function that reads several of a closed set, separated by commas."""

    def read(text: str) -> tuple[str, ...]:
        parts = tuple(part.strip() for part in text.split(","))
        if not set(parts) <= set(choices):
            raise argparse.ArgumentTypeError(f"'{text}' should be some of {','.join(choices)}")
        return parts

    return read


def _cube(text: str) -> str:
    return f"{CUBE}{file_path(text)}"


def _weights(text: str) -> Path | Literal["random"] | None:
    if text == "random":
        return "random"
    return None if text == "none" else file_path(text)


def _input_size(text: str) -> tuple[int, int]:
    size = _two_numbers(f"{text}x{text}" if text.strip().isdecimal() else text)
    if size is None or 0 in size:
        raise argparse.ArgumentTypeError(
            f"'{text}' should be HEIGHTxWIDTH in pixels, such as 180x250, or one number"
        )
    return size


def _two_numbers(text: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"(\d{1,6})\s*[x×]\s*(\d{1,6})", text.strip().lower())
    return (int(match[1]), int(match[2])) if match else None
