"""Frame pacing: a world that is slow to draw advances in larger steps.

So what follows the head stays smooth, and a model that the processor runs has time for live images
where the processor draws as well.
"""

from __future__ import annotations

COST_FACTOR = 4.0
"""Times what a draw list took to make, until the next one is made."""
LIVE_SHARE = 0.25
"""Part of the time in which the processor may draw what only new live images have changed."""
FOLLOWED_SHARE = 0.05
"""The same of what only new steps of a training have changed: that is another process, which the
processor trains as well."""
MAX_GATHERED_SECONDS = 1.0
"""How long what belongs to a new step is gathered until it is drawn."""
INTERACTION_SECONDS = 2.0
"""After the last input, frames are drawn as fast as they can be for so long."""
IDLE_SECONDS, QUIET_IDLE_SECONDS = 1 / 60, 0.1
"""Seconds to wait for input while nothing moves, and once that has been so for a while."""
QUIET_AFTER_SECONDS = 1.0


class UpdateThrottle:
    """Collects the time that has passed until the world is to advance by it."""

    def __init__(self) -> None:
        self._cost = self._waiting = 0.0

    def record_cost(self, seconds: float) -> None:
        """Notes how long it took to make the last draw list."""
        self._cost = seconds

    def elapsed(self, seconds: float) -> float:
        """Adds time.

        Args:
            seconds: Since the last call.

        Returns:
            By how many seconds the world is to advance now; 0 for not yet.
        """
        self._waiting += seconds
        if self._waiting < COST_FACTOR * self._cost:
            return 0.0
        step, self._waiting = self._waiting, 0.0
        return step


class LiveFramePacer:
    """Tells when a frame is due that only shows newer live images, where the processor draws."""

    def __init__(self, share: float = LIVE_SHARE) -> None:
        """Begin with no frame drawn.

        Args:
            share: Part of the time in which frames may be drawn.
        """
        self._share, self._next = share, 0.0
        self._has_news = False

    def record_frame(self, began: float, ended: float) -> None:
        """Notes when the last frame began and ended, seconds; it has shown all that is new."""
        self._next = ended + (ended - began) * (1.0 / self._share - 1.0)
        self._has_news = False

    def is_due(self, now: float, has_news: bool) -> bool:
        """Whether to draw a frame.

        Args:
            now: Seconds, as in `record_frame`.
            has_news: Whether something new has arrived since the last call.
        """
        self._has_news |= has_news
        return self._has_news and now >= self._next


class FollowedFramePacer:
    """Tells when a frame is due that only shows a newer step of a training.

    It is drawn once for all that comes with the step, and after what the last one took.
    """

    def __init__(self) -> None:
        self._pacer = LiveFramePacer(FOLLOWED_SHARE)
        self._news_since: float | None = None
        self._last_input = float("-inf")

    def record_frame(self, began: float, ended: float) -> None:
        """Notes when the last frame began and ended, seconds; it has shown all that is new."""
        self._pacer.record_frame(began, ended)
        self._news_since = None

    def is_due(self, now: float, has_news: bool, has_input: bool, is_complete: bool) -> bool:
        """Whether to draw a frame.

        Args:
            now: Seconds, as in `record_frame`.
            has_news: Whether something new has arrived since the last call.
            has_input: Whether the user has done something since.
            is_complete: Whether all is there that belongs to what is shown.
        """
        if has_input:
            self._last_input = now
        if now - self._last_input < INTERACTION_SECONDS:
            return has_news or has_input or self._news_since is not None
        if has_news and self._news_since is None:
            self._news_since = now
        since = self._news_since
        is_gathered = since is not None and (is_complete or now - since > MAX_GATHERED_SECONDS)
        return self._pacer.is_due(now, has_news) and is_gathered


class IdleWait:
    """How long the loop waits for input while nothing changes; input ends the wait at once."""

    def __init__(self) -> None:
        self._last_change = float("-inf")

    def seconds(self, now: float, changed: bool) -> float:
        """Return how long to wait, seconds.

        Args:
            now: Seconds.
            changed: Whether something has changed, or is being waited for.
        """
        if changed:
            self._last_change = now
        is_quiet = now - self._last_change > QUIET_AFTER_SECONDS
        return QUIET_IDLE_SECONDS if is_quiet else IDLE_SECONDS
