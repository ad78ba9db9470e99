"""One frame of a session, between waiting for it and submitting it."""

from __future__ import annotations

from typing import Protocol

from vrnn.render.stereo import StereoTarget
from vrnn.scene.headset.panel_image import PanelImage
from vrnn.scene.headset.tracking import Eye

Depths = tuple[float, float]
"""Near and far plane of what is drawn, meters of the stage."""


class EyeSource(Protocol):
    """Where a frame has its eyes and its images from: the session."""

    def locate_eyes(self, time: int) -> tuple[tuple[Eye, Eye], bool]:
        """Locates both eyes at a time, nanoseconds of the runtime's clock."""

    def acquire_target(self) -> StereoTarget:
        """Acquires what the current frame is drawn into."""


class HeadsetFrameState:
    """One frame, between waiting for it and submitting it.

    Attributes:
        time: At which the frame will be displayed, nanoseconds of the runtime's clock.
        should_render: Whether what is drawn will be seen.
        depths: Near and far plane of what is drawn.
        views: The eyes that the frame is drawn for; None until `target` is called. They may be
            located once more and replaced before the frame ends.
        panels: What the runtime is to show by itself, no more than `HeadsetSession.max_panels`.
    """

    def __init__(self, headset: EyeSource, time: int, should_render: bool) -> None:
        self._headset = headset
        self.time, self.should_render = time, should_render
        self.depths: Depths = (0.05, 4000.0)
        self.views: tuple[Eye, Eye] | None = None
        self.panels: tuple[PanelImage, ...] = ()

    @property
    def seconds(self) -> float:
        """The time at which the frame will be displayed, seconds of the runtime's clock."""
        return self.time * 1e-9

    def eyes(self) -> tuple[tuple[Eye, Eye], bool]:
        """Locates both eyes as predicted now, see `EyeLocator.locate`.

        Raises:
            HeadsetError: The runtime refuses.
        """
        return self._headset.locate_eyes(self.time)

    def target(self, eyes: tuple[Eye, Eye], depths: Depths) -> StereoTarget:
        """Acquires what the frame is drawn into.

        Args:
            eyes: The left and the right one that it is drawn for.
            depths: Near and far plane, meters of the stage.

        Raises:
            HeadsetError: The runtime refuses.
        """
        self.views, self.depths = eyes, depths
        return self._headset.acquire_target()
