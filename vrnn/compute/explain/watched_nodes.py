"""The tensors of nodes in a pass with rules: their relevance is handed out on the way back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

import torch
from torch.autograd.graph import GradientEdge, get_gradient_edge

from vrnn.compute.explain.accounted_calls import relevance_sum
from vrnn.compute.explain.kept_tensors import KeptTensor
from vrnn.compute.explain.pass_book import PassBook
from vrnn.compute.explain.relevance_flow import RelevanceRequest, condition_mask
from vrnn.compute.loaded_model import LoadedModel
from vrnn.explanations.conditions import Condition

OnRelevance = Callable[[int, torch.Tensor], None]
"""Takes a node's id and its relevance, of the shape of its tensor, to be used at once."""


class NodeEnd(NamedTuple):
    """Where relevance reaches the tensor of a node.

    Attributes:
        edge: Where its gradient arrives.
        kept: Its values.
    """

    edge: GradientEdge
    kept: KeptTensor


class WatchedNodes:
    """Follows the tensors of nodes, restricts some, and hands out their relevance.

    Attributes:
        totals: Sum of the relevance of each node so far, by its id.
        not_finite: Id of the first node whose relevance was not finite; -1 for none.
        layer_tensor: The tensor of the target's layer; None as long as it did not run.
        ends: Of the nodes that `RelevanceRequest.links` names.
    """

    def __init__(
        self, model: LoadedModel, request: RelevanceRequest, book: PassBook, layer: int | None,
        on_relevance: OnRelevance,
    ) -> None:  # fmt: skip
        """Begin before anything ran.

        Args:
            model: The model.
            request: What is to be found.
            book: The accounts.
            layer: Id of the target's layer; None for an output.
            on_relevance: Takes each node's relevance as soon as it is there.
        """
        self._view, self._request, self._book = model.view, request, book
        self._layer, self._on_relevance = layer, on_relevance
        self._inputs: Collection[int] = model.view.trace.inputs
        self.totals: dict[int, float] = {}
        self.not_finite = -1
        self.layer_tensor: torch.Tensor | None = None
        self.ends: dict[int, NodeEnd] = {}

    def on_output(self, node: int, tensor: torch.Tensor) -> None:
        """Watch the tensor of a node, as soon as it is there."""
        if node in self._inputs or not tensor.is_floating_point():
            return
        if node == self._layer:
            self.layer_tensor = tensor.clone()
        if not tensor.requires_grad:
            return
        note = self._book.notes.of(tensor)
        if note is not None:
            note.shown = node
        condition = self._request.conditions.get(node)
        if condition is not None:
            self._restrict(node, tensor, condition)
        kept = self._book.kept.keep(tensor)
        if node in self._request.links:
            self.ends[node] = NodeEnd(get_gradient_edge(tensor), kept)

        def on_gradient(gradient: torch.Tensor | None) -> None:
            if gradient is not None:
                self.deliver(node, kept.take() * gradient.detach())

        base = tensor._base
        if note is None or not note.is_written or base is None or not base.is_contiguous():
            tensor.register_hook(on_gradient)
            return
        # What is written through a view passes on as a part of what it is a view of.
        size, stride, offset = tensor.shape, tensor.stride(), tensor.storage_offset()
        start = offset - base.storage_offset()

        def on_base_gradient(gradient: torch.Tensor | None) -> None:
            if gradient is not None:
                on_gradient(gradient.contiguous().as_strided(size, stride, start))

        base.register_hook(on_base_gradient)

    def _restrict(self, node: int, tensor: torch.Tensor, condition: Condition) -> None:
        """Let only a part of a node pass relevance on."""
        mask = condition_mask(tensor, self._view.map_layouts[node], condition)
        kept = self._book.kept.keep(tensor)

        def on_gradient(gradient: torch.Tensor | None) -> torch.Tensor | None:
            if gradient is None:
                return None
            passed = gradient * mask
            lost = relevance_sum(kept.take(), gradient - passed)
            self._book.add_sink("condition", node, lost)
            return passed

        tensor.register_hook(on_gradient)

    def deliver(self, node: int, relevance: torch.Tensor) -> None:
        """Hand out the relevance of a node.

        Args:
            node: Its id.
            relevance: Of the shape of its tensor.
        """
        self._book.check_stop()
        if self._request.links:
            return  # the same way back is gone several times
        if relevance.is_complex():
            relevance = relevance.real
        total = float(relevance.sum(dtype=torch.float64))
        if total != total or total in (float("inf"), float("-inf")):
            relevance = torch.nan_to_num(relevance, 0.0, 0.0, 0.0)
            if self.not_finite < 0:
                self.not_finite = node
            total = float(relevance.sum(dtype=torch.float64))
        self.totals[node] = self.totals.get(node, 0.0) + total
        wanted = self._request.nodes
        if wanted is None or node in wanted:
            self._on_relevance(node, relevance)
