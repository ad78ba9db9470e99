"""Live input: a camera, video or folder of frames runs through the networks as fast as they can."""

from __future__ import annotations

from collections.abc import Callable

from vrnn.media.video_source import VideoSource
from vrnn.workspace.workspace import Workspace


class LiveInput:
    """Sends the newest frame as soon as the previous one has gone through all networks."""

    def __init__(
        self, source: str | None, workspace: Workspace, notify: Callable[[str], None]
    ) -> None:
        """Open a source.

        Args:
            source: As given to `--live`; None for none.
            workspace: Whose networks run the frames.
            notify: Shows the user what is wrong with the source.
        """
        self._source = None if source is None else VideoSource(source)
        self._workspace, self._notify = workspace, notify
        self._has_started = False
        self._has_told_fault = False

    @property
    def rate(self) -> float | None:
        """Frames per second that go through the networks; None while no live source is shown."""
        if self._source is None or not self._workspace.input.streaming:
            return None
        return self._source.rate

    def poll(self) -> None:
        """Send the newest frame if the networks are ready for it."""
        source, world = self._source, self._workspace.world
        if source is None or not world.slots:
            return
        if source.problem:
            self._notify(source.problem)
            self.close()
            return
        if source.fault and not self._has_told_fault:
            self._has_told_fault = True
            self._notify(source.fault)
        if self._has_started and not self._workspace.input.streaming:
            return  # another image was set since
        # One image waits while others run, so that the model never waits.
        if self._has_started and not self._workspace.worker.takes_image:
            return
        frame = source.frame()
        if frame is not None:
            self._has_started = True
            self._workspace.show_live_frame(frame)

    def close(self) -> None:
        """Close the source."""
        if self._source is not None:
            self._source.close()
            self._source = None
