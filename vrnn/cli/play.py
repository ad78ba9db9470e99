"""Lists of commands from a file, done without a screen: `vrnn --play commands.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vrnn.cli.opening import open_offscreen
from vrnn.commands.base import Command
from vrnn.commands.script import read_commands
from vrnn.config.options import Options
from vrnn.errors import VrnnError
from vrnn.network.model_code import trust_models
from vrnn.storage.log import logger
from vrnn.storage.protected_inputs import protect_inputs
from vrnn.storage.terminal import print_text
from vrnn.workspace.workspace_file import load_workspace


def run(options: Options) -> int:
    """Open the models and run all commands of the script; returns the exit code."""
    assert options.play is not None
    # Read before the models are opened: a wrong script is reported at once.
    commands = read_commands(options.play)
    if options.trust:
        for file in filter(None, (command.read_session for command in commands)):
            if file.exists():  # else a command before it writes it, or its own says what is wrong
                trust_models(load_workspace(file).models)
    image = options.images[0] if options.images else None
    with protect_inputs(_images_read(commands)), open_offscreen(options, image) as app:
        for number, command in enumerate(commands, 1):
            try:
                app.do(command)
            except VrnnError as error:
                raise VrnnError(f"{options.play}, command {number}: {error}") from error
            if command.written_file is not None and not options.quiet:
                print_text(str(command.written_file))
        for note in app.feed.notes:
            logger.warning(note)
    return 0


def _images_read(commands: Sequence[Command]) -> Iterator[Path]:
    """Yield the images that commands put in, but for those that one before has written."""
    written: set[Path] = set()
    for command in commands:
        if command.written_file is not None:
            written.add(command.written_file)
        if command.read_image is not None and command.read_image not in written:
            yield command.read_image
