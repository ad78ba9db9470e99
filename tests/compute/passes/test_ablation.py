"""Switched-off channels against forward passes in which they are zeroed by hand."""

import copy
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.odd_models import MODELS, inputs_of
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.operators.tensor_layout import to_maps
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.compute.tracing.tracer import trace
from vrnn.errors import VrnnError
from vrnn.network.model_spec import DETAILS, ModelSpec
from vrnn.network.results import Ablation

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
OPENED = {
    "digits": "default",
    "resnet50": str(EXAMPLES / "resnet50.py"),
    "googlenet": str(EXAMPLES / "googlenet.py"),
    "transformer": str(EXAMPLES / "transformer.py"),
}


@pytest.fixture(scope="module")
def opened():
    """Models by name, each read once."""
    sources = {}

    def get(name):
        if name not in sources:
            source = open_source(ModelSpec(OPENED[name]))
            sources[name] = source.model.eval(), source.prepare(None)[0]
        return sources[name]

    return get


def run(model, view, inputs, *ablations):
    """The result, and every node's tensor by name."""
    names = {node.id: node.name for node in view.network.nodes}
    got = {}
    result = Replay(model, view).run(
        inputs, lambda node, tensor: got.update({names[node]: tensor.clone()}), ablations
    )
    return result, got


def by_hand(model, inputs, changes):
    """A pass in which hooks put others in the place of these modules' results."""
    modules = dict(model.named_modules())
    with ExitStack() as stack, torch.no_grad():
        for path, change in changes.items():

            def hook(module, args, result, change=change):
                result = result.clone()
                change(result)
                return result

            handle = modules[path].register_forward_hook(hook)
            stack.callback(handle.remove)
        return model(*inputs)


def zero(channels, axis=1):
    """A change that zeroes channels."""
    return lambda tensor: tensor.index_fill_(axis, torch.tensor(channels), 0.0)


CASES = [
    ("digits", "layers", "stem.0", "stem.2", (3,)),
    ("digits", "all", "stage2.0.conv1", "stage2.0.conv1", (1, 5)),
    ("digits", "modules", "stage3.1.norm2", "stage3.1.norm2", (0,)),
    ("digits", "layers", "pool", "pool", (7, 8, 9)),
    ("resnet50", "layers", "conv1", "relu", (9,)),
    ("resnet50", "layers", "layer2.0.add", "layer2.0", (17, 40, 300)),
    ("resnet50", "all", "layer3.1.bn2", "layer3.1.bn2", (0, 100)),
    # `out += identity`, before the last ReLU of a block: the same as after it.
    ("resnet50", "all", "layer1.1.add", "layer1.1", (4, 5, 6)),
    ("resnet50", "modules", "layer4.2.conv3", "layer4.2.conv3", (2000,)),
    ("googlenet", "layers", "inception3a.branch2.1.0", "inception3a.branch2.1.2", (7,)),
    ("googlenet", "layers", "inception4c.cat", "inception4c", (0, 300)),
    ("transformer", "layers", "patches", "patches", (5,)),
    ("transformer", "layers", "blocks.1.mlp.2", "blocks.1.mlp.2", (11,)),
    ("transformer", "all", "blocks.2.norm1", "blocks.2.norm1", (3, 4)),
]


@pytest.mark.parametrize(("name", "detail", "layer", "module", "channels"), CASES)
def test_it_is_as_if_the_channel_had_been_zeroed_by_hand(
    opened, name, detail, layer, module, channels
):
    model, inputs = opened(name)
    view = simplify(trace(model, inputs, name), detail)
    plain, _ = run(model, view, inputs)
    got, maps = run(model, view, inputs, Ablation(layer, channels))
    axis = 2 if maps[layer].dim() == 3 else 1
    assert torch.equal(got, by_hand(model, inputs, {module: zero(channels, axis)}))
    assert not torch.equal(got, plain)
    assert not maps[layer].index_select(axis, torch.tensor(channels)).any()
    again, _ = run(model, view, inputs)
    assert torch.equal(again, plain)


def test_several_at_once_by_number_and_by_name(opened):
    model, inputs = opened("digits")
    view = simplify(trace(model, inputs, "digits"), "layers")
    ids = {node.name: node.id for node in view.network.nodes}
    got, _ = run(
        model, view, inputs, Ablation(ids["stem.0"], (1,)), Ablation("stage2.0.skip.0"),
        Ablation("stem.0", (2,)),
    )  # fmt: skip

    def all_of_it(tensor):
        tensor.zero_()

    expected = by_hand(model, inputs, {"stem.2": zero([1, 2]), "stage2.0.skip": all_of_it})
    assert torch.equal(got, expected)


def test_a_position_and_a_mean(opened):
    model, inputs = opened("digits")
    view = simplify(trace(model, inputs, "digits"), "layers")

    def place(tensor):
        tensor[:, 3, 4, 5] = 0

    got, _ = run(model, view, inputs, Ablation("stem.0", (3,), (4, 5)))
    assert torch.equal(got, by_hand(model, inputs, {"stem.2": place}))

    def mean(tensor):
        tensor[:, 3] = tensor[:, 3].mean()

    got, maps = run(model, view, inputs, Ablation("stem.0", (3,), None, "mean"))
    assert torch.allclose(got, by_hand(model, inputs, {"stem.2": mean}), atol=1e-5)
    assert maps["stem.0"][0, 3].unique().numel() == 1

    def everywhere_here(tensor):
        tensor[:, :, 4, 5] = tensor.mean((2, 3))

    got, _ = run(model, view, inputs, Ablation("stem.0", (), (4, 5), "mean"))
    assert torch.allclose(got, by_hand(model, inputs, {"stem.2": everywhere_here}), atol=1e-5)


def test_a_token_by_its_position_leaves_the_class_token(opened):
    model, inputs = opened("transformer")
    view = simplify(trace(model, inputs, "transformer"), "layers")

    def token(tensor):
        tensor[:, 1 + 2 * 12 + 7] = 0

    got, maps = run(model, view, inputs, Ablation("blocks.0.mlp.2", (), (2, 7)))
    assert torch.equal(got, by_hand(model, inputs, {"blocks.0.mlp.2": token}))
    assert maps["blocks.0.mlp.2"][0, 0].any()


def attention_with(change):
    """`scaled_dot_product_attention` written out, its weights changed before they are used."""

    def attention(q, k, v):
        weights = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
        change(weights)
        return weights @ v

    return attention


@pytest.mark.parametrize(
    ("ablation", "change"),
    [
        (Ablation("blocks.1.attention", (2,)), lambda w: w[:, 2].zero_()),
        (Ablation("blocks.1.attention", (0,), (3, 9)), lambda w: w[:, 0, 3, 9].zero_()),
        (Ablation("blocks.1.attention", (1,), None, "mean"), lambda w: w[:, 1].fill_(1 / 145)),
    ],
)
def test_heads_of_attention(opened, monkeypatch, ablation, change):
    model, inputs = opened("transformer")
    view = simplify(trace(model, inputs, "transformer"), "layers")
    plain, _ = run(model, view, inputs)
    got, maps = run(model, view, inputs, ablation)
    calls = []
    usual = F.scaled_dot_product_attention

    def second_changed(q, k, v):
        calls.append(q)
        return attention_with(change)(q, k, v) if len(calls) == 2 else usual(q, k, v)

    monkeypatch.setattr(F, "scaled_dot_product_attention", second_changed)
    with torch.no_grad():
        expected = model(*inputs)
    assert torch.allclose(got, expected, atol=1e-5)
    assert not torch.allclose(got, plain, atol=1e-7)
    assert maps["blocks.1.attention"].shape == (1, 4, 145, 145)


def test_heads_of_the_attention_module():
    torch.manual_seed(0)
    model, inputs = MODELS["Tokens"]().eval(), inputs_of("Tokens")
    view = simplify(trace(model, inputs, "tokens"), "layers")
    _, plain = run(model, view, inputs)
    tokens = plain["cat"]
    got, maps = run(model, view, inputs, Ablation("attention", (1,)))
    assert not maps["attention"][0, 1].any()
    with torch.no_grad():
        value = F.linear(
            tokens, model.attention.in_proj_weight[16:], model.attention.in_proj_bias[16:]
        )
        mixed = plain["attention"][0, 0] @ value[0, :, :4]
        mixed = torch.cat([mixed, torch.zeros(5, 4)], 1)
        added = tokens + model.attention.out_proj(mixed)
        assert torch.allclose(got, model.head(added[:, 0]), atol=1e-6)


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_head_is_ablated_in_every_sample(batch_first):
    torch.manual_seed(0)
    model = nn.MultiheadAttention(8, 2, batch_first=batch_first).eval()
    x = torch.randn(3, 4, 8)
    inputs = (x, x, x)
    view = simplify(trace(model, inputs, "heads"), "layers")
    (name,) = [n.name for n in view.network.nodes if n.presentation == "attention"]
    (got, _), _ = run(model, view, inputs, Ablation(name, (1,)))
    with torch.no_grad():
        model.out_proj.weight[:, 4:] = 0  # nothing of the second head comes through
        expected = model(*inputs)[0]
    assert torch.allclose(got, expected, atol=1e-6)


class NeedsWeights(nn.Module):
    """Uses the attention's weights as well."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2)

    def forward(self, x):
        y, weights = self.attention(x, x, x)
        return y, weights * 1.0


def test_attention_weights_that_a_model_uses_are_the_changed_ones():
    torch.manual_seed(0)
    model, inputs = NeedsWeights().eval(), (torch.randn(5, 1, 8),)
    view = simplify(trace(model, inputs, "weights"), "all")
    (_, weights), maps = run(model, view, inputs, Ablation("attention", (0,)))
    assert torch.allclose(weights[0], maps["attention"][0, 1] / 2, atol=1e-6)


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", MODELS)
def test_every_layer_of_every_odd_model_can_be_ablated(name, detail):
    torch.manual_seed(0)
    model, inputs = MODELS[name]().eval(), inputs_of(name)
    before = copy.deepcopy(model.state_dict())
    given = [t.clone() for t in tensors_in(inputs)]
    view = simplify(trace(model, inputs, name), detail)
    plain, maps = run(model, view, inputs)
    for node in view.network.nodes:
        channel = node.shape[0] - 1
        if name == "DataDependent" and node.operation == "input":
            continue  # its way depends on the input's values
        _, changed = run(model, view, inputs, Ablation(node.id, (channel,)))
        form = view.map_layouts[node.id]
        assert changed.keys() == maps.keys()
        assert not to_maps(changed[node.name], form)[:, channel].any()
        earlier = [n.name for n in view.network.nodes if n.id < node.id]
        assert all(torch.equal(changed[n], maps[n]) for n in earlier)
    again, _ = run(model, view, inputs)
    pairs = zip(tensors_in(plain), tensors_in(again), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert all(torch.equal(a, b) for a, b in zip(tensors_in(inputs), given, strict=True))
    after = model.state_dict()
    assert all(torch.equal(after[key], before[key]) for key in before)
    assert not torch.nn.modules.module._global_forward_hooks


def test_what_was_written_in_place_is_seen_changed_under_every_name():
    torch.manual_seed(0)
    model, inputs = MODELS["OutArgument"]().eval(), inputs_of("OutArgument")
    view = simplify(trace(model, inputs, "written"), "all")
    got, _ = run(model, view, inputs, Ablation("add", (1,)))
    with torch.no_grad():
        z = model.conv(inputs[0]) * 2 + 1
    z[:, 1] = 0
    assert torch.equal(got, F.relu(z))


class ViewOfAnother(nn.Module):
    """A function whose result is a view of what is used again afterwards."""

    def forward(self, x):
        y = x * 2
        patches = y.unfold(3, 4, 4)
        return patches.sum() + 0 * y, y + 1


def test_a_view_is_not_written_through():
    inputs = inputs_of("Branches")
    model = ViewOfAnother().eval()
    view = simplify(trace(model, inputs, "view"), "all")
    unfold = next(n for n in view.network.nodes if n.operation == "unfold")
    (total, other), _ = run(model, view, inputs, Ablation(unfold.id))
    assert not total.any()
    assert torch.equal(other, inputs[0] * 2 + 1)


@pytest.mark.parametrize(
    ("ablation", "words"),
    [
        (Ablation("nowhere"), "no layer 'nowhere'"),
        (Ablation(10**6), "no layer '1000000'"),
        (Ablation("stem.0", (16,)), "0…15"),
        (Ablation("stem.0", (-1,)), "0…15"),
        (Ablation("stem.0", (), (32, 0)), "32 rows"),
        (Ablation("stem.0", (), None, "one"), "zero, mean"),
    ],
)
def test_what_does_not_fit_is_reported(opened, ablation, words):
    model, inputs = opened("digits")
    view = simplify(trace(model, inputs, "digits"), "layers")
    with pytest.raises(VrnnError, match=words):
        run(model, view, inputs, ablation)


def test_an_ablation_that_changes_the_graph_is_reported_and_the_graph_kept():
    torch.manual_seed(0)
    model = LoadedModel(open_source(ModelSpec(MODELS["DataDependent"](), input_size=(8, 8))), "all")
    changes = []
    frame = model.run(None, lambda node, maps: None, lambda: changes.append(1))
    view = model.view
    changes.clear()
    image = next(i for i in frame.maps)
    mean = float(frame.maps[image].mean.mean())
    if mean <= 0:
        pytest.skip("the sample is dark")
    with pytest.raises(VrnnError, match="takes another path"):
        model.run(None, lambda n, m: None, lambda: changes.append(1), (Ablation(image),))
    assert not changes
    assert model.view is view


def test_a_forward_result_holds_what_was_ablated():
    model = LoadedModel(open_source(ModelSpec()), "layers")
    off = (Ablation("stem.0", (0,)),)
    frame = model.run(None, lambda n, m: None, lambda: None, off)
    assert frame.ablations == off
    node = next(n.id for n in model.network.nodes if n.name == "stem.0")
    assert not frame.maps[node].values[0].any()
    assert model.run(None, lambda n, m: None, lambda: None).ablations == ()


class OutsideTorch(nn.Module):
    """An operation that takes two arrays made outside torch."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        y = self.conv(x).detach().numpy()
        return torch.maximum(torch.from_numpy(y * 2), torch.from_numpy(1 - y)) + 1


@pytest.mark.parametrize("number", [0, 1])
def test_either_of_two_arrays_from_outside_can_be_ablated(number):
    torch.manual_seed(0)
    model, x = OutsideTorch().eval(), torch.randn(1, 3, 6, 6)
    view = simplify(trace(model, (x,), "outside"), "all")
    entries = [n for n in view.network.nodes if n.operation == "gap"]
    assert len(entries) == 2
    result, got = run(model, view, (x,), Ablation(entries[number].id, (2,)))
    with torch.no_grad():
        y = model.conv(x)
    pair = [y * 2, 1 - y]
    pair[number][:, 2] = 0
    torch.testing.assert_close(result, torch.maximum(*pair) + 1)
    torch.testing.assert_close(got[entries[number].name], pair[number])
