"""Modules that a model's author may insert to choose what is shown. They compute nothing."""

from __future__ import annotations

import torch
from torch import nn


class Tracker(nn.Module):
    """Shows the tensor that passes through it.

    Of a model that contains trackers only these, and its inputs, are shown.
    """

    def __init__(self, name: str = "") -> None:
        """Insert a tracker.

        Args:
            name: Name of the layer that it shows; by default the module's path in the model.
        """
        super().__init__()
        self.name = name

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x itself."""
        return x


class Marker(nn.Module):
    """Shows a text beside the layer whose result passes through it."""

    def __init__(self, text: str) -> None:
        """Insert a marker.

        Args:
            text: What it says.
        """
        super().__init__()
        self.text = text

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x itself."""
        return x
