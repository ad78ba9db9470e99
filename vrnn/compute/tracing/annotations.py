"""Layers that a model's author may put in to choose what is shown. They compute nothing."""

from __future__ import annotations

import torch
from torch import nn


class Tracker(nn.Module):
    """Shows what passes through it. A model that has any shows only these (and its inputs).

    name: what to call it; the module's path when not given.
    """

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.name = name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x itself."""
        return x


class Marker(nn.Module):
    """A signpost: its text stands beside the layer whose result passes through it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x itself."""
        return x
