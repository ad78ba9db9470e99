"""Startup timings: when each step of starting up was done, for `--timings`."""

from __future__ import annotations

import time

from vrnn.storage.terminal import print_error

STARTED = time.perf_counter()
"""When this was imported, which the command line does first."""


class StartupTimings:
    """Prints each milestone once, with the seconds since vrnn began."""

    def __init__(self, enabled: bool) -> None:
        """Starts without milestones.

        Args:
            enabled: Whether anything is printed.
        """
        self._enabled = enabled
        self._printed: set[str] = set()

    def mark(self, milestone: str, reached: float | None = None) -> None:
        """Prints a milestone that is reached.

        Args:
            milestone: `background`: the window shows that; `window`: it shows its first picture;
                `layout`: the networks are laid out; `maps`: all maps are shown; `headset`: it shows
                them; `pictures`: all are written.
            reached: When that was, by `time.perf_counter`; None for now.
        """
        if self._enabled and milestone not in self._printed:
            self._printed.add(milestone)
            seconds = (time.perf_counter() if reached is None else reached) - STARTED
            print_error(f"{milestone} {seconds:.3f}")
