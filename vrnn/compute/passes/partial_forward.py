"""A pass that stops at a node and runs only what the node depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vrnn.compute.model_inputs import Inputs, call_model, own_inputs
from vrnn.compute.operators import catalog
from vrnn.compute.operators.attention import compute_head_weights
from vrnn.compute.passes.capture_mode import GraphChanged, tensor_of_record
from vrnn.compute.passes.replay import after_each_module
from vrnn.compute.tracing.calls import watch_calls
from vrnn.compute.tracing.evaluation_mode import evaluation_mode
from vrnn.compute.tracing.map_layouts import read_tensor
from vrnn.compute.tracing.module_stack import named_parameters
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.compute.tracing.trace import OpRecord
from vrnn.errors import VrnnError

SKIPPABLE_OPERATIONS = frozenset(
    "conv1d conv2d conv3d conv_transpose2d linear batch_norm layer_norm group_norm max_pool2d "
    "avg_pool2d adaptive_avg_pool2d interpolate".split()
)
"""Operations that are worth skipping: their result has the shape that was traced, but for the
batch."""
RELU_CEILINGS = {"relu": float("inf"), "relu6": 6.0}
"""The largest value that passes unchanged, for operations that get a redirected gradient."""


class _Reached(Exception):
    """The node's tensor is there."""

    def __init__(self, tensor: torch.Tensor) -> None:
        super().__init__()
        self.tensor = tensor


def required_calls(view: GraphView, node: int) -> frozenset[int]:
    """Return the indices of the function calls whose results a node depends on."""
    records = {record.id: record for record in view.trace.records}
    required, waiting = set(), [view.records[node].id]
    while waiting:
        record = waiting.pop()
        if record not in required:
            required.add(record)
            waiting += records[record].sources
    return frozenset(records[i].call_index for i in required)


class PartialForward:
    """Runs a model up to a node, for any number of samples."""

    def __init__(
        self,
        model: nn.Module,
        view: GraphView,
        node: int,
        check_stop: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare to run a model.

        Args:
            model: The model.
            view: The graph of it.
            node: Id of the node to stop at.
            check_stop: Called before each operation; raises what is to end the pass.

        Raises:
            VrnnError: The node is an input, or gradients cannot pass.
        """
        self._check_stop = check_stop
        self._model, self._record = model, view.records[node]
        self._changes_inputs = view.trace.changes_inputs
        if self._record.operation == "input":
            raise VrnnError("an input has no feature visualization; choose a layer after it")
        if view.trace.inside_scripts or self._record.is_argument:
            raise VrnnError(
                "no gradient passes through compiled code or through what is computed outside "
                "torch; open the model from its Python code for feature visualization"
            )
        required = required_calls(view, node)
        self._skipped = [
            (r, read_tensor(r.axes).layout) for r in view.trace.records
            if r.call_index >= 0 and r.call_index not in required and _is_skippable(r)
        ]  # fmt: skip
        first = view.trace.records[view.trace.inputs[0]]
        self._input_layout = read_tensor(first.axes).layout
        self._traced_samples = self._input_layout.sample_count(first.shape)

    def __call__(self, inputs: Inputs) -> torch.Tensor:
        """Run the pass.

        Args:
            inputs: The model's arguments.

        Returns:
            The node's tensor, differentiable.

        Raises:
            GraphChanged: The model took another way than when it was traced.
        """
        samples = self._input_layout.sample_count(next(tensors_in(inputs)).shape)
        count = max(samples // max(self._traced_samples, 1), 1)
        shapes = {r.call_index: layout.batch_shape(r.shape, count) for r, layout in self._skipped}
        mode = _StopMode(self._record, shapes, self._check_stop)
        record = self._record

        def after(path: str, call: int, result: Any) -> None:
            if record.call_index < 0 and (path, call) == (record.module, record.module_call):
                raise _Reached(tensor_of_record(result, record, ()))

        try:
            with (
                evaluation_mode(self._model),
                frozen_parameters(self._model),
                after_each_module(self._model, after),
                watch_calls(mode, inside_scripts=False),
            ):
                call_model(self._model, own_inputs(inputs, self._changes_inputs, True))
        except _Reached as end:
            return end.tensor
        raise GraphChanged("the pass ended before the layer")


@contextmanager
def frozen_parameters(model: nn.Module) -> Iterator[None]:
    """No gradients for weights: a pass then keeps far fewer values for its way back."""
    trainable = [p for _, p in named_parameters(model) if p.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


class _StopMode(TorchFunctionMode):
    """Counts calls, skips some, and ends the pass after one."""

    def __init__(
        self, record: OpRecord, skipped_shapes: dict[int, tuple[int, ...]],
        check_stop: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__()
        self._check_stop = check_stop
        self._record, self._skipped_shapes = record, skipped_shapes
        self._call_index = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._check_stop()
        call_index = self._call_index
        self._call_index += 1
        shape = self._skipped_shapes.get(call_index)
        if shape is not None:
            like = next(tensors_in((args, kwargs)))
            return like.new_zeros(shape)
        is_last = call_index == self._record.call_index
        if is_last and func != self._record.function:
            raise GraphChanged("the model took another path through its layers")
        if is_last and self._record.operation in RELU_CEILINGS:
            raise _Reached(_RedirectedReLU.apply(args[0], RELU_CEILINGS[self._record.operation]))
        result = None
        if func is torch.nn.functional.batch_norm:
            named = dict(zip(BATCH_NORM_PARAMETERS, args, strict=False))
            result = _affine_batch_norm(**named, **(kwargs or {}))
        if result is None:
            result = func(*args, **(kwargs or {}))
        if is_last:
            raise _Reached(self._tensor(args, kwargs or {}, result))
        if isinstance(result, torch.Tensor) and result.requires_grad:
            result.register_hook(self._on_gradient)
        return result

    def _on_gradient(self, gradient: torch.Tensor) -> None:
        """End the backward pass too."""
        self._check_stop()

    def _tensor(self, args: Any, kwargs: Any, result: Any) -> torch.Tensor:
        record = self._record
        if record.is_attention and record.operation == "attention":
            weights = compute_head_weights(
                catalog.bind_arguments(record.function, record.operation, args, kwargs)
            )
            if weights is None:
                raise GraphChanged("the attention weights cannot be computed")
            return weights
        return tensor_of_record(result, record, args)


BATCH_NORM_PARAMETERS = (
    "input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps",
)  # fmt: skip


def _affine_batch_norm(
    input: torch.Tensor, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> torch.Tensor | None:  # fmt: skip
    """Compute a batch norm that only scales and shifts.

    Its backward pass is one product, where that of torch's own looks at all values for statistics
    that nobody needs. The parameters are those of `torch.nn.functional.batch_norm`.

    Returns:
        The result; None for a batch norm that uses the statistics of the batch.
    """
    if training or running_mean is None or running_var is None:
        return None
    shape = (1, -1, *[1] * (input.dim() - 2))
    scale = torch.rsqrt(running_var + eps)
    if weight is not None:
        scale = scale * weight
    shift = -running_mean * scale
    if bias is not None:
        shift = shift + bias
    dtype = input.dtype
    return torch.addcmul(shift.to(dtype).view(shape), input, scale.to(dtype).view(shape))


class _RedirectedReLU(torch.autograd.Function):
    """A ReLU whose gradient passes whole for a sample of which it would let nothing through.

    So that a unit that is off can be found (the redirected ReLU of Olah et al. 2017's Lucid).
    """

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, ceiling: float) -> torch.Tensor:
        ctx.save_for_backward((values > 0) & (values < ceiling))
        return values.clamp(0, ceiling)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (gradient,) = gradients
        (is_open,) = ctx.saved_tensors
        passed = gradient * is_open
        is_blocked = (passed == 0).flatten(1).all(1).view(-1, *[1] * (passed.dim() - 1))
        return torch.where(is_blocked, gradient, passed), None


def _is_skippable(record: OpRecord) -> bool:
    return record.operation in SKIPPABLE_OPERATIONS and record.output_index == 0
