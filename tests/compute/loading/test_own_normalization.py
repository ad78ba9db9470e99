"""How images are normalized where a script does not say so: what really reaches the model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.loading.source import open_source
from vrnn.network.model_spec import ModelSpec

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Own(nn.Module):
    """Normalizes what goes in by numbers of its own."""

    def __init__(self, mean, std, is_buffer):
        super().__init__()
        shaped = [torch.tensor(n).view(1, 3, 1, 1) for n in (mean, std)]
        for name, numbers, plain in zip(("mean", "std"), shaped, (mean, std), strict=True):
            if is_buffer:
                self.register_buffer(name, numbers)
            else:
                setattr(self, f"image_{name}", plain)
        self.shaped = shaped

    def forward(self, x):
        return (x - self.shaped[0]) / self.shaped[1]


def taken(model):
    """What a model gets of an image, and what it is told."""
    source = open_source(ModelSpec(model, input_size=(8, 8)))
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    values = source.prepare(image).inputs.args[0]
    pixels = torch.from_numpy(image.transpose(2, 0, 1)[None]).double()
    return values.double(), pixels, source.notes


@pytest.mark.parametrize("is_buffer", [True, False])
@pytest.mark.parametrize(
    ("mean", "std", "largest"),
    [(*IMAGENET, 1), ([123.7, 116.3, 103.5], [58.4, 57.1, 57.4], 255)],
)
def test_a_model_that_normalizes_images_itself_takes_pixels(is_buffer, mean, std, largest):
    model = nn.Sequential(nn.Sequential(Own(mean, std, is_buffer)), nn.Conv2d(3, 2, 3))
    values, pixels, notes = taken(model)
    assert torch.allclose(values, pixels / 255 * largest, atol=1e-4)
    assert notes == (
        f"its layer '0.0' normalizes images itself, so pixels go in as 0 to {largest}",
    )


def test_what_is_assumed_of_a_trained_model_is_told():
    values, pixels, (note,) = taken(nn.Conv2d(3, 2, 3))
    mean, std = (torch.tensor(n, dtype=torch.float64).view(1, 3, 1, 1) for n in IMAGENET)
    assert torch.allclose(values, (pixels / 255 - mean) / std, atol=1e-5)
    assert "as for ImageNet" in note
    assert "set mean and std" in note


def test_of_a_gray_image_likewise():
    values, _, (note,) = taken(nn.Conv2d(1, 2, 3))
    assert values.min() < -0.5
    assert values.max() <= 1
    assert "as -1 to 1" in note


class Learned(nn.Conv2d):
    """What it learns is called as pixels' mean and deviation are elsewhere."""

    def __init__(self):
        super().__init__(3, 2, 3)
        self.mean = nn.Parameter(torch.zeros(3))
        self.std = nn.Linear(1, 1)


class Bytes(nn.Conv2d):
    """Takes whole numbers."""

    example_input_array = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)

    def forward(self, x):
        return super().forward(x / 255)


def test_what_only_looks_like_a_normalization_is_none():
    assert "as for ImageNet" in taken(Learned())[2][0]
    values, pixels, notes = taken(Bytes(3, 2, 3))
    assert torch.equal(values, pixels)
    assert notes == ()


@pytest.mark.parametrize(
    ("name", "mean"), [("raft_small", 0.5), ("mc3_18", 0.43216), ("squeezenet1_1", 0.485)]
)
def test_library_models_take_images_as_their_weights_say(name, mean):
    pytest.importorskip("torchvision")
    candidate = open_source(ModelSpec(f"torchvision:{name}@random")).candidate
    assert candidate.mean[0] == pytest.approx(mean)
    assert candidate.std[0] == pytest.approx({0.5: 0.5, 0.43216: 0.22803}.get(mean, 0.229))
