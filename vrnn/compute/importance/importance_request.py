"""What importance is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from vrnn.compute.importance.gamma_settings import GammaSettings
from vrnn.network.importance_measures import PruningRanking

POINTS = 21
"""Of a curve."""


@dataclass(frozen=True)
class ImportanceRequest:
    """What is wanted.

    Attributes:
        ranking: By what channels are ranked.
        class_index: For which class; None where the ranking asks for none.
        has_curve: Whether it is measured what pruning costs.
        points: Of the curve.
        settings: Of trained gammas.
    """

    ranking: PruningRanking
    class_index: int | None = None
    has_curve: bool = True
    points: int = POINTS
    settings: GammaSettings = field(default_factory=GammaSettings)
