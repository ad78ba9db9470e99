"""The order in which libraries are loaded that each bring an LLVM of their own."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def load_triton_first() -> None:
    """Load triton's library, where it is installed, before a driver of OpenGL.

    Mesa's drivers compile shaders with LLVM, and triton holds another LLVM. Loaded behind Mesa's,
    triton's ends the process (triton 3.8, Mesa 22.3); the other way round both work. torch imports
    triton together with its compiler, as torchvision and others do. Takes some 30 ms.
    """
    if not sys.platform.startswith("linux") or "triton" in sys.modules:
        return
    found = find_spec("triton")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        for library in Path(folder, "_C").glob("libtriton*.so"):
            with suppress(OSError):  # what is damaged, or has no room, fails later by itself
                ctypes.CDLL(str(library))
