"""The parser of the command line, built from the registered subcommands."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from vrnn.cli import (  # noqa: F401  each registers itself
    doctor,
    embed,
    explain,
    export,
    features,
    graph,
    importance,
    launcher,
)
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
    except _UnknownSubcommandError:
        # Without subcommands the word is a stray one, and so is a misspelled option before it.
        return _build_parser({}).parse_args(words)
    command = getattr(arguments, "command", None)
    if command is not None and words[0] != command:
        raise VrnnError(f"write the command first: vrnn {command} [options]")
    return arguments


class _UnknownSubcommandError(Exception):
    """A word stands where a subcommand could, but it is none."""


class _Parser(argparse.ArgumentParser):
    """Reports a wrong argument as VrnnError, in one sentence, instead of printing the usage."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter,
            argument_default=argparse.SUPPRESS,
            allow_abbrev=False,
            **settings,
        )
        self.add_argument("--debug", action="store_true", help="show the traceback of an error")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse, but know all arguments: a subcommand's parser answers for its own."""
        namespace, stray = super().parse_known_args(args, namespace)
        if stray:
            self.error(f"unrecognized arguments: {' '.join(stray)}")
        return namespace, []

    def error(self, message: str) -> NoReturn:
        if message.startswith("argument COMMAND: invalid choice"):
            raise _UnknownSubcommandError
        stray = message.removeprefix("unrecognized arguments: ")
        if stray != message and not stray.startswith("-"):
            word = stray.split(" ")[0]
            message = f"'{word}' is not understood here; a model is given with --model {word}"
        raise VrnnError(f"{message} ({self.prog} --help lists the options)")


def _build_parser(subcommands: Mapping[str, Subcommand]) -> _Parser:
    parser = _Parser(prog="vrnn", usage=USAGE, description=DESCRIPTION, epilog=EXAMPLES)
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
