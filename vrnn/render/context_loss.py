"""A context whose graphics driver has reset: nothing can be drawn with it any more."""

from __future__ import annotations

from collections.abc import Callable

import moderngl

from vrnn.render.gl_raw import NO_ERROR, RawGL

GUILTY, INNOCENT = 0x8253, 0x8254
"""GL_GUILTY_CONTEXT_RESET, GL_INNOCENT_CONTEXT_RESET; any other status is of unknown cause."""


class ContextLoss:
    """Asks the driver whether it has reset, where it tells (OpenGL 4.5 or ARB_robustness)."""

    def __init__(self, read_status: Callable[[], int] | None) -> None:
        """Begin with a context that works.

        Args:
            read_status: Returns the graphics reset status; None where the driver tells none.
        """
        self._read_status = read_status

    @classmethod
    def of(cls, ctx: moderngl.Context) -> ContextLoss:
        """Watch the context that is current on this thread."""
        gl = RawGL()
        if ctx.version_code >= 450 or "GL_KHR_robustness" in ctx.extensions:
            return cls(gl.GetGraphicsResetStatus)
        if "GL_ARB_robustness" in ctx.extensions:
            return cls(gl.GetGraphicsResetStatusARB)
        return cls(None)

    def reason(self) -> str:
        """Return what has happened, a sentence without its end; '' as long as all is well."""
        status = NO_ERROR if self._read_status is None else self._read_status()
        if status == NO_ERROR:
            return ""
        if status == GUILTY:
            return "the graphics driver was reset because drawing took too long or memory ran out"
        if status == INNOCENT:
            return "the graphics driver was reset because of another program"
        return "the graphics driver was reset, or the graphics card is gone"
