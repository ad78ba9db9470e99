"""What products of matrices, attention and recurrences do to axes. See `axis_rules`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from vrnn.compute.operators.axis_factors import (
    Axes,
    AxisFactor,
    Evidence,
    FactoredAxis,
    axis_size,
    unify,
)
from vrnn.compute.operators.axis_rules import (
    AxisCall,
    axis_rule,
    broadcast_axes,
    claim,
    claim_steps,
    has_role,
    is_positional,
    new_axis,
)

CERTAIN, LIKELY, ASSUMED = Evidence.CERTAIN, Evidence.LIKELY, Evidence.ASSUMED


@axis_rule("matmul", "mv", "dot", "addbmm", "baddbmm", "sparse_mm", "smm", "hspmm")
def _matmul(call: AxisCall, result: torch.Tensor) -> Axes:
    tensors = call.tensors[-2:] if call.name in ("baddbmm", "addbmm") else call.tensors[:2]
    if call.name == "rmatmul":
        tensors = tensors[::-1]
    return product_axes(call.axes(tensors[0]), call.axes(tensors[1]), tensors, result)


def product_axes(
    one: Axes, other: Axes, tensors: Sequence[torch.Tensor], result: torch.Tensor
) -> Axes:
    """Return the axes of a matrix product.

    Args:
        one: Axes of the left tensor.
        other: Axes of the right tensor.
        tensors: Both tensors.
        result: Their product.
    """
    if len(one) == 1 or len(other) == 1:
        return _vector_product(one, other)
    left, right = one[-2:], other[-2:]
    batch = broadcast_axes([one[:-2], other[:-2]], tuple(result.shape[:-2]))
    if batch is None:
        raise ValueError("not broadcast")
    if isinstance(tensors[1], torch.nn.Parameter) and len(other) == 2:
        # A linear layer written out.
        evidence = LIKELY if is_positional(left[1]) else CERTAIN  # such as a bank of filters
        claim(left[1], "channel", LIKELY)
        return (*batch, left[0], new_axis(axis_size(right[1]), "channel", evidence))
    rows = left[0]
    if _mixes_places(left, right, tensors[0]):
        rows = right[0]  # a graph's adjacency, or weights: the same places, mixed
        if tensors[0].layout != torch.strided:
            claim(rows, "node", LIKELY)
        elif len(one) == 2 and left[0][0].source >= 0:
            claim(rows, "node", ASSUMED)
        for axis in left:
            if len(axis) == 1 and len(rows) == 1:
                axis[0].roles.join(rows[0].roles)
        return (*batch, rows, right[1])
    if not is_positional(left[1]) or not is_positional(right[0]):
        _unify_contracted(left[1], right[0])
    else:
        unify(left[1], right[0])
    _claim_heads(batch, left[1])
    return (*batch, rows, right[1])


def _unify_contracted(one: FactoredAxis, other: FactoredAxis) -> None:
    """Two axes that are summed over are of the same kind, not more."""
    if len(one) == len(other) == 1:
        one[0].roles.join(other[0].roles)


def _mixes_places(
    left: Sequence[FactoredAxis], right: Sequence[FactoredAxis], tensor: torch.Tensor
) -> bool:
    """Whether a square matrix of which nothing is known, or of weights, is multiplied."""
    if axis_size(left[0]) != axis_size(left[1]) or has_role(right[0], "channel"):
        return False
    is_sparse = tensor.layout != torch.strided
    is_unknown = all(len(axis) == 1 and axis[0].role is None for axis in left)
    return is_sparse or is_unknown


def _vector_product(one: Axes, other: Axes) -> Axes:
    if len(one) == 1 and len(other) == 1:
        return ()
    if len(other) == 1:
        return one[:-1]
    return (*other[:-2], other[-1])


def _claim_heads(batch: Sequence[FactoredAxis], contracted: FactoredAxis) -> None:
    """The other part of channels that were split, as heads of an attention are."""
    if len(contracted) != 1:
        return
    parent = contracted[0].root.parent
    if parent is None or parent.role not in ("channel", "head"):
        return
    parts = {part.root for part in parent.parts}
    for axis in batch:
        for factor in axis:
            if factor.root in parts and factor.root is not contracted[0].root:
                factor.claim("head", CERTAIN)


@axis_rule("einsum")
def _einsum(call: AxisCall, result: torch.Tensor) -> Axes:
    equation = call.args[0]
    if not isinstance(equation, str):
        raise LookupError("operands with lists of axes")
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow:
        letters = left.replace(",", "").replace(".", "")
        right = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    sources = [call.axes(t) for t in call.tensors]
    by_letter: dict[str, FactoredAxis] = {}
    rest: list[Axes] = []
    used: dict[str, int] = {}
    for term, axes in zip(terms, sources, strict=True):
        before, dots, after = term.partition("...")
        named = list(zip(before, axes[: len(before)], strict=True))
        if after:
            named += zip(after, axes[len(axes) - len(after) :], strict=True)
        if dots:
            rest.append(axes[len(before) : len(axes) - len(after)])
        for letter, axis in named:
            used[letter] = used.get(letter, 0) + 1
            known = by_letter.get(letter)
            by_letter[letter] = axis if known is None else unify(known, axis)
    before, dots, after = right.partition("...")
    axes_before = [by_letter[c] for c in before]
    axes_after = [by_letter[c] for c in after]
    count = result.dim() - len(before) - len(after)
    middle: Axes = ()
    if dots and count:
        shape = tuple(result.shape[len(before) : len(before) + count])
        middle = broadcast_axes(rest, shape) or ()
    contracted = [c for c in by_letter if c not in right and used[c] > 1]
    if len(terms) == 2:
        _claim_einsum(call, by_letter, terms, right, contracted)
    return (*axes_before, *middle, *axes_after)


def _claim_einsum(
    call: AxisCall, axes: dict[str, FactoredAxis], terms: Sequence[str], right: str,
    contracted: Sequence[str],
) -> None:  # fmt: skip
    """A product with weights is a linear layer: it sums over channels and makes channels."""
    batch = [axes[c] for c in right if all(c in term for term in terms)]
    for letter in contracted:
        _claim_heads(batch, axes[letter])
    is_weight = [isinstance(t, torch.nn.Parameter) for t in call.tensors]
    if sum(is_weight) != 1:
        return
    weight = terms[is_weight.index(True)]
    other = terms[is_weight.index(False)]
    for letter in contracted:
        if not is_positional(axes[letter]):
            claim(axes[letter], "channel", LIKELY)
    for letter in right:
        if letter in weight and letter not in other and contracted:
            claim(axes[letter], "channel", LIKELY)


@axis_rule("attention")
def _attention(call: AxisCall, result: torch.Tensor) -> Axes:
    arguments = call.arguments
    query, key, value = (arguments[name] for name in ("query", "key", "value"))
    q, k, v = (call.axes(t) for t in (query, key, value))
    if "num_heads" in arguments or call.name == "multi_head_attention_forward":
        return _multi_head(q, k, v, call, result)
    for axes in (q, k, v):
        claim(axes[-1], "channel", LIKELY)
        claim(axes[-2], "token", LIKELY)
        if len(axes) >= 4:
            claim(axes[-3], "head", CERTAIN)
            claim(axes[0], "batch", LIKELY)
    unify(k[-2], v[-2])
    _unify_contracted(q[-1], k[-1])
    batch = list(q[:-2])
    for axes in (k, v):
        if len(axes) == len(q):
            for i, axis in enumerate(axes[:-2]):
                if axis_size(axis) == axis_size(batch[i]):
                    batch[i] = unify(batch[i], axis)
    return (*batch, q[-2], v[-1])


def _multi_head(q: Axes, k: Axes, v: Axes, call: AxisCall, result: torch.Tensor) -> Axes:
    """`multi_head_attention_forward`: (T, N, C), or (T, C) without a batch."""
    for axes in (q, k, v):
        claim(axes[-1], "channel", LIKELY)
        if len(axes) == 3:
            claim_steps(axes[0], axes[1], "token", LIKELY)
        else:
            claim(axes[0], "token", LIKELY)
    if axis_size(k[0]) == axis_size(v[0]):
        unify(k[0], v[0])
    if len(q) == 3 and len(k) == 3:
        unify(q[1], k[1])
    if call.index_of(result) == 0:
        return (*q[:-1], new_axis(result.shape[-1], "channel"))
    heads: Axes = ()
    if result.dim() == len(q) + 1:
        heads = (new_axis(result.shape[-3], "head"),)
    return (*(q[1:2] if len(q) == 3 else ()), *heads, q[0], k[0])


@axis_rule("lstm", "gru", "rnn_tanh", "rnn_relu")
def _recurrence(call: AxisCall, result: torch.Tensor) -> Axes:
    """`torch.lstm(input, hidden, weights, bias, layers, dropout, train, bidirectional, first)`.

    Of a packed sequence `torch.lstm(data, batch_sizes, hidden, …)`.
    """
    tensor = call.tensor(0)
    axes = call.axes(tensor)
    claim(axes[-1], "channel", CERTAIN)
    is_packed = isinstance(call.args[1], torch.Tensor) and tensor.dim() == 2
    index = call.index_of(result)
    if is_packed:
        claim(axes[0], "time", LIKELY)
        claim(call.axes(call.args[1])[0], "time", LIKELY)  # how many samples go on, at each step
        samples = new_axis(result.shape[1] if result.dim() == 3 else 1, "batch")
    else:
        is_batch_first = bool(call.args[-1])
        time, samples = (axes[1], axes[0]) if is_batch_first else (axes[0], axes[1])
        claim_steps(time, samples, "time", CERTAIN)
    channels = new_axis(result.shape[-1], "channel")
    if index == 0:
        return (*axes[:-1], channels)
    return (new_axis(result.shape[0], "other"), samples, channels)


@axis_rule("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
def _recurrent_cell(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    claim(axes[-1], "channel", CERTAIN)
    return (*axes[:-1], new_axis(result.shape[-1], "channel"))


@axis_rule("pack_padded_sequence")
def _pack(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensor(0))
    is_batch_first = bool(call.value(2, "batch_first", False))
    steps, samples = (axes[1], axes[0]) if is_batch_first else (axes[0], axes[1])
    claim_steps(steps, samples, "time", CERTAIN)
    lengths = call.value(1, "lengths")
    if isinstance(lengths, torch.Tensor) and lengths.shape == (axis_size(samples),):
        unify(samples, call.axes(lengths)[0])
    if call.index_of(result):
        raise LookupError("sizes of batches")
    return (_steps_like(steps, result.shape[0]), *axes[2:])


def _steps_like(steps: FactoredAxis, size: int) -> FactoredAxis:
    """Steps of the same kind as others, such as tokens, in another number."""
    axis = (AxisFactor(int(size), steps[0].root if len(steps) == 1 else None),)
    claim(axis, "time", LIKELY)
    return axis


@axis_rule("pad_packed_sequence")
def _unpack(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    if call.index_of(result):
        raise LookupError("lengths")
    is_batch_first = bool(call.value(2, "batch_first", False))
    time = _steps_like(axes[0], result.shape[1 if is_batch_first else 0])
    samples = new_axis(result.shape[0 if is_batch_first else 1], "batch")
    return (*((samples, time) if is_batch_first else (time, samples)), *axes[1:])


def attention_axes(call: AxisCall, shape: Sequence[int]) -> Axes:
    """Return the axes of the attention weights inside a fused function.

    Args:
        call: The call, after its own rule.
        shape: (N, heads, Tq, Tk), see `head_weights_shape`.
    """
    query, key = call.arguments["query"], call.arguments["key"]
    q, k = call.axes(query), call.axes(key)
    is_multi_head = "num_heads" in call.arguments
    rows, columns = (q[0], k[0]) if is_multi_head else (q[-2], k[-2])
    sizes: Any = [axis_size(rows), axis_size(columns)]
    if sizes != list(shape[-2:]):
        rows, columns = (AxisFactor(shape[-2]),), (AxisFactor(shape[-1]),)
    samples = q[1:-1] if is_multi_head else q[:-3]
    if [axis_size(axis) for axis in samples] != list(shape[:-3]):
        samples = tuple(new_axis(size, "batch") for size in shape[:-3])
    return (*samples, new_axis(shape[-3], "head"), rows, columns)
