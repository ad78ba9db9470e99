"""`vrnn importance`: which channels matter for a class, and what pruning costs, as files."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from vrnn.cli.arguments import add_model_arguments, add_quiet_argument, file_path, read_options
from vrnn.cli.subcommands import subcommand
from vrnn.config.options import ImportanceOptions
from vrnn.network.importance_measures import IMPORTANCE_MEASURES

MOST = 1000
"""Epochs, or points of a curve."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `ImportanceOptions` holds."""
    add_model_arguments(parser)
    parser.add_argument(
        "--out", type=file_path, required=True, metavar="FOLDER", help="where files are written"
    )
    parser.add_argument(
        "--class", dest="targets", action="append", metavar="CLASS",
        help="a class by name or number; may be repeated (all that the data set has images of)",
    )  # fmt: skip
    parser.add_argument(
        "--measure", dest="measures", action="append", choices=IMPORTANCE_MEASURES,
        help="what tells how important a channel is; may be repeated (all)",
    )  # fmt: skip
    parser.add_argument(
        "--epochs", type=_count(1), metavar="N", help="of the training of gammas (20)"
    )
    parser.add_argument("--points", type=_count(2), metavar="N", help="of a pruning curve (21)")
    add_quiet_argument(parser)


def _count(least: int) -> Callable[[str], int]:
    """What reads a number that is not less, and not so large that it would never end."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = -1
        if not least <= number <= MOST:
            raise argparse.ArgumentTypeError(
                f"'{text}' should be a whole number from {least} to {MOST}"
            )
        return number

    return read


@subcommand(
    "importance",
    help="find which channels matter for a class, and what pruning by that costs",
    add_arguments=add_arguments,
)
def run(arguments: argparse.Namespace) -> int:
    """Find and write it; returns the exit code."""
    from vrnn.cli.importance_batch import write_importance

    write_importance(read_options(ImportanceOptions, arguments))
    return 0
