"""Tells when the GPU has drawn what it was asked for until a moment."""

from __future__ import annotations

from vrnn.render.gl_raw import (
    SYNC_FLUSH_COMMANDS_BIT,
    SYNC_GPU_COMMANDS_COMPLETE,
    TIMEOUT_EXPIRED,
    RawGL,
)


class GpuFence:
    """A mark in what the GPU is asked for; used where its context is current."""

    def __init__(self) -> None:
        """Begin without a mark."""
        self._gl = RawGL()
        self._sync: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is a mark that was not reached when somebody looked."""
        return self._sync is not None

    def set(self) -> None:
        """Mark this moment, in place of the one before."""
        self.release()
        self._sync = self._gl.FenceSync(SYNC_GPU_COMMANDS_COMPLETE, 0)

    def wait(self, seconds: float) -> bool:
        """Wait until the GPU has reached the mark.

        Args:
            seconds: How long at most; 0 to look only.

        Returns:
            Whether it has; so it is where there is no mark, and in a context that is lost.
        """
        if self._sync is None:
            return True
        found = self._gl.ClientWaitSync(self._sync, SYNC_FLUSH_COMMANDS_BIT, round(seconds * 1e9))
        if found != TIMEOUT_EXPIRED:
            self.release()
        return self._sync is None

    def release(self) -> None:
        """Forget the mark."""
        sync, self._sync = self._sync, None
        if sync is not None:
            self._gl.DeleteSync(sync)
