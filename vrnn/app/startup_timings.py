"""`--timings`: when each step of starting up was done."""

from __future__ import annotations

import sys
import time

STARTED = time.perf_counter()


class StartupTimings:
    """Prints each milestone once, with the seconds since vrnn began."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._said: set[str] = set()

    def mark(self, milestone: str) -> None:
        """`layout`: the world stands; `maps`: all maps are seen; `headset`: it shows them;
        `pictures`: all are written."""
        if self._wanted and milestone not in self._said:
            self._said.add(milestone)
            seconds = time.perf_counter() - STARTED
            print(f"{milestone} {seconds:.3f}", file=sys.stderr, flush=True)
