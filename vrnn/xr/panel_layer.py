"""A panel, or a card of text, as a quad layer: the runtime samples it once, so that it is sharp.

The picture of the eyes lies over it. There the panel is drawn too, with an alpha of 0, so that a
hand or a ray in front of it hides it as anything else.
"""

from __future__ import annotations

from ctypes import POINTER, cast, pointer
from typing import Any

import moderngl
import numpy as np

from vrnn.render.texture_copy import TextureCopy
from vrnn.scene.headset.panel_image import PanelImage
from vrnn.scene.linalg import quaternion_from_matrix
from vrnn.xr.runtime import Runtime
from vrnn.xr.swapchain import Swapchain, color_format


class PanelLayer:
    """A quad layer, made once for an image of one size, and placed for each frame.

    Attributes:
        size: Width and height of the image, pixels.
        header: The structure that `xrEndFrame` is given.
    """

    def __init__(
        self, runtime: Runtime, session: Any, stage: Any, ctx: moderngl.Context,
        size: tuple[int, int],
    ) -> None:  # fmt: skip
        """Creates its images.

        Args:
            runtime: Where they are created.
            session: OpenXR's session.
            stage: The space that the panel's place is in.
            ctx: Current on this thread.
            size: Width and height, pixels.

        Raises:
            HeadsetError: The runtime refuses.
        """
        xr = runtime.xr
        self.size = size
        self._swapchain = Swapchain(
            runtime, session, color_format(runtime, session), size, layers=1
        )
        self._copy = TextureCopy(ctx)
        self._shown: tuple[int, int] | None = None
        whole = xr.Rect2Di(xr.Offset2Di(0, 0), xr.Extent2Di(*size))
        self._quad = xr.CompositionLayerQuad(
            space=stage, sub_image=xr.SwapchainSubImage(self._swapchain.handle, whole, 0),
            size=xr.Extent2Df(1.0, 1.0),
        )  # fmt: skip
        self.header = cast(pointer(self._quad), POINTER(xr.CompositionLayerBaseHeader))

    def show(self, panel: PanelImage) -> None:
        """Places the panel, and copies its image where that is another one.

        Args:
            panel: Of the size that the layer was made for.

        Raises:
            HeadsetError: The runtime refuses.
        """
        state = panel.texture, panel.revision
        if state != self._shown:
            target = self._swapchain.acquire()
            self._copy.copy(panel.texture, target, self.size)
            self._swapchain.release_image()
            self._shown = state
            extent = self._quad.sub_image.image_rect.extent
            extent.width, extent.height = panel.shown or panel.size
        board, pose = panel.billboard, self._quad.pose
        axes = np.stack([board.right, board.up, board.normal], 1)
        x, y, z, w = quaternion_from_matrix(axes).tolist()
        pose.orientation.x, pose.orientation.y, pose.orientation.z = x, y, z
        pose.orientation.w = w
        pose.position.x, pose.position.y, pose.position.z = board.center.tolist()
        self._quad.size.width, self._quad.size.height = board.width, board.height

    def destroy(self) -> None:
        """Destroys the images; the runtime may be gone."""
        self._copy.release()
        self._swapchain.destroy()
