"""Labels name sizes along each axis that there is, no more."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace


class Call(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def label(module, axes, channels=4, side=16):
    module = module if isinstance(module, nn.Module) else Call(module)
    inputs = (torch.zeros(1, channels, *[side] * axes),)
    return simplify(trace(module, inputs, "net"), "all").network.nodes[-1].label


@pytest.mark.parametrize(("axes", "four"), [(1, "4"), (2, "4×4"), (3, "4×4×4")])
def test_one_number_counts_once_for_each_axis(axes, four):
    def layer(name):
        return getattr(nn, f"{name}{axes}d")

    assert label(layer("MaxPool")(4), axes) == f"max pool {four}, stride 4"
    assert label(layer("MaxPool")((4,) * axes, stride=1), axes) == f"max pool {four}"
    assert label(layer("AvgPool")(4), axes) == f"average pool {four}, stride 4"
    assert label(layer("AdaptiveAvgPool")(4), axes) == f"average pool to {four}"
    assert label(layer("AdaptiveMaxPool")(4), axes) == f"max pool to {four}"
    assert label(layer("LPPool")(2, 4), axes) == f"power-average pool {four}, stride 4"
    assert label(layer("Conv")(4, 8, 4), axes) == f"conv {four}, 4→8"
    assert label(layer("ConvTranspose")(4, 8, 4), axes) == f"transposed conv {four}, 4→8"
    pool = getattr(functional, f"max_pool{axes}d")
    assert label(lambda x: pool(x, 4), axes) == f"max pool {four}, stride 4"
    assert label(lambda x: pool(x, 4, return_indices=True), axes) == f"max pool {four}, stride 4"
    half = 16 // 4
    resized = "×".join([str(half)] * axes)
    assert label(lambda x: functional.interpolate(x, size=half), axes) == f"resize to {resized}"


def test_an_axis_that_is_kept_is_named_by_its_size():
    assert label(nn.AdaptiveAvgPool2d((None, 1)), 2) == "average pool to 16×1"
    assert label(nn.AdaptiveMaxPool3d((1, None, 2)), 3) == "max pool to 1×16×2"
