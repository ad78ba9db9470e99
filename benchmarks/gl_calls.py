"""A counter of the OpenGL calls that a frame takes, whoever makes them (Linux on x86-64 only).

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

STUB_BYTES = 32
"""Bytes of code reserved for one function."""


class Counter:
    """Stands between ModernGL and the driver, and counts the calls."""

    def __init__(self) -> None:
        self._code = mmap.mmap(-1, 1 << 18, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(self._code))
        self._used = 64  # the counter lies first
        self._context: Any = None
        self._stubs: dict[str, int] = {}

    @property
    def calls(self) -> int:
        """OpenGL calls so far."""
        return int(struct.unpack_from("<Q", self._code, 0)[0])

    def load(self, name: str) -> int:
        """Return the address of a stub that counts calls of a function and then makes them."""
        if name not in self._stubs:
            self._stubs[name] = self._create_stub(self._context.load(name))
        return self._stubs[name]

    def _create_stub(self, target: int) -> int:
        if not target:
            return 0
        at, self._used = self._used, self._used + STUB_BYTES
        code = b"\x49\xbb" + struct.pack("<Q", self._base)  # mov r11, counter
        code += b"\x49\xff\x03"  # inc qword [r11]
        code += b"\x49\xbb" + struct.pack("<Q", target)  # mov r11, target
        code += b"\x41\xff\xe3"  # jmp r11
        self._code[at : at + len(code)] = code
        return self._base + at

    def context(self) -> moderngl.Context:
        """Create a context without a screen whose calls are counted, those past ModernGL too."""
        self._context = get_backend_by_name("egl")(mode="standalone", glversion=REQUIRED_VERSION)
        interface: Any = self
        ctx = moderngl.create_context(require=REQUIRED_VERSION, context=interface)
        gl_raw._address_loader = lambda: self.load
        return ctx

    # The interface that ModernGL expects of a context.

    def __enter__(self) -> None:
        self._context.__enter__()

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(*error)

    def release(self) -> None:
        """Release the context."""
        self._context.release()
