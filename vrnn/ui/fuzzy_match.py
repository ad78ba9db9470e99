"""Finding what was meant by a few letters."""

from __future__ import annotations

from collections.abc import Sequence

WORD_BREAKS = " ._-/:"
"""Letters after which a word begins."""


def score(pattern: str, text: str) -> float | None:
    """How well the letters of a pattern are found in a text, in this order; None when they are not.

    Case and the pattern's spaces do not count. Letters that follow each other, that begin a word,
    and short texts are better. Of all ways to find them the best is taken (dynamic programming).
    """
    wanted = pattern.lower().replace(" ", "")
    if not wanted:
        return 0.0
    low = text.lower()
    at = -1
    for letter in wanted:  # most texts end here
        at = low.find(letter, at + 1)
        if at < 0:
            return None
    starts = [i == 0 or low[i - 1] in WORD_BREAKS for i in range(len(low))]
    worst = float("-inf")
    before: list[float] = []
    for n, letter in enumerate(wanted):
        now = [worst] * len(low)
        reached = 0.0 if n == 0 else worst
        for i, other in enumerate(low):
            if n and i >= 2:
                reached = max(reached, before[i - 2])
            if other != letter:
                continue
            step = 2.0 if starts[i] else 0.0
            follows = before[i - 1] + 3.0 if n and i else worst
            now[i] = max(reached, follows) + step
        before = now
    return max(before) - 0.02 * len(text)


def best_matches(pattern: str, texts: Sequence[str], max_count: int = 50) -> list[int]:
    """Indices of the texts that match, the best first; all in their order for no pattern."""
    found = [(s, i) for i, text in enumerate(texts) if (s := score(pattern, text)) is not None]
    found.sort(key=lambda pair: (-pair[0], pair[1]))
    return [i for _, i in found[:max_count]]
