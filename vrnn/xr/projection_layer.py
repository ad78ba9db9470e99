"""The projection layer: both eyes' images of a frame as they are submitted to the runtime."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import POINTER, c_void_p, cast, pointer
from typing import Any

from vrnn.scene.headset.tracking import Eye
from vrnn.xr.blend_mode import OPAQUE
from vrnn.xr.swapchain import Swapchain


class ProjectionLayer:
    """A projection layer, made once and filled for each frame.

    Its structures point at each other, so all of them are kept.
    """

    def __init__(
        self, xr: Any, stage: Any, color: Swapchain, depth: Swapchain | None,
        blend_mode: str = OPAQUE, max_layers: int = 2,
    ) -> None:  # fmt: skip
        """Makes the structures.

        Args:
            xr: The module of pyopenxr.
            stage: The space that the poses of the eyes are in.
            color: Images with a layer for each eye.
            depth: The same for depth; None where the runtime takes none.
            blend_mode: See `choose_blend_mode`.
            max_layers: Layers of a frame, this one among them.
        """
        whole = xr.Rect2Di(xr.Offset2Di(0, 0), xr.Extent2Di(*color.size))
        kind = xr.CompositionLayerProjectionView
        self._views = (kind * 2)(kind(), kind())
        self._depths: list[Any] = []
        for number, view in enumerate(self._views):
            view.sub_image = xr.SwapchainSubImage(color.handle, whole, number)
            if depth is not None:
                image = xr.SwapchainSubImage(depth.handle, whole, number)
                info = xr.CompositionLayerDepthInfoKHR(
                    sub_image=image, min_depth=0.0, max_depth=1.0, near_z=0.05, far_z=100.0
                )
                self._depths.append(info)
                view.next = cast(pointer(info), c_void_p)
        self._poses = [(view.pose.position, view.pose.orientation) for view in self._views]
        self._fovs = [view.fov for view in self._views]
        self._projection = xr.CompositionLayerProjection(space=stage)
        self._projection.view_count = 2
        self._projection._views = cast(self._views, POINTER(kind))
        header = POINTER(xr.CompositionLayerBaseHeader)
        self._header = cast(pointer(self._projection), header)
        self._headers = (header * max_layers)(self._header)
        self._info = xr.FrameEndInfo(0, xr.EnvironmentBlendMode[blend_mode])
        self._info.layer_count = 1
        flags = xr.CompositionLayerFlags
        # The room is seen where alpha is below 1, by which colors are multiplied already there. A
        # panel is a hole in the alpha alone.
        self._own_flags = flags.NONE
        if blend_mode != OPAQUE:
            self._own_flags = flags.BLEND_TEXTURE_SOURCE_ALPHA_BIT
        self._hole_flags = flags.BLEND_TEXTURE_SOURCE_ALPHA_BIT | flags.UNPREMULTIPLIED_ALPHA_BIT
        self._projection.layer_flags = self._own_flags
        self._info._layers = cast(self._headers, POINTER(header))

    def fill(
        self, time: int, eyes: tuple[Eye, Eye], depths: tuple[float, float],
        behind: Sequence[Any] = (),
    ) -> Any:  # fmt: skip
        """Fills the layer for a frame.

        Args:
            time: At which the frame is displayed, nanoseconds of the runtime's clock.
            eyes: The left and the right eye that the images were drawn for.
            depths: Near and far plane of the images, meters of the stage.
            behind: Headers of the layers that are seen where alpha is 0, the farthest first.

        Returns:
            The structure that `xrEndFrame` is given, which belongs to this layer.
        """
        for eye, (position, orientation), fov in zip(eyes, self._poses, self._fovs, strict=True):
            position.x, position.y, position.z = eye.pose.position.tolist()
            quaternion = eye.pose.orientation.tolist()
            orientation.x, orientation.y, orientation.z, orientation.w = quaternion
            fov.angle_left, fov.angle_right, fov.angle_up, fov.angle_down = eye.fov
        for info in self._depths:
            info.near_z, info.far_z = depths
        layers = (*behind, self._header)
        for place, layer in enumerate(layers):
            self._headers[place] = layer
        self._info.layer_count = len(layers)
        self._projection.layer_flags = self._hole_flags if behind else self._own_flags
        self._info.display_time = time
        return self._info
