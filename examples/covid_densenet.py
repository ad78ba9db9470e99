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
    def __init__(self, channels_in: int, channels: int, pools: bool = True):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels_in)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.pool = nn.AvgPool2d(2) if pools else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pool(self.conv(self.relu(self.norm(x))))


class CovidDenseNet(nn.Module):
    """The network; narrower, and for images of some 32 pixels, where `growth` or `small` say so.

    Args:
        classes: How many it tells apart.
        growth: Channels that each layer adds; the stem and transitions have multiples of it.
        small: Whether it divides the size by 8 and not by 32: its stem is 3×3 and does not pool,
            nor does its last transition.
    """

    def __init__(self, classes: int = 2, growth: int = 32, small: bool = False):
        super().__init__()
        channels = 2 * growth
        self.stem = nn.Sequential(
            nn.Conv2d(3, channels, *((3, 2, 1) if small else (7, 2, 3)), bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Identity() if small else nn.MaxPool2d(3, 2, 1),
        )
        for number, (layers, after) in enumerate(((6, 4), (10, 8), (2, 16), (1, 0)), 1):
            block = [DenseLayer(channels + growth * i, growth) for i in range(layers)]
            self.add_module(f"block{number}", nn.Sequential(*block))
            channels += growth * layers
            if after:
                pools = not (small and number == 3)
                transition = Transition(channels, after * growth, pools)
                self.add_module(f"transition{number}", transition)
                channels = after * growth
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
