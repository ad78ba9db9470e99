"""U-Net: a segmentation network with skip connections to its decoder (Ronneberger 2015)."""

import torch
from torch import nn

input_size = (256, 256)
class_names = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa",
    "train", "monitor",
]  # fmt: skip


class Double(nn.Sequential):
    def __init__(self, channels_in: int, channels: int):
        super().__init__(
            nn.Conv2d(channels_in, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    def __init__(self, classes: int = 21, width: int = 32):
        super().__init__()
        w = width
        self.down1 = Double(3, w)
        self.down2 = Double(w, 2 * w)
        self.down3 = Double(2 * w, 4 * w)
        self.down4 = Double(4 * w, 8 * w)
        self.pool = nn.MaxPool2d(2)
        self.bottom = Double(8 * w, 16 * w)
        self.up4 = nn.ConvTranspose2d(16 * w, 8 * w, 2, 2)
        self.join4 = Double(16 * w, 8 * w)
        self.up3 = nn.ConvTranspose2d(8 * w, 4 * w, 2, 2)
        self.join3 = Double(8 * w, 4 * w)
        self.up2 = nn.ConvTranspose2d(4 * w, 2 * w, 2, 2)
        self.join2 = Double(4 * w, 2 * w)
        self.up1 = nn.ConvTranspose2d(2 * w, w, 2, 2)
        self.join1 = Double(2 * w, w)
        self.classify = nn.Conv2d(w, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one = self.down1(x)
        two = self.down2(self.pool(one))
        three = self.down3(self.pool(two))
        four = self.down4(self.pool(three))
        x = self.bottom(self.pool(four))
        x = self.join4(torch.cat([four, self.up4(x)], 1))
        x = self.join3(torch.cat([three, self.up3(x)], 1))
        x = self.join2(torch.cat([two, self.up2(x)], 1))
        x = self.join1(torch.cat([one, self.up1(x)], 1))
        return self.classify(x)


def build_model() -> UNet:
    torch.manual_seed(0)
    return UNet()
