"""Texture arrays that the runtime lends for each frame: one for color, one for depth."""

from __future__ import annotations

from typing import Any

from vrnn.render.gl_raw import (
    DEPTH_COMPONENT16,
    DEPTH_COMPONENT24,
    DEPTH_COMPONENT32F,
    RGBA8,
    SRGB8_ALPHA8,
)
from vrnn.xr.runtime import HeadsetError, Runtime, suppress_errors, translate_errors

COLORS = (SRGB8_ALPHA8,)
DEPTHS = (DEPTH_COMPONENT32F, DEPTH_COMPONENT24, DEPTH_COMPONENT16)
"""Formats that can be drawn into, the best first."""
WAIT_TIMEOUT = 1_000_000_000
"""Nanoseconds to wait until the runtime has done with an image."""


class Swapchain:
    """Images with two layers, lent one after the other."""

    def __init__(
        self, runtime: Runtime, session: Any, kind: int, size: tuple[int, int], depth: bool = False
    ) -> None:
        """kind: OpenGL's format; size: (width, height) pixels. Raises HeadsetError."""
        xr = self._xr = runtime.xr
        self._calls = runtime.calls
        self.size, self.format = size, kind
        use = xr.SwapchainUsageFlags
        drawn = use.DEPTH_STENCIL_ATTACHMENT_BIT if depth else use.COLOR_ATTACHMENT_BIT
        info = xr.SwapchainCreateInfo(
            usage_flags=drawn | use.SAMPLED_BIT, format=kind, sample_count=1, width=size[0],
            height=size[1], face_count=1, array_size=2, mip_count=1,
        )  # fmt: skip
        with translate_errors(xr):
            self.handle = xr.create_swapchain(session, info)
            images = xr.enumerate_swapchain_images(self.handle, xr.SwapchainImageOpenGLKHR)
        self.textures = [int(image.image) for image in images]
        self._acquire = xr.SwapchainImageAcquireInfo()
        self._wait = xr.SwapchainImageWaitInfo(timeout=WAIT_TIMEOUT)
        self._release = xr.SwapchainImageReleaseInfo()
        self._lent = False

    def acquire(self) -> int:
        """The texture array to draw into now. Raises HeadsetError."""
        with translate_errors(self._xr):
            index = self._calls.acquire(self.handle, self._acquire)
            self._lent = True
            self._calls.wait(self.handle, self._wait)
        return self.textures[index]

    def release_image(self) -> None:
        """It is drawn. Raises HeadsetError."""
        if self._lent:
            self._lent = False
            with translate_errors(self._xr):
                self._calls.release(self.handle, self._release)

    def destroy(self) -> None:
        """Give all images back to the runtime, which may be gone."""
        handle, self.handle = self.handle, None
        if handle is not None:
            with suppress_errors(self._xr):
                self._xr.destroy_swapchain(handle)


def color_format(runtime: Runtime, session: Any) -> int:
    """An sRGB format that the runtime takes. Raises HeadsetError."""
    with translate_errors(runtime.xr):
        offered = [int(kind) for kind in runtime.xr.enumerate_swapchain_formats(session)]
    for kind in COLORS:
        if kind in offered:
            return kind
    some = ", ".join(f"{kind:#x}" for kind in offered[:6])
    linear = " (only without sRGB)" if RGBA8 in offered else ""
    raise HeadsetError(
        f"the headset's runtime takes no 8-bit sRGB pictures{linear}, it lists {some}; "
        "use another runtime, or start without --xr"
    )


def depth_format(runtime: Runtime, session: Any) -> int:
    """A depth format that the runtime takes; 0 when there is none. Raises HeadsetError."""
    with translate_errors(runtime.xr):
        offered = {int(kind) for kind in runtime.xr.enumerate_swapchain_formats(session)}
    return next((kind for kind in DEPTHS if kind in offered), 0)
