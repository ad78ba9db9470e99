"""Relevance is that of zennit with its canonizers, for each composite that both have."""

from dataclasses import replace

import pytest
import torch

from tests.support.explained import (
    COMPOSITES,
    beside_torchvision,
    opened,
    relevance,
    torchvision_model,
)
from vrnn.explanations.targets import Target

theirs = beside_torchvision("zennit.composites")
canonizers = beside_torchvision("zennit.torchvision")
Gradient = beside_torchvision("zennit.attribution").Gradient

SHARED = {
    "epsilon-plus": theirs.EpsilonPlus,
    "epsilon-plus-flat": theirs.EpsilonPlusFlat,
    "alpha2-beta1": theirs.EpsilonAlpha2Beta1,
    "alpha2-beta1-flat": theirs.EpsilonAlpha2Beta1Flat,
    "epsilon-gamma-box": theirs.EpsilonGammaBox,
    "excitation-backprop": theirs.ExcitationBackprop,
}
LIMITS = tuple(v * torch.ones(1, 3, 1, 1, dtype=torch.float64) for v in (-3.0, 3.0))
CLASS = 7


def with_bias(composite):
    rules = tuple(r if r.rule == "pass" else replace(r, bias=True) for r in composite.rules)
    return replace(composite, rules=rules)


@pytest.fixture(scope="module", params=["vgg16", "vgg16_bn", "resnet18", "resnet50"])
def subject(request):
    net = torchvision_model(request.param)
    canonizer = canonizers.VGGCanonizer if "vgg" in request.param else canonizers.ResNetCanonizer
    x = torch.randn(1, 3, 32, 32, dtype=torch.float64)
    return net, canonizer, opened(net, (32, 32)), x


@pytest.mark.parametrize("method", SHARED)
def test_relevance_is_theirs(method, subject):
    net, canonizer, model, x = subject
    options = dict(zip(("low", "high"), LIMITS, strict=True)) if "box" in method else {}
    for has_bias in (False, True) if method == "epsilon-plus" else (False,):
        composite = COMPOSITES[method]
        composite = with_bias(composite) if has_bias else composite
        zero = None if has_bias else "bias"
        their = SHARED[method](canonizers=[canonizer()], zero_params=zero, **options)
        with Gradient(net, their) as attribute:
            _, expected = attribute(
                x.clone(), lambda out: torch.eye(1000, dtype=torch.float64)[[CLASS]] * out
            )
        flow, _ = relevance(model, (x,), composite, Target(channel=CLASS), bounds=LIMITS)
        ours = next(iter(flow.inputs.values()))
        assert float((ours - expected).norm() / expected.norm()) < 1e-6
