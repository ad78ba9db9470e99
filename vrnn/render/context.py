"""An OpenGL context without a screen, or around the window's."""

from __future__ import annotations

import sys
from typing import Any

import moderngl

from vrnn.errors import VrnnError

REQUIRED_VERSION = 410
"""OpenGL 4.1 core: what a Mac still has."""
INSTALL_COMMAND = "sudo apt-get install -y libegl1 libgl1 libgl1-mesa-dri"


def offscreen_context() -> moderngl.Context:
    """A context that draws without any screen: EGL on Linux, a hidden context elsewhere.

    Raises VrnnError when there is no OpenGL, or only an older one.
    """
    try:
        return moderngl.create_standalone_context(require=REQUIRED_VERSION, **_backend_options())
    except Exception as error:
        raise VrnnError(_failure_message(str(error))) from error


def window_context() -> moderngl.Context:
    """The context of the window that is current on this thread.

    Raises VrnnError when it offers less than OpenGL 4.1.
    """
    try:
        return moderngl.create_context(require=REQUIRED_VERSION)
    except Exception as error:
        raise VrnnError(_failure_message(str(error))) from error


def _backend_options() -> dict[str, Any]:
    return {"backend": "egl"} if sys.platform.startswith("linux") else {}


def _failure_message(reason: str) -> str:
    hint = (
        f", or for software OpenGL: {INSTALL_COMMAND}" if sys.platform.startswith("linux") else ""
    )
    try:
        older = moderngl.create_standalone_context(**_backend_options())
    except Exception:
        return (
            f"no OpenGL 4.1 could be started on this machine ({reason.strip() or 'no reason'}); "
            f"install its graphics driver{hint}"
        )
    version = f"{older.version_code // 100}.{older.version_code // 10 % 10}"
    older.release()
    return (
        f"this machine's OpenGL {version} is too old, vrnn needs 4.1; update the graphics "
        f"driver{hint}"
    )


def is_software(ctx: moderngl.Context) -> bool:
    """Whether the processor does the drawing."""
    renderer = ctx.info["GL_RENDERER"].lower()
    return any(name in renderer for name in ("llvmpipe", "softpipe", "swrast", "swiftshader"))
