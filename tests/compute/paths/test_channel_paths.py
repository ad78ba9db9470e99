"""A known path through a network made by hand is found, by weight and by weight × activation."""

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.paths.find_links import find_links
from vrnn.network.channel_paths import ChannelShares, find_paths, strongest
from vrnn.network.kernel_edits import KernelEdit
from vrnn.network.model_spec import ModelSpec


class KnownPath(nn.Module):
    """Class 1 comes from channel 2 of `b`, that of channel 3 of `a`, that of green alone.

    Between them: a norm, an activation, a pool, an addition, a concatenation and a flattening.
    """

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.b = nn.Conv2d(4, 4, 1, bias=False)
        self.side = nn.Conv2d(4, 2, 1, bias=False)
        self.head = nn.Linear(6 * 4 * 4, 2, bias=False)
        for layer in (self.a, self.b, self.side, self.head):
            nn.init.constant_(layer.weight, 0.01)
        with torch.no_grad():
            self.a.weight[3, 1] = 2.0
            self.b.weight[2, 3] = -5.0
            self.side.weight[1, 0] = 4.0
            self.head.weight[1, 2 * 16 : 3 * 16] = 3.0  # channel 2 of what was concatenated
            self.head.weight[0, 5 * 16 :] = 3.0  # channel 1 of `side`

    def forward(self, x):
        a = torch.relu(self.norm(self.a(x)))
        b = self.b(a)
        b = b + torch.tanh(b)
        both = torch.cat([b, self.side(a)], 1)
        return self.head(nn.functional.max_pool2d(both, 2).flatten(1))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return LoadedModel(open_source(ModelSpec(KnownPath(), input_size=(8, 8))), "layers")


def named(model, name):
    return next(node.id for node in model.network.nodes if node.name == name)


def best(model, paths, name):
    return int(strongest(paths.strength(named(model, name)), 1)[0])


def test_the_known_path_is_the_strongest_one(model):
    shares = ChannelShares(find_links(model))
    assert shares.links.unknown == ()
    paths = find_paths(shares, named(model, "head"), 1)
    assert best(model, paths, "b") == 2
    assert best(model, paths, "a") == 3
    assert best(model, paths, model.network.nodes[0].name) == 1
    other = find_paths(shares, named(model, "head"), 0)
    assert best(model, other, "side") == 1
    assert best(model, other, "a") == 0
    behind = find_paths(shares, named(model, "a"), 3)
    assert best(model, behind, "b") == 2
    assert best(model, behind, "head") == 1
    assert set(behind.shown) >= {named(model, name) for name in ("a", "b", "side", "head")}


def test_all_that_a_channel_comes_from_adds_up_to_it(model):
    shares = ChannelShares(find_links(model))
    paths = find_paths(shares, named(model, "head"), 1)
    first = model.network.nodes[0].id
    assert paths.sources[first].sum() == pytest.approx(1.0)
    assert paths.sources[named(model, "a")].sum() == pytest.approx(1.0)
    assert np.all(paths.sources[first] >= 0)
    # By hand: 9 · 2 beside twice 9 · 0.01 for `a`, nearly all for the rest.
    a = find_paths(shares, named(model, "a"), 3)
    assert a.sources[first] == pytest.approx(np.array([0.01, 2.0, 0.01]) / 2.02)


def test_a_dead_channel_gives_nothing_by_activation(model):
    links = find_links(model)
    activations = {node.id: np.ones(node.shape[0]) for node in model.network.nodes}
    same = find_paths(ChannelShares(links, activations), named(model, "head"), 1)
    assert best(model, same, "a") == 3
    activations[named(model, "a")][3] = 0.0
    dead = find_paths(ChannelShares(links, activations), named(model, "head"), 1)
    assert dead.sources[named(model, "a")][3] == 0
    assert best(model, dead, "a") != 3


def test_edited_weights_count(model):
    model.editor.apply(model.view, [KernelEdit("b", 2, 3)])
    with model.editor.active():
        paths = find_paths(ChannelShares(find_links(model)), named(model, "b"), 2)
    model.editor.apply(model.view, [])
    assert paths.sources[named(model, "a")][3] == 0


class Grouped(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 1)
        self.second = nn.Conv2d(4, 4, 1, groups=2)
        self.up = nn.ConvTranspose2d(4, 6, 2, groups=2)

    def forward(self, x):
        return self.up(self.second(self.first(x)))


def test_groups_are_kept_apart():
    model = LoadedModel(open_source(ModelSpec(Grouped(), input_size=(8, 8))), "layers")
    shares = ChannelShares(find_links(model))
    paths = find_paths(shares, named(model, "up"), 5)
    assert not paths.sources[named(model, "second")][:2].any()
    assert not paths.sources[named(model, "first")][:2].any()
    assert paths.sources[named(model, "first")][2:].all()
    behind = find_paths(shares, named(model, "first"), 0)
    assert behind.targets[named(model, "up")][:3].all()
    assert not behind.targets[named(model, "up")][3:].any()
