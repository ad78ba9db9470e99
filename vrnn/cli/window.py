"""`vrnn` in a window."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from vrnn.app.opened_window import OpenedWindow, open_window
from vrnn.cli.interrupt import handle_interrupt
from vrnn.compute import torch_libraries
from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.errors import VrnnError


def run(options: Options) -> int:
    """Open the window; returns the exit code when it is closed."""
    opened, reason = _open_first(options)
    try:
        # The window stands by now: what follows takes the longest to import.
        torch_libraries.begin_loading()
        from vrnn.app.desktop import DesktopApp
        from vrnn.cli.opening import read_opening

        opening = read_opening(options)
        if reason is not None:
            raise reason
    except BaseException:
        if opened is not None:
            opened.close()
        raise
    options = replace(options, detail=opening.detail)
    with DesktopApp(options, opening.config, opening.specs, options.images, opened) as app:

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


def _open_first(options: Options) -> tuple[OpenedWindow | None, VrnnError | None]:
    """Open the window before all else; without one why not, which waits for what else is wrong."""
    config = load_config(options.config)
    try:
        return open_window(options, config), None
    except VrnnError as error:
        return None, error
