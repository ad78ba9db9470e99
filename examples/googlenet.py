"""GoogLeNet with batch normalization: four-branch inception modules (Szegedy et al. 2015)."""

import torch
from torch import nn

input_size = (224, 224)


def conv(channels_in: int, channels: int, size: int, **options: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, size, bias=False, **options),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    )


class Inception(nn.Module):
    def __init__(self, channels_in: int, a: int, b: tuple[int, int], c: tuple[int, int], d: int):
        super().__init__()
        self.branch1 = conv(channels_in, a, 1)
        self.branch2 = nn.Sequential(conv(channels_in, b[0], 1), conv(*b, 3, padding=1))
        self.branch3 = nn.Sequential(conv(channels_in, c[0], 1), conv(*c, 5, padding=2))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(channels_in, d, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return torch.cat([branch(x) for branch in branches], 1)


class GoogLeNet(nn.Module):
    def __init__(self, classes: int = 1000):
        super().__init__()
        self.stem = nn.Sequential(
            conv(3, 64, 7, stride=2, padding=3),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            conv(64, 64, 1),
            conv(64, 192, 3, padding=1),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.inception3a = Inception(192, 64, (96, 128), (16, 32), 32)
        self.inception3b = Inception(256, 128, (128, 192), (32, 96), 64)
        self.pool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception4a = Inception(480, 192, (96, 208), (16, 48), 64)
        self.inception4b = Inception(512, 160, (112, 224), (24, 64), 64)
        self.inception4c = Inception(512, 128, (128, 256), (24, 64), 64)
        self.inception4d = Inception(512, 112, (144, 288), (32, 64), 64)
        self.inception4e = Inception(528, 256, (160, 320), (32, 128), 128)
        self.pool4 = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.inception5a = Inception(832, 256, (160, 320), (32, 128), 128)
        self.inception5b = Inception(832, 384, (192, 384), (48, 128), 128)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(1024, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool3(self.inception3b(self.inception3a(self.stem(x))))
        x = self.inception4c(self.inception4b(self.inception4a(x)))
        x = self.pool4(self.inception4e(self.inception4d(x)))
        x = self.inception5b(self.inception5a(x))
        return self.fc(self.avgpool(x).flatten(1))


def build_model() -> GoogLeNet:
    torch.manual_seed(0)
    return GoogLeNet()
