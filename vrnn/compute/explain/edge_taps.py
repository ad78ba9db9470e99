"""Aliases of what nodes with several edges give: they tell how much flows along each edge."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from torch.autograd.graph import get_gradient_edge

from vrnn.compute.explain.accounted_calls import relevance_sum
from vrnn.compute.explain.pass_book import PassBook, Tap
from vrnn.compute.explain.replaced_tensors import replace_tensors
from vrnn.compute.explain.tensor_notes import TensorNote
from vrnn.compute.tracing.tensors import is_wrapped, list_tensors


class EdgeTaps:
    """Measures what flows along the edges of nodes that have several."""

    def __init__(self, book: PassBook, forked: Collection[int]) -> None:
        """Begin without any.

        Args:
            book: The accounts.
            forked: Ids of the nodes with several edges.
        """
        self._book, self._forked = book, forked

    def tap(
        self, node: int, args: Any, kwargs: Any, live: list[torch.Tensor],
        written: list[torch.Tensor],
    ) -> tuple[Any, Any, list[torch.Tensor]]:  # fmt: skip
        """Take what other nodes give through aliases.

        Args:
            node: Id of the node that takes it.
            args: Positional arguments of its call.
            kwargs: Its keyword arguments.
            live: The tensors among them that depend on the input.
            written: Those that it writes to, which stay what they are.

        Returns:
            The arguments with aliases, and the live tensors among them.
        """
        own = {id(t) for t in written}
        aliases: dict[int, torch.Tensor] = {}
        for tensor in live:
            source = self._book.notes.note_of(tensor)
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
                book.add_edge(start, node, float(gradient.detach().sum(dtype=torch.float64)))

        alias.register_hook(on_gradient)
        carrier = source.carrier
        if carrier is not None:
            carrier = carrier.view_as(carrier)
            carrier.register_hook(on_carried)
        if book.repeats:
            way = None if carrier is None else get_gradient_edge(carrier)
            tap = Tap(get_gradient_edge(alias), kept, way)
            book.taps.setdefault((start, node), []).append(tap)
        note = TensorNote(**{**vars(source), "carrier": carrier})
        book.notes.set(alias, note)
        return alias
