"""Fuzzy search: texts that contain the letters of a pattern in their order."""

from __future__ import annotations

from collections.abc import Sequence

WORD_BREAKS = " ._-/:"
"""Characters after which a word begins."""


def score(pattern: str, text: str) -> float | None:
    """Rate how well a text contains the letters of a pattern, in their order.

    Consecutive letters, letters that begin a word, and short texts score higher. Of all ways to
    match, the best one counts (dynamic programming).

    Args:
        pattern: What was typed; case and spaces do not matter.
        text: The text to search.

    Returns:
        The score, higher is better; None when the text does not contain the letters.
    """
    letters = pattern.lower().replace(" ", "")
    if not letters:
        return 0.0
    lowered = text.lower()
    at = -1
    for letter in letters:  # most texts are ruled out here
        at = lowered.find(letter, at + 1)
        if at < 0:
            return None
    starts = [i == 0 or lowered[i - 1] in WORD_BREAKS for i in range(len(lowered))]
    no_match = float("-inf")
    previous: list[float] = []
    for n, letter in enumerate(letters):
        current = [no_match] * len(lowered)
        reached = 0.0 if n == 0 else no_match
        for i, other in enumerate(lowered):
            if n and i >= 2:
                reached = max(reached, previous[i - 2])
            if other != letter:
                continue
            step = 2.0 if starts[i] else 0.0
            follows = previous[i - 1] + 3.0 if n and i else no_match
            current[i] = max(reached, follows) + step
        previous = current
    return max(previous) - 0.02 * len(text)


def best_matches(pattern: str, texts: Sequence[str], max_count: int = 50) -> list[int]:
    """Find the texts that match a pattern.

    Args:
        pattern: What was typed; '' matches every text, in the given order.
        texts: The texts to search.
        max_count: How many indices are returned at most.

    Returns:
        Indices into `texts`, the best match first.
    """
    scores = [(s, i) for i, text in enumerate(texts) if (s := score(pattern, text)) is not None]
    scores.sort(key=lambda pair: (-pair[0], pair[1]))
    return [i for _, i in scores[:max_count]]
