"""`vrnn export`: the feature maps of layers as files, without a window and without OpenGL."""

from __future__ import annotations

import argparse

from vrnn.cli.arguments import (
    add_image_argument,
    add_model_arguments,
    add_quiet_argument,
    check_single_image,
    file_path,
    read_options,
    some_of,
)
from vrnn.cli.subcommands import subcommand
from vrnn.config.choices import LAYER_FILES
from vrnn.config.options import ExportOptions
from vrnn.errors import VrnnError
from vrnn.media.bit_depths import PRECISIONS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `ExportOptions` holds."""
    add_model_arguments(parser)
    add_image_argument(parser, "input image")
    parser.add_argument(
        "--layers", metavar="PATTERN", help="names of layers, such as 'layer1.*' (all)"
    )
    parser.add_argument(
        "--out", type=file_path, metavar="FOLDER", help="where files of layers are written"
    )
    parser.add_argument(
        "--what", dest="formats", type=some_of(LAYER_FILES), metavar="LIST",
        help=f"of {', '.join(LAYER_FILES)} (all)",
    )  # fmt: skip
    parser.add_argument(
        "--ifealid", type=int, nargs="?", const=8, choices=PRECISIONS, metavar="BITS",
        help="an IFeaLiD data set of each layer with 8, 16 or 32 bits (8), nothing else unless "
        "--what asks for it",
    )  # fmt: skip
    parser.add_argument(
        "--save-weights", type=file_path, metavar="FILE",
        help="all weights as a .safetensors file, in place of layers",
    )  # fmt: skip
    parser.add_argument(
        "--play", type=file_path, metavar="FILE",
        help="commands that edit kernels, before --save-weights writes them",
    )  # fmt: skip
    add_quiet_argument(parser)


@subcommand(
    "export",
    help="write layers as PNG sheets, .npy values and CSV histograms, or edited weights",
    add_arguments=add_arguments,
)
def run(arguments: argparse.Namespace) -> int:
    """Open the models, run the image, write the files; returns the exit code."""
    from vrnn.cli.layer_export import export_models
    from vrnn.cli.weight_export import export_weights

    if getattr(arguments, "ifealid", None) is not None and not getattr(arguments, "formats", None):
        arguments.formats = ()
    options = read_options(ExportOptions, arguments)
    check_single_image(options.images)
    if (options.out is None) == (options.save_weights is None):
        raise VrnnError("give --out FOLDER for files of layers, or --save-weights FILE for weights")
    if options.save_weights is not None:
        export_weights(options)
    elif options.play is not None:
        raise VrnnError("--play edits kernels before weights are written; give --save-weights FILE")
    else:
        export_models(options)
    return 0
