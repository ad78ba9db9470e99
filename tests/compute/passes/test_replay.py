import pytest
import torch
from torch import nn

from tests.support.odd_models import MODELS, inputs_of
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.compute.tracing.tracer import trace
from vrnn.network.model_spec import DETAILS


def collected(model, view, inputs):
    got = {}
    result = Replay(model, view).run(
        inputs, lambda node, tensor: got.update({node: tensor.clone()})
    )
    return got, result


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("name", MODELS)
def test_every_node_gets_its_tensor_and_the_result_is_the_models(name, detail):
    torch.manual_seed(0)
    model, inputs = MODELS[name]().eval(), inputs_of(name)
    view = simplify(trace(model, inputs, name), detail)
    got, result = collected(model, view, inputs)
    assert got.keys() == {node.id for node in view.network.nodes}
    with torch.no_grad():
        plain = model(*inputs)
    pairs = list(zip(tensors_in(plain), tensors_in(result), strict=True))
    assert pairs
    # Without a mode torch takes a fused way through attention, which rounds differently.
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in pairs)


def test_values_are_those_of_the_moment_not_what_was_written_over_them_later():
    torch.manual_seed(0)
    model, inputs = MODELS["InPlace"]().eval(), inputs_of("InPlace")
    view = simplify(trace(model, inputs, "in place"), "all")
    got, _ = collected(model, view, inputs)
    by_name = {node.name: got[node.id] for node in view.network.nodes}
    with torch.no_grad():
        conv = nn.functional.conv2d(inputs[0], model.conv.weight, model.conv.bias, padding=1)
        relu = conv.relu()
        added = relu + 1.5 * relu
        written = added.clone()
        written[:, 0] = added[:, 1] * 2
    for name, expected in (("conv", conv), ("relu", relu), ("add", added), ("set", written)):
        assert torch.equal(by_name[name], expected), name
    assert torch.equal(by_name["mul_3"], written * 0.5)


def test_attention_of_each_head_is_that_of_torch():
    torch.manual_seed(0)
    model, inputs = MODELS["Tokens"]().eval(), inputs_of("Tokens")
    view = simplify(trace(model, inputs, "tokens"), "layers")
    got, _ = collected(model, view, inputs)
    by_name = {node.name: got[node.id] for node in view.network.nodes}
    tokens = by_name["cat"]
    with torch.no_grad():
        _, expected = model.attention(tokens, tokens, tokens, average_attn_weights=False)
    assert torch.allclose(by_name["attention"], expected, atol=1e-6)


class ManySamples(nn.Module):
    """Attention of several samples, in both of torch's functions."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x, hidden):
        y = self.attention(x, x, x, key_padding_mask=hidden)[0]
        heads = y.unflatten(-1, (2, 4)).transpose(1, 2)
        keep = torch.ones(5, 5, dtype=torch.bool).tril()
        return nn.functional.scaled_dot_product_attention(heads, heads, heads, keep)


def test_attention_of_every_sample_is_that_of_torch():
    torch.manual_seed(0)
    hidden = torch.zeros(3, 5, dtype=torch.bool)
    hidden[1, 3:] = True
    model, inputs = ManySamples().eval(), (torch.randn(3, 5, 8), hidden)
    view = simplify(trace(model, inputs, "samples"), "layers")
    got, _ = collected(model, view, inputs)
    first, second = (node for node in view.network.nodes if node.presentation == "attention")
    x = inputs[0]
    with torch.no_grad():
        y, weights = model.attention(
            x, x, x, key_padding_mask=hidden, average_attn_weights=False, need_weights=True
        )
        heads = y.unflatten(-1, (2, 4)).transpose(1, 2)
        scores = heads @ heads.mT / 2
        scores = scores.masked_fill(~torch.ones(5, 5, dtype=torch.bool).tril(), -torch.inf)
    assert torch.allclose(got[first.id], weights, atol=1e-6)
    assert torch.allclose(got[second.id], scores.softmax(-1), atol=1e-6)
    assert view.network.choice_counts["batch"] == 3
    assert all([node.axes[i].role for i in node.choices] == ["batch"] for node in (first, second))


def test_a_changed_graph_is_noticed():
    torch.manual_seed(0)
    model, inputs = MODELS["DataDependent"]().eval(), inputs_of("DataDependent")
    runner = Replay(model, simplify(trace(model, inputs, "dependent"), "layers"))
    with pytest.raises(GraphChanged):
        runner.run((-inputs[0],), lambda node, tensor: None)


def test_what_on_output_raises_ends_the_pass_and_leaves_no_hook():
    torch.manual_seed(0)
    model, inputs = MODELS["Scripted"]().eval(), inputs_of("Scripted")
    runner = Replay(model, simplify(trace(model, inputs, "scripted"), "layers"))

    def stop(node, tensor):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run(inputs, stop)
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.overrides._get_current_function_mode_stack()
