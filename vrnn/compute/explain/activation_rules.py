"""Rules of activations, products, quotients and norms.

Smooth and clipped activations pass all relevance on. A product of two activations gives each half
(Achtibat et al. 2024, AttnLRP, https://arxiv.org/abs/2402.05602). A norm's deviation is held fixed
(Ali et al. 2022, https://arxiv.org/abs/2202.07304), its mean is not. A batch norm is one with the
linear operation before it; where there is none, it passes all relevance on.
"""

from __future__ import annotations

from typing import Any

import torch

from vrnn.compute.explain import linear_operations
from vrnn.compute.explain.call_rules import LiveCall, call_rule
from vrnn.compute.explain.rule_steps import IdentityStep, LinearStep, share
from vrnn.compute.passes.partial_forward import BATCH_NORM_PARAMETERS


@call_rule(
    "relu6 gelu silu mish elu selu celu sigmoid tanh hardswish hardsigmoid hardtanh softplus "
    "softsign logsigmoid tanhshrink softshrink clamp exp exp2 expm1 log log1p log2 log10 sqrt "
    "square sin cos tan sinh cosh atan asin acos erf erfc lgamma local_response_norm normalize "
    "logit sinc i0 round floor ceil trunc fix frac fake_quantize_per_tensor_affine "
    "fake_quantize_per_channel_affine heaviside sign"
)
def pass_on(call: LiveCall) -> Any:
    """Give the input all relevance of the result."""
    first = call.args[0] if call.args else next(iter(call.kwargs.values()))
    if len(call.live) != 1 or call.live[0] is not first:
        return NotImplemented
    if call.operation in _ROUNDING:
        call.book.fallbacks[f"{call.operation}: passed through, it has no gradient"] += 1
    return _identity(call, first)


_ROUNDING = frozenset("round floor ceil trunc fix heaviside sign".split())


def _identity(call: LiveCall, x: torch.Tensor) -> Any:
    if not x.is_floating_point():
        return NotImplemented
    return IdentityStep(call.book, "activation", call.node, call.compute).run(x)


@call_rule("rsqrt reciprocal")
def invert(call: LiveCall) -> Any:
    """Hold fixed what others are scaled by; where nothing is, it passes relevance on."""
    call.is_scale = True
    return _identity(call, call.live[0])


@call_rule("pow")
def power(call: LiveCall) -> Any:
    """Pass relevance on to the base."""
    base, exponent = (*call.args, *call.kwargs.values())[:2]
    if not call.is_live(base) or not isinstance(exponent, int | float) or call.func.__name__ in (
        "rpow", "__rpow__"
    ):  # fmt: skip
        return NotImplemented
    call.is_scale = exponent < 0
    return _identity(call, base)


@call_rule("mul")
def multiply(call: LiveCall) -> Any:
    """Give both factors half, or one all where the other is a scale or attention weights."""
    if len(call.args) < 2:
        return NotImplemented
    a, b = call.args[:2]
    if not (call.is_live(a) and call.is_live(b)):
        return _fold_scale(call, a, b)
    if a is b:
        return _identity(call, a)
    return torch.mul(*share_product(call, a, b))


def share_product(
    call: LiveCall, a: torch.Tensor, b: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two factors such that their product distributes relevance over them."""
    notes = [call.book.notes.of(t) for t in (a, b)]
    scales = [note is not None and note.is_scale for note in notes]
    weights = [note is not None and note.is_weights for note in notes]
    if call.book.composite.attention != "fixed":
        weights = [False, False]
    for fixed in (scales, weights):
        if fixed[0] != fixed[1]:
            return (a.detach(), b) if fixed[0] else (a, b.detach())
    return share(a, 2), share(b, 2)


@call_rule("div")
def divide(call: LiveCall) -> Any:
    """Give the numerator all, and hold the denominator fixed."""
    if len(call.args) < 2:
        return NotImplemented
    a, b = call.args[:2]
    if call.func.__name__ in ("__rtruediv__", "__rdiv__"):
        a, b = b, a
    if not call.is_live(b):
        return NotImplemented
    if not call.is_live(a):
        call.is_scale = True
        shape = _shape(a, b)
        return _identity(call, b if b.shape == shape else b.expand(shape))
    return torch.div(a, b.detach(), rounding_mode=call.kwargs.get("rounding_mode"))


def _shape(a: Any, b: torch.Tensor) -> torch.Size:
    return torch.broadcast_shapes(a.shape, b.shape) if isinstance(a, torch.Tensor) else b.shape


@call_rule("glu")
def gate(call: LiveCall) -> Any:
    """A product of a half of the channels and a sigmoid of the others."""
    x = call.live[0]
    axis = call.kwargs.get("dim", call.args[1] if len(call.args) > 1 else -1)
    size = x.shape[axis] // 2
    values, gates = x.narrow(axis, 0, size), x.narrow(axis, size, size)
    opened = IdentityStep(
        call.book, "activation", call.node, lambda: torch.sigmoid(gates.detach())
    ).run(gates)  # fmt: skip
    return share(values, 2) * share(opened, 2)


@call_rule("batch_norm native_batch_norm")
def batch_norm(call: LiveCall) -> Any:
    """Fold it into the linear operation before it, or pass all relevance on."""
    named = dict(zip(BATCH_NORM_PARAMETERS, call.args, strict=False)) | dict(call.kwargs)
    if call.func is not torch.nn.functional.batch_norm or not call.is_live(named["input"]):
        return NotImplemented
    mean, deviation = named["running_mean"], named["running_var"]
    if named.get("training") or mean is None or deviation is None:
        return _norm_over(call, named, [0, *range(2, named["input"].dim())])
    return _affine_norm(call, named)


def _affine_norm(call: LiveCall, named: dict[str, Any]) -> Any:
    x = named["input"]
    scale = torch.rsqrt(named["running_var"] + float(named.get("eps", 1e-5)))
    if named.get("weight") is not None:
        scale = scale * named["weight"]
    shift = -named["running_mean"] * scale
    if named.get("bias") is not None:
        shift = shift + named["bias"]
    folded = _fold(call, x, scale.detach(), shift.detach())
    if folded is not None:
        return folded
    rule = call.book.composite.rule_of(call.module, "batch_norm", call.depth)
    if rule.rule == "pass":
        return IdentityStep(call.book, "bias", call.node, call.compute).run(x)
    operation = linear_operations.scaling(scale.to(x.dtype), shift.to(x.dtype), x.dim())
    if rule.rule == "gradient":
        wide = [-1, *[1] * (x.dim() - 2)]
        leaf = call.constant(shift.to(x.dtype).view(wide), "bias")
        return operation.function(x, operation.weight) + leaf
    step = LinearStep(call.book, operation, rule, x, call.node, call.compute)
    return step.run()


def _fold(
    call: LiveCall, x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor | None
) -> torch.Tensor | None:
    """Make one operation of the one that made x and a factor and shift of each channel."""
    note = call.book.notes.of(x)
    if note is None or note.linear is None or note.uses or not note.linear.can_be_folded:
        return None
    before = note.linear
    if -before.operation.channel_axis > x.dim() or (
        x.shape[before.operation.channel_axis] != scale.numel()
    ):
        return None
    operation = before.operation.folded(scale.to(x.dtype), None if shift is None else (
        shift.to(x.dtype)
    ))  # fmt: skip
    if operation is None:
        return None
    step = before.folded(operation, call.compute, call.node, note.shown)
    call.is_linear = True
    result = step.run()
    call.step = step
    return result


def _fold_scale(call: LiveCall, a: Any, b: Any) -> Any:
    """A factor of each channel right behind a linear operation, as frozen batch norms have it."""
    x, factor = (a, b) if call.is_live(a) else (b, a)
    note = call.book.notes.of(x)
    if not isinstance(factor, torch.Tensor) or note is None or note.linear is None:
        return NotImplemented
    wide = -note.linear.operation.channel_axis
    channels = x.shape[-wide] if wide <= x.dim() else 0
    own = factor.shape
    is_per_channel = factor.numel() == channels > 1 and len(own) >= wide and own[-wide] == channels
    if not is_per_channel:
        return NotImplemented
    folded = _fold(call, x, factor.detach().flatten(), None)
    return NotImplemented if folded is None else folded


@call_rule("instance_norm")
def instance_norm(call: LiveCall) -> Any:
    """A norm over the places of each channel."""
    names = ("input", "running_mean", "running_var", "weight", "bias", "use_input_stats")
    named = dict(zip(names, call.args, strict=False)) | dict(call.kwargs)
    if not named.get("use_input_stats", True):
        return _affine_norm(call, named)
    return _norm_over(call, named, list(range(2, named["input"].dim())))


@call_rule("layer_norm rms_norm")
def layer_norm(call: LiveCall) -> Any:
    """A norm over the last axes, with the deviation held fixed."""
    is_rms = call.operation == "rms_norm"
    names = ["input", "normalized_shape", "weight", "bias", "eps"]
    if is_rms:
        names.remove("bias")
    named = dict(zip(names, call.args, strict=False)) | dict(call.kwargs)
    shape = named["normalized_shape"]
    count = 1 if isinstance(shape, int) else len(shape)
    axes = list(range(-count, 0))
    return _norm_over(call, named, axes, has_mean=not is_rms, is_per_channel=False)


@call_rule("group_norm")
def group_norm(call: LiveCall) -> Any:
    """A norm over groups of channels, with the deviation held fixed."""
    names = ("input", "num_groups", "weight", "bias", "eps")
    named = dict(zip(names, call.args, strict=False)) | dict(call.kwargs)
    x = named["input"]
    grouped = x.reshape(x.shape[0], int(named["num_groups"]), -1)
    normed = _normalize(grouped, [-1], _epsilon_of(named, x), True).reshape(x.shape)
    return _affine(call, normed, named, is_per_channel=True)


def _norm_over(
    call: LiveCall, named: dict[str, Any], axes: list[int], has_mean: bool = True,
    is_per_channel: bool = True,
) -> torch.Tensor:  # fmt: skip
    x = named["input"]
    normed = _normalize(x, axes, _epsilon_of(named, x), has_mean)
    return _affine(call, normed, named, is_per_channel)


def _epsilon_of(named: dict[str, Any], x: torch.Tensor) -> float:
    epsilon = named.get("eps", 1e-5)
    return torch.finfo(x.dtype).eps if epsilon is None else float(epsilon)


def _normalize(x: torch.Tensor, axes: list[int], epsilon: float, has_mean: bool) -> torch.Tensor:
    centered = x - x.mean(axes, keepdim=True) if has_mean else x
    squares = centered.detach().square().mean(axes, keepdim=True)
    return centered * torch.rsqrt(squares + epsilon)


def _affine(
    call: LiveCall, normed: torch.Tensor, named: dict[str, Any], is_per_channel: bool
) -> torch.Tensor:
    """Scale and shift what is normed, as its weight and bias say."""
    shape = (1, -1, *[1] * (normed.dim() - 2)) if is_per_channel else None
    weight, bias = named.get("weight"), named.get("bias")
    if weight is not None:
        weight = weight.detach()
        normed = normed * (weight.view(shape) if shape else weight)
    if bias is not None:
        leaf = call.constant(bias, "bias")
        normed = normed + (leaf.view(shape) if shape else leaf)
    return normed.to(call.live[0].dtype)
