"""The command line: reads the options, calls the part that does the work, reports errors."""

from __future__ import annotations

import io
import os
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import NoReturn

from vrnn.cli.interrupt import handle_interrupt
from vrnn.cli.parser import parse
from vrnn.errors import VrnnError
from vrnn.storage.fault_log import fault_log
from vrnn.storage.log import log_to_stderr
from vrnn.storage.plugins import load_plugins

BAD_INPUT = 2
BROKEN = 1
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run vrnn.

    Args:
        argv: The arguments that follow the program's name; None for those of this process.

    Returns:
        The exit code. 0: done; 2: bad input or a missing part of the machine, reported in one
        sentence; 1: a fault of vrnn itself; 130: interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without × or → shows a ? there
    try:
        return _run(words)
    except VrnnError as error:
        return _report(str(error), BAD_INPUT, words)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # The reader of our output went away (`vrnn graph | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        what = str(error) or "no reason given"
        again = "" if "--debug" in words else " (run it again with --debug to see where)"
        message = f"vrnn failed unexpectedly: {type(error).__name__}: {what}{again}"
        return _report(message, BROKEN, words)


def entry() -> NoReturn:
    """Run the command `vrnn`: as `main`, and leave the process.

    A model that still runs cannot be stopped, and torch's threads do not outlive the interpreter.
    """
    handle_interrupt()
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(code)
    sys.exit(code)


def _run(words: list[str]) -> int:
    log_to_stderr()
    fault_log.raises = "--debug" in words
    load_plugins()
    arguments = parse(words)
    return int(arguments.run(arguments))


def _report(message: str, code: int, words: list[str]) -> int:
    if "--debug" in words:
        traceback.print_exc()
    print(f"vrnn: {' '.join(message.split())}", file=sys.stderr)
    return code


def _interrupted() -> int:
    print("vrnn: interrupted", file=sys.stderr)
    return INTERRUPTED
