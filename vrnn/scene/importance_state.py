"""What importance is shown, and what is pruned by it: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from vrnn.network.importance_measures import ImportanceMeasure
from vrnn.storage.limits import Range

ClassNumber = Annotated[int, Range(0, 10**9)]
Part = Annotated[float, Range(0.0, 1.0)]


@dataclass(frozen=True)
class ImportanceState:
    """How important channels are for a class.

    Attributes:
        shown: Whether it is shown.
        network: Number of the network.
        measure: What tells how important a channel is.
        class_index: Number of the class.
        beside: Number of a second class; None for none.
        fade: How far maps and edges fade that do not matter at all.
        threshold: Importance below which they fade as far.
        pruned: Share of the channels that are set to zero, the least important first.
    """

    shown: bool = False
    network: Annotated[int, Range(0, 10**9)] = 0
    measure: ImportanceMeasure = "gradient"
    class_index: ClassNumber = 0
    beside: ClassNumber | None = None
    fade: Part = 0.9
    threshold: Part = 0.0
    pruned: Part = 0.0


NO_IMPORTANCE = ImportanceState()
"""None is shown."""
