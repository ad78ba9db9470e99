"""Layers of two networks are matched by name, then by shape and order, always alike."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from tests.support.networks import networks
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.network.graph import Edge, Network, Node
from vrnn.network.layer_matching import LayerMatching, match_layers
from vrnn.network.model_spec import ModelSpec


def chain(*layers: tuple[str, str, tuple[int, ...]], by_module: bool = True) -> Network:
    """Return layers behind each other. layers: name, operation and shape of each."""
    nodes = [Node(0, "input", "input", "", "", (3, 8, 8))]
    nodes += [
        Node(i + 1, name, operation, "", name if by_module else "", shape)
        for i, (name, operation, shape) in enumerate(layers)
    ]
    edges = tuple(Edge(i, i + 1) for i in range(len(layers)))
    return Network("chain", tuple(nodes), edges, (0,), (len(layers),))


def named(first: Network, second: Network, found: LayerMatching) -> list[tuple[str, str, str]]:
    """Return the names of each pair, and by what it was matched, without the inputs."""
    return [
        (first.by_id[p.first].name, second.by_id[p.second].name, p.reason)
        for p in found.pairs
        if p.first not in first.inputs
    ]


def traced(model: object) -> Network:
    """Return the graph of a model."""
    return LoadedModel(open_source(ModelSpec(model)), "layers").network


class Small(nn.Module):
    """Two convolutions and a head, ready to be quantized."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.quant = torch.ao.quantization.QuantStub()
        self.conv1 = nn.Conv2d(3, channels, 3)
        self.conv2 = nn.Conv2d(channels, 2 * channels, 3)
        self.fc = nn.Linear(2 * channels, 10)
        self.dequant = torch.ao.quantization.DeQuantStub()
        self.example_input = torch.rand(1, 3, 16, 16)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return scores."""
        maps = torch.relu(self.conv1(self.quant(image)))
        maps = torch.relu(self.conv2(maps))
        return self.dequant(self.fc(maps.mean((2, 3))))


def quantized() -> nn.Module:
    """Return a model whose layers compute with 8 bits, after calibration."""
    torch.backends.quantized.engine = "fbgemm"
    model = Small().eval()
    model.qconfig = torch.ao.quantization.get_default_qconfig("fbgemm")
    torch.ao.quantization.prepare(model, inplace=True)
    model(torch.rand(4, 3, 16, 16))
    return torch.ao.quantization.convert(model, inplace=True)


MEAN = ("mean", "mean", "name")
CONVS = [("conv1", "conv1", "name"), ("conv2", "conv2", "name"), MEAN]


def test_a_child_is_matched_whatever_became_of_its_weights() -> None:
    torch.manual_seed(0)
    parent = traced(Small().eval())
    for child in (Small().eval(), Small(6).eval()):
        found = traced(child)
        assert named(parent, found, match_layers(parent, found)) == [*CONVS, ("fc", "fc", "name")]


@pytest.mark.skipif(
    "fbgemm" not in torch.backends.quantized.supported_engines, reason="no 8-bit kernels"
)
@pytest.mark.filterwarnings("ignore")
def test_a_quantized_child_is_matched() -> None:
    parent = traced(Small().eval())
    static = traced(quantized())
    matching = match_layers(parent, static)
    assert named(parent, static, matching) == [*CONVS, ("fc", "fc.linear", "name")]
    assert [static.by_id[node].name for node in matching.second_only] == ["quant", "dequant"]
    dynamic = traced(torch.ao.quantization.quantize_dynamic(Small().eval(), {nn.Linear}))
    expected = [*CONVS, ("fc", "fc.linear_dynamic", "name")]
    assert named(parent, dynamic, match_layers(parent, dynamic)) == expected


def test_a_deeper_network_has_its_further_blocks_left_over() -> None:
    first = traced("torchvision:resnet18@random")
    second = traced("torchvision:resnet34@random")
    found = match_layers(first, second)
    assert not found.first_only
    assert all(first.by_id[p.first].name == second.by_id[p.second].name for p in found.pairs)
    left = {second.by_id[node].name.rsplit(".", 1)[0] for node in found.second_only}
    blocks = {"layer1": (2,), "layer2": (2, 3), "layer3": (2, 3, 4, 5), "layer4": (2,)}
    assert left == {f"{stage}.{i}" for stage, more in blocks.items() for i in more}


def test_other_names_are_matched_by_shape_and_order() -> None:
    first = chain(
        ("a", "conv2d", (8, 8, 8)), ("b", "conv2d", (16, 4, 4)), ("c", "linear", (10, 1, 1))
    )
    second = chain(
        ("stem", "conv2d", (8, 8, 8)), ("more", "conv2d", (4, 8, 8)),
        ("body", "conv2d", (12, 4, 4)), ("head", "linear_dynamic", (10, 1, 1)),
    )  # fmt: skip
    found = match_layers(first, second)
    assert named(first, second, found) == [
        ("a", "stem", "shape"), ("b", "body", "map size"), ("c", "head", "shape")
    ]  # fmt: skip
    assert found.second_only == (2,)


def test_numbered_names_do_not_lead_astray() -> None:
    shapes = [(8, 8, 8), (16, 4, 4), (32, 2, 2)]
    names = ["conv2d", "conv2d_1", "conv2d_2"]
    first = chain(*zip(names[:2], ["conv2d"] * 2, shapes[1:], strict=True), by_module=False)
    second = chain(*zip(names, ["conv2d"] * 3, shapes, strict=True), by_module=False)
    found = match_layers(first, second)
    assert named(first, second, found) == [
        ("conv2d", "conv2d_1", "shape"), ("conv2d_1", "conv2d_2", "shape")
    ]  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(networks(20), networks(20))
def test_every_layer_is_in_one_pair_at_most(first: Network, second: Network) -> None:
    found = match_layers(first, second)
    assert found == match_layers(first, second)
    ones = [p.first for p in found.pairs] + list(found.first_only)
    others = [p.second for p in found.pairs] + list(found.second_only)
    assert sorted(ones) == sorted(first.by_id)
    assert sorted(others) == sorted(second.by_id)


@given(networks(20))
def test_a_network_matches_itself(network: Network) -> None:
    found = match_layers(network, network)
    assert all(pair.first == pair.second for pair in found.pairs)
    assert len(found.pairs) == len(network.nodes)
