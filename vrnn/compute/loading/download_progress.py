"""How far a library's download is, told to whoever opens the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from unittest.mock import patch

MIN_BYTES = 100_000
"""Bars of less count files rather than bytes."""

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


@contextmanager
def told_to(listener: Callable[[str], None]) -> Iterator[None]:
    """Tell how far downloads are, in words, such as `downloading from host: 40 %`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def tell_progress(bar: type[Any], host: str) -> Iterator[None]:
    """Tell what a library's progress bar is given, whether the bar is seen or not.

    Args:
        bar: The class of the bar, with `update` and `total` as tqdm has them.
        host: Where the download comes from.
    """
    listener = _listener.get()
    if listener is None:
        yield
        return
    original, done, told = bar.update, dict[int, float](), ""

    def update(self: Any, n: float = 1) -> Any:
        nonlocal told
        total = getattr(self, "total", None) or 0
        done[id(self)] = done.get(id(self), 0.0) + n
        if total >= MIN_BYTES:
            part = min(done[id(self)] / total, 1.0)
            text = f"downloading from {host}: {part:.0%} of {total / 1e6:.0f} MB"
            if text != told:
                told = text
                listener(text)
        return original(self, n)

    with patch.object(bar, "update", update):
        yield
