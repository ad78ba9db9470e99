"""A camera, video or folder of frames that goes through the networks as fast as they take it."""

from __future__ import annotations

from collections.abc import Callable

from vrnn.media.video_source import VideoSource
from vrnn.workspace.workspace import Workspace


class LiveInput:
    """Sends the newest frame once the one before has gone through all networks."""

    def __init__(
        self, source: str | None, workspace: Workspace, notify: Callable[[str], None]
    ) -> None:
        """Open a source.

        Args:
            source: As `--live` has it; None for none.
            workspace: Whose networks it goes through.
            notify: Tells the user what is wrong with it.
        """
        self._source = None if source is None else VideoSource(source)
        self._workspace, self._notify = workspace, notify
        self._passes_at_last_frame = -1

    @property
    def rate(self) -> float | None:
        """Frames a second that go through; None while none do."""
        if self._source is None or not self._workspace.input.streaming:
            return None
        return self._source.rate

    def poll(self) -> None:
        """Send the newest frame, when it is time."""
        source, world, feed = self._source, self._workspace.world, self._workspace.feed
        if source is None or not world.slots:
            return
        if source.problem:
            self._notify(source.problem)
            self.close()
            return
        begun = self._passes_at_last_frame >= 0
        if begun and not self._workspace.input.streaming:
            return  # an image was put in by hand since
        # One image runs, the next one waits: the model never does.
        if begun and feed.passes + len(world.slots) < self._passes_at_last_frame:
            return
        frame = source.frame()
        if frame is not None:
            self._passes_at_last_frame = feed.passes + 2 * len(world.slots)
            self._workspace.show_live_frame(frame)

    def close(self) -> None:
        """Close the source."""
        if self._source is not None:
            self._source.close()
            self._source = None
