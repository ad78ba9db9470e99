"""What the user wants to see explained, and how: a part of the `State`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from vrnn.explanations.conditions import Condition
from vrnn.storage.limits import Range

DEFAULT_METHOD = "epsilon-plus"
RelevancePlacement = Literal["in place", "over"]
PLACEMENTS: tuple[RelevancePlacement, ...] = get_args(RelevancePlacement)
"""Whether the relevance of a layer takes the place of its maps, or lies over them."""
RelevanceRange = Literal["layer", "network"]
RELEVANCE_RANGES: tuple[RelevanceRange, ...] = get_args(RelevanceRange)
"""What the colors of relevance span: each layer its own values, or one scale for all."""


@dataclass(frozen=True)
class RelevanceState:
    """What is explained, and how it is seen.

    Attributes:
        shown: Whether relevance is shown.
        network: Number of the network.
        method: Name of a composite, or of another method.
        target: What is explained, as `vrnn.explanations.targets.parse_target` reads it; '' for the
            winning class.
        conditions: Channels and regions that relevance may flow through; () for all.
        placement: Where the relevance of a layer is seen.
        normalize_by: What the colors span.
        opacity: Of relevance over the input and over maps, 0…1.
        smooth: Whether relevance over the input is blurred a little.
        measured: Whether its faithfulness is measured.
        beside: Another method, whose explanation stands beside; '' for none.
        min_share: The least share of a step that an edge carries to be seen, 0…1.
    """

    shown: bool = False
    network: int = 0
    method: str = DEFAULT_METHOD
    target: str = ""
    conditions: tuple[Condition, ...] = ()
    placement: RelevancePlacement = "in place"
    normalize_by: RelevanceRange = "layer"
    opacity: Annotated[float, Range(0.0, 1.0)] = 0.9
    smooth: bool = False
    min_share: Annotated[float, Range(0.0, 1.0)] = 0.0
    measured: bool = False
    beside: str = ""

    @property
    def question(self) -> tuple[object, ...]:
        """What an explanation depends on; the rest is how it is seen."""
        return self.network, self.method, self.target, self.conditions


NO_RELEVANCE = RelevanceState()
"""Nothing is explained."""
