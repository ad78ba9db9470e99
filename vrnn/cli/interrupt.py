"""Ctrl-C that always works: the second one ends the process, whatever it does.

Python notices Ctrl-C only between two of its own instructions. While a script holds the
interpreter lock in C code there are none, so the system itself has to end the process.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from vrnn.storage.interrupts import raise_interrupt

_SA_RESETHAND = {"linux": 0x80000000, "darwin": 0x4}


class _LinuxSigaction(ctypes.Structure):
    """`struct sigaction` of glibc and musl."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ubyte * 128),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


class _DarwinSigaction(ctypes.Structure):
    """`struct sigaction` of macOS."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_uint32),
        ("flags", ctypes.c_int),
    )


def handle_interrupt(handler: Callable[..., Any] | None = None) -> None:
    """Let the first Ctrl-C call a function, and the second one end the process at once.

    Does nothing outside of the main thread, where Ctrl-C is ignored, and on Windows.

    Args:
        handler: As for `signal.signal`; None for the present one; Python's own
            is replaced by one that `hold_interrupt` can keep waiting.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if handler is None and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        handler = raise_interrupt
    if handler is not None:
        signal.signal(signal.SIGINT, handler)
    if sys.platform not in _SA_RESETHAND or not callable(signal.getsignal(signal.SIGINT)):
        return
    action = _LinuxSigaction() if sys.platform == "linux" else _DarwinSigaction()
    sigaction = ctypes.CDLL(None).sigaction
    sigaction.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    if sigaction(signal.SIGINT, None, ctypes.byref(action)) != 0:
        return
    # The handler stays Python's; the system forgets it when it has called it once.
    action.flags = ctypes.c_int(action.flags | _SA_RESETHAND[sys.platform]).value
    sigaction(signal.SIGINT, ctypes.byref(action), None)
