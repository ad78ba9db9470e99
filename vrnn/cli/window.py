"""`vrnn` in a window."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from vrnn.app.desktop import DesktopApp
from vrnn.cli.interrupt import handle_interrupt
from vrnn.cli.opening import read_opening
from vrnn.config.options import Options


def run(options: Options) -> int:
    """Open the window; returns the exit code when it is closed."""
    opening = read_opening(options)
    options = replace(options, detail=opening.detail)
    with DesktopApp(options, opening.config, opening.specs, options.images) as app:

        def interrupt(*_: object) -> NoReturn:
            app.window.interrupted = True  # a callback from C may lose the exception
            raise KeyboardInterrupt

        handle_interrupt(interrupt)
        if options.recording is not None:
            app.workspace.open_training(options.recording, options.step)
        if opening.session is not None:
            app.sessions.restore_when_loaded(opening.session)
        app.loop()
    return 0
