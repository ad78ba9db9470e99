"""`vrnn` without a subcommand: a window, a headset, or a batch of pictures."""

from __future__ import annotations

import argparse
from dataclasses import replace

from vrnn.cli.arguments import (
    add_image_argument,
    add_model_arguments,
    add_quiet_argument,
    camera,
    file_path,
    image_size,
    number_within,
    png_file,
    read_options,
)
from vrnn.cli.contradictions import check_together
from vrnn.compute import allocator, garbage_collector
from vrnn.config.choices import (
    HEADSET_USES,
    MAX_IMAGE_SIDE,
    STEREO_CHOICES,
    VideoRate,
    VideoSeconds,
)
from vrnn.config.display import has_display
from vrnn.config.options import Options, recorded_model
from vrnn.errors import VrnnError
from vrnn.style.color_mapping import COLOR_RANGES
from vrnn.style.theme_names import THEMES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `Options` holds."""
    add_model_arguments(parser)
    _add_window_arguments(parser)
    _add_batch_arguments(parser)
    other = parser.add_argument_group("other")
    other.add_argument(
        "--config", type=file_path, metavar="FILE", help="settings, see docs/settings.md"
    )
    other.add_argument("--timings", action="store_true", help="print how long each step took")
    add_quiet_argument(other)


def _add_window_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is shown")
    add_image_argument(group, "image, WAV sound, .npy or NIfTI volume, or video; may be repeated")
    group.add_argument(
        "--live", metavar="N|FILE|FOLDER",
        help="live frames: camera N, a video file or a folder of images",
    )  # fmt: skip
    group.add_argument("--session", type=file_path, metavar="FILE", help="open a saved session")
    group.add_argument(
        "--trust", action="store_true",
        help="run the scripts that the session or the commands name, even those that you "
        "have not opened before",
    )  # fmt: skip
    group.add_argument(
        "--place", dest="session", type=file_path, help=argparse.SUPPRESS
    )  # former name
    group.add_argument(
        "--recording", type=file_path, metavar="FOLDER",
        help="recorded training of the model, or a folder of its checkpoints, see docs/training.md",
    )  # fmt: skip
    group.add_argument("--step", type=_step, metavar="N", help="step of the recording (the newest)")
    group.add_argument(
        "--arrange",
        metavar="NAME",
        help="arrangement of layers: terrace, conveyor, by-resolution (terrace)",
    )
    group.add_argument("--scale", choices=COLOR_RANGES, help="what the color range spans (map)")
    group.add_argument("--theme", choices=THEMES, help="light is for print and projectors (dark)")
    group.add_argument("--window", type=image_size, metavar="WxH", help="size of the window")
    group.add_argument(
        "--xr", nargs="?", const="on", choices=HEADSET_USES, metavar="|".join(HEADSET_USES),
        help="use the headset; auto: if one is connected (off)",
    )  # fmt: skip
    group.add_argument("--eyes", dest="stereo", choices=STEREO_CHOICES, help=argparse.SUPPRESS)
    group.add_argument("--fullscreen", action="store_true", help="fill the screen")
    group.add_argument(
        "--presentation", action="store_true", help="larger text, no hints and no frame rate"
    )


def _step(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise argparse.ArgumentTypeError(f"'{text}' should be the number of a step, such as 500")
    return int(text)


def _add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("pictures and videos, without a window or a screen")
    group.add_argument("--screenshot", type=png_file, metavar="FILE", help="write a PNG and exit")
    group.add_argument(
        "--screenshot-dir", type=file_path, metavar="FOLDER",
        help="write a PNG for each image and camera into this folder and exit",
    )  # fmt: skip
    group.add_argument(
        "--size", type=image_size, metavar="WxH",
        help=f"size of pictures (1920x1080; up to {MAX_IMAGE_SIDE} each way)",
    )  # fmt: skip
    group.add_argument(
        "--camera", dest="cameras", action="append", type=camera, metavar="CAMERA",
        help="overview (the default), front, top, input, layer:NAME or x,y,z,yaw,pitch in meters "
        "and degrees; may be repeated",
    )  # fmt: skip
    kinds = group.add_mutually_exclusive_group()
    kinds.add_argument(
        "--panorama", dest="kind", action="store_const", const="panorama",
        help="all around, 360 degrees; --size gives the width",
    )  # fmt: skip
    kinds.add_argument(
        "--stereo", dest="kind", action="store_const", const="stereo",
        help="stereo pair, side by side",
    )  # fmt: skip
    group.add_argument(
        "--video", type=file_path, metavar="FILE|FOLDER",
        help="fly from --camera to --camera, or along the steps of --recording: an mp4, or a "
        "folder of PNGs",
    )  # fmt: skip
    group.add_argument(
        "--film", dest="video", type=file_path, help=argparse.SUPPRESS
    )  # former name
    group.add_argument(
        "--seconds",
        type=number_within(VideoSeconds),
        metavar="S",
        help="seconds of video between two cameras (3)",
    )
    group.add_argument(
        "--rate",
        type=number_within(VideoRate),
        metavar="N",
        help="frames per second of the video (30)",
    )
    group.add_argument("--transparent", action="store_true", help="no background")
    group.add_argument(
        "--play", type=file_path, metavar="FILE",
        help="run the commands in this TOML file and exit; see "
        "docs/commands.md",
    )  # fmt: skip


def options_from(arguments: argparse.Namespace) -> Options:
    """Read the options of a command line.

    Raises:
        VrnnError: Two of them do not go together.
    """
    options = read_options(Options, arguments)
    if options.live is not None and not options.live.strip():
        raise VrnnError("--live needs a camera's number, a video file or a folder of images")
    check_together(options, vars(arguments))
    if options.recording is not None and "models" not in vars(arguments):
        options = replace(options, models=(recorded_model(options.recording),))
    return options


def run(arguments: argparse.Namespace) -> int:
    """Open a window or a headset, or write pictures; returns the exit code."""
    options = options_from(arguments)
    garbage_collector.rest()
    allocator.share_one_arena()
    try:
        return _start(options)
    finally:
        garbage_collector.wake()


def _start(options: Options) -> int:
    # Each part is imported when it is needed: --help takes no torch and no OpenGL.
    if options.play is not None:
        from vrnn.cli import play

        return play.run(options)
    if options.is_batch:
        from vrnn.cli import screenshot

        return screenshot.run(options)
    if has_display():
        from vrnn.cli import window

        return window.run(options)
    if options.xr != "off":
        from vrnn.cli import headset

        return headset.run(options)
    raise VrnnError(
        "there is no display to open a window on; write a picture with --screenshot out.png, "
        "or set DISPLAY to a running X server"
    )
