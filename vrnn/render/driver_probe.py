"""Draws one triangle with OpenGL, as `python -m vrnn.render.driver_probe`, to see whether it can.

A broken or misled driver ends the process that calls it. Where the environment changes what the
driver does, it is tried in a process of its own first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from vrnn.errors import VrnnError

PREFIXES = ("MESA_", "LIBGL_", "GALLIUM_", "__EGL_", "__GLX_", "EGL_", "LP_", "GBM_")
"""Of environment variables that drivers of OpenGL read."""
HARMLESS = frozenset({"LP_NUM_THREADS", "LIBGL_DEBUG", "EGL_LOG_LEVEL", "MESA_SHADER_CACHE_DIR"})
"""Those of them that change nothing about what works."""
SECONDS = 60.0
"""How long the triangle may take."""


def silence_driver() -> None:
    """Let Mesa print nothing: what fails is told in a sentence."""
    os.environ.setdefault("EGL_LOG_LEVEL", "fatal")
    os.environ.setdefault("LIBGL_DEBUG", "quiet")


def check_driver() -> None:
    """Try the driver in another process, if the environment changes what it does.

    Raises:
        VrnnError: It ends the process.
    """
    silence_driver()
    settings = sorted(
        name for name in os.environ if name.startswith(PREFIXES) and name not in HARMLESS
    )
    if not settings or not sys.platform.startswith("linux"):
        return
    command = [sys.executable, "-m", "vrnn.render.driver_probe"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return  # no answer: drawing itself will tell
    if done.returncode < 0:
        raise VrnnError(
            f"OpenGL crashes on this machine (signal {-done.returncode}); try without "
            f"{', '.join(settings)}, or update the graphics driver"
        )


def draw_triangle() -> None:
    """Create a context and draw a triangle with it."""
    import moderngl

    settings: dict[str, Any] = {"backend": "egl"}
    context = moderngl.create_standalone_context(require=410, **settings)
    program = context.program(
        vertex_shader="#version 410\nin vec2 at; void main() { gl_Position = vec4(at, 0, 1); }",
        fragment_shader="#version 410\nout vec4 color; void main() { color = vec4(1); }",
    )
    corners = context.buffer(b"\0\0\0\0" * 6)
    target = context.framebuffer([context.texture_array((8, 8, 2), 4)])
    target.use()
    context.vertex_array(program, [(corners, "2f", "at")]).render()
    target.read()


if __name__ == "__main__":
    draw_triangle()
