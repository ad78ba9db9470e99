"""The command line: reads the options, calls the part that does the work, reports errors."""

from __future__ import annotations

import io
import os
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import NoReturn

from vrnn.cli import parser as command_line
from vrnn.cli.display import has_display
from vrnn.config.options import Options
from vrnn.errors import VrnnError

BAD_INPUT = 2
BROKEN = 1
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run vrnn with these arguments (without the program's name); returns the exit code.

    0: done; 2: bad input or a missing part of the machine, told in one sentence; 1: a fault of
    vrnn itself; 130: interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without × or → shows a ? there
    try:
        return _run(command_line.parse(words))
    except VrnnError as error:
        return _report(str(error), BAD_INPUT, words)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # The reader of our output went away (`vrnn graph | head`); nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        what = str(error) or "no reason given"
        again = "" if "--debug" in words else " (run it again with --debug to see where)"
        message = f"vrnn failed unexpectedly: {type(error).__name__}: {what}{again}"
        return _report(message, BROKEN, words)


def entry() -> NoReturn:
    """The command `vrnn`: as `main`, and leaves the process.

    A model that still runs cannot be stopped, and torch's threads do not outlive the interpreter.
    """
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(code)
    sys.exit(code)


def _run(options: Options) -> int:
    # Each part is imported when it is needed: --help takes no torch and no OpenGL.
    if options.command == "doctor":
        from vrnn.cli import doctor

        return doctor.run()
    if options.command == "export":
        from vrnn.cli import export as export_command

        return export_command.run(options)
    if options.command == "features":
        from vrnn.cli import features as features_command

        return features_command.run(options)
    if options.command == "graph":
        from vrnn.cli import graph as graph_file

        return graph_file.run(options)
    if options.play is not None:
        from vrnn.cli import play

        return play.run(options)
    if options.is_batch:
        from vrnn.cli import screenshot as snapshot

        return snapshot.run(options)
    if not has_display():
        if options.xr != "off":
            from vrnn.cli import headset as alone

            return alone.run(options)
        raise VrnnError(
            "there is no display to open a window on; write a picture with --screenshot out.png, "
            "or set DISPLAY to a running X server"
        )
    from vrnn.cli import window

    return window.run(options)


def _report(message: str, code: int, words: list[str]) -> int:
    if "--debug" in words:
        traceback.print_exc()
    print(f"vrnn: {' '.join(message.split())}", file=sys.stderr)
    return code


def _interrupted() -> int:
    print("vrnn: interrupted", file=sys.stderr)
    return INTERRUPTED
