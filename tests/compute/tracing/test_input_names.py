"""Inputs are called what the model's author calls them."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from torch import nn

from vrnn.compute.model_inputs import ModelInputs
from vrnn.compute.tracing.input_names import input_roles
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace


class Batch(NamedTuple):
    image: torch.Tensor
    speed: torch.Tensor


@dataclass
class Sample:
    image: torch.Tensor
    speed: torch.Tensor


class Slotted:
    __slots__ = ("image", "speed")

    def __init__(self, image, speed):
        self.image, self.speed = image, speed


class Both(nn.Module):
    """Takes an image and a number, packed together in any way."""

    def __init__(self):
        super().__init__()
        self.conv, self.linear = nn.Conv2d(3, 4, 3), nn.Linear(1, 4)

    def forward(self, batch):
        if isinstance(batch, dict):
            image, speed = batch["image"], batch["speed"]
        elif isinstance(batch, list):
            image, speed = batch
        else:
            image, speed = batch.image, batch.speed
        return self.conv(image).mean((2, 3)) + self.linear(speed)


PARTS = (torch.randn(1, 3, 8, 8), torch.randn(1, 1))


@pytest.mark.parametrize(
    ("batch", "names"),
    [
        (Batch(*PARTS), ["image", "speed"]),
        (Sample(*PARTS), ["image", "speed"]),
        (Slotted(*PARTS), ["image", "speed"]),
        (OrderedDict(zip(Batch._fields, PARTS, strict=True)), ["image", "speed"]),
        ({"image": PARTS[0], "speed": PARTS[1], "more": {"mask": PARTS[1].clone()}},
         ["image", "speed", "mask"]),
        (list(PARTS), ["input", "input_2"]),
    ],
)  # fmt: skip
def test_an_input_is_called_by_its_field_or_key(batch, names):
    inputs = ModelInputs((batch,))
    view = simplify(trace(Both().eval(), inputs, "both"), "layers")
    assert [view.network.by_id[i].name for i in view.network.inputs] == names


def test_axes_can_be_given_by_these_names():
    roles = input_roles(Both(), ModelInputs((Batch(*PARTS),)), {"speed": ("batch", "channel")})
    assert roles == [(), ("batch", "channel")]
