"""The rules of linear operations: from the relevance of a result to the gradient of its input.

A rule is a list of terms. Each term has a weight for positive inputs and one for negative ones, a
bias, and a share of the relevance that it distributes:

    z = x⁺ W⁺ + x⁻ W⁻ + b,   s = share · R / (z ± epsilon),
    g = s W⁺ᵀ where x > 0,   s W⁻ᵀ where x < 0

so that the relevance of the input is x · g. Sources: Bach et al. 2015,
https://doi.org/10.1371/journal.pone.0130140 (epsilon, alpha-beta); Montavon et al. 2017,
https://arxiv.org/abs/1512.02479 (z-plus, w-square, box); Montavon et al. 2019,
https://doi.org/10.1007/978-3-030-28954-6_10 (gamma), for inputs of both signs as Andeol et al. 2021
have it, https://arxiv.org/abs/2106.01992; Lapuschkin et al. 2019,
https://arxiv.org/abs/1902.10178 (flat).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from vrnn.compute.explain.linear_operations import LinearOperation
from vrnn.explanations.composites import LayerRule

Bounds = tuple[torch.Tensor, torch.Tensor]
"""The least and the largest value of each channel of an input, broadcast to its shape."""
VISIBLE_LOSS = 1e-6
"""Of the relevance of a result: from this share on it is told apart what stabilizers took and what
has no input to go to."""


class Distributed(NamedTuple):
    """What becomes of the relevance of a result.

    Attributes:
        gradient: Of the input's shape: its relevance is input · gradient; None where `relevance`
            says it.
        relevance: Of the input's shape, where it is no multiple of the input.
        bias: How much the bias took.
        epsilon: How much stabilizers took.
    """

    gradient: torch.Tensor | None
    relevance: torch.Tensor | None
    bias: float
    epsilon: float


class _Term(NamedTuple):
    positive: torch.Tensor
    negative: Callable[[], torch.Tensor]
    bias: torch.Tensor | None
    share: float | torch.Tensor


def distribute(
    operation: LinearOperation, rule: LayerRule, x: torch.Tensor, result: torch.Tensor,
    relevance: torch.Tensor, bounds: Bounds | None,
) -> Distributed:  # fmt: skip
    """Distribute the relevance of a linear operation's result over its input.

    Args:
        operation: The operation.
        rule: Which rule it has, `gradient` excluded.
        x: Its input.
        result: Its result, bias included.
        relevance: Of the result.
        bounds: For `box`; None for 0 and 1.
    """
    if rule.rule == "epsilon":
        return _epsilon(operation, rule, x, result, relevance)
    if rule.rule in ("flat", "w-square", "box"):
        return _input_rule(operation, rule, x, relevance, bounds)
    terms = _TERMS[rule.rule](operation, rule, result)
    has_negative = bool(x.amin() < 0)
    upper = x.clamp(min=0) if has_negative else x
    lower = x.clamp(max=0) if has_negative else None
    bias_sum = epsilon_sum = 0.0
    gradients: list[torch.Tensor] = []
    for term in terms:
        z = operation.function(upper, term.positive)
        negative = None
        if lower is not None:
            negative = term.negative()
            z = z + operation.function(lower, negative)
        if term.bias is not None:
            z = z + term.bias
        shared = relevance if isinstance(term.share, float) and term.share == 1 else (
            relevance * term.share
        )  # fmt: skip
        s, to_bias, to_epsilon = _share(shared, z, term.bias, rule.epsilon, rule.rule == "z-plus")
        bias_sum, epsilon_sum = bias_sum + to_bias, epsilon_sum + to_epsilon
        gradient = operation.back(s, term.positive, x)
        if negative is not None:
            gradient = torch.where(x < 0, operation.back(s, negative, x), gradient)
        gradients.append(gradient)
    total = gradients[0] if len(gradients) == 1 else torch.stack(gradients).sum(0)
    return Distributed(total, None, bias_sum, epsilon_sum)


def _epsilon(
    operation: LinearOperation, rule: LayerRule, x: torch.Tensor, result: torch.Tensor,
    relevance: torch.Tensor,
) -> Distributed:  # fmt: skip
    bias = operation.bias if rule.bias else None
    z = result
    if operation.bias is not None and not rule.bias:
        z = result - operation.bias
    s, to_bias, to_epsilon = _share(relevance, z, bias, rule.epsilon)
    return Distributed(operation.back(s, operation.weight, x), None, to_bias, to_epsilon)


def _input_rule(
    operation: LinearOperation, rule: LayerRule, x: torch.Tensor, relevance: torch.Tensor,
    bounds: Bounds | None,
) -> Distributed:  # fmt: skip
    """Rules of the first layer, whose relevance is no multiple of the input."""
    weight = operation.weight
    if rule.rule == "box":  # in which the bias cancels
        low, high = bounds or (torch.zeros_like(x), torch.ones_like(x))
        low, high = low.to(x).expand_as(x), high.to(x).expand_as(x)
        parts = [(x, weight), (-low, weight.clamp(min=0)), (-high, weight.clamp(max=0))]
    else:
        one = torch.ones_like(weight) if rule.rule == "flat" else weight**2
        parts = [(torch.ones_like(x), one)]
    z = torch.stack([operation.function(values, w) for values, w in parts]).sum(0)
    bias = None
    if operation.bias is not None and rule.bias and rule.rule == "w-square":
        bias = operation.bias**2
        z = z + bias
    s, to_bias, to_epsilon = _share(relevance, z, bias, rule.epsilon)
    arrived = torch.stack([values * operation.back(s, w, x) for values, w in parts]).sum(0)
    return Distributed(None, arrived, to_bias, to_epsilon)


def _plus_terms(op: LinearOperation, rule: LayerRule, result: torch.Tensor) -> list[_Term]:
    bias = op.bias.clamp(min=0) if op.bias is not None and rule.bias else None
    weight = op.weight
    return [_Term(weight.clamp(min=0), lambda: weight.clamp(max=0), bias, 1.0)]


def _alpha_beta_terms(op: LinearOperation, rule: LayerRule, result: torch.Tensor) -> list[_Term]:
    up, down = op.weight.clamp(min=0), op.weight.clamp(max=0)
    bias = op.bias if rule.bias else None
    upper, lower = (None, None) if bias is None else (bias.clamp(min=0), bias.clamp(max=0))
    terms = [
        _Term(up, lambda: down, upper, float(rule.alpha)),
        _Term(down, lambda: up, lower, -float(rule.beta)),
    ]
    return [term for term in terms if term.share != 0]


def _gamma_terms(op: LinearOperation, rule: LayerRule, result: torch.Tensor) -> list[_Term]:
    up = op.weight + rule.gamma * op.weight.clamp(min=0)
    down = op.weight + rule.gamma * op.weight.clamp(max=0)
    upper = lower = None
    if op.bias is not None and rule.bias:
        upper = op.bias + rule.gamma * op.bias.clamp(min=0)
        lower = op.bias + rule.gamma * op.bias.clamp(max=0)
    is_positive = (result > 0).to(result.dtype)
    is_negative = (result < 0).to(result.dtype)
    return [
        _Term(up, lambda: down, upper, is_positive),
        _Term(down, lambda: up, lower, is_negative),
    ]


_TERMS: dict[str, Callable[[LinearOperation, LayerRule, torch.Tensor], list[_Term]]] = {
    "z-plus": _plus_terms,
    "alpha-beta": _alpha_beta_terms,
    "gamma": _gamma_terms,
}


def _share(
    relevance: torch.Tensor, z: torch.Tensor, bias: torch.Tensor | None, epsilon: float,
    is_positive: bool = False,
) -> tuple[torch.Tensor, float, float]:  # fmt: skip
    """Divide the relevance of each value of a result by what contributed to it.

    Where all inputs are 0, the result is its bias alone: what is lost there is the bias's too.

    Args:
        relevance: Of the result.
        z: The sum of all contributions, which is written over.
        bias: The part of it that a bias contributed; None for none.
        epsilon: Added to z with its sign, that of 0 being +1.
        is_positive: Whether z is nowhere negative.

    Returns:
        R / (z ± epsilon), how much the bias took, and how much epsilon.
    """
    if not epsilon:
        s = torch.where(z == 0, torch.zeros_like(z), relevance / z)
        to_epsilon = _sum(relevance) - _sum(s * z)
        stuck = to_epsilon
    elif is_positive:
        s = relevance / z.add_(epsilon)
        to_epsilon = epsilon * _sum(s)
        stuck = _stuck(relevance, z, epsilon, to_epsilon)
    else:
        steps = torch.full_like(z, epsilon).copysign_(z + 0.0)
        s = relevance / steps.add_(z)
        to_epsilon = _sum(relevance) - _sum(s * z)
        stuck = _stuck(relevance, z, 0, to_epsilon)
    to_bias = 0.0
    if bias is not None:
        channel = s.dim() - bias.dim()
        if bias.numel() == s.shape[channel]:  # as nearly always
            outer = [axis for axis in range(s.dim()) if axis != channel]
            sums = s.sum(outer, dtype=torch.float64) if outer else s.to(torch.float64)
            to_bias = _sum(sums * bias.flatten())
        else:
            to_bias = _sum(s * bias)
    return s, to_bias + stuck, to_epsilon - stuck


def _stuck(relevance: torch.Tensor, z: torch.Tensor, empty: float, lost: float) -> float:
    """How much relevance has nowhere to go, where z is `empty`, if it can be seen at all."""
    if abs(lost) <= VISIBLE_LOSS * abs(_sum(relevance)):
        return 0.0
    return _sum(relevance * (z == empty))


def _sum(values: torch.Tensor) -> float:
    return float(values.detach().sum(dtype=torch.float64))
