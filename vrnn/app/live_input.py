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
        self._passes_at_last_frame = -1

    @property
    def rate(self) -> float | None:
        """Frames per second that go through the networks; None while no live source is shown."""
        if self._source is None or not self._workspace.input.streaming:
            return None
        return self._source.rate

    def poll(self) -> None:
        """Send the newest frame if the networks are ready for it."""
        source, world, feed = self._source, self._workspace.world, self._workspace.feed
        if source is None or not world.slots:
            return
        if source.problem:
            self._notify(source.problem)
            self.close()
            return
        started = self._passes_at_last_frame >= 0
        if started and not self._workspace.input.streaming:
            return  # another image was set since
        # One image runs while the next one waits, so that the model never waits.
        if started and feed.passes + len(world.slots) < self._passes_at_last_frame:
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
