"""The mode that gives each call of a pass its rule, as the model runs unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from vrnn.compute.explain import activation_rules, attention_rules, product_rules  # noqa: F401
from vrnn.compute.explain.accounted_calls import (
    account,
    count_fallback,
    relevance_sum,
    stabilize,
)
from vrnn.compute.explain.call_rules import ADDITIVE, PROPORTIONAL, SCALES, LiveCall, rule_of
from vrnn.compute.explain.kept_tensors import is_in_place, written_tensors
from vrnn.compute.explain.pass_book import PassBook
from vrnn.compute.explain.replaced_tensors import replace_tensors
from vrnn.compute.explain.rule_steps import LinearStep
from vrnn.compute.explain.tensor_notes import TensorNote
from vrnn.compute.operators import catalog
from vrnn.compute.passes.replay import CaptureMode, NodeRecords, OnOutput
from vrnn.compute.tracing.calls import CustomFunction
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import is_wrapped, list_tensors
from vrnn.compute.tracing.trace import OpRecord

_SPLITS = frozenset("chunk split split_with_sizes tensor_split hsplit vsplit unbind".split())
_EXITS = frozenset(("numpy", "array", "dlpack"))
"""Functions by which numbers leave torch that refuse those with a history."""
_ENTRIES = frozenset("embedding embedding_bag one_hot index".split())
"""Operations that make numbers of integers."""


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
        sources = [edge.source for edge in view.network.edges]
        self._forked = {node for node in sources if sources.count(node) > 1}
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
            return self._note_constants(func, args, taken, result)
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

    def _run_live(
        self, func: Any, args: Any, kwargs: Any, live: list[torch.Tensor],
        written: list[torch.Tensor],
    ) -> Any:  # fmt: skip
        node = self._nodes.get(self.call_count)
        notes = [self._note_of(t) for t in live]
        if node is not None and not isinstance(func, CustomFunction):
            args, kwargs, live = self._tap(node, args, kwargs, live, written)
        record = self._records.get(self.call_count)
        in_place = bool(written) and is_in_place(func, args, kwargs)
        call = LiveCall(
            self._book, func, args, kwargs, live, -1 if node is None else node,
            "" if record is None else record.module, max(note.depth for note in notes), in_place,
        )  # fmt: skip
        result = self._apply(call, written)
        self._pass_notes(call, notes, result, written, node)
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
        return _as_slices(call, operation, result)

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

    def _tap(
        self, node: int, args: Any, kwargs: Any, live: list[torch.Tensor],
        written: list[torch.Tensor],
    ) -> tuple[Any, Any, list[torch.Tensor]]:  # fmt: skip
        """Take what other nodes give through aliases that tell how much flows along each edge."""
        own = {id(t) for t in written}
        aliases: dict[int, torch.Tensor] = {}
        for tensor in live:
            source = self._note_of(tensor)
            if source.node not in self._forked or source.node == node or id(tensor) in own:
                continue
            if id(tensor) not in aliases and not is_wrapped(tensor):
                aliases[id(tensor)] = self._alias(tensor, source, node)
        if not aliases:
            return args, kwargs, live
        args, kwargs = replace_tensors(list(args), aliases), replace_tensors(dict(kwargs), aliases)
        return args, kwargs, [t for t in list_tensors((args, kwargs)) if t.requires_grad]

    def _alias(self, tensor: torch.Tensor, source: TensorNote, node: int) -> torch.Tensor:
        book, start = self._book, source.node
        assert start is not None
        alias = tensor.view_as(tensor)
        kept = book.kept.keep(tensor)

        def on_gradient(gradient: torch.Tensor | None) -> None:
            if gradient is not None:
                book.add_edge(start, node, relevance_sum(kept.take(), gradient))

        def on_carried(gradient: torch.Tensor | None) -> None:
            if gradient is not None:
                book.add_edge(start, node, float(gradient.sum(dtype=torch.float64)))

        alias.register_hook(on_gradient)
        carrier = source.carrier
        if carrier is not None:
            carrier = carrier.view_as(carrier)
            carrier.register_hook(on_carried)
        note = TensorNote(**{**vars(source), "carrier": carrier})
        book.notes.set(alias, note)
        return alias

    def _note_of(self, tensor: torch.Tensor) -> TensorNote:
        note = self._book.notes.of(tensor)
        if note is None:
            note = TensorNote()
            self._book.notes.set(tensor, note)
        return note

    def _pass_notes(
        self, call: LiveCall, notes: list[TensorNote], result: Any,
        written: Sequence[torch.Tensor], node: int | None,
    ) -> None:  # fmt: skip
        """Note of the results of a call what follows from what it took."""
        self._head_weights = call.head_weights
        results = list_tensors(result)
        if call.head_weights is not None and node is not None and results[0].requires_grad:
            self._book.watch_flow(node, results[0])  # the node shows the weights
        if not (results or written) or (not written and any(result is t for t in call.live)):
            return
        for note in {id(note): note for note in notes}.values():
            note.uses += 1
        first, is_single = notes[0], len({id(note) for note in notes}) == 1
        depth = call.depth + call.is_linear
        carrier = self._carrier(call, first, result) if is_single else None
        operation = catalog.operation_name(call.func)
        if operation == "softmax" and isinstance(result, torch.Tensor):
            self._book.last_softmax = result, call.live[0]
        for tensor in (*results, *written):
            if not tensor.requires_grad:
                if tensor.is_floating_point():
                    self._book.notes.set(tensor, TensorNote(cut=operation))
                continue
            keeps = is_single and not call.is_linear
            note = TensorNote(
                first.node if node is None else node, depth, carrier,
                call.is_scale or operation in SCALES or (keeps and first.is_scale),
                call.is_weights or (keeps and first.is_weights),
            )  # fmt: skip
            note.is_written = any(t is tensor for t in written)
            if isinstance(result, torch.Tensor):
                note.linear = call.step
                if first.linear is not None and first.uses == 1 and is_single:
                    note.linear = _cropped(call, first.linear, result, first.shown)
            self._book.notes.set(tensor, note)

    def _carrier(self, call: LiveCall, note: TensorNote, result: Any) -> torch.Tensor | None:
        """The carrier of what is still the input: seen in another way, or scaled and shifted."""
        if note.carrier is None or not isinstance(result, torch.Tensor):
            return None
        operation = catalog.operation_name(call.func)
        if catalog.lookup(operation).role == "view" and not call.is_in_place:
            carrier = call.func(
                *replace_tensors(list(call.args), {id(call.live[0]): note.carrier}),
                **replace_tensors(dict(call.kwargs), {id(call.live[0]): note.carrier}),
            )
            return carrier if isinstance(carrier, torch.Tensor) else None
        if operation in ("add", "sub", "mul", "div", "clone"):
            return note.carrier if result.shape == note.carrier.shape else None
        return None

    def _note_constants(
        self, func: Any, args: Any, taken: Sequence[torch.Tensor], result: Any
    ) -> Any:
        """Note of what does not depend on the input's numbers where it comes from."""
        notes = [note for t in taken if (note := self._book.notes.of(t)) is not None]
        if not notes:
            return result
        is_integer = any(note.is_integer_input for note in notes)
        cut = next((note.cut for note in notes if note.cut), "")
        node = self._nodes.get(self.call_count)
        operation = catalog.operation_name(func)
        for tensor in list_tensors(result):
            note = TensorNote(is_integer_input=is_integer, cut=cut)
            can_enter = tensor.is_floating_point() and tensor.is_leaf and not is_wrapped(tensor)
            is_entry = _enters(operation, taken)
            if is_integer and can_enter and is_entry and not any(t is tensor for t in taken):
                tensor.requires_grad_()
                note.is_integer_input = False
                note.node = node
                self._book.entries.append((-1 if node is None else node, tensor))
                result = self._enter(result, tensor, note)
                continue
            self._book.notes.set(tensor, note)
        return result

    def _enter(self, result: Any, leaf: torch.Tensor, note: TensorNote) -> Any:
        """Numbers that were made of integers, in the place of a leaf that nothing may write to."""
        with torch.enable_grad():
            alias = leaf.clone()
        self._book.notes.set(alias, note)
        return replace_tensors(result, {id(leaf): alias})


def _cropped(
    call: LiveCall, step: LinearStep, result: torch.Tensor, shown: int | None
) -> LinearStep | None:
    """The linear operation behind a crop of rows and columns, into which a norm may be folded."""
    if catalog.operation_name(call.func) not in ("getitem", "narrow", "contiguous"):
        return call.step
    x, axis = call.live[0], step.operation.channel_axis
    if result.dim() != x.dim() or result.shape[axis] != x.shape[axis] or not step.can_be_folded:
        return None

    def view(values: torch.Tensor) -> torch.Tensor:
        changed = {id(x): values}
        cropped: torch.Tensor = call.func(
            *replace_tensors(list(call.args), changed),
            **replace_tensors(dict(call.kwargs), changed),
        )
        return cropped

    return step.through(view, x.shape, shown)


def _enters(operation: str, taken: Sequence[torch.Tensor]) -> bool:
    """Whether a call makes numbers of integers: rows of a table, or pixels."""
    if operation in _ENTRIES:
        return True
    if operation == "getitem" and len(taken) > 1:
        return taken[0].is_floating_point()
    return operation in _CASTS and taken[0].dtype == torch.uint8


_CASTS = frozenset("float to type double half div mul sub add".split())


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


def _as_slices(call: LiveCall, operation: str, result: Any) -> Any:
    """The parts of a split as slices, which may be written to, as parts may not."""
    if operation not in _SPLITS or not isinstance(result, list | tuple):
        return result
    x = call.live[0]
    names = ("dim",) if operation == "unbind" else ("sections", "dim")
    axis = dict(zip(names, call.args[1:], strict=False)).get("dim", call.kwargs.get("dim", 0))
    if operation == "hsplit":
        axis = 1 if x.dim() > 1 else 0
    if operation == "unbind":
        return type(result)(x.select(axis, i) for i in range(len(result)))
    parts, start = [], 0
    for part in result:
        parts.append(x.narrow(axis, start, part.shape[axis]))
        start += part.shape[axis]
    return type(result)(parts)
