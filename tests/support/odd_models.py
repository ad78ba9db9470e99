"""Small models, each with one oddity that a tracer may not handle."""

import torch
from torch import nn
from torch.nn import functional as F


class InPlace(nn.Module):
    """ReLU in place, `+=`, and a slice written into."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.conv(x)
        y = self.relu(y)
        y += 1.5 * y
        y[:, 0] = y[:, 1] * 2
        return y.mul_(0.5)


class Shared(nn.Module):
    """One convolution that runs twice."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        return self.conv(torch.relu(self.conv(x)))


class Branches(nn.Module):
    """Two branches, concatenated."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 2, 1)
        self.b = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Conv2d(2, 2, 3, padding=1))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x)], dim=1)


class TwoInTwoOut(nn.Module):
    """Two inputs; a dict of two outputs, one of them in a list."""

    def __init__(self):
        super().__init__()
        self.left = nn.Conv2d(3, 2, 1)
        self.right = nn.Conv2d(3, 2, 1)

    def forward(self, one, two):
        a, b = self.left(one), self.right(two)
        return {"sum": a + b, "rest": [b.mean((2, 3))]}


class Buffer(nn.Module):
    """A buffer made by hand and filled through a view, as torchvision's detectors do."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.last = nn.Conv2d(3, 2, 1)

    def forward(self, x):
        y = self.conv(x)
        buffer = y.new_full((1, 3, 12, 12), 0.0)
        buffer[0, :, 2:10, 2:10].copy_(y[0])
        return self.last(buffer)


class DataDependent(nn.Module):
    """A branch on values, which leads nowhere; and another graph for another image."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.dark = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        if x.mean() > 0:
            return torch.relu(self.conv(x))
        return torch.tanh(self.dark(x)).abs()


class ChannelsLast(nn.Module):
    """LayerNorm and linear over channels at the end, as in ConvNeXt."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 2, 2)
        self.norm = nn.LayerNorm(6)
        self.linear = nn.Linear(6, 10)

    def forward(self, x):
        y = self.conv(x).permute(0, 2, 3, 1)
        return self.linear(self.norm(y)).permute(0, 3, 1, 2)


class Tokens(nn.Module):
    """A class token before a grid, and attention of two heads."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        y = self.patch(x).flatten(2).transpose(1, 2)
        y = torch.cat([self.token, y], 1)
        y = y + self.attention(y, y, y, need_weights=False)[0]
        return self.head(y[:, 0])


class Scripted(nn.Module):
    """A part that torch.jit.script has compiled."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 1)
        self.inner = torch.jit.script(nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU()))
        self.last = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        return self.last(self.inner(self.first(x)))


class Opaque(nn.Module):
    """A module that computes with numpy."""

    class Inner(nn.Module):
        def forward(self, x):
            return torch.from_numpy(x.numpy() * 2)

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)
        self.inner = self.Inner()

    def forward(self, x):
        return self.inner(self.conv(x)).relu()


class OutArgument(nn.Module):
    """An `out=` argument, and a write through a view."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        y = self.conv(x)
        z = torch.empty_like(y)
        torch.mul(y, 2, out=z)
        flat = z.view(1, 3, -1)
        flat.add_(1)
        return F.relu(z)


MODELS = {
    kind.__name__: kind
    for kind in (
        InPlace, Shared, Branches, TwoInTwoOut, Buffer, DataDependent, ChannelsLast, Tokens,
        Scripted, Opaque, OutArgument,
    )
}  # fmt: skip


def inputs_of(name):
    torch.manual_seed(1)
    image = torch.rand(1, 3, 8, 8) + 0.1
    return (image, torch.rand(1, 3, 8, 8)) if name == "TwoInTwoOut" else (image,)
