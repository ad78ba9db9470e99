"""The network that vrnn opens by itself: weights, data and a photograph for others."""

from __future__ import annotations
