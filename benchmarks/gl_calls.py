"""Counts the calls of OpenGL that a frame takes, whoever makes them (Linux on x86-64 only).

A few bytes of machine code for each function add one to a counter and jump on to the function.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from typing import Any

import moderngl
from glcontext import get_backend_by_name

from vrnn.render import gl_raw
from vrnn.render.context import REQUIRED_VERSION

LONGEST = 32
"""Bytes of code for one function."""


class Counter:
    """Stands between ModernGL and the driver."""

    def __init__(self) -> None:
        self._code = mmap.mmap(-1, 1 << 18, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(self._code))
        self._used = 64  # the counter lies first
        self._context: Any = None
        self._known: dict[str, int] = {}

    @property
    def calls(self) -> int:
        """So far."""
        return int(struct.unpack_from("<Q", self._code, 0)[0])

    def load(self, name: str) -> int:
        """The address of a function that is counted."""
        if name not in self._known:
            self._known[name] = self._counted(self._context.load(name))
        return self._known[name]

    def _counted(self, target: int) -> int:
        if not target:
            return 0
        at, self._used = self._used, self._used + LONGEST
        code = b"\x49\xbb" + struct.pack("<Q", self._base)  # mov r11, counter
        code += b"\x49\xff\x03"  # inc qword [r11]
        code += b"\x49\xbb" + struct.pack("<Q", target)  # mov r11, target
        code += b"\x41\xff\xe3"  # jmp r11
        self._code[at : at + len(code)] = code
        return self._base + at

    def context(self) -> moderngl.Context:
        """A context without a screen whose calls are counted, those past ModernGL too."""
        self._context = get_backend_by_name("egl")(mode="standalone", glversion=REQUIRED_VERSION)
        ctx = moderngl.create_context(require=REQUIRED_VERSION, context=self)
        gl_raw._address_loader = lambda: self.load
        return ctx

    # What ModernGL asks of a context.

    def __enter__(self) -> None:
        self._context.__enter__()

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(*error)

    def release(self) -> None:
        """Give the context back."""
        self._context.release()
