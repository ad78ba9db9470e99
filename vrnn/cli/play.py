"""Lists of commands from a file, done without a screen: `vrnn --play commands.toml`."""

from __future__ import annotations

from vrnn.cli.opening import open_offscreen
from vrnn.commands.script import read_commands
from vrnn.config.options import Options
from vrnn.errors import VrnnError
from vrnn.storage.log import logger
from vrnn.storage.terminal import print_text


def run(options: Options) -> int:
    """Open the models and run all commands of the script; returns the exit code."""
    assert options.play is not None
    # Read before the models are opened: a wrong script is reported at once.
    commands = read_commands(options.play)
    image = options.images[0] if options.images else None
    with open_offscreen(options, image) as app:
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
