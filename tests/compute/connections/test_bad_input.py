"""Layers whose connections cannot be shown say so in a sentence; odd weights work."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.compute.connections.test_sums import Stem, check_all_sums, connections, random_input
from tests.support.explained import opened_with
from vrnn.compute.connections.find_connections import find_connections
from vrnn.errors import VrnnError
from vrnn.network.connection_sums import pair_values, position_sum
from vrnn.network.strongest_pairs import strongest_pairs


def refusal(net, x, name):
    with pytest.raises(VrnnError) as refused:
        find_connections(opened_with(net.eval(), x), name)
    text = str(refused.value)
    assert text.count(". ") == 0
    return text


def test_a_layer_without_weights_says_so():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.up = nn.Conv2d(3, 4, 1), nn.Upsample(scale_factor=2)

        def forward(self, x):
            return self.up(self.stem(x))

    text = refusal(Net(), random_input(1, 3, 4, 4), "up")
    assert "has no weights and sums no maps" in text
    assert "choose a convolution" in text
    assert "no layer 'nowhere'" in refusal(Net(), random_input(1, 3, 4, 4), "nowhere")


def test_products_of_two_layers_say_that_they_are_no_sum():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)

        def forward(self, x):
            return self.a(x) * self.b(x)

    assert "sums no maps" in refusal(Net(), random_input(1, 3, 4, 4), "mul")


def test_one_set_of_weights_is_read_at_each_use_with_what_went_in_there():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.shared = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, x):
            return self.shared(F.relu(self.shared(F.relu(self.stem(x)))))

    torch.manual_seed(0)
    net, x = Net().eval(), random_input(1, 3, 6, 6)
    model = opened_with(net, x)
    names = [n.name for n in model.network.nodes if n.name.startswith("shared")]
    assert len(names) == 2
    first, second = (find_connections(model, name) for name in names)
    once = net.shared(F.relu(net.stem(x)))
    check_all_sums(first, once[0])
    check_all_sums(second, net.shared(F.relu(once))[0])
    assert np.array_equal(first.parts[0].kernels, second.parts[0].kernels)
    assert second.parts[0].source == first.node


def test_weights_of_2048_by_2048_kernels_are_read_without_a_copy_and_ranked():
    layer = nn.Conv2d(2048, 2048, 3, padding=1, bias=False)
    net = nn.Sequential(nn.Conv2d(3, 2048, 1), layer).eval()
    with torch.no_grad():
        layer.weight[1234, 567] = 9.0
    found = find_connections(opened_with(net, random_input(1, 3, 4, 4)), "1")
    assert found.pair_count == 2048 * 2048
    assert np.shares_memory(found.parts[0].kernels, layer.weight.detach().numpy())
    assert not found.parts[0].kernels.flags.writeable
    pairs = strongest_pairs(found, pair_values(found, "weight"), 20_000)
    assert len(pairs.outputs) == 20_000
    assert pairs.total == 2048 * 2048
    assert (pairs.outputs[0], pairs.inputs[0]) == (1234, 567)
    assert (np.diff(pairs.sizes) <= 0).all()


def test_weights_that_are_no_numbers_are_told_and_left_out_of_the_ranking():
    net = Stem(nn.Conv2d(6, 4, 3))
    x = random_input(1, 3, 6, 6)
    torch.manual_seed(0)
    with torch.no_grad():
        net.layer.weight[1, 2, 0, 0] = torch.nan
        net.layer.weight[3, 0, 1, 1] = torch.inf
    layer = find_connections(opened_with(net.eval(), x), "layer")
    assert layer.notes == (
        "2 of its weights are NaN or infinite: they are drawn in no color of the scale",
    )
    (values,) = pair_values(layer, "weight")
    assert values.not_finite == 2
    assert values.sizes[1, 2] == 0
    assert values.sizes[3, 0] == 0
    pairs = strongest_pairs(layer, (values,), 30)
    assert pairs.not_finite == 2
    assert np.isfinite(pairs.sizes).all()
    assert position_sum(layer, 0, (1, 1)).steps[0][1] == pytest.approx(
        position_sum(layer, 0, (1, 1)).total + layer.bias_of(0, (1, 1)), abs=1e-4
    )


def test_complex_weights_say_that_they_have_no_sign():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, dtype=torch.complex64)

        def forward(self, x):
            return self.conv(x.to(torch.complex64)).abs()

    assert "complex numbers have no sign" in refusal(Net(), random_input(1, 3, 6, 6), "conv")


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_floating_point_works(dtype):
    net = Stem(nn.Conv2d(6, 4, 3, padding=1)).to(dtype)
    x = random_input(1, 3, 6, 6).to(dtype)
    layer = connections(net, x)
    assert layer.parts[0].kernels.dtype == np.float32
    one = position_sum(layer, 2, (3, 3))
    loose = 1e-4 if dtype == torch.float64 else 0.05
    assert one.total + one.bias == pytest.approx(one.steps[0][1], abs=loose * 10)


def test_weights_packed_for_quantized_arithmetic_say_so():
    net = torch.ao.quantization.quantize_dynamic(
        nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4)).eval(), {nn.Linear}
    )
    model = opened_with(net, random_input(1, 8))
    name = model.network.nodes[1].name
    with pytest.raises(VrnnError) as refused:
        find_connections(model, name)
    assert "packed for another kind of arithmetic" in str(refused.value)


def test_a_value_that_is_not_there_is_refused():
    layer = connections(Stem(nn.Conv2d(6, 4, 3)), random_input(1, 3, 6, 6))
    for channel, position in [(4, (0, 0)), (0, (4, 0)), (0, (0,)), (0, (-1, 0))]:
        with pytest.raises(VrnnError, match="4 maps of 4 × 4 positions"):
            position_sum(layer, channel, position)


@pytest.mark.parametrize("samples", [1, 2])
def test_of_several_samples_the_first_is_read_and_that_is_told(samples):
    found = find_connections(
        opened_with(nn.Sequential(nn.Conv2d(3, 4, 3)).eval(), random_input(samples, 3, 8, 8)), "0"
    )
    assert any("first sample" in note for note in found.notes) == (samples > 1)
