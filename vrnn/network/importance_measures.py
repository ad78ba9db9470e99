"""By what channels are ranked; quick to import."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

ImportanceMeasure = Literal["gamma", "relevance", "gradient"]
IMPORTANCE_MEASURES: tuple[ImportanceMeasure, ...] = get_args(ImportanceMeasure)
"""What tells how important a channel is for a class."""
PruningRanking = Literal["gamma", "relevance", "gradient", "magnitude", "random"]
PRUNING_RANKINGS: tuple[PruningRanking, ...] = get_args(PruningRanking)
"""By what channels are pruned: the measures, and two that ask for no class, to compare with."""
RANKING_TEXT: Mapping[PruningRanking, str] = MappingProxyType(
    {
        "gamma": "trained gamma", "relevance": "mean |relevance|",
        "gradient": "mean |gradient × activation|", "magnitude": "magnitude", "random": "random",
    }
)  # fmt: skip
"""What people read for each."""
