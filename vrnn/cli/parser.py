"""The parser of the command line, built from the registered subcommands."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence

from vrnn.cli import (  # noqa: F401  each registers itself
    compare,
    doctor,
    embed,
    explain,
    export,
    features,
    graph,
    importance,
    launcher,
    score,
    watch,
)
from vrnn.cli.option_parser import OptionParser, UnknownSubcommandError
from vrnn.cli.subcommands import SUBCOMMANDS, Subcommand
from vrnn.errors import VrnnError
from vrnn.version import __version__

USAGE = """\
vrnn [options]
       vrnn COMMAND [options]"""
DESCRIPTION = "Walk inside your PyTorch network."
EXAMPLES = """\
examples:
  vrnn
  vrnn --model torchvision:resnet50 --image cat.jpg
  vrnn --model hf:microsoft/resnet-50
  vrnn --model script.py --weights trained.safetensors --classes names.txt
  vrnn --model a.py --model b.py --screenshot both.png --size 3840x2160
  vrnn --model script.py --screenshot conv.png --camera layer:layer1.0.conv2
"""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments that follow the program's name.

    Args:
        argv: The words.

    Returns:
        The arguments that were given; those that were not are missing. `run` is what runs them.

    Raises:
        VrnnError: Arguments are wrong.
        SystemExit: `--help` or `--version` was given, and has been printed.
    """
    words = _join_cameras(argv)
    try:
        arguments = _build_parser(SUBCOMMANDS).parse_args(words)
    except UnknownSubcommandError:
        # Without subcommands the word is a stray one, and so is a misspelled option before it.
        return _build_parser({}).parse_args(words)
    command = getattr(arguments, "command", None)
    if command is not None and words[0] != command:
        raise VrnnError(f"write the command first: vrnn {command} [options]")
    return arguments


def _build_parser(subcommands: Mapping[str, Subcommand]) -> OptionParser:
    parser = OptionParser(prog="vrnn", usage=USAGE, description=DESCRIPTION, epilog=EXAMPLES)
    parser.add_argument("--version", action="version", version=f"vrnn {__version__}")
    launcher.add_arguments(parser)
    parser.set_defaults(run=launcher.run)
    if not subcommands:
        return parser
    group = parser.add_subparsers(
        title="commands", description="without one: open the models in a window, or write pictures",
        prog="vrnn", metavar="COMMAND", dest="command",
    )  # fmt: skip
    for name, subcommand in subcommands.items():
        description = subcommand.help[0].upper() + subcommand.help[1:] + "."
        own = group.add_parser(name, help=subcommand.help, description=description)
        subcommand.add_arguments(own)
        own.set_defaults(run=subcommand.run)
    return parser


def _join_cameras(argv: Sequence[str]) -> list[str]:
    """Make `--camera -1,2,3,0,0` one word, as argparse takes a leading minus for an option."""
    words: list[str] = []
    for word in argv:
        if words and words[-1] == "--camera" and re.match(r"-[\d.]", word):
            words[-1] = f"--camera={word}"
        else:
            words.append(word)
    return words
