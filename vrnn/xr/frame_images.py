"""The images of a session: what both eyes see is drawn into them and submitted to the runtime."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from vrnn.config.schema import HeadsetSettings
from vrnn.render.gl_raw import DEPTH_COMPONENT32F
from vrnn.render.stereo import StereoTarget
from vrnn.scene.headset.tracking import Eye
from vrnn.xr.graphics_binding import ContextGuard
from vrnn.xr.projection_layer import ProjectionLayer
from vrnn.xr.runtime import Runtime
from vrnn.xr.swapchain import Swapchain, color_format, depth_format
from vrnn.xr.visibility_mask import read_visibility_masks

DEPTH_LAYER = "XR_KHR_composition_layer_depth"


class FrameImages:
    """Swapchains for color and depth, and the target that draws into them.

    Attributes:
        target: Draws both eyes into the images that were acquired last.
        mask_outdated: Whether the visibility masks have to be read before the next frame.
    """

    def __init__(
        self, runtime: Runtime, session: Any, stage: Any, settings: HeadsetSettings,
        guard: ContextGuard, make_target: Callable[[tuple[int, int], int], StereoTarget],
        blend_mode: str,
    ) -> None:  # fmt: skip
        """Creates the images.

        Args:
            runtime: Where they are created.
            session: OpenXR's session.
            stage: The space that the poses of the eyes are in.
            settings: Whether depth is submitted, and the resolution.
            guard: Keeps the context current, whatever the runtime does.
            make_target: Makes what draws into the images, of their width and height in pixels and
                OpenGL's format of depth.
            blend_mode: See `choose_blend_mode`.

        Raises:
            HeadsetError: The runtime refuses.
        """
        size = image_size(runtime, settings)
        self._runtime, self._session, self._guard = runtime, session, guard
        self.mask_outdated = True
        self._depth: Swapchain | None = None
        self._color = Swapchain(runtime, session, color_format(runtime, session), size)
        try:
            format_ = 0
            if settings.depth and runtime.has_extension(DEPTH_LAYER):
                format_ = depth_format(runtime, session)
            if format_:
                self._depth = Swapchain(runtime, session, format_, size, depth=True)
            guard.keep()
            self._layer = ProjectionLayer(
                runtime.xr, stage, self._color, self._depth, blend_mode, runtime.info.max_layers
            )
            self.target = make_target(size, format_ or DEPTH_COMPONENT32F)
        except BaseException:
            self._destroy_swapchains()
            raise

    def acquire(self, eyes: tuple[Eye, Eye]) -> StereoTarget:
        """Acquires the images of the next frame.

        Args:
            eyes: The left and the right one, for the fields of view of their masks.

        Returns:
            The target, which draws into them.

        Raises:
            HeadsetError: The runtime refuses.
        """
        depth = self._depth.acquire() if self._depth is not None else 0
        color = self._color.acquire()
        self._guard.keep()
        self.target.set_output(color, depth)
        if self.mask_outdated:
            self.mask_outdated = False
            self.target.set_visibility_masks(
                read_visibility_masks(self._runtime, self._session, eyes)
            )
        return self.target

    def release(self) -> None:
        """Gives the images back to the runtime, drawn.

        Raises:
            HeadsetError: The runtime refuses.
        """
        for swapchain in (self._color, self._depth):
            if swapchain is not None:
                swapchain.release_image()

    def frame_info(
        self, time: int, eyes: tuple[Eye, Eye], depths: tuple[float, float],
        behind: Sequence[Any] = (),
    ) -> Any:  # fmt: skip
        """Returns the structure that submits the images; see `ProjectionLayer.fill`."""
        return self._layer.fill(time, eyes, depths, behind)

    def destroy(self) -> None:
        """Destroys everything; the runtime may be gone."""
        self.target.release()
        self._destroy_swapchains()

    def _destroy_swapchains(self) -> None:
        for swapchain in (self._color, self._depth):
            if swapchain is not None:
                swapchain.destroy()


def image_size(runtime: Runtime, settings: HeadsetSettings) -> tuple[int, int]:
    """Returns width and height of one eye's image, pixels, even and within the runtime's limits."""
    info, scale = runtime.info, settings.resolution
    width, height = (
        max(16, min(maximum, round(side * scale / 2) * 2))
        for side, maximum in zip(info.recommended_size, info.max_size, strict=True)
    )
    return width, height
