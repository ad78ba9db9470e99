"""`vrnn embed`: a data set as a cloud of points by the features of a layer, as a file."""

from __future__ import annotations

import argparse

from vrnn.cli.arguments import (
    add_model_arguments,
    add_quiet_argument,
    add_ray_argument,
    file_path,
    read_options,
)
from vrnn.cli.subcommands import subcommand
from vrnn.config.options import EmbedOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `EmbedOptions` holds."""
    add_model_arguments(parser)
    parser.add_argument(
        "--layer", dest="layers", action="append", required=True, metavar="NAME",
        help="layer whose features place the images, or pixels; repeated: each placed from where "
        "the one before has them",
    )  # fmt: skip
    parser.add_argument(
        "--method", choices=("pca", "tsne", "umap"), help="how images are placed (pca)"
    )
    parser.add_argument("--dimensions", type=int, choices=(2, 3), help="of the points (2)")
    parser.add_argument(
        "--at", type=_position, metavar="X,Y",
        help="features at a position of the maps, such as 0.5,0.5 for their middle (mean of all)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=file_path, required=True, metavar="FILE", help=".npz, or .parquet"
    )
    add_ray_argument(parser)
    add_quiet_argument(parser)


def _position(text: str) -> tuple[float, float]:
    try:
        across, down = (float(part) for part in text.split(","))
    except ValueError:
        across = down = float("nan")
    if not (0 <= across <= 1 and 0 <= down <= 1):
        raise argparse.ArgumentTypeError(
            f"'{text}' should be parts of the width and the height from 0 to 1, such as 0.5,0.5"
        )
    return across, down


@subcommand(
    "embed",
    help="place the images of a data set by the features of a layer, as points in a file",
    add_arguments=add_arguments,
)
def run(arguments: argparse.Namespace) -> int:
    """Place and write them; returns the exit code."""
    from vrnn.cli.embed_batch import embed_images

    embed_images(read_options(EmbedOptions, arguments))
    return 0
