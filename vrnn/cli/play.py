"""Lists of commands from a file, done without a screen: `vrnn --play commands.toml`."""

from __future__ import annotations

import sys

from vrnn.commands.script import read_commands
from vrnn.commands.session import OpenSession
from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.errors import VrnnError
from vrnn.workspace.workspace_file import load_workspace


def run(options: Options) -> int:
    """Open the models, do all the commands of the file, and return the exit code."""
    from vrnn.app.offscreen import OffscreenApp

    assert options.play is not None
    commands = read_commands(options.play)  # told before the models are opened, if it is wrong
    config = load_config(options.config)
    kept = load_workspace(options.place) if options.place is not None else None
    specs = kept.models if kept is not None else options.specs()
    detail = kept.detail if kept is not None else options.detail
    image = options.images[0] if options.images else None
    with OffscreenApp(specs, config, detail, options.arrange, options.scale, image) as studio:
        if options.place is not None:
            studio.do(OpenSession(options.place))
        for number, command in enumerate(commands, 1):
            try:
                studio.do(command)
            except VrnnError as error:
                raise VrnnError(f"{options.play}, command {number}: {error}") from error
            if command.written_file is not None and not options.quiet:
                print(command.written_file)
        for note in studio.feed.notes:
            print(f"vrnn: {note}", file=sys.stderr)
    return 0
