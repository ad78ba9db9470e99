import networkx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.modules import module as torch_modules

from benchmarks.skeleton import compare
from tests.support.odd_models import MODELS, inputs_of
from vrnn.compute.operators.axis_factors import Evidence
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace
from vrnn.errors import VrnnError
from vrnn.network.model_spec import DETAILS


def build(name):
    torch.manual_seed(0)
    return MODELS[name]().eval()


def as_text(network):
    """Nodes with what feeds them, a line each."""
    names = {node.id: node.name for node in network.nodes}
    lines = []
    for node in network.nodes:
        sources = [names[e.source] for e in network.edges if e.target == node.id]
        shape = "×".join(str(n) for n in node.shape)
        lines.append(f"{node.name} [{node.operation} {shape}] ← {', '.join(sources) or '-'}")
    return lines


GOLDEN = {
    "InPlace": [
        "input [input 3×8×8] ← -",
        "conv [conv2d 4×8×8] ← input",
        "relu [relu 4×8×8] ← conv",
        "mul [mul 4×8×8] ← relu",
        "add [add 4×8×8] ← relu, mul",
        "mul_2 [mul 1×8×8] ← add",
        "set [set 4×8×8] ← add, mul_2",
        "mul_3 [mul 4×8×8] ← set",
    ],
    "Shared": [
        "input [input 3×8×8] ← -",
        "conv [conv2d 3×8×8] ← input",
        "relu [relu 3×8×8] ← conv",
        "conv_2 [conv2d 3×8×8] ← relu",
    ],
    "Branches": [
        "input [input 3×8×8] ← -",
        "a [conv2d 2×8×8] ← input",
        "b.0 [conv2d 2×8×8] ← input",
        "b.1 [relu 2×8×8] ← b.0",
        "b.2 [conv2d 2×8×8] ← b.1",
        "cat [cat 4×8×8] ← a, b.2",
    ],
    "TwoInTwoOut": [
        "one [input 3×8×8] ← -",
        "two [input 3×8×8] ← -",
        "left [conv2d 2×8×8] ← one",
        "right [conv2d 2×8×8] ← two",
        "add [add 2×8×8] ← left, right",
        "mean [mean 2×1×1] ← right",
    ],
    "Buffer": [
        "input [input 3×8×8] ← -",
        "conv [conv2d 3×8×8] ← input",
        "set [set 3×8×8] ← conv",
        "last [conv2d 2×12×12] ← set",
    ],
    "DataDependent": [
        "input [input 3×8×8] ← -",
        "conv [conv2d 3×8×8] ← input",
        "relu [relu 3×8×8] ← conv",
    ],
    "ChannelsLast": [
        "input [input 3×8×8] ← -",
        "conv [conv2d 6×4×4] ← input",
        "norm [layer_norm 6×4×4] ← conv",
        "linear [linear 10×4×4] ← norm",
    ],
    "Tokens": [
        "input [input 3×8×8] ← -",
        "patch [conv2d 8×2×2] ← input",
        "cat [cat 8×2×2] ← patch",
        "attention [attention 2×5×5] ← cat",
        "add [add 8×2×2] ← cat, attention",
        "head [linear 5×1×1] ← add",
    ],
    "Scripted": [
        "input [input 3×8×8] ← -",
        "first [conv2d 4×8×8] ← input",
        "inner.0 [conv2d 4×8×8] ← first",
        "inner.relu [relu 4×8×8] ← inner.0",
        "last [conv2d 2×8×8] ← inner.relu",
    ],
    "Opaque": [
        "input [input 3×8×8] ← -",
        "conv [conv2d 2×8×8] ← input",
        "inner [module 2×8×8] ← conv",
        "relu [relu 2×8×8] ← inner",
    ],
    "OutArgument": [
        "input [input 3×8×8] ← -",
        "conv [conv2d 3×8×8] ← input",
        "mul [mul 3×8×8] ← conv",
        "add [add 3×8×8] ← mul",
        "relu [relu 3×8×8] ← add",
    ],
}


@pytest.mark.parametrize("name", MODELS)
def test_the_graph_is_what_a_person_would_draw(name):
    network = simplify(trace(build(name), inputs_of(name), name), "all").network
    assert as_text(network) == GOLDEN[name]


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"Scripted", "Opaque", "OutArgument"}))
def test_edges_agree_with_autograd(name):
    model = build(name)
    inputs = inputs_of(name)
    assert compare(model, inputs, trace(model, inputs, name)) == (set(), set())


@pytest.mark.parametrize("name", MODELS)
def test_the_model_is_left_as_it_was(name):
    model = build(name).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    hooks = (
        dict(torch_modules._global_forward_hooks),
        dict(torch_modules._global_forward_pre_hooks),
    )
    trace(model, inputs_of(name), name)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert hooks == (
        torch_modules._global_forward_hooks, torch_modules._global_forward_pre_hooks,
    )  # fmt: skip
    assert not torch.overrides._get_current_function_mode_stack()


def test_an_error_in_forward_comes_through_and_leaves_nothing_behind():
    class Broken(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        trace(Broken(), (torch.rand(1, 3, 8, 8),), "broken")
    assert not torch_modules._global_forward_hooks
    assert not torch.overrides._get_current_function_mode_stack()


def test_batch_norm_in_train_mode_keeps_its_statistics():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).train()
    before = model[1].running_mean.clone()
    trace(model, (torch.rand(1, 3, 8, 8),), "norm")
    assert torch.equal(model[1].running_mean, before)
    assert model[1].training


def test_a_result_without_the_input_is_reported():
    class Constant(nn.Module):
        def forward(self, x):
            return torch.zeros(1, 4)

    with pytest.raises(VrnnError, match="torch computes no tensor of the model"):
        simplify(trace(Constant(), (torch.rand(1, 3, 8, 8),), "constant"), "layers")


def test_norm_and_activation_are_folded_into_their_convolution():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, groups=8, dilation=2, padding=2), nn.Flatten(), nn.Linear(32, 4),
    )  # fmt: skip
    traced = trace(model, (torch.rand(1, 3, 8, 8),), "net")
    labels = [node.label for node in simplify(traced, "layers").network.nodes]
    assert labels == [
        "3×8×8",
        "conv 3×3, 3→8, stride 2 · batch norm · ReLU",
        "max pool 2×2, stride 2",
        "conv 3×3, 8→8, dilation 2, depthwise",
        "linear 32→4",
    ]
    names = [node.name for node in simplify(traced, "modules").network.nodes]
    assert names == ["input", "0", "1", "2", "3", "4", "6"]


class PartsAndCopies(nn.Module):
    """Half of the maps of a convolution, and one number of a linear layer for each kernel."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.linear = nn.Linear(4, 6)
        self.kernels = nn.Parameter(torch.rand(2, 6, 3))

    def forward(self, x):
        half = self.conv(x)[:, :4] * 2
        scales = self.linear(half.mean((2, 3)))
        return (scales[:, None, :, None] * self.kernels).relu() + 1


def test_what_has_another_number_of_values_does_not_hide_the_layer_before():
    traced = trace(PartsAndCopies(), (torch.rand(1, 3, 8, 8),), "net")
    nodes = {node.name: node for node in simplify(traced, "layers").network.nodes}
    assert nodes["conv"].label == "conv 3×3, 3→8"
    assert nodes["conv"].shape[0] == 8
    assert nodes["mul"].shape == (4, 6, 6)
    assert nodes["linear"].label == "linear 4→6"
    assert nodes["mul_2"].label == "multiply · ReLU · add"


def test_parameters_are_counted_once():
    model = build("Shared")
    network = simplify(trace(model, inputs_of("Shared"), "shared"), "all").network
    assert sum(n.parameters for n in network.nodes) == sum(p.numel() for p in model.parameters())


class Grown(nn.Module):
    """A random graph: each step takes one or two earlier results."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.layers = nn.ModuleList([nn.Conv2d(3, 3, 1) for _ in steps])
        self.norms = nn.ModuleList([nn.BatchNorm2d(3) for _ in steps])

    def forward(self, x):
        results = [x]
        for layer, norm, (kind, first, second) in zip(
            self.layers, self.norms, self.steps, strict=True
        ):
            a, b = results[first % len(results)], results[second % len(results)]
            if kind == "conv":
                y = torch.relu_(norm(layer(a)))
            elif kind == "add":
                y = layer(a) + b
            elif kind == "cat":
                y = torch.cat([a, b], 1)[:, :3]
            elif kind == "in place":
                y = a.clone()
                y += b
                y[:, 1].mul_(2)
            elif kind == "view":
                y = layer(a).flatten(1).view_as(a).permute(0, 1, 3, 2)
            else:
                y = torch.empty_like(a)
                y[:, :2] = a[:, :2]
                y[:, 2:].copy_(layer(b)[:, :1])
            results.append(y)
        return results[-1], results[len(results) // 2] * 1.0


KINDS = ["conv", "add", "cat", "in place", "view", "write"]
step = st.tuples(st.sampled_from(KINDS), st.integers(0, 30), st.integers(0, 30))


@settings(max_examples=60, deadline=None)
@given(st.lists(step, min_size=1, max_size=12))
def test_random_models_are_traced_as_autograd_sees_them(steps):
    torch.manual_seed(0)
    model = Grown(steps).eval()
    inputs = (torch.rand(1, 3, 4, 4),)
    traced = trace(model, inputs, "grown")
    assert compare(model, inputs, traced) == (set(), set())
    if not traced.outputs:
        return
    for detail in DETAILS:
        network = simplify(traced, detail).network
        ids = [node.id for node in network.nodes]
        assert ids == sorted(set(ids))
        assert len({node.name for node in network.nodes}) == len(ids)
        assert networkx.is_directed_acyclic_graph(network.graph())
        assert all(e.source in ids and e.target in ids for e in network.edges)
        assert all(e.source < e.target for e in network.edges)
        assert set(network.inputs) | set(network.outputs) <= set(ids)


class Spectrum(nn.Module):
    """Takes (N, H, C, W), and says where rows and columns are by what it does with them."""

    def forward(self, x):
        return torch.fft.fft2(x.transpose(1, 2)).abs() + 1


def test_an_input_whose_rows_lie_elsewhere_is_followed_along_them_for_certain():
    traced = trace(Spectrum(), (torch.rand(1, 12, 3, 10),), "net")
    (record,) = (traced.records[i] for i in traced.inputs)
    assert record.pixel_field is not None
    assert record.pixel_field.axes == (-3, -1)
    settled = [axis[0].settled for axis in record.axes]
    assert settled[1] == ("height", Evidence.CERTAIN)
    assert settled[3] == ("width", Evidence.CERTAIN)
