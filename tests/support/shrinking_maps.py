"""A model whose layers have fewer and fewer positions."""

import torch
from torch import nn


class Five(nn.Module):
    """Five layers whose maps become smaller."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.first, self.second = nn.Conv2d(3, 12, 3), nn.Conv2d(12, 16, 3)
        self.third, self.fourth = nn.Conv2d(16, 24, 3, 2), nn.Conv2d(24, 40, 3, 2)
        self.fifth = nn.Conv2d(40, 10, 3)

    def forward(self, x):
        x = self.second(self.first(x).relu()).relu()
        x = self.fourth(self.third(x).relu()).relu()
        return self.fifth(x).mean((2, 3))
