"""`vrnn compare`: two networks compared layer by layer, as files."""

from __future__ import annotations

import argparse

from vrnn.cli.arguments import add_model_arguments, add_quiet_argument, file_path, read_options
from vrnn.cli.subcommands import subcommand
from vrnn.config.options import CompareOptions

MOST = 1_000_000
"""Images."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `CompareOptions` holds."""
    add_model_arguments(parser)
    parser.add_argument(
        "--out", type=file_path, required=True, metavar="FOLDER", help="where files are written"
    )
    parser.add_argument(
        "--images", dest="most_images", type=_count, metavar="N",
        help="images of the data set that layers are compared over, at most; 0 for none (512)",
    )  # fmt: skip
    add_quiet_argument(parser)


def _count(text: str) -> int:
    if not text.isdecimal() or not (int(text) == 0 or 4 <= int(text) <= MOST):
        raise argparse.ArgumentTypeError(f"'{text}' should be 0, or a number from 4 to {MOST}")
    return int(text)


@subcommand(
    "compare",
    help="compare two networks: their layers, weights, similarity (CKA) and answers",
    add_arguments=add_arguments,
)
def run(arguments: argparse.Namespace) -> int:
    """Compare and write; returns the exit code."""
    from vrnn.cli.compare_batch import write_comparison

    write_comparison(read_options(CompareOptions, arguments))
    return 0
