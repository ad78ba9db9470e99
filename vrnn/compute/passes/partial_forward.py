"""A pass that stops at a node and runs only what the node depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vrnn.compute.operators import catalog as ops
from vrnn.compute.operators.attention import compute_head_weights
from vrnn.compute.passes.replay import GraphChanged, after_each_module, tensor_of_record
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tracer import OpRecord, evaluation_mode, tensors_in
from vrnn.errors import VrnnError


class _Reached(Exception):
    """The node's tensor is there."""

    def __init__(self, tensor: torch.Tensor) -> None:
        super().__init__()
        self.tensor = tensor


def required_calls(view: GraphView, node: int) -> frozenset[int]:
    """Positions of calls whose results the node depends on."""
    records = {record.id: record for record in view.trace.records}
    wanted, left = set(), [view.records[node].id]
    while left:
        one = left.pop()
        if one not in wanted:
            wanted.add(one)
            left += records[one].sources
    return frozenset(records[i].call_index for i in wanted)


class PartialForward:
    """Runs a model up to a node, for any number of samples."""

    def __init__(
        self, model: nn.Module, view: GraphView, node: int, stop: Callable[[], None] = lambda: None
    ) -> None:
        """stop: asked before each operation; raises what is to end the pass.

        Raises VrnnError for a node that is an input."""
        self._stop = stop
        self._model, self._record = model, view.records[node]
        if self._record.operation == "input":
            raise VrnnError("an input has nothing to look for; choose a layer after it")
        kept = required_calls(view, node)
        self._left_out = {
            r.call_index: r.shape for r in view.trace.records
            if r.call_index >= 0 and r.call_index not in kept and _pure(r)
        }  # fmt: skip

    def __call__(self, inputs: tuple[Any, ...]) -> torch.Tensor:
        """The node's tensor, differentiable. Raises GraphChanged."""
        first = next(tensors_in(inputs))
        mode = _UpTo(self._record, self._left_out, len(first), self._stop)

        def after(path: str, call: int, result: Any) -> None:
            if self._record.call_index < 0 and (path, call) == (
                self._record.module, self._record.module_call
            ):  # fmt: skip
                raise _Reached(tensor_of_record(result, self._record, ()))

        try:
            with (
                evaluation_mode(self._model),
                _fixed(self._model),
                after_each_module(self._model, after),
                mode,
            ):
                self._model(*inputs)
        except _Reached as end:
            return end.tensor
        raise GraphChanged("the pass ended before the layer")


@contextmanager
def _fixed(model: nn.Module) -> Iterator[None]:
    """No gradients for weights: a pass then keeps far fewer values for its way back."""
    moving = [p for p in model.parameters() if p.requires_grad]
    for parameter in moving:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in moving:
            parameter.requires_grad_(True)


class _UpTo(TorchFunctionMode):
    """Counts calls, leaves some out, and ends the pass behind one."""

    def __init__(
        self, record: OpRecord, left_out: dict[int, tuple[int, ...]], count: int,
        stop: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__()
        self._stop = stop
        self._record, self._left_out, self._count = record, left_out, count
        self._position = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._stop()
        position = self._position
        self._position += 1
        shape = self._left_out.get(position)
        if shape is not None:
            like = next(tensors_in((args, kwargs)))
            return like.new_zeros((self._count, *shape[1:]))
        last = position == self._record.call_index
        if last and func != self._record.function:
            raise GraphChanged("the model took another way through its layers")
        if last and self._record.operation in CEILINGS:
            raise _Reached(_RedirectedReLU.apply(args[0], CEILINGS[self._record.operation]))
        result = None
        if func is torch.nn.functional.batch_norm:
            result = _scaled(**dict(zip(BATCH_NORM, args, strict=False)), **(kwargs or {}))
        if result is None:
            result = func(*args, **(kwargs or {}))
        if last:
            raise _Reached(self._tensor(args, kwargs or {}, result))
        if isinstance(result, torch.Tensor) and result.requires_grad:
            result.register_hook(self._asked)
        return result

    def _asked(self, gradient: torch.Tensor) -> None:
        """On the way back: end there too."""
        self._stop()

    def _tensor(self, args: Any, kwargs: Any, result: Any) -> torch.Tensor:
        record = self._record
        if record.is_attention and record.operation == "attention":
            weights = compute_head_weights(
                ops.bind_arguments(record.function, record.operation, args, kwargs)
            )
            if weights is None:
                raise GraphChanged("the attention has no weights to look at")
            return weights
        return tensor_of_record(result, record, args)


BATCH_NORM = (
    "input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps",
)  # fmt: skip


def _scaled(
    input: torch.Tensor, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> torch.Tensor | None:  # fmt: skip
    """A batch norm that only scales and shifts: its way back is one product, where the general one
    looks at all values for statistics that nobody needs. None where it is not so."""
    if training or running_mean is None or running_var is None:
        return None
    shape = (1, -1, *[1] * (input.dim() - 2))
    scale = torch.rsqrt(running_var + eps)
    if weight is not None:
        scale = scale * weight
    shift = -running_mean * scale
    if bias is not None:
        shift = shift + bias
    like = input.dtype
    return torch.addcmul(shift.to(like).view(shape), input, scale.to(like).view(shape))


CEILINGS = {"relu": float("inf"), "relu6": 6.0}


class _RedirectedReLU(torch.autograd.Function):
    """A ReLU whose gradient passes whole for a sample of which it would let nothing through, so
    that a unit that is off can be found (the redirected ReLU of Olah et al. 2017's Lucid)."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, ceiling: float) -> torch.Tensor:
        ctx.save_for_backward((values > 0) & (values < ceiling))
        return values.clamp(0, ceiling)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (gradient,) = gradients
        (open_,) = ctx.saved_tensors
        let = gradient * open_
        asleep = (let == 0).flatten(1).all(1).view(-1, *[1] * (let.dim() - 1))
        return torch.where(asleep, gradient, let), None


HEAVY = frozenset(
    "conv1d conv2d conv3d conv_transpose2d linear batch_norm layer_norm group_norm max_pool2d "
    "avg_pool2d adaptive_avg_pool2d interpolate".split()
)
"""Operations worth leaving out: their result has the shape that was traced, but for the batch."""


def _pure(record: OpRecord) -> bool:
    return record.operation in HEAVY and record.output_index == 0
