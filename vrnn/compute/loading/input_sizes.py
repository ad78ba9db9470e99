"""Sizes of inputs, estimated from a number of values that is not the one that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from vrnn.compute.loading.input_guess import InputGuess
from vrnn.compute.loading.layer_use import LayerUse

_ROUND = (1, 2, 4, 8, 14, 16, 32)
"""Sides of inputs are often multiples of these."""
MAX_SIDE = 1024
"""Pixels; no larger side is estimated."""


def shorter(old: InputGuess, use: LayerUse) -> Iterator[InputGuess]:
    """Yield sequences that are not longer than a table of positions.

    Args:
        old: What was tried.
        use: The lookup in the table.
    """
    if len(old.shape) >= 2 and old.kind in ("ids", "sequence") and use.size < old.shape[1]:
        for steps in (use.size, use.size - 1):
            if steps > 1:
                yield replace(old, shape=(old.shape[0], steps, *old.shape[2:]))


def fitting_sum(old: InputGuess, use: LayerUse) -> Iterator[InputGuess]:
    """Yield sizes for which a sum with a tensor of a fixed size fits.

    Args:
        old: What was tried.
        use: The sum.
    """
    for got, want in zip(reversed(use.shape), reversed(use.other), strict=False):
        if got == want or 1 in (got, want):
            continue
        if old.kind in ("ids", "sequence") and len(old.shape) >= 2:
            for steps in (old.shape[1] + want - got, old.shape[1] * want // got):
                if steps > 1:
                    yield replace(old, shape=(old.shape[0], steps, *old.shape[2:]))
        yield from scaled(old, got, want)
        if min(got, want) > 2:
            yield from scaled(old, got - 1, want - 1)  # with a class token


def scaled(old: InputGuess, got: float, want: int) -> Iterator[InputGuess]:
    """Yield other sizes, for which a number that grows with them becomes what is wanted.

    Args:
        old: What was tried.
        got: The number that it gave.
        want: The number that is wanted.
    """
    if got <= 0 or want <= 0 or got == want:
        return
    ratio = want / got
    if old.kind == "image" and len(old.shape) == 4:
        side = old.shape[2] * ratio**0.5
        for near in _near(side):
            yield replace(old, shape=(*old.shape[:2], near, near))
    elif old.kind == "volume" and len(old.shape) == 5:
        depth, side = old.shape[2], old.shape[3]
        for near in _near(side * ratio**0.5):
            yield replace(old, shape=(*old.shape[:3], near, near))
        for near in _near(depth * ratio):
            yield replace(old, shape=(*old.shape[:2], near, side, old.shape[4]))
    elif old.kind == "signal":
        for near in _near(old.shape[-1] * ratio, 1 << 20):
            yield replace(old, shape=(*old.shape[:-1], near))
    elif old.kind == "sequence" and len(old.shape) == 3:
        for near in _near(old.shape[1] * ratio):
            yield replace(old, shape=(old.shape[0], near, old.shape[2]))
    elif old.kind == "ids" and len(old.shape) == 2:
        for near in _near(old.shape[1] * ratio):
            yield replace(old, shape=(old.shape[0], near))
    elif old.kind == "vector":
        yield replace(old, shape=(*old.shape[:-1], want))


def _near(estimate: float, most: int = MAX_SIDE) -> list[int]:
    """Whole numbers around an estimate, those that are likelier sizes first."""
    found = [round(estimate / step) * step for step in reversed(_ROUND)]
    found += [int(estimate) + offset for offset in (1, -1, 2, 3, -2, 4, 5)]
    close = [n for n in found if 1 < n <= most and abs(n - estimate) <= max(4.0, estimate / 16)]
    return list(dict.fromkeys(close))
