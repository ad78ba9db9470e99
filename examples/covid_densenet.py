"""CovidDenseNet: the small densely connected network for lung scans of the DeepVisionVR study.

It has 1,633,538 parameters with two classes.
"""

import torch
from torch import nn

input_size = (180, 250)
class_names = ["COVID-19", "no COVID-19"]


class DenseLayer(nn.Module):
    def __init__(self, channels_in: int, growth: int = 32):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        new = self.conv1(self.relu(self.norm1(x)))
        new = self.conv2(self.relu(self.norm2(new)))
        return torch.cat([x, new], 1)


class Transition(nn.Module):
    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels_in)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pool(self.conv(self.relu(self.norm(x))))


class CovidDenseNet(nn.Module):
    def __init__(self, classes: int = 2):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        )
        channels = 64
        for number, (layers, after) in enumerate(((6, 128), (10, 256), (2, 512), (1, None)), 1):
            block = [DenseLayer(channels + 32 * i) for i in range(layers)]
            self.add_module(f"block{number}", nn.Sequential(*block))
            channels += 32 * layers
            if after is not None:
                self.add_module(f"transition{number}", Transition(channels, after))
                channels = after
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for number in (1, 2, 3):
            x = self.get_submodule(f"transition{number}")(self.get_submodule(f"block{number}")(x))
        x = self.relu(self.norm(self.block4(x)))
        return self.fc(self.pool(x).flatten(1))


def build_model(classes: int = 2) -> CovidDenseNet:
    return CovidDenseNet(classes)
