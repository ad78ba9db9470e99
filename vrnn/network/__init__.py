"""Plain data of networks that both sides share: graph, maps, results.

Importing this registers the layer pictures.
"""

from __future__ import annotations

from vrnn.network import picture_kinds

__all__ = ["picture_kinds"]
