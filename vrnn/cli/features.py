"""`vrnn features`: feature visualizations as files, without a window and without OpenGL."""

from __future__ import annotations

import argparse

from vrnn.cli.arguments import (
    add_image_argument,
    add_model_arguments,
    add_quiet_argument,
    add_ray_argument,
    check_single_image,
    file_path,
    read_options,
)
from vrnn.cli.subcommands import subcommand
from vrnn.config.options import FeatureOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `FeatureOptions` holds."""
    add_model_arguments(parser)
    parser.add_argument(
        "--layers", required=True, metavar="PATTERN", help="names of layers, such as 'layer3.*'"
    )
    parser.add_argument(
        "--out", type=file_path, required=True, metavar="FOLDER",
        help="where pictures are written; those that are there already are not made again",
    )  # fmt: skip
    parser.add_argument("--channels", metavar="LIST", help="such as 0-15,40 (all)")
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="published, sharp or quick (published)",
    )
    parser.add_argument(
        "--set", dest="settings", action="append", metavar="NAME=VALUE",
        help="replace a setting of the preset, see docs/features.md; may be repeated",
    )  # fmt: skip
    add_image_argument(parser, "to start from, where the source is an image")
    add_ray_argument(parser)
    add_quiet_argument(parser)


@subcommand(
    "features",
    help="make feature visualizations: what each channel responds to",
    add_arguments=add_arguments,
)
def run(arguments: argparse.Namespace) -> int:
    """Make and write them; returns the exit code."""
    from vrnn.cli.feature_batch import make_features

    options = read_options(FeatureOptions, arguments)
    check_single_image(options.images)
    make_features(options)
    return 0
