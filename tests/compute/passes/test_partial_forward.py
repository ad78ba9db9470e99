"""Passes that stop at a node: the same tensor and gradient as plain ones, and nothing too much."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.partial_forward import (
    PartialForward,
    _affine_batch_norm,
    _RedirectedReLU,
    required_calls,
)
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace
from vrnn.errors import VrnnError


class Net(nn.Module):
    """Two branches, of which the node needs one."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.unused = nn.Conv2d(4, 5, 3)
        self.used = nn.Conv2d(4, 6, 1)
        self.after = nn.Conv2d(11, 2, 1)
        self.calls: list[str] = []

    def forward(self, x):
        x = self.norm(self.stem(x))
        one = self.unused(x)
        two = F.relu6(self.used(x) * 3)
        self.calls.append("both")
        out = self.after(torch.cat([F.pad(one, [1] * 4), two], 1))
        self.calls.append("after")
        return out


@pytest.fixture
def net():
    torch.manual_seed(0)
    model = Net().eval()
    with torch.no_grad():
        for name in ("running_mean", "running_var"):
            getattr(model.norm, name).uniform_(0.5, 1.5)
        model.norm.weight.uniform_(0.5, 1.5)
        model.norm.bias.uniform_(-1, 1)
    return model


def node_named(view, name):
    return next(n.id for n in view.network.nodes if n.name == name or n.operation == name)


def prepared(model, name, detail="all", samples=1):
    view = simplify(trace(model, (torch.rand(samples, 3, 8, 9),), "net"), detail)
    model.calls.clear()
    return view, node_named(view, name)


@pytest.mark.parametrize("samples", [1, 2, 5])
@pytest.mark.parametrize("name", ["stem", "norm", "used", "relu6", "cat", "after"])
def test_the_tensor_and_its_gradient_are_those_of_a_plain_pass(net, name, samples):
    view, node = prepared(net, name)
    x = torch.rand(samples, 3, 8, 9, requires_grad=True)
    found = PartialForward(net, view, node)((x,))
    y = x.detach().clone().requires_grad_()
    normed = net.norm(net.stem(y))
    two = F.relu6(net.used(normed) * 3)
    cat = torch.cat([F.pad(net.unused(normed), [1] * 4), two], 1)
    expected = {
        "stem": net.stem(y), "norm": normed, "used": net.used(normed), "relu6": two, "cat": cat,
        "after": net.after(cat),
    }[name]  # fmt: skip
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    weights = torch.rand(expected.shape)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(x.grad, y.grad, atol=1e-4, rtol=1e-4)
    assert net.calls == ["both"] * (name in ("cat", "after"))


def test_weights_get_no_gradient_and_are_as_before(net):
    net.used.weight.requires_grad_(False)
    view, node = prepared(net, "used")
    PartialForward(net, view, node)((torch.rand(1, 3, 8, 9, requires_grad=True),)).sum().backward()
    assert all(p.grad is None for p in net.parameters())
    assert [n for n, p in net.named_parameters() if not p.requires_grad] == ["used.weight"]


def test_what_the_node_does_not_need_is_not_computed(net, monkeypatch):
    view, node = prepared(net, "relu6")
    computed = []
    original = torch.conv2d

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            if function is original:
                computed.append(args[1].shape[0])
            return function(*args, **(kwargs or {}))

    with Watch():
        PartialForward(net, view, node)((torch.rand(2, 3, 8, 9),))
    assert computed == [4, 6]
    needed = required_calls(view, node)
    names = {r.call_index: r.operation for r in view.trace.records}
    assert sorted(names[i] for i in needed) == sorted(
        ["input", "conv2d", "batch_norm", "conv2d", "mul", "relu6"]
    )


def test_it_asks_before_each_call_and_on_the_way_back_whether_to_end(net):
    view, node = prepared(net, "used")
    asked = []
    run = PartialForward(net, view, node, lambda: asked.append(1))
    x = torch.rand(1, 3, 8, 9, requires_grad=True)
    found = run((x,))
    assert len(asked) == 5  # stem, the norm and its check, the unused branch, the layer itself
    found.sum().backward()
    assert len(asked) == 5 + 2

    class Stop(Exception):
        pass

    def stop():
        raise Stop

    with pytest.raises(Stop):
        PartialForward(net, view, node, stop)((x,))


def test_several_samples_in_the_trace_count_as_one_pass(net):
    view, node = prepared(net, "relu6", samples=2)
    for samples in (2, 4):
        found = PartialForward(net, view, node)((torch.rand(samples, 3, 8, 9),))
        assert found.shape == (samples, 6, 6, 7)


def test_an_input_has_nothing_to_stop_at(net):
    view, node = prepared(net, "input")
    with pytest.raises(VrnnError, match="an input has no feature visualization"):
        PartialForward(net, view, node)


class Changing(nn.Module):
    """Takes the way that it is told to."""

    way = 0

    def forward(self, x):
        x = x * 2
        if self.way == 1:
            return torch.exp(x)
        return torch.sin(x) if self.way == 0 else x


def test_another_way_is_noticed():
    model = Changing()
    view = simplify(trace(model, (torch.rand(1, 3, 8, 8),), "net"), "all")
    run = PartialForward(model, view, node_named(view, "sin"))
    x = torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(run((x,)), torch.sin(x * 2))
    model.way = 1
    with pytest.raises(GraphChanged, match="took another path"):
        run((x,))
    model.way = 2
    with pytest.raises(GraphChanged, match="ended before the layer"):
        run((x,))


@pytest.mark.parametrize("dims", [2, 3, 4, 5])
@pytest.mark.parametrize("weight", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_a_batch_norm_is_what_torch_computes(dims, weight, bias):
    torch.manual_seed(dims)
    x = torch.rand(2, 4, *[3] * (dims - 2))
    mean, variance = torch.rand(4), torch.rand(4) + 0.1
    w, b = torch.rand(4) if weight else None, torch.rand(4) if bias else None
    for eps in (1e-5, 0.3):
        expected = F.batch_norm(x, mean, variance, w, b, eps=eps)
        torch.testing.assert_close(_affine_batch_norm(x, mean, variance, w, b, eps=eps), expected)
    half = _affine_batch_norm(x.half(), mean, variance, w, b)
    assert half is not None
    assert half.dtype == torch.float16
    assert _affine_batch_norm(x, mean, variance, w, b, True) is None
    assert _affine_batch_norm(x, None, variance, w, b) is None
    assert _affine_batch_norm(x, mean, None, w, b) is None
    expected = F.batch_norm(x, mean, variance, w, b)
    torch.testing.assert_close(_affine_batch_norm(x, mean, variance, w, b), expected)


@pytest.mark.parametrize("ceiling", [float("inf"), 6.0])
def test_a_gradient_goes_through_a_relu_that_lets_nothing_through(ceiling):
    values = torch.tensor([
        [-1.0, 2.0, 0.0, 6.0, 7.0], [-1.0, -2.0, 0.0, -6.0, -3.0], [0.0] * 5, [6.0, 8.0, 9.0, 6, 7],
    ]).view(4, 1, 5).requires_grad_()  # fmt: skip
    found = _RedirectedReLU.apply(values, ceiling)
    torch.testing.assert_close(found, values.detach().clamp(0, ceiling))
    gradient = torch.arange(1.0, 21.0).view(4, 1, 5)
    found.backward(gradient)
    is_open = (values > 0) & (values < ceiling)
    expected = gradient * is_open
    for sample in range(4):
        if not is_open[sample].any():
            expected[sample] = gradient[sample]
    torch.testing.assert_close(values.grad, expected)


class Heads(nn.Module):
    """Attention by torch's own function, or written out."""

    def __init__(self, is_fused: bool) -> None:
        super().__init__()
        self.is_fused = is_fused
        self.project = nn.Linear(6, 18)

    def forward(self, x):
        q, k, v = self.project(x).unflatten(-1, (3, 2, 3)).permute(2, 0, 3, 1, 4)
        if self.is_fused:
            return F.scaled_dot_product_attention(q, k, v)
        return (q @ k.mT / 3**0.5).softmax(-1) @ v


@pytest.mark.parametrize("is_fused", [True, False])
def test_a_pass_stops_at_the_weights_of_an_attention(is_fused):
    torch.manual_seed(0)
    model = Heads(is_fused).eval()
    view = simplify(trace(model, (torch.rand(1, 5, 6),), "net"), "all")
    node = node_named(view, "attention" if is_fused else "softmax")
    assert view.records[node].is_attention
    for samples in (1, 3):
        x = torch.rand(samples, 5, 6, requires_grad=True)
        q, k, _ = model.project(x).unflatten(-1, (3, 2, 3)).permute(2, 0, 3, 1, 4)
        truth = (q @ k.mT / 3**0.5).softmax(-1)
        found = PartialForward(model, view, node)((x,))
        torch.testing.assert_close(found, truth, atol=1e-6, rtol=1e-5)
        gradients = [torch.autograd.grad((t * t).sum(), x)[0] for t in (found, truth)]
        torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-4)
