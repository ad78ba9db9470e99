"""A small residual network for handwritten digits (He et al. 2016, in miniature)."""

from __future__ import annotations

import torch
from torch import nn

CLASS_NAMES = tuple("0123456789")
INPUT_SIZE = (32, 32)
"""(height, width), pixels."""
MEAN, STD = (0.31,), (0.38,)
"""By channel, of inputs 0…1."""


class Block(nn.Module):
    """A residual block: two 3×3 convolutions and a skip connection."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.skip = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) float32 to the same, of other size where the stride is not 1."""
        y = self.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return self.relu(y + self.skip(x))


class DigitsNet(nn.Module):
    """Maps (N, 1, 32, 32) float32, normalized by MEAN and STD, to (N, 10) logits of the digits."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)
        )
        self.stage1 = nn.Sequential(Block(16, 16, 1), Block(16, 16, 1))
        self.stage2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1))
        self.stage3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, 1, 32, 32) float32 to (N, 10)."""
        x = self.stage3(self.stage2(self.stage1(self.stem(x))))
        return self.head(self.pool(x).flatten(1))


def build_model() -> DigitsNet:
    """Build the network without trained weights."""
    return DigitsNet()
