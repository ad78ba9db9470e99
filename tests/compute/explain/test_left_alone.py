"""A model is as it was after an explanation, also after a cancelled or failed one."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.explained import opened
from vrnn.compute.explain.explain import explain, method_names
from vrnn.compute.jobs import JobCancelled
from vrnn.errors import VrnnError
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target


class Restless(nn.Module):
    """Writes into a buffer, replaces one, draws random numbers, keeps what it computed."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.drop, self.head = nn.Dropout(0.5), nn.Linear(4, 3)
        self.register_buffer("calls", torch.zeros(1))
        self.register_buffer("mean", torch.zeros(4))
        self.head.weight.requires_grad_(False)
        self.seen = []
        self.conv.register_forward_hook(lambda m, a, r: self.seen.append(r.shape))

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)), inplace=True)
        self.calls += 1
        self.mean = 0.9 * self.mean + 0.1 * x.mean((0, 2, 3)).detach()
        self.mean.copy_(self.mean * 2)
        torch.rand(3)
        return self.head(self.drop(x).mean((2, 3)))


METHODS = [m for m in method_names() if m != "attention-rollout"]


def state_of(net):
    tensors = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    return (
        {name: t.detach().clone() for name, t in tensors.items()},
        {name: id(t) for name, t in tensors.items()},
        {name: t.requires_grad for name, t in tensors.items()},
        {name: t.grad for name, t in tensors.items()},
        {name: m.training for name, m in net.named_modules()},
        {name: (len(m._forward_hooks), len(m._backward_hooks)) for name, m in net.named_modules()},
        torch.get_rng_state(),
        torch.is_grad_enabled(),
        len(torch.nn.modules.module._global_forward_hooks),
    )


def assert_same(before, after):
    assert before[0].keys() == after[0].keys()
    for name, values in before[0].items():
        torch.testing.assert_close(values, after[0][name], rtol=0, atol=0)
    assert before[1:6] == after[1:6]
    assert torch.equal(before[6], after[6])
    assert before[7:] == after[7:]


@pytest.fixture(scope="module")
def subject():
    torch.manual_seed(0)
    net = Restless()
    return net, opened(net, (8, 8)), torch.randn(1, 3, 8, 8)


@pytest.mark.parametrize("method", METHODS)
def test_a_model_is_left_as_it_was(subject, method):
    net, model, x = subject
    net.train()
    given = x.clone()
    before = state_of(net)
    explain(model, x, ExplanationSettings(method, steps=2, samples=2, patch=4, stride=4))
    assert_same(before, state_of(net))
    assert torch.equal(x, given)
    assert not x.requires_grad


@pytest.mark.parametrize("method", ["epsilon-plus", "saliency", "integrated-gradients"])
@pytest.mark.parametrize("count", [1, 8, 14])
def test_a_cancelled_explanation_leaves_it_too(subject, method, count):
    net, model, x = subject
    before = state_of(net)
    calls = 0

    def check_stop():
        nonlocal calls
        calls += 1
        if calls >= count:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        explain(model, x, ExplanationSettings(method, steps=4), check_stop=check_stop)
    assert_same(before, state_of(net))


def test_a_failed_explanation_leaves_it_too(subject):
    net, model, x = subject
    before = state_of(net)
    with pytest.raises(VrnnError, match="classes 0 to 2"):
        explain(model, x, ExplanationSettings(target=Target(channel=99)))
    assert_same(before, state_of(net))
    with pytest.raises(VrnnError):
        explain(model, x * float("nan"), ExplanationSettings())
    assert_same(before, state_of(net))


def test_the_forward_pass_is_that_of_the_model(subject):
    net, model, x = subject
    net.eval()
    with torch.no_grad():
        expected = copy.deepcopy(net)(x).max()
    for method in METHODS:
        settings = ExplanationSettings(method, steps=1, samples=1, patch=8, stride=8)
        assert explain(model, x, settings).value == pytest.approx(float(expected), abs=1e-5)
