"""OpenGL contexts: one without a screen, and one around the window's."""

from __future__ import annotations

import sys
from typing import Any

import moderngl

from vrnn.errors import VrnnError
from vrnn.render.driver_probe import check_driver
from vrnn.render.library_order import load_triton_first
from vrnn.storage.interrupts import hold_interrupt

REQUIRED_VERSION = 410
"""OpenGL 4.1 core, as hundreds: what a Mac still has."""
INSTALL_COMMAND = "sudo apt-get install -y libegl1 libgl1 libgl1-mesa-dri"
"""Installs software OpenGL on Debian and Ubuntu."""


def offscreen_context() -> moderngl.Context:
    """Create a context that draws without any screen: EGL on Linux, a hidden context elsewhere.

    Raises:
        VrnnError: There is no OpenGL, or only one older than `REQUIRED_VERSION`.
    """
    check_driver()
    load_triton_first()
    try:
        with hold_interrupt():
            return moderngl.create_standalone_context(
                require=REQUIRED_VERSION, **_backend_options()
            )
    except Exception as error:
        raise VrnnError(_failure_message(str(error))) from error


def window_context() -> moderngl.Context:
    """Wrap the context of the window that is current on this thread.

    Raises:
        VrnnError: The context offers less than `REQUIRED_VERSION`.
    """
    try:
        return moderngl.create_context(require=REQUIRED_VERSION)
    except Exception as error:
        raise VrnnError(_failure_message(str(error))) from error


def is_software(ctx: moderngl.Context) -> bool:
    """Tell whether the processor does the drawing."""
    renderer = ctx.info["GL_RENDERER"].lower()
    return any(name in renderer for name in ("llvmpipe", "softpipe", "swrast", "swiftshader"))


def _backend_options() -> dict[str, Any]:
    return {"backend": "egl"} if sys.platform.startswith("linux") else {}


def _failure_message(reason: str) -> str:
    linux = sys.platform.startswith("linux")
    hint = f", or for software OpenGL: {INSTALL_COMMAND}" if linux else ""
    try:
        older_context = moderngl.create_standalone_context(**_backend_options())
    except Exception:
        return (
            f"no OpenGL 4.1 could be started on this machine ({reason.strip() or 'no reason'}); "
            f"install its graphics driver{hint}"
        )
    version = f"{older_context.version_code // 100}.{older_context.version_code // 10 % 10}"
    older_context.release()
    return (
        f"this machine's OpenGL {version} is too old, vrnn needs 4.1; update the graphics "
        f"driver{hint}"
    )
