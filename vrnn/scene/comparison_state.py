"""What of several networks is compared: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from vrnn.storage.limits import Range

NetworkNumber = Annotated[int, Range(0, 10**9)]


@dataclass(frozen=True)
class ComparisonState:
    """How networks that stand side by side are compared.

    Attributes:
        linked: Whether what is pointed at is marked in all networks, and going to a layer frames
            the layers of all that match it.
        cka: Whether the board with the similarity of their layers is shown.
        first: Number of the network that others are compared with.
        second: Number of the network that is compared with it.
    """

    linked: bool = False
    cka: bool = False
    first: NetworkNumber = 0
    second: NetworkNumber = 1


NO_COMPARISON = ComparisonState()
"""Nothing is compared."""
