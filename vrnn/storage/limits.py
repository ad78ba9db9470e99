"""The limits of numbers, declared with their types."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """The bounds of a number: a field is declared as `Annotated[float, Range(0, 1)]`.

    What reads files and what checks settings takes them from there, see
    `vrnn.storage.serialization`.

    Attributes:
        low: The smallest value.
        high: The largest value.
    """

    low: float
    high: float

    def __str__(self) -> str:
        low, high = (f"{n:,}" if isinstance(n, int) else f"{n:g}" for n in (self.low, self.high))
        return f"from {low} to {high}"
