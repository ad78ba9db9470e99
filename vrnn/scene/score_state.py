"""Whether the score of a data set is shown, and which of its images: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from vrnn.network.dataset_score import ImageGroup, Side
from vrnn.storage.limits import Range

Number = Annotated[int, Range(0, 10**9)]


@dataclass(frozen=True)
class ScoreState:
    """How well a network answers its data set.

    Attributes:
        shown: Whether it is shown.
        network: Number of the network.
        group: Which images are shown beside it; '' for none.
        side: Of a cell: of the answers before edits and ablations, or of those now.
        label: Of a cell: the class of its images.
        answer: Of a cell: the class that is answered.
    """

    shown: bool = False
    network: Number = 0
    group: ImageGroup | Literal[""] = ""
    side: Side = "now"
    label: Number = 0
    answer: Number = 0


NO_SCORE = ScoreState()
"""None is shown."""
