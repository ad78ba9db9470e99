"""The title of the window: the models, the frame rate, and the rate of live input."""

from __future__ import annotations

from vrnn.app.hud import Hud
from vrnn.app.live_input import LiveInput
from vrnn.app.window_parts import WindowParts

INTERVAL_SECONDS = 0.5
"""Seconds between two updates."""


class WindowTitle:
    """Measures the frame rate and writes the title."""

    def __init__(self, parts: WindowParts, live: LiveInput, hud: Hud, now: float) -> None:
        """Begin to measure.

        Args:
            parts: The window with what it shows.
            live: Whose rate is told.
            hud: Tells whether an audience looks, which needs no rates.
            now: The time, seconds.
        """
        self._parts, self._live, self._hud = parts, live, hud
        self._per_second = 0.0
        self._frames, self._since = 0, now

    def update(self, now: float) -> None:
        """Write the title every `INTERVAL_SECONDS`.

        Args:
            now: The time, seconds.
        """
        frames = self._parts.view.frames
        if now - self._since < INTERVAL_SECONDS:
            return
        if frames - self._frames > 1:
            self._per_second = (frames - self._frames) / (now - self._since)
        self._frames, self._since = frames, now
        world, live = self._parts.world, self._live.rate
        models = " + ".join(
            info.title + (" (untrained weights)" if info.random_weights else "")
            for info in (world.networks[slot].info for slot in world.slots)
        )
        rate = f" · {self._per_second:.0f} fps" if self._per_second else ""
        if live is not None:
            rate += f" · live: {live:.1f} images/s"
        progress = self._parts.workspace.feed.progress
        if self._hud.presenting:
            rate = ""
        self._parts.window.set_title(f"vrnn · {models or progress or 'opening'}{rate}")
