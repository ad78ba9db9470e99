"""Colors of pruning curves, which people who see few colors can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RANKING_COLORS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "gamma": (230, 159, 0), "relevance": (86, 180, 233), "gradient": (0, 158, 115),
        "magnitude": (204, 121, 167), "random": (150, 157, 170),
    }
)  # fmt: skip
"""sRGB by what channels are pruned by (Okabe and Ito 2008)."""
