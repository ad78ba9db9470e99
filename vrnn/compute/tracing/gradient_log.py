"""What autograd recorded of each operation of a traced pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from vrnn.compute.tracing.tensors import innermost_tensor, is_wrapped, unwrapped


class GradientLog:
    """What autograd recorded of each operation of a traced pass.

    Attributes:
        sources: By record id, the ids of those whose results it took with a gradient.
        record_of: The record that made a tensor, by autograd's node of that tensor.
        has_derivatives: Whether a transform of `torch.func` took derivatives within the pass. They
            may depend on less than was computed with: that of a linear layer is a constant.
    """

    def __init__(self, on_call: Callable[[], None] = lambda: None) -> None:
        """Make an empty log.

        Args:
            on_call: Called before each operation.
        """
        self.on_call = on_call
        self.sources: dict[int, tuple[int, ...]] = {}
        self.record_of: dict[Any, int] = {}
        self.has_derivatives = False

    def note(
        self, record: int, sources: Sequence[tuple[int, bool]], results: Sequence[torch.Tensor]
    ) -> None:
        """Note what a record took and gave.

        Args:
            record: Its id.
            sources: Ids of the records that it took results of, and whether with a gradient.
            results: The tensors that it made or wrote into.
        """
        self.has_derivatives |= any(map(_is_differentiated, results))
        innermost = [innermost_tensor(t) for t in results]
        for tensor in innermost:
            for one in (tensor, tensor._base):
                if one is not None and one.grad_fn is not None:
                    self.record_of.setdefault(one.grad_fn, record)
        if any(t.requires_grad for t in innermost):
            self.sources[record] = tuple(source for source, has in sources if has)

    def records_of(self, tensor: torch.Tensor) -> set[int]:
        """Return the nearest records behind a tensor."""
        found, seen, waiting = set(), set(), [tensor.grad_fn]
        while waiting:
            node = waiting.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            if node in self.record_of:
                found.add(self.record_of[node])
            else:
                waiting += [child for child, _ in node.next_functions]
        return found

    def nodes_of_records(self, records: set[int]) -> list[tuple[int, list[Any]]]:
        """Return autograd's nodes of these records, by record."""
        nodes: dict[int, list[Any]] = {}
        for node, record in self.record_of.items():
            if record in records:
                nodes.setdefault(record, []).append(node)
        return list(nodes.items())


def _is_differentiated(tensor: torch.Tensor) -> bool:
    """Whether a tensor is seen within `grad`, `jacrev` or the like, at any level of transforms."""
    while is_wrapped(tensor):
        if torch._C._functorch.is_gradtrackingtensor(tensor):
            return True
        tensor = unwrapped(tensor)
    return False
