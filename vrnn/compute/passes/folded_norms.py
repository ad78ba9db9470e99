"""Batch norms that are part of the convolution before them, in frames of a stream.

A batch norm scales and shifts the channels that a convolution gives. Where no one sees what it
gives before that, the scale and shift become part of its weight and bias, and the norm has nothing
left to do (Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018, section 3.2, https://arxiv.org/abs/1712.05877).
Activations stay calls of their own: oneDNN's would make 0 of NaN.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from vrnn.compute.operators import catalog
from vrnn.compute.passes.capture_mode import CaptureMode, GraphChanged, NodeRecords, OnOutput
from vrnn.compute.passes.prepacked_weights import PrepackedWeights, ScaleAndShift, is_plain
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import list_tensors

_WITHOUT_VALUES = frozenset({"dim", "size", "__get__", "numel", "ndimension", "is_floating_point"})
"""Functions that tell of a tensor what is not its values."""


class CannotFold(RuntimeError):
    """A norm takes something else than in the first frame."""


@dataclass(frozen=True, eq=False)
class _Norm:
    """A call of a batch norm as it was in the first frame.

    Attributes:
        call: Its number in the pass.
        function: What was called.
        args: Its positional arguments behind the first.
        kwargs: Its others.
        scale_and_shift: What it does.
    """

    call: int
    function: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    scale_and_shift: ScaleAndShift

    def is_called_by(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        """Whether a call is this one, but for what it is called on."""
        return (
            func is self.function
            and len(args) - 1 == len(self.args)
            and all(map(_is_same, args[1:], self.args))
            and kwargs.keys() == self.kwargs.keys()
            and all(_is_same(value, self.kwargs[name]) for name, value in kwargs.items())
        )


class FoldedNorms:
    """The batch norms of a network that are folded; what a pass needs of them is in its mode."""

    def __init__(self, view: GraphView) -> None:
        """Find them in a graph.

        Args:
            view: The graph, whose nodes show what must be there.
        """
        self._norm_calls = _pairs(view)
        self._norms: dict[int, _Norm] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._norm_calls)

    def drop(self, convolutions: Collection[int] | None = None) -> None:
        """Fold these no more.

        Args:
            convolutions: Numbers of calls; None for all.
        """
        for call in list(self._norm_calls) if convolutions is None else convolutions:
            del self._norm_calls[call]

    def noting_mode(self, by_call: dict[int, NodeRecords], on_output: OnOutput) -> CaptureMode:
        """Make a mode that does calls as usual, and notes what norms take."""
        self._norms.clear()
        return _NotingMode(by_call, on_output, frozenset(self._norm_calls.values()), self._norms)

    def folded_into(self, call: int) -> _Norm | None:
        """Return the norm that is part of a convolution.

        Args:
            call: The number of the convolution's call.
        """
        norm = self._norm_calls.get(call)
        return None if norm is None else self._norms.get(norm)


class PackedMode(CaptureMode):
    """Does calls with packed weights, and norms with convolutions, where it can."""

    def __init__(
        self, by_call: dict[int, NodeRecords], on_output: OnOutput, weights: PrepackedWeights,
        norms: FoldedNorms,
    ) -> None:  # fmt: skip
        super().__init__(by_call, on_output)
        self._weights, self._norms = weights, norms
        self._waiting: dict[int, tuple[_Norm, torch.Tensor, torch.Tensor]] = {}

    def run_call(self, func: Any, args: Any, kwargs: Any) -> Any:
        """See `CaptureMode.run_call`."""
        waiting = self._waiting.pop(self.call_count, None) if self._waiting else None
        if waiting is not None:
            norm, stand_in, result = waiting
            if not args or args[0] is not stand_in:
                raise GraphChanged("a batch norm takes something else")
            if not norm.is_called_by(func, args, kwargs or {}):
                raise CannotFold("a batch norm takes something else than before")
            return result
        if kwargs:
            return super().run_call(func, args, kwargs)
        into = self._norms.folded_into(self.call_count)
        folded = None if into is None else into.scale_and_shift
        made = self._weights.call(func, args, folded)
        if made is None:
            return super().run_call(func, args, kwargs)
        if into is None:
            return made
        stand_in = made.detach()
        self._waiting[into.call] = into, stand_in, made
        self.on_folded(self.call_count, stand_in)
        return stand_in

    def on_folded(self, call: int, stand_in: torch.Tensor) -> None:
        """Be told that a convolution has given what its norm is to give.

        Args:
            call: The convolution's.
            stand_in: What the model was given for the convolution's own result.
        """


class CheckingMode(PackedMode):
    """The same, and notices where a convolution's own result is wanted by others than its norm.

    The graph does not tell of values that a model reads in Python, or keeps for a later pass.
    """

    def __init__(
        self, by_call: dict[int, NodeRecords], on_output: OnOutput, weights: PrepackedWeights,
        norms: FoldedNorms,
    ) -> None:  # fmt: skip
        super().__init__(by_call, on_output, weights, norms)
        self._given: dict[int, weakref.ref[torch.Tensor]] = {}
        self._read: set[int] = set()

    def on_folded(self, call: int, stand_in: torch.Tensor) -> None:
        """See `PackedMode.on_folded`."""
        self._given[call] = weakref.ref(stand_in)

    def run_call(self, func: Any, args: Any, kwargs: Any) -> Any:
        """See `CaptureMode.run_call`."""
        stand_ins = {id(given): norm.call for norm, given, _ in self._waiting.values()}
        result = super().run_call(func, args, kwargs)
        if stand_ins and (isinstance(result, torch.Tensor) or not _is_without_values(func)):
            taken = {id(tensor) for tensor in list_tensors((args, kwargs))} & stand_ins.keys()
            own = {given for given, norm in stand_ins.items() if norm == self.call_count}
            self._read |= {c for c, given in self._given.items() if id(given()) in taken - own}
        return result

    def wanted(self) -> set[int]:
        """Return which calls of convolutions have a result that is wanted, after the pass."""
        return self._read | {call for call, given in self._given.items() if given() is not None}


class _NotingMode(CaptureMode):
    """Notes what batch norms take that could be folded."""

    def __init__(
        self, by_call: dict[int, NodeRecords], on_output: OnOutput, calls: frozenset[int],
        norms: dict[int, _Norm],
    ) -> None:  # fmt: skip
        super().__init__(by_call, on_output)
        self._calls, self._found = calls, norms

    def run_call(self, func: Any, args: Any, kwargs: Any) -> Any:
        if self.call_count in self._calls:
            named = catalog.bind_arguments(func, "batch_norm", args, kwargs or {})
            found = _scale_and_shift(named)
            if found is not None and args:
                self._found[self.call_count] = _Norm(
                    self.call_count, func, tuple(args[1:]), dict(kwargs or {}), found
                )
        return super().run_call(func, args, kwargs)


def _pairs(view: GraphView) -> dict[int, int]:
    """The call of each batch norm that may be folded, by that of the convolution before it."""
    trace = view.trace
    if trace.gradients or trace.inside_scripts or trace.has_unseen_calls:
        return {}
    seen = {record.id for record in view.records.values()}
    seen.update(trace.outputs, (record for record in trace.results if record is not None))
    uses = Counter(source for record in trace.records for source in record.sources)
    pairs: dict[int, int] = {}
    for record in trace.records:
        if record.operation != "batch_norm" or len(record.sources) != 1:
            continue
        before = trace.records[record.sources[0]]
        is_alone = uses[before.id] == 1 and before.id not in seen and before.output_index == 0
        if before.function is torch.conv2d and is_alone:
            pairs[before.call_index] = record.call_index
    return pairs


def _scale_and_shift(named: Mapping[str, Any]) -> ScaleAndShift | None:
    """What a batch norm does, by its arguments; None for one that reads values of the pass."""
    mean, variance = named.get("running_mean"), named.get("running_var")
    weight, bias = named.get("weight"), named.get("bias")
    given = [tensor for tensor in (mean, variance, weight, bias) if tensor is not None]
    if named.get("training", True) or mean is None or variance is None or "eps" not in named:
        return None
    if not all(is_plain(tensor) and tensor.is_contiguous() for tensor in given):
        return None
    return ScaleAndShift(mean, variance, weight, bias, float(named["eps"]))


def _is_without_values(func: Any) -> bool:
    return catalog.own_name(func) in _WITHOUT_VALUES


def _is_same(value: Any, other: Any) -> bool:
    """Whether arguments are the same: tensors the same objects."""
    return value is other or (not isinstance(value, torch.Tensor) and bool(value == other))
