"""The registry of subcommands: what `vrnn NAME` runs, for each name.

A file registers its own:

    @subcommand("colors", help="print the color maps", add_arguments=add_arguments)
    def run(arguments: argparse.Namespace) -> int:
        ...

Files that register one import nothing heavy: `vrnn --help` reads all of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from vrnn.errors import VrnnError

Run = Callable[[argparse.Namespace], int]
"""Does the work with the arguments that were given, and returns the exit code."""


@dataclass(frozen=True)
class Subcommand:
    """A word after `vrnn` that does something else than opening a window.

    Attributes:
        name: The word.
        help: What it does, in one line of `vrnn --help`.
        add_arguments: Adds its arguments to its parser. An argument that is not given is not in
            the namespace.
        run: Does it.
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Run


SUBCOMMANDS: dict[str, Subcommand] = {}
"""Every registered subcommand by its name."""


def subcommand(
    name: str,
    *,
    help: str,
    add_arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None,
) -> Callable[[Run], Run]:
    """Register the decorated function as a subcommand.

    Args:
        name: The word after `vrnn`.
        help: What it does, in one line that begins with a verb.
        add_arguments: Adds its arguments to its parser.

    Raises:
        VrnnError: There is a subcommand of this name already.
    """

    def register(run: Run) -> Run:
        if name in SUBCOMMANDS:
            raise VrnnError(f"there is a subcommand '{name}' already")
        SUBCOMMANDS[name] = Subcommand(name, help, add_arguments, run)
        return run

    return register
