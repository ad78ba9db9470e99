"""Placing a network in space: numpy and networkx, no torch, no OpenGL.

Importing this registers the layer pictures.
"""

from __future__ import annotations

from vrnn.network import picture_kinds

__all__ = ["picture_kinds"]
