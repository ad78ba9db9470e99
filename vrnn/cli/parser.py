"""The command line as plain data. Standard library only, so that `--help` is quick."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from vrnn.config.options import Options, parse_camera
from vrnn.errors import VrnnError
from vrnn.network.model_spec import DETAILS
from vrnn.version import __version__

ARRANGEMENTS = ("terrace", "conveyor")
SCALES = ("map", "layer", "network")
HEADSET = ("on", "off", "auto")
STEREO = ("auto", "multiview", "layer", "two")
CAMERAS = ("overview", "front", "top")
LARGEST = 16384
"""Pixels: the largest width and height of a screenshot."""

EPILOG = """\
commands:
  vrnn [options]           open the models in a window, or write screenshots of them
  vrnn graph [options]     print the traced graph as a table, and write it as JSON
  vrnn features [options]  make pictures of what each channel looks for
  vrnn export [options]    write layers as PNG sheets, .npy values and CSV histograms
  vrnn doctor              say what this machine can do, and how to install what is missing

examples:
  vrnn
  vrnn --model torchvision:resnet50 --image cat.jpg
  vrnn --model script.py --weights trained.safetensors --classes names.txt
  vrnn --model a.py --model b.py --screenshot both.png --size 3840x2160
  vrnn --model script.py --screenshot conv.png --camera layer:layer1.0.conv2
"""


def parse(argv: Sequence[str]) -> Options:
    """Read the arguments that follow the program's name.

    Raises VrnnError for wrong ones; `--help` and `--version` print and raise SystemExit(0).
    """
    words = _joined(argv)
    if words and words[0] == "graph":
        values = _graph_parser().parse_args(words[1:])
        return _checked(Options(command="graph", **_given(values)))
    if words and words[0] == "export":
        values = _export_parser().parse_args(words[1:])
        return _checked(Options(command="export", **_given(values)))
    if words and words[0] == "features":
        values = _features_parser().parse_args(words[1:])
        return _checked(Options(command="features", **_given(values)))
    if words and words[0] == "doctor":
        values = _doctor_parser().parse_args(words[1:])
        return Options(command="doctor", **_given(values))
    return _checked(Options(**_given(_open_parser().parse_args(words))))


class _Parser(argparse.ArgumentParser):
    """Reports a wrong argument as VrnnError, in one sentence, instead of printing the usage."""

    def error(self, message: str) -> NoReturn:
        stray = message.removeprefix("unrecognized arguments: ")
        if stray != message and not stray.startswith("-"):
            first = stray.split(" ")[0]
            message = f"'{first}' is not understood here; a model is given with --model {first}"
        raise VrnnError(f"{message} ({self.prog} --help lists the options)")


def _parser(prog: str, description: str, epilog: str | None = None) -> _Parser:
    parser = _Parser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _open_parser() -> _Parser:
    parser = _parser("vrnn", "Walk inside your PyTorch network.", EPILOG)
    parser.add_argument("--version", action="version", version=f"vrnn {__version__}")
    _add_models(parser)
    seen = parser.add_argument_group("what is seen")
    seen.add_argument(
        "--image", dest="images", action="append", type=Path, metavar="FILE",
        help="image to show; may be repeated",
    )  # fmt: skip
    seen.add_argument(
        "--live", metavar="N|FILE|FOLDER",
        help="frames as they come: of camera N, a video file or a folder of images",
    )  # fmt: skip
    seen.add_argument("--place", type=Path, metavar="FILE", help="open a place that was kept")
    seen.add_argument("--arrange", choices=ARRANGEMENTS, help="placement of layers (terrace)")
    seen.add_argument("--scale", choices=SCALES, help="range of values that colors span (map)")
    seen.add_argument("--window", type=_pixels, metavar="WxH", help="size of the window")
    seen.add_argument(
        "--xr", nargs="?", const="on", choices=HEADSET, metavar="on|off|auto",
        help="in the headset; auto: when there is one, else in the window alone (off)",
    )  # fmt: skip
    seen.add_argument("--eyes", dest="stereo", choices=STEREO, help=argparse.SUPPRESS)
    seen.add_argument("--fullscreen", action="store_true", help="fill the screen")
    shot = parser.add_argument_group("screenshots, with no window and no screen")
    shot.add_argument("--screenshot", type=_png, metavar="FILE", help="write a PNG and end")
    shot.add_argument(
        "--screenshot-dir", type=Path, metavar="FOLDER",
        help="write a PNG for each image and camera into this folder and end",
    )  # fmt: skip
    shot.add_argument(
        "--size", type=_pixels, metavar="WxH", help=f"of pictures (1920x1080, up to {LARGEST})"
    )
    shot.add_argument(
        "--camera", dest="cameras", action="append", type=_camera, metavar="PLACE",
        help="overview (as without it), front, top, layer:NAME or x,y,z,yaw,pitch in meters and "
        "degrees; may be repeated",
    )  # fmt: skip
    kinds = shot.add_mutually_exclusive_group()
    kinds.add_argument(
        "--panorama", dest="kind", action="store_const", const="panorama",
        help="all around, 360 degrees; --size gives the width",
    )  # fmt: skip
    kinds.add_argument(
        "--stereo", dest="kind", action="store_const", const="stereo",
        help="what two eyes see, side by side",
    )  # fmt: skip
    shot.add_argument(
        "--film", type=Path, metavar="FILE|FOLDER",
        help="fly through all --camera places: an mp4, or a folder of PNGs",
    )  # fmt: skip
    shot.add_argument("--seconds", type=float, metavar="S", help="of a film, between cameras (3)")
    shot.add_argument("--rate", type=float, metavar="N", help="of a film, pictures a second (30)")
    shot.add_argument("--transparent", action="store_true", help="no background")
    shot.add_argument(
        "--play", type=Path, metavar="FILE",
        help="do the commands in this TOML file, images among them, and end; see docs/commands.md",
    )  # fmt: skip
    other = parser.add_argument_group("other")
    other.add_argument("--config", type=Path, metavar="FILE", help="settings, see docs/settings.md")
    other.add_argument("--timings", action="store_true", help="print how long each step took")
    other.add_argument("--quiet", action="store_true", help="print errors only")
    return parser


def _graph_parser() -> _Parser:
    parser = _parser("vrnn graph", "Print a model's traced graph as a table; write it as JSON.")
    _add_models(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the graph to this file")
    parser.add_argument("--quiet", action="store_true", help="print no table")
    return parser


def _export_parser() -> _Parser:
    parser = _parser("vrnn export", "Write the feature maps of layers as files.")
    _add_models(parser)
    parser.add_argument("--image", dest="images", action="append", type=Path, metavar="FILE")
    parser.add_argument(
        "--layers", metavar="PATTERN", help="names of layers, such as 'layer1.*' (all)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="where files are written"
    )
    parser.add_argument(
        "--what", type=_kinds, metavar="LIST", help="of sheet, values, histograms (all three)"
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    return parser


def _features_parser() -> _Parser:
    parser = _parser("vrnn features", "Make pictures of what each channel of a layer looks for.")
    _add_models(parser)
    parser.add_argument(
        "--layers", required=True, metavar="PATTERN", help="names of layers, such as 'layer3.*'"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER",
        help="where pictures are written; those that are there already are not made again",
    )  # fmt: skip
    parser.add_argument("--channels", metavar="LIST", help="such as 0-15,40 (all)")
    parser.add_argument("--preset", metavar="NAME", help="published, sharp or quick (published)")
    parser.add_argument(
        "--set", dest="settings", action="append", metavar="NAME=VALUE",
        help="a setting of the preset otherwise, see docs/features.md; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--image", dest="images", action="append", type=Path, metavar="FILE",
        help="to start from, where the source is an image",
    )  # fmt: skip
    parser.add_argument(
        "--ray", metavar="ADDRESS",
        help="spread over the machines of a Ray cluster, such as auto or ray://head:10001",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    return parser


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(part.strip() for part in text.split(","))
    if not set(kinds) <= {"sheet", "values", "histograms"}:
        raise argparse.ArgumentTypeError(f"'{text}' should be some of sheet,values,histograms")
    return kinds


def _doctor_parser() -> _Parser:
    return _parser(
        "vrnn doctor", "Say what this machine can do and how to install what is missing."
    )


def _add_models(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model", dest="models", action="append", metavar="MODEL",
        help="script.py, script.py:Name, torchvision:NAME, timm:NAME, package.module:factory or "
        "default; repeat it for networks side by side",
    )  # fmt: skip
    group.add_argument(
        "--weights", action="append", type=_weights, metavar="FILE",
        help="safetensors or state_dict file; repeated: for each model in order, none for no file",
    )  # fmt: skip
    group.add_argument("--classes", type=Path, metavar="FILE", help="one class name a line")
    group.add_argument("--data", type=Path, metavar="FOLDER", help="images, classes by subfolder")
    group.add_argument("--input-size", type=_input_size, metavar="HxW", help="224 or 180x250")
    group.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps (auto)")
    group.add_argument("--detail", choices=DETAILS, help="how finely the graph is shown (layers)")


def _joined(argv: Sequence[str]) -> list[str]:
    """`--camera -1,2,3,0,0` as one word, as argparse takes a leading minus for an option."""
    words: list[str] = []
    for word in argv:
        if words and words[-1] == "--camera" and re.match(r"-[\d.]", word):
            words[-1] = f"--camera={word}"
        else:
            words.append(word)
    return words


def _given(values: argparse.Namespace) -> dict[str, Any]:
    lists = {name: value for name, value in vars(values).items() if isinstance(value, list)}
    return vars(values) | {name: tuple(value) for name, value in lists.items()}


def _checked(options: Options) -> Options:
    if len(options.weights) > len(options.models):
        raise VrnnError(
            f"--weights is given {len(options.weights)} times for {len(options.models)} model(s); "
            "give at most one for each --model, in the same order"
        )
    if options.live is not None:
        if not options.live.strip():
            raise VrnnError("--live needs a camera's number, a video file or a folder of images")
        if options.is_batch:
            raise VrnnError("--live belongs to the window; leave it out, or the screenshots")
    if options.xr != "off" and (options.is_batch or options.play is not None):
        raise VrnnError("--xr belongs to the window; leave it out, or the pictures")
    if options.film is not None and len(options.cameras) < 2:
        raise VrnnError("--film flies from camera to camera: give --camera at least twice")
    if not options.is_batch and options.command == "open":
        for given, name in (
            (options.cameras != ("overview",), "--camera"),
            (options.transparent, "--transparent"),
            (options.size != (1920, 1080), "--size"),
        ):
            if given:
                raise VrnnError(f"{name} belongs to screenshots; add --screenshot FILE")
    return options


def _two_numbers(text: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"(\d{1,6})\s*[x×]\s*(\d{1,6})", text.strip().lower())
    return (int(match[1]), int(match[2])) if match else None


def _pixels(text: str) -> tuple[int, int]:
    size = _two_numbers(text)
    if size is None:
        raise argparse.ArgumentTypeError(f"'{text}' should be WIDTHxHEIGHT, such as 1920x1080")
    if not all(1 <= side <= LARGEST for side in size):
        raise argparse.ArgumentTypeError(f"'{text}' should lie between 1x1 and {LARGEST}x{LARGEST}")
    return size


def _input_size(text: str) -> tuple[int, int]:
    size = _two_numbers(f"{text}x{text}" if text.strip().isdecimal() else text)
    if size is None or 0 in size:
        raise argparse.ArgumentTypeError(
            f"'{text}' should be HEIGHTxWIDTH in pixels, such as 180x250, or one number"
        )
    return size


def _png(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"'{text}' should end in .png")
    return path


def _weights(text: str) -> Path | None:
    return None if text == "none" else Path(text)


def _camera(text: str) -> str:
    named = text in CAMERAS or (text.startswith("layer:") and text != "layer:")
    if not named and parse_camera(text) is None:
        raise argparse.ArgumentTypeError(
            f"'{text}' should be overview, front, top, layer:NAME or five numbers x,y,z,yaw,pitch"
        )
    return text
