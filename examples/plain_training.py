"""An ordinary training script that does not use vrnn: `vrnn --model plain_training.py`."""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class SmallNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * 7 * 7, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def made_up_digits(count: int) -> TensorDataset:
    """Return images of bars; the class is the angle of the bar."""
    labels = torch.randint(0, 10, (count,))
    ys, xs = torch.meshgrid(torch.linspace(-1, 1, 28), torch.linspace(-1, 1, 28), indexing="ij")
    angles = labels[:, None, None] * torch.pi / 10
    away = (xs * angles.sin() - ys * angles.cos()).abs()
    return TensorDataset(
        (away < 0.15).float()[:, None] + 0.1 * torch.randn(count, 1, 28, 28), labels
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    net = SmallNet()
    optimizer = torch.optim.Adam(net.parameters())
    for epoch in range(options.epochs):
        for images, labels in DataLoader(made_up_digits(2000), 64, shuffle=True):
            loss = nn.functional.cross_entropy(net(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}")
    torch.save(net.state_dict(), "small_net.pt")


if __name__ == "__main__":
    main()
