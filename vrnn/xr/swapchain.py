"""Swapchains: texture arrays that the runtime lends for each frame, for color and for depth."""

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

COLOR_FORMATS = (SRGB8_ALPHA8,)
DEPTH_FORMATS = (DEPTH_COMPONENT32F, DEPTH_COMPONENT24, DEPTH_COMPONENT16)
"""OpenGL's formats that can be drawn into, the best first."""
WAIT_TIMEOUT = 1_000_000_000
"""Nanoseconds to wait until the runtime has finished with an image."""


class Swapchain:
    """Images, as a rule with a layer for each eye, lent one after the other.

    Attributes:
        size: Width and height, pixels.
        format: OpenGL's format.
        handle: OpenXR's swapchain; None once it is destroyed.
        textures: OpenGL's numbers of the textures, which belong to the runtime.
    """

    def __init__(
        self, runtime: Runtime, session: Any, format_: int, size: tuple[int, int],
        depth: bool = False, layers: int = 2,
    ) -> None:  # fmt: skip
        """Creates the images.

        Args:
            runtime: Where they are created.
            session: OpenXR's session.
            format_: OpenGL's format.
            size: Width and height, pixels.
            depth: Whether depth is drawn into them, not color.
            layers: Of each image: 2 for both eyes; one of 1 is no array.

        Raises:
            HeadsetError: The runtime refuses.
        """
        xr = self._xr = runtime.xr
        self._calls = runtime.calls
        self.size, self.format = size, format_
        usage = xr.SwapchainUsageFlags
        attachment = usage.DEPTH_STENCIL_ATTACHMENT_BIT if depth else usage.COLOR_ATTACHMENT_BIT
        info = xr.SwapchainCreateInfo(
            usage_flags=attachment | usage.SAMPLED_BIT, format=format_, sample_count=1,
            width=size[0], height=size[1], face_count=1, array_size=layers, mip_count=1,
        )  # fmt: skip
        with translate_errors(xr):
            self.handle = xr.create_swapchain(session, info)
            images = xr.enumerate_swapchain_images(self.handle, xr.SwapchainImageOpenGLKHR)
        self.textures = [int(image.image) for image in images]
        self._acquire_info = xr.SwapchainImageAcquireInfo()
        self._wait_info = xr.SwapchainImageWaitInfo(timeout=WAIT_TIMEOUT)
        self._release_info = xr.SwapchainImageReleaseInfo()
        self._acquired = False

    def acquire(self) -> int:
        """Acquires the next image.

        Returns:
            OpenGL's number of the texture to draw into.

        Raises:
            HeadsetError: The runtime refuses.
        """
        with translate_errors(self._xr):
            index = self._calls.acquire(self.handle, self._acquire_info)
            self._acquired = True
            self._calls.wait(self.handle, self._wait_info)
        return self.textures[index]

    def release_image(self) -> None:
        """Gives the image that was acquired last back, drawn.

        Raises:
            HeadsetError: The runtime refuses.
        """
        if self._acquired:
            self._acquired = False
            with translate_errors(self._xr):
                self._calls.release(self.handle, self._release_info)

    def destroy(self) -> None:
        """Destroys the swapchain; the runtime may be gone."""
        handle, self.handle = self.handle, None
        if handle is not None:
            with suppress_errors(self._xr):
                self._xr.destroy_swapchain(handle)


def color_format(runtime: Runtime, session: Any) -> int:
    """Chooses the sRGB format of color images.

    Returns:
        OpenGL's number of the format.

    Raises:
        HeadsetError: The runtime offers none that can be drawn into.
    """
    with translate_errors(runtime.xr):
        offered = [int(number) for number in runtime.xr.enumerate_swapchain_formats(session)]
    for candidate in COLOR_FORMATS:
        if candidate in offered:
            return candidate
    some = ", ".join(f"{number:#x}" for number in offered[:6])
    linear = " (only without sRGB)" if RGBA8 in offered else ""
    raise HeadsetError(
        f"the headset's runtime accepts no 8-bit sRGB images{linear}, it lists {some}; "
        "use another runtime, or start without --xr"
    )


def depth_format(runtime: Runtime, session: Any) -> int:
    """Chooses the format of depth images.

    Returns:
        OpenGL's number of the format; 0 when the runtime offers none.

    Raises:
        HeadsetError: The runtime does not answer.
    """
    with translate_errors(runtime.xr):
        offered = {int(number) for number in runtime.xr.enumerate_swapchain_formats(session)}
    return next((candidate for candidate in DEPTH_FORMATS if candidate in offered), 0)
