"""`vrnn score`: how well a model answers a data set, before a change and after it, as files."""

from __future__ import annotations

import argparse

from vrnn.cli.arguments import add_model_arguments, add_quiet_argument, file_path, read_options
from vrnn.cli.subcommands import subcommand
from vrnn.config.options import ScoreOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `ScoreOptions` holds."""
    add_model_arguments(parser)
    parser.add_argument(
        "--out", type=file_path, required=True, metavar="FOLDER", help="where files are written"
    )
    parser.add_argument(
        "--play", type=file_path, metavar="FILE",
        help="commands that edit kernels or ablate channels: scored before and after them",
    )  # fmt: skip
    add_quiet_argument(parser)


@subcommand(
    "score",
    help="score a whole data set, before edits and ablations and after: accuracy, confusions",
    add_arguments=add_arguments,
)
def run(arguments: argparse.Namespace) -> int:
    """Score it and write files; returns the exit code."""
    from vrnn.cli.score_batch import write_score

    write_score(read_options(ScoreOptions, arguments))
    return 0
