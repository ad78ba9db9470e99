"""The command line: reads the options, calls the part that does the work, reports errors."""

from __future__ import annotations

import argparse
import atexit
import io
import os
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from vrnn.app import startup_timings  # noqa: F401  begins to count
from vrnn.cli.arguments import input_files
from vrnn.cli.interrupt import handle_interrupt
from vrnn.cli.machine_limits import check_limits
from vrnn.cli.parser import parse
from vrnn.compute.loading.user_traceback import (
    broken_library,
    explain_error,
    is_of_user,
    is_out_of_memory,
)
from vrnn.errors import VrnnError, error_text
from vrnn.storage.fault_log import fault_log
from vrnn.storage.log import hide_library_warnings, log_to_stderr
from vrnn.storage.plugins import load_plugins
from vrnn.storage.protected_inputs import protect_inputs
from vrnn.storage.terminal import StandardStreams, print_error

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
    except SystemExit:  # --help and --version have been printed
        raise
    except BaseException as error:
        return _report_unexpected(error, words)


def entry() -> NoReturn:
    """Run the command `vrnn`: as `main`, and leave the process.

    A model that still runs cannot be stopped, and torch's threads do not outlive the interpreter.
    """
    handle_interrupt()
    streams = StandardStreams()
    if "--debug" not in sys.argv:
        hide_library_warnings()
    try:
        code = main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    try:
        streams.finish()
    except VrnnError as error:
        code = code or _report(str(error), BAD_INPUT, [])
    if threading.active_count() > 1:
        os._exit(code)
    if "torch" in sys.modules:
        # The end of C++ has been seen to abort where a driver's thread still ran.
        atexit._run_exitfuncs()  # what a script has asked for
        _flush()
        os._exit(code)
    sys.exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # a script may have put None there
            stream.flush()


def _run(words: list[str]) -> int:
    log_to_stderr()
    fault_log.raises = "--debug" in words
    load_plugins()
    arguments = parse(words)
    _check_folder()
    if getattr(arguments, "command", None) != "doctor":
        check_limits()
    return _call(arguments)


def _call(arguments: argparse.Namespace) -> int:
    """Do what was asked for; returns the exit code."""
    from vrnn.media.image_reader import start_no_program  # not for --help: Pillow takes a while

    start_no_program()
    try:
        with protect_inputs(input_files(arguments)):
            return int(arguments.run(arguments))
    except SystemExit as error:
        raise VrnnError(
            f"the model's own code ended the program: {explain_error(error)}; remove that call"
        ) from error


def _check_folder() -> None:
    """Raise VrnnError where relative paths lead nowhere."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise VrnnError("the folder you are in was deleted; go to another one with cd") from error


def _report_unexpected(error: BaseException, words: list[str]) -> int:
    """Report what nobody has made a sentence of; returns the exit code."""
    if is_out_of_memory(error):
        what = (
            "there is not enough memory; pass a smaller --size or --input-size, or give vrnn more"
        )
        return _report(what, BAD_INPUT, words)
    is_theirs = not isinstance(error, Exception) or is_of_user(error)  # the model's own code
    if is_theirs or broken_library(error):
        return _report(explain_error(error), BAD_INPUT, words)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return _report(f"cannot use '{error.filename}': {error.strerror.lower()}", BAD_INPUT, words)
    what = error_text(error) or "no reason given"
    again = "" if "--debug" in words else " (run it again with --debug to see where)"
    message = f"vrnn failed unexpectedly: {type(error).__name__}: {what}{again}"
    return _report(message, BROKEN, words)


def _report(message: str, code: int, words: list[str]) -> int:
    if "--debug" in words:
        traceback.print_exc()
    print_error(f"vrnn: {message}")
    return code


def _interrupted() -> int:
    print_error("vrnn: interrupted")
    return INTERRUPTED
