"""Each value of a layer is the sum of what its ribbons carry, and its bias."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.explained import opened_with
from vrnn.compute.connections.find_connections import find_connections
from vrnn.network.connection_sums import pair_values, position_sum

TOLERANCE = 1e-4


def random_input(*shape, seed=3):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Stem(nn.Module):
    """A convolution whose maps feed one layer."""

    def __init__(self, layer, channels=6, axes=2):
        super().__init__()
        self.stem = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1](3, channels, 1)
        self.layer = layer

    def forward(self, x):
        return self.layer(F.relu(self.stem(x)))


def connections(net, x, name="layer"):
    torch.manual_seed(0)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.5)
    return find_connections(opened_with(net.eval(), x), name)


def check_all_sums(layer, truth):
    """Compare sums with what torch itself gives before the layer's activation. truth: (C, …)."""
    truth = truth.detach().numpy()
    size = float(np.abs(truth).max())
    assert layer.steps[0].maps.shape == truth.shape
    random = np.random.default_rng(0)
    corners = [tuple(0 for _ in layer.positions), tuple(n - 1 for n in layer.positions)]
    inner = [tuple(int(random.integers(n)) for n in layer.positions) for _ in range(12)]
    for position in corners + inner:
        given = pair_values(layer, "contribution", (0, position))
        totals = np.zeros(layer.outputs)
        for part, values in zip(layer.parts, given, strict=True):
            span = slice(part.first_output, part.first_output + part.outputs)
            totals[span] += values.values.sum(1, dtype=np.float64)
        for channel in range(layer.outputs):
            one = position_sum(layer, channel, position)
            want = truth[(channel, *position)]
            assert abs(one.total + one.bias - want) < TOLERANCE * size
            assert abs(totals[channel] + one.bias - want) < TOLERANCE * size
    means = np.zeros(layer.outputs)
    for part, values in zip(layer.parts, pair_values(layer, "contribution"), strict=True):
        span = slice(part.first_output, part.first_output + part.outputs)
        means[span] += values.values.sum(1, dtype=np.float64)
    bias = np.zeros(1) if layer.bias is None else layer.bias.reshape(layer.outputs, -1).mean(1)
    want = truth.reshape(len(truth), -1).mean(1)
    assert np.abs(means + bias - want).max() < TOLERANCE * size


CONVOLUTIONS = {
    "plain": nn.Conv2d(6, 8, 3),
    "padded": nn.Conv2d(6, 8, 3, padding=1),
    "same": nn.Conv2d(6, 8, (3, 4), padding="same"),
    "valid, no bias": nn.Conv2d(6, 8, 3, padding="valid", bias=False),
    "strided": nn.Conv2d(6, 8, 5, stride=(2, 3), padding=2),
    "dilated": nn.Conv2d(6, 8, 3, dilation=(2, 1), padding=3),
    "grouped": nn.Conv2d(6, 9, 3, groups=3, padding=1),
    "depthwise": nn.Conv2d(6, 6, 3, groups=6, padding=1),
    "depthwise, twice": nn.Conv2d(6, 12, 3, groups=6, stride=2),
    "transposed": nn.ConvTranspose2d(6, 4, 3),
    "transposed, strided": nn.ConvTranspose2d(6, 4, (3, 4), stride=2, padding=1, output_padding=1),
    "transposed, grouped": nn.ConvTranspose2d(6, 4, 4, stride=3, groups=2, dilation=2),
    "transposed, depthwise": nn.ConvTranspose2d(6, 6, 3, stride=2, groups=6, padding=1),
}


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_ribbons_of_a_convolution_sum_to_what_it_gives(kind):
    net = Stem(CONVOLUTIONS[kind])
    x = random_input(1, 3, 9, 11)
    layer = connections(net, x)
    check_all_sums(layer, net(x)[0])
    assert np.array_equal(layer.parts[0].source_maps, np.arange(6))


@pytest.mark.parametrize(
    "layer", [nn.Conv1d(6, 4, 3, padding=1, stride=2), nn.ConvTranspose1d(6, 4, 3, stride=2)]
)
def test_ribbons_in_a_sequence_sum_to_what_a_convolution_gives(layer):
    net, x = Stem(layer, axes=1), random_input(1, 3, 12)
    check_all_sums(connections(net, x), net(x)[0])


def test_ribbons_in_a_volume_sum_to_what_a_convolution_gives():
    net, x = (
        Stem(nn.Conv3d(6, 4, 3, padding=(0, 1, 1), groups=2), axes=3),
        random_input(1, 3, 4, 5, 6),
    )
    check_all_sums(connections(net, x), net(x)[0])


POOLS = {
    "average": nn.AvgPool2d(3, 2, padding=1),
    "average inside": nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
    "average by eight": nn.AvgPool2d((2, 3), divisor_override=8),
    "ceil": nn.AvgPool2d(4, 3, ceil_mode=True),
    "maximum": nn.MaxPool2d(3, 2, padding=1),
    "dilated maximum": nn.MaxPool2d(2, 1, dilation=2),
    "adaptive": nn.AdaptiveAvgPool2d((4, 3)),
    "adaptive maximum": nn.AdaptiveMaxPool2d((2, 5)),
    "global": nn.AdaptiveAvgPool2d(1),
}


@pytest.mark.parametrize("kind", POOLS)
def test_ribbons_of_a_pool_sum_to_what_it_gives(kind):
    net, x = Stem(POOLS[kind]), random_input(1, 3, 9, 11)
    layer = connections(net, x)
    check_all_sums(layer, net(x)[0])
    assert layer.pair_count == 6


NORMS = {
    "batch": nn.BatchNorm2d(6), "group": nn.GroupNorm(3, 6), "own": nn.InstanceNorm2d(6),
    "instance": nn.InstanceNorm2d(6, affine=True),
}  # fmt: skip


@pytest.mark.parametrize("kind", NORMS)
def test_ribbons_of_a_norm_sum_to_what_it_gives(kind):
    norm = NORMS[kind]
    if kind == "batch":
        nn.init.uniform_(norm.running_var, 0.5, 2)
        nn.init.normal_(norm.running_mean)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.norm, self.head = nn.Conv2d(3, 6, 1), norm, nn.Conv2d(6, 2, 1)

        def forward(self, x):
            x = self.stem(x)
            return self.head(self.norm(x)) + x[:, :2]  # the norm is a layer of its own

    net, x = Net(), random_input(1, 3, 5, 7)
    layer = connections(net, x, "norm")
    assert layer.kind == "norm"
    check_all_sums(layer, norm(net.stem(x))[0])


@pytest.mark.parametrize("norm", [nn.LayerNorm(12), nn.RMSNorm(12)])
def test_ribbons_of_a_norm_of_tokens_sum_to_what_it_gives(norm):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.patch, self.norm = nn.Conv2d(3, 12, 4, 4), norm
            self.mix, self.head = nn.Linear(12, 20), nn.Linear(20, 3)

        def forward(self, x):
            tokens = self.patch(x).flatten(2).transpose(1, 2)
            return self.head(
                tokens.repeat(1, 1, 1).add(self.mix(self.norm(tokens))[..., :12].mean())
                @ torch.ones(12, 20)
            )

    net, x = Net(), random_input(1, 3, 16, 16)
    layer = connections(net, x, "norm")
    tokens = net.patch(x).flatten(2).transpose(1, 2)
    truth = norm(tokens)[0].T.reshape(12, *layer.positions)
    check_all_sums(layer, truth)
    layer = connections(net, x, "mix")
    check_all_sums(
        layer,
        net.mix(norm(net.patch(x).flatten(2).transpose(1, 2)))[0].T.reshape(20, *layer.positions),
    )


def test_a_linear_layer_behind_flattened_maps_has_kernels_as_large_as_a_map():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4 * 7 * 7, 5)

        def forward(self, x):
            return self.head(torch.flatten(F.relu(self.stem(x)), 1))

    net, x = Net(), random_input(1, 3, 9, 9)
    layer = connections(net, x, "head")
    assert layer.parts[0].kernels.shape == (5, 4, 7, 7)
    check_all_sums(layer, net(x)[0].reshape(5, 1, 1))


class Joined(nn.Module):
    """A branch that is added to, subtracted from and put beside what it came from."""

    def __init__(self):
        super().__init__()
        self.stem, self.side = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3, padding=1)
        self.shift = nn.Parameter(torch.zeros(1, 4, 1, 1))

    def forward(self, x):
        x = F.relu(self.stem(x))
        y = self.side(x)
        total = torch.add(y, x, alpha=0.5)
        less = total - y
        both = torch.cat([less, x], 1)
        return both * 1.0


def test_ribbons_of_sums_and_of_joined_maps_sum_to_what_these_give():
    net, x = Joined(), random_input(1, 3, 5, 6)
    model_connections = {name: connections(net, x, name) for name in ("add", "sub", "cat")}
    a = F.relu(net.stem(x))
    b = net.side(a)
    check_all_sums(model_connections["add"], (b + 0.5 * a)[0])
    check_all_sums(model_connections["sub"], (b + 0.5 * a - b)[0])
    joined = model_connections["cat"]
    check_all_sums(joined, torch.cat([0.5 * a, a], 1)[0])
    assert [(p.first_output, p.outputs) for p in joined.parts] == [(0, 4), (4, 4)]
    assert len({p.source for p in joined.parts}) == 2


def test_what_a_split_took_is_found_among_the_maps_of_the_layer_before():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.side = nn.Conv2d(3, 6, 1), nn.Conv2d(3, 2, 3)

        def forward(self, x):
            left, right = self.stem(x).chunk(2, 1)
            return self.side(right) + left.mean()

    layer = connections(Net(), random_input(1, 3, 8, 8), "side")
    assert layer.parts[0].source_maps.tolist() == [3, 4, 5]


def test_the_steps_behind_a_sum_lead_to_what_is_seen():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x):
            return F.relu(self.norm(self.conv(x)), inplace=True)

    net, x = Net(), random_input(1, 3, 6, 6)
    layer = connections(net, x, "conv")
    assert [step.operation for step in layer.steps] == ["conv2d", "batch_norm", "relu"]
    check_all_sums(layer, net.conv(x)[0])
    assert np.allclose(layer.steps[1].maps, net.norm(net.conv(x))[0].detach(), atol=1e-5)
    assert np.allclose(layer.steps[2].maps, net(x)[0].detach(), atol=1e-5)
