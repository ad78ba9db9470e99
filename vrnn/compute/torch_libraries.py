"""torch's libraries in C++, loaded in a thread while Python imports something else."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

SCOPES = {"libtorch_global_deps.so": os.RTLD_GLOBAL, "libtorch_cpu.so": os.RTLD_LOCAL}
"""What torch's import loads first, and how. It takes a fifth of that import."""


def begin_loading() -> None:
    """Begin to load them, and return at once; torch's import waits until that is done.

    An import holds the interpreter lock while it loads a library, and two threads that import
    Python modules at once are slower than one after the other. So only this goes on meanwhile.
    """
    if sys.platform.startswith("linux") and "torch" not in sys.modules:
        threading.Thread(target=_load, name="vrnn-libraries", daemon=True).start()


def _load() -> None:
    """Load them as torch does; what fails here fails there again, and is told there."""
    dlopen = ctypes.CDLL(None).dlopen  # a call of ctypes releases the lock, CDLL does not
    dlopen.argtypes, dlopen.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    found = find_spec("torch")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        for name, scope in SCOPES.items():
            path = Path(folder, "lib", name)
            if path.is_file():
                dlopen(os.fsencode(path), os.RTLD_NOW | scope)
