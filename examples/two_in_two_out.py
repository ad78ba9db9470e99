"""A network with two inputs and two outputs: the distance of two images, and a classification."""

import torch
from torch import nn

example_input = (torch.rand(1, 3, 96, 96), torch.rand(1, 3, 96, 96))


class Pair(nn.Module):
    def __init__(self, classes: int = 5):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 16, 5, 2, 2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, 2, 1),
            nn.ReLU(),
        )
        self.compare = nn.Conv2d(64, 8, 3, padding=1)
        self.distance = nn.Linear(8, 1)
        self.classify = nn.Linear(64, classes)

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> dict[str, torch.Tensor]:
        a, b = self.encoder(left), self.encoder(right)
        difference = torch.relu(self.compare((a - b).abs()))
        return {
            "distance": torch.sigmoid(self.distance(difference.mean((2, 3)))),
            "classes": self.classify(a.mean((2, 3))),
        }


def build_model() -> Pair:
    torch.manual_seed(0)
    return Pair()
