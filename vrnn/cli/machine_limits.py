"""Limits that a shell or a batch system sets and under which libraries crash instead of failing."""

from __future__ import annotations

import sys

from vrnn.errors import VrnnError

MIN_STACK = 512 << 10
"""Bytes: software OpenGL ends the process on a stack of 64 kB."""
MIN_ADDRESS_SPACE = 1400 << 20
"""Bytes that torch and OpenGL map before there is any model."""


def check_limits() -> None:
    """Raise VrnnError when a limit of this process is too low to run any model."""
    if sys.platform == "win32":
        return
    import resource

    unlimited = resource.RLIM_INFINITY
    stack, _ = resource.getrlimit(resource.RLIMIT_STACK)
    if stack != unlimited and stack < MIN_STACK:
        raise VrnnError(
            f"the stack is limited to {stack >> 10} kB, too little to run a model; "
            "allow more with: ulimit -s 8192"
        )
    space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if space != unlimited and space < MIN_ADDRESS_SPACE:
        raise VrnnError(
            f"the address space is limited to {space >> 20} MB, and PyTorch alone needs more; "
            "allow more with: ulimit -v unlimited"
        )
