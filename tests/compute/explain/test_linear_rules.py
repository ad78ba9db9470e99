"""Rules of linear operations beside their published formulas, on matrices written out in full."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.explained import opened_with
from vrnn.compute.explain import linear_operations
from vrnn.compute.explain.explain import explain
from vrnn.compute.explain.linear_rules import distribute
from vrnn.explanations.composites import LayerRule
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target

CONVOLUTIONS = {
    "line": ((2, 3, 7), (4, 3, 3), {}),
    "line with steps": ((1, 4, 9), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    "map": ((1, 3, 5, 4), (4, 3, 3, 3), {"padding": 1}),
    "map with steps": ((2, 2, 6, 5), (3, 2, 3, 2), {"stride": (2, 1), "padding": (0, 1)}),
    "wide map": ((1, 2, 7, 6), (2, 1, 3, 3), {"dilation": 2, "groups": 2, "padding": [2]}),
    "map as large": ((1, 2, 4, 5), (3, 2, 3, 3), {"padding": "same"}),
    "map without samples": ((2, 4, 5), (3, 2, 2, 3), {"padding": 1}),
    "volume": ((1, 2, 3, 4, 3), (3, 2, 2, 3, 2), {"stride": (1, 2, 1)}),
    "transposed line": ((1, 3, 5), (3, 4, 3), {"stride": 2, "output_padding": 1}),
    "transposed map": ((1, 4, 3, 4), (4, 2, 3, 3), {"groups": 2, "padding": 1, "stride": 2}),
    "transposed wide map": ((2, 2, 3, 3), (2, 3, 2, 2), {"dilation": 2}),
    "transposed map without samples": ((2, 3, 3), (2, 3, 2, 2), {"stride": (2, 3)}),
    "transposed volume": (
        (1, 2, 2, 2, 3), (2, 1, 2, 2, 2), {"output_padding": (1, 0, 1), "stride": 2},
    ),
}  # fmt: skip
"""The shapes of the input and the weight, and the options of torch's own function."""
PRODUCTS = {
    "linear": ((2, 5), (4, 5), F.linear),
    "linear of tokens": ((1, 3, 5), (4, 5), F.linear),
    "linear of one": ((5,), (4, 5), F.linear),
    "times a constant": ((2, 3, 4), (4, 5), torch.matmul),
    "a constant times": ((4, 3), (5, 4), lambda x, w: torch.matmul(w, x)),
    "sum of products": ((2, 3, 4), (5, 3), lambda x, w: torch.einsum("nct,dc->ndt", x, w)),
}


@dataclass
class Case:
    operation: linear_operations.LinearOperation
    x: torch.Tensor
    matrix: np.ndarray
    bias: np.ndarray | None
    result: torch.Tensor


def random_case(name, generator, has_bias=True, sign=0):
    """An operation, an input, and the operation as (inputs, outputs) numbers."""
    convolves = name in CONVOLUTIONS
    shape, weight_shape, given = CONVOLUTIONS[name] if convolves else PRODUCTS[name]
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    x = x.abs() if sign > 0 else x
    x.view(-1)[::5] = 0
    weight = torch.randn(weight_shape, generator=generator, dtype=torch.float64)
    if convolves:
        axes = len(weight_shape) - 2
        kind = f"conv_transpose{axes}d" if "transposed" in name else f"conv{axes}d"

        def plain(values):
            return getattr(F, kind)(values, weight, **given)

        channels = plain(x).shape[-axes - 1]
        bias = torch.randn(channels, generator=generator, dtype=torch.float64)
        own = {"weight": weight, "bias": bias if has_bias else None, **given}
        operation = linear_operations.convolution(own, axes, "transposed" in name)
        added = bias.view(-1, *[1] * axes)
    else:

        def plain(values):
            return given(values, weight)

        channels = plain(x).shape[-1]
        bias = torch.randn(channels, generator=generator, dtype=torch.float64)
        if name.startswith("linear"):
            operation = linear_operations.linear(weight, bias if has_bias else None)
        else:
            operation = linear_operations.product(given, weight, bias if has_bias else None)
        added = bias
    units = torch.eye(x.numel(), dtype=torch.float64).reshape(-1, *shape)
    matrix = np.stack([plain(unit).numpy().ravel() for unit in units])
    result = plain(x)
    if not has_bias:
        return Case(operation, x, matrix, None, result)
    whole = added.expand_as(result).numpy().ravel()
    return Case(operation, x, matrix, whole, result + added)


def stabilized(z, epsilon):
    return z + np.where(z < 0, -epsilon, epsilon)


def by_formula(case, rule, relevance, bounds):
    """The relevance of the input and what ends in the bias, by the formulas of the papers."""
    x, w = case.x.numpy().ravel()[:, None], case.matrix
    b = np.zeros(w.shape[1]) if case.bias is None or not rule.bias else case.bias
    z = x * w
    r = relevance.numpy().ravel()

    def divided(parts, of_bias, share):
        share = np.broadcast_to(share, r.shape)
        sums = parts.sum(0) + of_bias
        with np.errstate(divide="ignore", invalid="ignore"):
            s = share * r / stabilized(sums, rule.epsilon)
        s = np.where(np.isfinite(s), s, 0)
        stuck = (share * r)[sums == 0].sum()  # no input contributed: the bias takes it
        return parts @ s, float(of_bias @ s + stuck)

    up, down = np.maximum(z, 0), np.minimum(z, 0)
    b_up, b_down = np.maximum(b, 0), np.minimum(b, 0)
    if rule.rule == "epsilon":
        found = [divided(z, b, 1)]
    elif rule.rule == "z-plus":
        found = [divided(up, b_up, 1)]
    elif rule.rule == "alpha-beta":
        found = [divided(up, b_up, rule.alpha), divided(down, b_down, -rule.beta)]
    elif rule.rule == "gamma":
        y = case.result.numpy().ravel()
        found = [
            divided(z + rule.gamma * up, b + rule.gamma * b_up, y > 0),
            divided(z + rule.gamma * down, b + rule.gamma * b_down, y < 0),
        ]
    elif rule.rule == "flat":
        found = [divided((w != 0).astype(float), 0 * b, 1)]
    elif rule.rule == "w-square":
        found = [divided(w**2, b**2, 1)]
    else:
        low, high = (v.expand_as(case.x).numpy().ravel()[:, None] for v in bounds)
        found = [divided(z - low * np.maximum(w, 0) - high * np.minimum(w, 0), 0 * b, 1)]
    arrived = sum(one for one, _ in found)
    return arrived.reshape(case.x.shape), sum(bias for _, bias in found)


def distributed(case, rule, relevance, bounds=None):
    found = distribute(case.operation, rule, case.x, case.result.clone(), relevance, bounds)
    assert (found.gradient is None) != (found.relevance is None)
    if found.relevance is None:
        return (case.x * found.gradient).numpy(), found
    return found.relevance.numpy(), found


RULES = {
    "epsilon": LayerRule("epsilon", epsilon=0.01),
    "epsilon with its bias": LayerRule("epsilon", epsilon=0.01, bias=True),
    "nothing added": LayerRule("epsilon", epsilon=0.0, bias=True),
    "z-plus": LayerRule("z-plus", epsilon=0.02),
    "z-plus with its bias": LayerRule("z-plus", epsilon=0.02, bias=True),
    "alpha 2": LayerRule("alpha-beta", epsilon=0.03),
    "alpha 1.5": LayerRule("alpha-beta", alpha=1.5, beta=0.5, epsilon=0.03, bias=True),
    "alpha 1": LayerRule("alpha-beta", alpha=1.0, beta=0.0, epsilon=0.0),
    "gamma": LayerRule("gamma", gamma=0.3, epsilon=0.01),
    "gamma with its bias": LayerRule("gamma", gamma=2.0, epsilon=0.01, bias=True),
    "flat": LayerRule("flat", epsilon=0.5, bias=True),
    "w-square": LayerRule("w-square", epsilon=0.5),
    "w-square with its bias": LayerRule("w-square", epsilon=0.5, bias=True),
    "box": LayerRule("box", epsilon=0.01, bias=True),
}


@pytest.mark.parametrize("name", [*CONVOLUTIONS, *PRODUCTS])
@pytest.mark.parametrize("sign", [0, 1])
def test_relevance_is_that_of_the_formula(name, sign):
    generator = torch.Generator().manual_seed(sign)
    case = random_case(name, generator, sign=sign)
    relevance = torch.randn(case.result.shape, generator=generator, dtype=torch.float64)
    bounds = case.x.amin() - 1, case.x.amax() + torch.rand(case.x.shape[-1:]).double()
    for title, rule in RULES.items():
        expected, to_bias = by_formula(case, rule, relevance, bounds)
        arrived, found = distributed(case, rule, relevance, bounds)
        np.testing.assert_allclose(arrived, expected, rtol=1e-9, atol=1e-12, err_msg=title)
        assert found.bias == pytest.approx(to_bias, abs=1e-9), title
        whole = arrived.sum() + found.bias + found.epsilon
        assert whole == pytest.approx(float(relevance.sum()), abs=1e-9), title


def test_without_a_bias_nothing_ends_in_one():
    for name in ("map", "linear", "transposed map"):
        generator = torch.Generator().manual_seed(2)
        case = random_case(name, generator, has_bias=False)
        relevance = torch.randn(case.result.shape, generator=generator, dtype=torch.float64)
        for rule in RULES.values():
            with_bias = replace(rule, bias=True)
            bounds = torch.tensor(-4.0), torch.tensor(4.0)
            expected, to_bias = by_formula(case, with_bias, relevance, bounds)
            arrived, found = distributed(case, with_bias, relevance, bounds)
            np.testing.assert_allclose(arrived, expected, rtol=1e-9, atol=1e-12)
            assert found.bias == pytest.approx(to_bias, abs=1e-9)


def test_a_box_is_from_0_to_1_where_nothing_is_known_of_the_input():
    generator = torch.Generator().manual_seed(3)
    case = random_case("map", generator, sign=1)
    relevance = torch.randn(case.result.shape, generator=generator, dtype=torch.float64)
    bounds = torch.tensor(0.0), torch.tensor(1.0)
    expected, _ = by_formula(case, RULES["box"], relevance, bounds)
    arrived, _ = distributed(case, RULES["box"], relevance)
    np.testing.assert_allclose(arrived, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("title", ["epsilon", "nothing added", "z-plus", "alpha 2"])
def test_what_comes_to_an_input_of_zeros_ends_in_the_bias(title):
    generator = torch.Generator().manual_seed(4)
    case = random_case("linear", generator)
    zeros = replace_input(case, torch.zeros_like(case.x))
    relevance = torch.rand(case.result.shape, generator=generator, dtype=torch.float64)
    arrived, found = distributed(zeros, RULES[title], relevance)
    assert not arrived.any()
    assert found.bias == pytest.approx(float(relevance.sum()), rel=1e-9)
    assert found.epsilon == pytest.approx(0, abs=1e-9)


def test_what_stabilizers_take_is_told_apart_from_what_has_nowhere_to_go():
    generator = torch.Generator().manual_seed(5)
    case = random_case("linear", generator)
    half = replace_input(case, torch.cat([case.x[:1], torch.zeros_like(case.x[:1])]))
    relevance = torch.rand(case.result.shape, generator=generator, dtype=torch.float64)
    for title in ("epsilon", "z-plus"):
        rule = RULES[title]
        _, found = distributed(half, rule, relevance)
        first, alone = distributed(replace_input(case, case.x[:1]), rule, relevance[:1])
        assert found.bias == pytest.approx(float(relevance[1].sum()), rel=1e-9)
        assert found.epsilon == pytest.approx(alone.epsilon, rel=1e-9)
        assert alone.epsilon == pytest.approx(float(relevance[0].sum()) - first.sum(), rel=1e-6)


def replace_input(case, x):
    operation = case.operation
    result = operation.function(x, operation.weight) + operation.bias
    return replace(case, x=x, result=result)


def is_foldable(name):
    return name in CONVOLUTIONS or name.startswith("linear")


@pytest.mark.parametrize("name", [n for n in (*CONVOLUTIONS, *PRODUCTS) if is_foldable(n)])
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("has_shift", [True, False])
def test_a_factor_and_a_shift_of_each_channel_fold_into_an_operation(name, has_bias, has_shift):
    generator = torch.Generator().manual_seed(6)
    case = random_case(name, generator, has_bias)
    operation: Any = case.operation
    count = case.result.shape[operation.channel_axis]
    scale, shift = torch.randn(2, count, generator=generator, dtype=torch.float64)
    folded = operation.folded(scale, shift if has_shift else None)
    wide = [-1, *[1] * (-operation.channel_axis - 1)]
    expected = case.result * scale.view(wide) + (shift.view(wide) if has_shift else 0)
    found = folded.function(case.x, folded.weight)
    if folded.bias is not None:
        found = found + folded.bias
    torch.testing.assert_close(found, expected)
    assert (folded.bias is None) == (not has_bias and not has_shift)


def test_nothing_folds_into_a_product_that_does_not_tell_channels_apart():
    for operation in (
        linear_operations.product(torch.matmul, torch.ones(3, 3)),
        linear_operations.linear(torch.ones(3), None),
        linear_operations.scaling(torch.ones(3), torch.ones(3), 4),
    ):
        assert operation.folded(torch.ones(3), None) is None
    known = linear_operations.product(torch.matmul, torch.ones(3, 2), weight_axis=1)
    folded = known.folded(torch.tensor([2.0, 5.0]), torch.tensor([1.0, 3.0]))
    assert folded.weight.tolist() == [[2, 5]] * 3
    assert folded.bias.tolist() == [1, 3]


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (1, 3, 4, 5), (1, 3, 2, 2, 2)])
def test_a_factor_of_each_channel_lies_in_the_second_axis(shape):
    generator = torch.Generator().manual_seed(7)
    x, values = torch.randn(2, *shape, generator=generator)
    scale, shift = torch.randn(2, 3, generator=generator)
    operation = linear_operations.scaling(scale, shift, len(shape))
    assert operation.channel_axis == 1 - len(shape)
    for channel in range(3):
        own = x[:, channel] * scale[channel] + shift[channel]
        result = operation.function(x, operation.weight) + operation.bias
        torch.testing.assert_close(result[:, channel], own)
        back = operation.back(values, operation.weight, x)[:, channel]
        torch.testing.assert_close(back, values[:, channel] * scale[channel])


class Product(nn.Module):
    """A product with a weight, and a norm that is folded into it."""

    def __init__(self, is_layer):
        super().__init__()
        generator = torch.Generator().manual_seed(7)
        self.weight = nn.Parameter(torch.randn(6, 4, generator=generator))
        self.norm = nn.BatchNorm1d(4)
        self.norm.running_mean.copy_(torch.randn(4, generator=generator))
        self.norm.weight.data.copy_(torch.rand(4, generator=generator) + 0.5)
        self.norm.bias.data.copy_(torch.randn(4, generator=generator))
        self.is_layer = is_layer

    def forward(self, x):
        y = F.linear(x, self.weight.T) if self.is_layer else x @ self.weight
        return self.norm(y)


def test_a_norm_is_folded_into_a_product_as_into_a_layer():
    x = torch.randn(1, 6, generator=torch.Generator().manual_seed(8))
    shares = []
    for is_layer in (True, False):
        model = opened_with(Product(is_layer).eval(), x)
        found = explain(model, None, ExplanationSettings("epsilon-plus", Target(channel=2)))
        shares.append(next(iter(found.inputs.values())))
    np.testing.assert_allclose(shares[0], shares[1], rtol=1e-4, atol=1e-6)
