"""Whether a script runs because vrnn opens its model, and not to train it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_IS_OPENING: ContextVar[bool] = ContextVar("opening a script", default=False)


@contextmanager
def opening_script() -> Iterator[None]:
    """Note that a script runs inside the block so that its model is found."""
    token = _IS_OPENING.set(True)
    try:
        yield
    finally:
        _IS_OPENING.reset(token)


def is_opening_script() -> bool:
    """Return whether that is so.

    Then `vrnn.watch` neither records nor opens a window, which would run the script again.
    """
    return _IS_OPENING.get()
