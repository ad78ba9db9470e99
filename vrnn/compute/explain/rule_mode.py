"""The mode that gives each call of a pass its rule, as the model runs unchanged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from vrnn.compute.explain import (  # noqa: F401
    activation_rules,
    attention_rules,
    product_rules,
    recurrent_rules,
)
from vrnn.compute.explain.accounted_calls import account, count_fallback, stabilize
from vrnn.compute.explain.call_rules import ADDITIVE, PROPORTIONAL, LiveCall, rule_of
from vrnn.compute.explain.edge_taps import EdgeTaps
from vrnn.compute.explain.kept_tensors import is_in_place, written_tensors
from vrnn.compute.explain.note_follower import NoteFollower
from vrnn.compute.explain.pass_book import PassBook
from vrnn.compute.explain.replaced_tensors import replace_tensors
from vrnn.compute.explain.split_slices import as_slices
from vrnn.compute.operators import catalog
from vrnn.compute.passes.capture_mode import CaptureMode, NodeRecords, OnOutput
from vrnn.compute.tracing.calls import CustomFunction
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import is_wrapped, list_tensors
from vrnn.compute.tracing.trace import OpRecord

_EXITS = frozenset(("numpy", "array", "dlpack"))
"""Functions by which numbers leave torch that refuse those with a history."""


class RuleMode(CaptureMode):
    """Gives each call its rule; see `vrnn.compute.explain.call_rules`."""

    def __init__(
        self, by_call: dict[int, NodeRecords], on_output: OnOutput, book: PassBook, view: GraphView
    ) -> None:
        """Prepare for a pass.

        Args:
            by_call: Nodes that show the result of a call, by its number.
            on_output: Takes their tensors.
            book: The accounts.
            view: The graph.
        """
        super().__init__(by_call, on_output)
        self._book, self._view = book, view
        self._records = {r.call_index: r for r in view.trace.records if r.call_index >= 0}
        self._nodes = {
            member.call_index: node
            for node, members in view.members.items()
            for member in members
            if member.call_index >= 0
        }
        sources = Counter(edge.source for edge in view.network.edges)
        self._taps = EdgeTaps(book, {node for node, count in sources.items() if count > 1})
        self._follower = NoteFollower(book)
        self._has_rules = book.composite.others == "propagate"
        self._head_weights: torch.Tensor | None = None
        self._is_switched_off = False
        self._unstable: tuple[torch.Tensor, int] | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = super().__torch_function__(func, types, args, kwargs)
        if self._unstable is not None:
            # After its node has been handed out, which takes all of its relevance.
            stabilize(self._book, *self._unstable, self._book.composite.stabilizer)
            self._unstable = None
        return result

    def run_call(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Do a call with its rule."""
        self._book.check_stop()
        kwargs = kwargs or {}
        if func is torch._C._set_grad_enabled:
            self._is_switched_off = not args[0]
        taken = list_tensors((args, kwargs))
        live = [t for t in taken if t.requires_grad]
        written = written_tensors(func, args, kwargs)
        if not live:
            for tensor in written:
                self._book.before_write(tensor)
            result = func(*args, **kwargs)
            return self._follower.follow_constants(
                func, taken, result, self._nodes.get(self.call_count)
            )
        # A model may switch gradients off for what it computes; in what custom functions do they
        # are off without that.
        is_forced = self._is_switched_off and not torch.is_grad_enabled()
        if is_forced:
            torch._C._set_grad_enabled(True)
        try:
            if not torch.is_grad_enabled():
                return func(*args, **kwargs)
            return self._run_live(func, args, kwargs, live, written)
        finally:
            if is_forced:
                torch._C._set_grad_enabled(False)

    def head_weights(
        self, record: OpRecord, func: Any, args: Any, kwargs: Any
    ) -> torch.Tensor | None:
        """Return the attention weights of a call that has just been done; None if unknown."""
        weights, self._head_weights = self._head_weights, None
        if weights is None:
            return super().head_weights(record, func, args, kwargs)
        if tuple(weights.shape) == record.shape:
            return weights
        return weights.detach()[tuple(slice(size) for size in record.shape)]

    def before_write(self, tensor: torch.Tensor) -> None:
        """Save what an ablation is about to write over."""
        self._book.before_write(tensor)

    def on_ablated(self, old: torch.Tensor, new: torch.Tensor) -> None:
        """Note of an ablated tensor what is noted of the one in whose place it is."""
        note = self._book.notes.of(old)
        if note is None or not new.requires_grad:
            return
        self._book.notes.pass_on(note, new, carrier=None)
        node = self._nodes.get(self.call_count)
        if self._head_weights is not None and node is not None:
            self._book.watch_flow(node, new)

    def attention_arguments(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Hold ablated attention weights fixed, so that the values take all relevance."""
        if not self._has_rules or self._book.composite.attention != "fixed":
            self._book.fallbacks["ablated attention: its weights are held fixed"] += 1
        fixed = {n: arguments[n].detach() for n in ("query", "key") if n in arguments}
        value = arguments.get("value")
        if value is not None and value is arguments.get("query"):
            fixed["value"] = value
        return {**arguments, **fixed}

    def _run_live(
        self, func: Any, args: Any, kwargs: Any, live: list[torch.Tensor],
        written: list[torch.Tensor],
    ) -> Any:  # fmt: skip
        node = self._nodes.get(self.call_count)
        notes = [self._book.notes.note_of(t) for t in live]
        if node is not None and not isinstance(func, CustomFunction):
            args, kwargs, live = self._taps.tap(node, args, kwargs, live, written)
        record = self._records.get(self.call_count)
        in_place = bool(written) and is_in_place(func, args, kwargs)
        call = LiveCall(
            self._book, func, args, kwargs, live, -1 if node is None else node,
            "" if record is None else record.module, max(note.depth for note in notes), in_place,
        )  # fmt: skip
        result = self._apply(call, written)
        self._head_weights = call.head_weights
        self._follower.follow(call, notes, result, written, node)
        return result

    def _apply(self, call: LiveCall, written: list[torch.Tensor]) -> Any:
        """Do a call: by its rule, by a plain gradient, or by one that is accounted for."""
        operation = catalog.operation_name(call.func)
        if operation == "convolution":
            operation = call.operation
        if operation in _EXITS:
            self._book.fallbacks[f"{operation}: leaves torch, relevance ends there"] += 1
            with torch.no_grad():
                fixed = {id(t): t.detach() for t in call.live}
                return call.func(
                    *replace_tensors(list(call.args), fixed),
                    **replace_tensors(dict(call.kwargs), fixed),
                )
        if any(is_wrapped(t) for t in call.live) or isinstance(call.func, CustomFunction):
            result = call.func(*call.args, **call.kwargs)
            for tensor in list_tensors(result):
                if tensor.requires_grad:
                    count_fallback(self._book, tensor, f"{operation}: plain gradient")
            return result
        rule = rule_of(operation) if self._has_rules else None
        result = NotImplemented if rule is None else rule(call)
        if result is NotImplemented:
            role = catalog.lookup(operation).role
            is_known = operation in PROPORTIONAL or role in ("view", "factory")
            if is_known or not self._has_rules or _is_linear_in_one(call):
                return self._run_plain(call, operation, written)
            result = account(call, "no rule", operation)
        if not written:
            return result
        for tensor in written:
            self._book.before_write(tensor)
        if isinstance(result, torch.Tensor):
            written[0].copy_(result)
            return written[0]
        for target, values in zip(written, list_tensors(result), strict=False):
            target.copy_(values)
        return result

    def _run_plain(self, call: LiveCall, operation: str, written: list[torch.Tensor]) -> Any:
        args, kwargs = call.args, call.kwargs
        if operation in ADDITIVE and self._has_rules:
            args, kwargs = self._with_leaves(call, operation, written)
        for tensor in written:
            relu = operation == "relu" and self._book.notes.of(tensor)
            if not (relu and relu.uses == 0):  # where a ReLU writes, either value counts as 0
                self._book.before_write(tensor)
        if written and "out" in kwargs:
            rest = {name: value for name, value in kwargs.items() if name != "out"}
            values = list_tensors(call.func(*args, **rest))
            for target, value in zip(written, values, strict=False):
                target.copy_(value)
            return kwargs["out"]
        result = call.func(*args, **kwargs)
        if self._book.composite.stabilizer and _is_sum(call, operation, result):
            self._unstable = (result, call.node) if self._has_rules else None
        return as_slices(call, operation, result)

    def _with_leaves(
        self, call: LiveCall, operation: str, written: Sequence[torch.Tensor]
    ) -> tuple[Any, Any]:
        """The arguments with constants that get a gradient, so that it is known what ends there."""
        own = {id(t) for t in written}
        leaves: dict[int, torch.Tensor] = {}
        for tensor in list_tensors((call.args, call.kwargs)):
            is_number = tensor.is_floating_point() and not tensor.requires_grad
            if is_number and id(tensor) not in own and id(tensor) not in leaves:
                leaves[id(tensor)] = call.constant(tensor, "constant")
        args = replace_tensors(list(call.args), leaves)
        kwargs = replace_tensors(dict(call.kwargs), leaves)
        if operation in ("add", "sub"):
            like = call.live[0]
            for i, value in enumerate(args[:2]):
                if isinstance(value, int | float) and not isinstance(value, bool) and value:
                    number = torch.tensor(float(value), dtype=like.dtype, device=like.device)
                    args[i] = call.constant(number, "constant")
        return args, kwargs


def _is_linear_in_one(call: LiveCall) -> bool:
    """Whether a product has one factor that depends on the input."""
    return catalog.operation_name(call.func) in _PRODUCTS and len({id(t) for t in call.live}) == 1


def _is_sum(call: LiveCall, operation: str, result: Any) -> bool:
    """Whether a call adds layers, or averages places of one."""
    if not isinstance(result, torch.Tensor) or not result.is_floating_point():
        return False
    is_residual = operation == "add" and len({id(t) for t in call.live}) > 1
    return is_residual or "avg_pool" in operation


_PRODUCTS = frozenset(
    "mul div matmul linear tensordot outer inner dot vdot addr ger einsum".split()
)
