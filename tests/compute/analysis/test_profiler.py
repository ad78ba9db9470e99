"""What layers cost, against torch's own counter and the clock."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from tests.support.odd_models import MODELS, inputs_of
from vrnn.compute.analysis import profiler
from vrnn.compute.analysis.profiler import layer_profiles, measure_pass, weight_histograms
from vrnn.compute.loading.source import open_source
from vrnn.compute.operators.macs import macs
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.tracing.annotations import Tracker
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace
from vrnn.network.model_spec import DETAILS, ModelSpec

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def opened(name):
    source = open_source(ModelSpec(name if name == "default" else str(EXAMPLES / name)))
    return source.model.eval(), source.prepare(None)[0]


def counted_by_torch(model, inputs):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(*inputs)
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("name", ["default", "resnet50.py", "googlenet.py", "unet.py"])
def test_macs_are_those_of_torch_s_counter(name):
    model, inputs = opened(name)
    expected = counted_by_torch(model, inputs)
    traced = trace(model, inputs, name)
    for detail in DETAILS:
        costs = measure_pass(model, simplify(traced, detail), inputs)
        assert sum(work for work, _ in costs.values()) == expected


def test_each_layer_has_its_own_count():
    model, inputs = opened("resnet50.py")
    view = simplify(trace(model, inputs, "resnet50"), "layers")
    costs = measure_pass(model, view, inputs)
    by_name = {node.name: costs[node.id][0] for node in view.network.nodes}
    assert by_name["conv1"] == 112 * 112 * 64 * 3 * 7 * 7
    assert by_name["layer2.0.conv2"] == 28 * 28 * 128 * 128 * 9
    assert by_name["fc"] == 2048 * 1000
    assert by_name["maxpool"] == by_name["input"] == 0


def test_attention_is_counted():
    model, inputs = opened("transformer.py")
    view = simplify(trace(model, inputs, "transformer"), "layers")
    costs = measure_pass(model, view, inputs)
    by_name = {node.name: costs[node.id][0] for node in view.network.nodes}
    assert by_name["blocks.0.attention"] == 4 * 145 * 145 * (24 + 24)
    assert by_name["blocks.0.attention.qkv"] == 145 * 96 * 288


A, B = torch.rand(5, 4, 6), torch.rand(5, 6, 7)
CALLS = [
    (torch.bmm, (A, B), {}),
    (torch.matmul, (A[0], B[0]), {}),
    (torch.mm, (A[0], B[0]), {}),
    (torch.addmm, (torch.rand(4, 7), A[0], B[0]), {}),
    (torch.baddbmm, (torch.rand(5, 4, 7), A, B), {}),
    (torch.einsum, ("bij,bjk->bik", A, B), {}),
    (torch.einsum, ("...ij,...jk->...ik", A, B), {}),
    (F.linear, (A, torch.rand(9, 6)), {"bias": torch.rand(9)}),
    (F.conv1d, (A, torch.rand(8, 2, 3)), {"groups": 2}),
    (F.conv2d, (A[None], torch.rand(10, 5, 3, 3), None, 2, 1), {}),
    (F.conv_transpose2d, (A[None], torch.rand(5, 3, 2, 2), None, 2), {}),
    (F.conv3d, (A[None, None], torch.rand(2, 1, 3, 3, 3)), {}),
]


@pytest.mark.parametrize(("function", "args", "kwargs"), CALLS)
def test_single_calls_are_counted_as_torch_counts_them(function, args, kwargs):
    with FlopCounterMode(display=False) as counter:
        result = function(*args, **kwargs)
    assert macs(function, args, kwargs, result) == counter.get_total_flops() // 2 > 0


def test_operators_recurrent_layers_and_whole_attention():
    assert macs(torch.Tensor.__matmul__, (A[0], B[0]), {}, A[0] @ B[0]) == 4 * 6 * 7
    assert macs(torch.Tensor.__rmatmul__, (B[0], A[0]), {}, A[0] @ B[0]) == 4 * 6 * 7
    assert macs(torch.add, (A, 1), {}, A + 1) == 0
    model, x = nn.LSTM(6, 8, batch_first=True).eval(), (torch.rand(2, 5, 6),)
    view = simplify(trace(model, x, "lstm"), "all")
    work = sum(w for w, _ in measure_pass(model, view, x).values())
    assert work == 2 * 5 * 4 * 8 * (6 + 8)
    attention, x = MODELS["Tokens"]().eval(), inputs_of("Tokens")
    view = simplify(trace(attention, x, "tokens"), "layers")
    costs = measure_pass(attention, view, x)
    node = next(n for n in view.network.nodes if n.operation == "attention")
    assert costs[node.id][0] == 4 * 5 * 8 * 8 + 2 * 5 * 5 * 8


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", MODELS)
def test_every_node_has_a_profile(name, detail):
    torch.manual_seed(0)
    model, inputs = MODELS[name]().eval(), inputs_of(name)
    view = simplify(trace(model, inputs, name), detail)
    profiles = layer_profiles(
        view, [measure_pass(model, view, inputs)], dict(weight_histograms(view))
    )
    assert profiles.keys() == {node.id for node in view.network.nodes}
    for node in view.network.nodes:
        profile = profiles[node.id]
        assert profile.seconds > 0 or node.operation == "input"
        assert profile.parameters == node.parameters
        assert (profile.weights.total if profile.weights else 0) == node.parameters
    assert not torch.nn.modules.module._global_forward_hooks


def test_the_seconds_add_up_to_the_pass_and_a_slow_layer_has_most_of_them(monkeypatch):
    passed = [0.0]  # by a clock of our own: a busy machine makes any layer the slowest

    def clock():
        passed[0] += 0.001
        return passed[0]

    class SlowConv(nn.Conv2d):
        def _conv_forward(self, *args):
            passed[0] += 0.5
            return super()._conv_forward(*args)

    model = nn.Sequential(nn.Conv2d(3, 4, 3), SlowConv(4, 8, 3), nn.Conv2d(8, 2, 1)).eval()
    inputs = (torch.rand(1, 3, 16, 16),)
    view = simplify(trace(model, inputs, "slow"), "layers")
    monkeypatch.setattr(profiler, "time", SimpleNamespace(perf_counter=clock))
    several = []
    for longer in (0.3, 0.0, 0.2):  # the shortest pass counts
        several.append(measure_pass(model, view, inputs))
        last = max(several[-1])
        several[-1][last] = (several[-1][last][0], several[-1][last][1] + longer)
    profiles = layer_profiles(view, several, dict(weight_histograms(view)))
    seconds = {node.name: profiles[node.id].seconds for node in view.network.nodes}
    assert seconds["1"] == pytest.approx(0.5, abs=0.02)
    assert max(value for name, value in seconds.items() if name != "1") < 0.02
    assert sum(seconds.values()) == pytest.approx(sum(s for _, s in several[1].values()))


def test_weights_are_those_of_the_layer():
    model, inputs = opened("default")
    view = simplify(trace(model, inputs, "digits"), "layers")
    weights = dict(weight_histograms(view))
    node = next(n for n in view.network.nodes if n.name == "stem.0")
    values = torch.cat([p.detach().reshape(-1) for p in model.stem[0].parameters()]).numpy()
    got = weights[node.id]
    assert np.array_equal(got.counts, np.histogram(values.astype(np.float64), 64)[0])
    assert got.mean == pytest.approx(values.mean(), abs=1e-6)
    pool = next(n for n in view.network.nodes if n.name == "pool")
    assert weights[pool.id] is None


def test_with_trackers_all_that_happens_between_two_counts_for_the_later():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), Tracker("first"), nn.Conv2d(4, 5, 1), nn.Conv2d(5, 6, 1),
        Tracker("second"),
    ).eval()  # fmt: skip
    inputs = (torch.rand(1, 3, 10, 10),)
    view = simplify(trace(model, inputs, "tracked"), "layers")
    work = {n.name: measure_pass(model, view, inputs)[n.id][0] for n in view.network.nodes}
    assert work["first"] == 64 * 3 * 9 * 4
    assert work["second"] == 64 * (4 * 5 + 5 * 6)


def test_a_changed_graph_is_noticed():
    torch.manual_seed(0)
    model, inputs = MODELS["DataDependent"]().eval(), inputs_of("DataDependent")
    view = simplify(trace(model, inputs, "dependent"), "layers")
    with pytest.raises(GraphChanged):
        measure_pass(model, view, (-inputs[0],))


def test_weights_do_not_hold_the_gains_of_norms_that_belong_to_a_layer():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.GroupNorm(1, 3)
            self.conv = nn.Conv2d(3, 8, 3)
            self.bn = nn.BatchNorm2d(8)

        def forward(self, x):
            return self.bn(self.conv(self.norm(x)))

    model = Net().eval()
    inputs = open_source(ModelSpec(model)).prepare(None)[0]
    view = simplify(trace(model, inputs, "net"), "layers")
    names = {node.id: node.name for node in view.network.nodes}
    counts = {names[n]: None if h is None else h.counts.sum() for n, h in weight_histograms(view)}
    assert counts["conv"] == 8 * 3 * 3 * 3 + 8
    assert counts["norm"] == 6  # a norm of its own shows what it has
