"""What is noted of the results of a call follows from what is noted of what it took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from vrnn.compute.explain.call_rules import SCALES, LiveCall
from vrnn.compute.explain.pass_book import PassBook
from vrnn.compute.explain.replaced_tensors import replace_tensors
from vrnn.compute.explain.rule_steps import LinearStep
from vrnn.compute.explain.tensor_notes import TensorNote
from vrnn.compute.operators import catalog
from vrnn.compute.tracing.tensors import is_wrapped, list_tensors

_ENTRIES = frozenset("embedding embedding_bag one_hot index".split())
"""Operations that make numbers of integers."""
_CASTS = frozenset("float to type double half div mul sub add".split())


class NoteFollower:
    """Notes of results where they come from."""

    def __init__(self, book: PassBook) -> None:
        """Begin.

        Args:
            book: The accounts.
        """
        self._book = book

    def follow(
        self, call: LiveCall, notes: list[TensorNote], result: Any,
        written: Sequence[torch.Tensor], node: int | None,
    ) -> None:  # fmt: skip
        """Note of the results of a call what follows from what it took.

        Args:
            call: The call.
            notes: Of what it took.
            result: What it returned.
            written: What it wrote to.
            node: Id of its node; None for none.
        """
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

    def follow_constants(
        self, func: Any, taken: Sequence[torch.Tensor], result: Any, node: int | None
    ) -> Any:
        """Note of what does not depend on the input's numbers where it comes from.

        Args:
            func: The torch function.
            taken: The tensors that the call took.
            result: What it returned.
            node: Id of its node; None for none.

        Returns:
            The result, of integers that have become numbers one with a gradient.
        """
        notes = [note for t in taken if (note := self._book.notes.of(t)) is not None]
        if not notes:
            return result
        is_integer = any(note.is_integer_input for note in notes)
        cut = next((note.cut for note in notes if note.cut), "")
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
