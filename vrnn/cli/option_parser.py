"""The kind of parser that all subcommands have: it tells what is wrong in one sentence."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from vrnn.errors import VrnnError


class UnknownSubcommandError(Exception):
    """A word stands where a subcommand could, but it is none."""


class OptionParser(argparse.ArgumentParser):
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
        """Raise a VrnnError that says what is wrong, in place of printing it."""
        if message.startswith("argument COMMAND: invalid choice"):
            raise UnknownSubcommandError
        stray = message.removeprefix("unrecognized arguments: ")
        if stray != message and not stray.startswith("-"):
            word = stray.split(" ")[0]
            message = f"'{word}' is not understood here; a model is given with --model {word}"
        raise VrnnError(f"{message} ({self.prog} --help lists the options)")
