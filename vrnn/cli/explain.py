"""`vrnn explain`: why a model gave its answer, as files, without a window and without OpenGL."""

from __future__ import annotations

import argparse

from vrnn.cli.arguments import (
    add_image_argument,
    add_model_arguments,
    add_quiet_argument,
    add_ray_argument,
    file_path,
    read_options,
)
from vrnn.cli.subcommands import subcommand
from vrnn.config.options import ExplainOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `ExplainOptions` holds."""
    add_model_arguments(parser)
    add_image_argument(parser, "input image, or a folder of them; may be repeated")
    parser.add_argument(
        "--out", type=file_path, required=True, metavar="FOLDER",
        help="where files are written; images that are explained already are not explained again",
    )  # fmt: skip
    parser.add_argument(
        "--target", metavar="CLASS",
        help="a class by name or number, 'A vs B', '12 @row,column', '@token', 'box 0', "
        "'layer NAME #channel @row,column' or 'output 1: …' (the winning class)",
    )  # fmt: skip
    parser.add_argument(
        "--method", metavar="NAME",
        help="a composite or gradient method, see docs/explain.md (epsilon-plus)",
    )  # fmt: skip
    parser.add_argument(
        "--layers", metavar="PATTERN",
        help="layers whose relevance is written, such as 'layer3.*' (none)",
    )  # fmt: skip
    parser.add_argument(
        "--through", action="append", metavar="LAYER#CHANNELS@REGION",
        help="only relevance through these channels or this region, such as 'layer3.0.conv1 #4,17' "
        "or 'layer3.0.conv1 #4 @2-5,0-3' (rows, columns); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--set", dest="settings", action="append", metavar="NAME=VALUE",
        help="another setting, such as steps=64, see docs/explain.md; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--composites", type=file_path, metavar="FILE", help="TOML file of your own composites"
    )
    parser.add_argument(
        "--faithfulness", action="store_true",
        help="flip pixels, the most relevant first, and write how the answer changes",
    )  # fmt: skip
    parser.add_argument(
        "--top-images", action="append", metavar="LAYER#CHANNELS",
        help="write the images of the data set that use these channels most for their class (or "
        "--target), beside those that excite them most, such as 'layer3.0.conv1 #4,17'; may be "
        "repeated",
    )  # fmt: skip
    add_ray_argument(parser)
    add_quiet_argument(parser)


@subcommand(
    "explain",
    help="explain an answer: which pixels, channels and paths speak for it",
    add_arguments=add_arguments,
)
def run(arguments: argparse.Namespace) -> int:
    """Explain and write; returns the exit code."""
    from vrnn.cli.explain_batch import explain_images

    explain_images(read_options(ExplainOptions, arguments))
    return 0
