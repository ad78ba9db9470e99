"""Rules of recurrent layers: they are unrolled, and gates pass all relevance on to what they gate.

A gate times a signal is held to be the signal with a factor that is fixed, so the signal takes all
(Arras et al. 2017, https://arxiv.org/abs/1706.07206; Arras et al. 2019,
https://doi.org/10.1007/978-3-030-28954-6_11). The weights of the signal have the rule that the
composite gives to `linear`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn import functional as F

from vrnn.compute.explain import linear_operations
from vrnn.compute.explain.accounted_calls import stabilize
from vrnn.compute.explain.call_rules import LiveCall, call_rule
from vrnn.compute.explain.product_rules import run_linear
from vrnn.compute.explain.rule_steps import IdentityStep

State = tuple[torch.Tensor, ...]
Weights = Sequence[torch.Tensor | None]
"""Of one direction of one layer: from the input, from the state, and the biases of both."""
Cell = Callable[[LiveCall, torch.Tensor, State, Weights], State]
"""From an input and a state to the next state, whose first tensor is what the cell gives."""


@call_rule("lstm gru rnn_tanh rnn_relu")
def recurrent(call: LiveCall) -> Any:
    """A layer of `nn.LSTM`, `nn.GRU` or `nn.RNN`, also of several layers in both directions."""
    if len(call.args) != 9 or call.kwargs or isinstance(call.args[3], list | tuple):
        return NotImplemented  # packed sequences
    x, given, flat, has_bias, layers, _, training, both, batch_first = call.args
    cell = _CELLS[call.operation]
    first = list(given) if isinstance(given, list | tuple) else [given]
    directions = 2 if both else 1
    size = (2 if has_bias else 0) + 2
    hidden = first[0].shape[-1]
    if training or len(flat) != size * layers * directions or flat[1].shape[1] != hidden:
        return NotImplemented  # with dropout, or a projection
    has_batch = x.dim() == 3
    sequence = x if has_batch else x[:, None]
    sequence = sequence.transpose(0, 1) if batch_first and has_batch else sequence
    states = [t if t.dim() == 3 else t[:, None] for t in first]
    last: list[State] = []
    for layer in range(layers):
        ways = []
        for direction in range(directions):
            number = layer * directions + direction
            weights = flat[number * size : (number + 1) * size]
            start = tuple(t[number] for t in states)
            outputs, end = _run(call, cell, sequence, start, weights, direction == 1)
            ways.append(outputs)
            last.append(end)
        sequence = torch.cat(ways, -1) if len(ways) > 1 else ways[0]
    call.step = None
    result = sequence.transpose(0, 1) if batch_first and has_batch else sequence
    ends = [torch.stack(parts) for parts in zip(*last, strict=True)]
    if not has_batch:
        result, ends = result[:, 0], [end[:, 0] for end in ends]
    return result, *ends


@call_rule("lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell")
def recurrent_cell(call: LiveCall) -> Any:
    """One step, as `nn.LSTMCell` does it."""
    if len(call.args) < 4 or call.kwargs:
        return NotImplemented
    x, given, *weights = call.args
    state = tuple(given) if isinstance(given, list | tuple) else (given,)
    found = _CELLS[call.operation.removesuffix("_cell")](call, x, state, weights)
    call.step = None
    return found if len(found) > 1 else found[0]


def _run(
    call: LiveCall, cell: Cell, sequence: torch.Tensor, state: State, weights: Weights,
    is_backward: bool,
) -> tuple[torch.Tensor, State]:  # fmt: skip
    steps = range(sequence.shape[0])
    outputs: list[torch.Tensor] = [sequence] * len(steps)
    for t in reversed(steps) if is_backward else steps:
        state = cell(call, sequence[t], state, weights)
        outputs[t] = state[0]
    return torch.stack(outputs), state


def _biases(weights: Weights) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    return (weights[2], weights[3]) if len(weights) > 2 else (None, None)


def _all_gates(x: torch.Tensor, h: torch.Tensor, weights: Weights) -> torch.Tensor:
    """What the model computes, without a history: gates take no relevance."""
    to_input, to_state = _biases(weights)
    return F.linear(x.detach(), _weight(weights, 0), to_input) + F.linear(
        h.detach(), _weight(weights, 1), to_state
    )


def _weight(weights: Weights, number: int) -> torch.Tensor:
    weight = weights[number]
    assert weight is not None
    return weight


def _joint(
    call: LiveCall, x: torch.Tensor, h: torch.Tensor, weights: Weights, rows: slice
) -> torch.Tensor:
    """What a cell makes of its input and its state, as one linear operation with a rule."""
    to_input, to_state = _biases(weights)
    bias = None
    if to_input is not None and to_state is not None:
        bias = (to_input + to_state)[rows]
    weight = torch.cat([_weight(weights, 0)[rows], _weight(weights, 1)[rows]], 1)
    if x.requires_grad and not h.requires_grad and bool(h.any()):
        h = call.constant(h, "constant")  # a state that was given
    return _linear(call, torch.cat([x, h], -1), weight, bias)


def _linear(
    call: LiveCall, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
) -> torch.Tensor:
    if not x.requires_grad:
        return F.linear(x, weight, bias)
    weight = weight.detach()
    fixed = None if bias is None else bias.detach()

    def compute() -> torch.Tensor:
        return F.linear(x.detach(), weight, fixed)

    return run_linear(call, linear_operations.linear(weight, fixed), x, compute, "linear")


def _passed(
    call: LiveCall, x: torch.Tensor, function: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """An activation that passes all relevance on."""
    if not x.requires_grad:
        return function(x)
    return IdentityStep(call.book, "activation", call.node, lambda: function(x.detach())).run(x)


def _sum(call: LiveCall, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Both in proportion; what is fixed, such as the bias of a first step, takes its share too."""
    if not (a.requires_grad or b.requires_grad):
        return a + b
    a, b = (t if t.requires_grad or not bool(t.any()) else call.constant(t, "bias") for t in (a, b))
    result = a + b
    if call.book.composite.stabilizer and a.requires_grad and b.requires_grad:
        stabilize(call.book, result, call.node, call.book.composite.stabilizer)
    return result


def _lstm(call: LiveCall, x: torch.Tensor, state: State, weights: Weights) -> State:
    h, c = state
    size = h.shape[-1]
    open_in, keep, _, open_out = _all_gates(x, h, weights).chunk(4, -1)
    signal = _passed(call, _joint(call, x, h, weights, slice(2 * size, 3 * size)), torch.tanh)
    c = _sum(call, keep.sigmoid() * c, open_in.sigmoid() * signal)
    return open_out.sigmoid() * _passed(call, c, torch.tanh), c


def _gru(call: LiveCall, x: torch.Tensor, state: State, weights: Weights) -> State:
    (h,) = state
    size = h.shape[-1]
    rows = slice(2 * size, 3 * size)
    to_input, to_state = (None if b is None else b[rows] for b in _biases(weights))
    reset, keep, _ = _all_gates(x, h, weights).chunk(3, -1)
    reset, keep = reset.sigmoid(), keep.sigmoid()
    from_input = _linear(call, x, _weight(weights, 0)[rows], to_input)
    from_state = _linear(call, h, _weight(weights, 1)[rows], to_state)
    signal = _passed(call, _sum(call, from_input, reset * from_state), torch.tanh)
    return (_sum(call, (1 - keep) * signal, keep * h),)


def _rnn(function: Callable[[torch.Tensor], torch.Tensor]) -> Cell:
    def cell(call: LiveCall, x: torch.Tensor, state: State, weights: Weights) -> State:
        return (_passed(call, _joint(call, x, state[0], weights, slice(None)), function),)

    return cell


_CELLS: dict[str, Cell] = {
    "lstm": _lstm, "gru": _gru, "rnn_tanh": _rnn(torch.tanh), "rnn_relu": _rnn(torch.relu),
}  # fmt: skip
