"""Where the camera is beside a layer, so that it is there again when the model was loaded anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import tan

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.world import World

NEAR = 0.75
"""Part of the view's height from which on a layer is what one looks at."""


@dataclass(frozen=True)
class HeldPlace:
    """A camera, and the layer that it looks at.

    Attributes:
        camera: The camera.
        slot: The network of the layer.
        layer: Name of the layer.
        center: (3,) of its panel, meters.
        size: Width and height of its panel, meters.
    """

    camera: Camera
    slot: int
    layer: str
    center: np.ndarray
    size: tuple[float, float]

    @classmethod
    def of(cls, world: World, slot: int, camera: Camera) -> HeldPlace | None:
        """Return the place before the layer nearest to the middle of the view.

        Args:
            world: The world.
            slot: The network to look in.
            camera: The camera.

        Returns:
            None where no layer of this network is near: what is seen is no single one then, and the
            camera may stay where it is.
        """
        frame = world.placement_frame(slot)
        if not len(frame.panel_rects):
            return None
        x, y, z, width, height = frame.panel_rects.T.astype(float)
        centers = np.stack([x, y + height / 2, z], 1)
        ways = centers - camera.position
        depths = ways @ camera.axes()[2]
        aside = np.linalg.norm(ways - depths[:, None] * camera.axes()[2], axis=1)
        if not (depths > 0).any():
            return None
        best = int(np.where(depths > 0, aside / np.maximum(depths, 1e-6), np.inf).argmin())
        seen = max(width[best], height[best]) / (2 * depths[best] * tan(camera.fov / 2))
        if seen < NEAR:
            return None
        name = world.visible_node(slot, frame.node_ids[best]).name
        return cls(camera, slot, name, centers[best], (float(width[best]), float(height[best])))

    def again(self, world: World) -> Camera | None:
        """Return the camera that sees the layer as before; None where there is no such layer."""
        node = world.node_id(self.slot, self.layer)
        frame = world.placement_frame(self.slot) if self.slot in world.networks else None
        if frame is None or node is None or node not in frame.index:
            return None
        x, y, z, width, height = frame.panel_rect(node).astype(float).tolist()
        scale = max(width / self.size[0], height / self.size[1])
        at = np.array([x, y + height / 2, z]) + (self.camera.position - self.center) * scale
        return replace(self.camera, x=float(at[0]), y=float(at[1]), z=float(at[2]))
