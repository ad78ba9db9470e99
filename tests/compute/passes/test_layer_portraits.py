"""Portraits of layers by what their axes hold, from whole passes of models."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.network.model_spec import ModelSpec


def portraits(model: nn.Module, source: str = "", image=None):
    loaded = LoadedModel(open_source(ModelSpec(model)), "layers")
    result = loaded.run(image, lambda node, maps: None, lambda: None)
    return {node.name: (node, result.maps[node.id].portrait) for node in loaded.network.nodes}


@pytest.fixture(scope="module")
def photograph():
    coarse = torch.from_numpy(np.random.default_rng(1).random((1, 3, 5, 5)))
    smooth = nn.functional.interpolate(coarse, (48, 64), mode="bicubic")
    return (smooth[0].clamp(0, 1) * 255).byte().permute(1, 2, 0).contiguous().numpy()


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        self.second = nn.Conv2d(16, 24, 3, stride=2, padding=1)
        self.gray = nn.Conv2d(24, 1, 1)
        self.head = nn.Linear(24, 10)

    def forward(self, x):
        x = self.second(self.first(x).relu()).relu()
        return self.head(x.mean((2, 3))), self.gray(x)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.patches = nn.Conv2d(3, 32, 8, 8)
        self.token = nn.Parameter(torch.randn(1, 1, 32))
        self.project = nn.Linear(32, 96)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        q, k, v = self.project(x).unflatten(2, (3, 4, 8)).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1)).softmax(-1)
        return self.head((weights @ v).transpose(1, 2).flatten(2)[:, 0])


def open_convolutions(image):
    return portraits(Convolutions(), image=image)


def test_the_input_is_its_own_picture(photograph):
    found = open_convolutions(photograph)
    node, portrait = next(iter(found.values()))
    assert node.operation == "input"
    assert portrait.shape[2] == 3
    assert portrait.std() > 10


def test_layers_with_positions_have_one_and_others_none(photograph):
    found = open_convolutions(photograph)
    assert found["first"][1] is not None
    assert found["second"][1] is not None
    assert found["gray"][1] is None
    assert found["head"][1] is None


def test_colors_of_the_input_carry_through(photograph):
    """Sky stays sky-colored: each layer's colors correlate with those that feed it."""
    found = open_convolutions(photograph)
    names = [next(iter(found)), "first", "second"]
    pictures = [torch.from_numpy(found[n][1].copy()).permute(2, 0, 1)[None].float() for n in names]
    for before, after in itertools.pairwise(pictures):
        smaller = nn.functional.adaptive_avg_pool2d(before, after.shape[2:])
        both = torch.stack([smaller.flatten(), after.flatten()])
        assert float(torch.corrcoef(both)[0, 1]) > 0.4


def test_attention_stands_on_the_grid_of_its_tokens(photograph):
    found = portraits(Attention(), image=photograph)
    shown = {n.presentation: p for n, p in found.values() if n.presentation == "attention"}
    grid = next(p for n, p in found.values() if n.name == "patches")
    assert shown["attention"].shape == grid.shape
