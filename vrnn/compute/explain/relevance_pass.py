"""One pass forward and one back, in which relevance flows by the rules of a composite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch

from vrnn.compute.explain.accounted_calls import relevance_sum
from vrnn.compute.explain.pass_book import PassBook
from vrnn.compute.explain.relevance_flow import RelevanceFlow, RelevanceRequest, all_edges
from vrnn.compute.explain.rule_mode import RuleMode
from vrnn.compute.explain.target_values import TargetValue, layer_value, output_value
from vrnn.compute.explain.tensor_notes import TensorNote, forget
from vrnn.compute.explain.untouched_model import untouched
from vrnn.compute.explain.watched_nodes import OnRelevance, WatchedNodes
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.user_traceback import is_out_of_memory
from vrnn.compute.model_inputs import Inputs, map_tensors
from vrnn.errors import VrnnError

T = TypeVar("T")
NO_MEMORY = (
    "not enough memory for a pass forward and back; pass a smaller --input-size, or --device cpu"
)


def propagate(
    model: LoadedModel, inputs: Inputs, request: RelevanceRequest,
    on_relevance: OnRelevance = lambda node, relevance: None,
    check_stop: Callable[[], None] = lambda: None,
) -> RelevanceFlow:  # fmt: skip
    """Explain a value of a model. The model is left as it was, whatever happens.

    Args:
        model: The model.
        inputs: Its arguments.
        request: What is to be found.
        on_relevance: Takes each node's relevance as soon as it is there, the last nodes first.
        check_stop: Raises what is to end it; called for each operation, forward and back.

    Raises:
        VrnnError: The target does not exist, has no gradient or does not depend on the input, a
            value is not finite, or there is too little memory.
        GraphChanged: The model took another way than when it was traced.
    """
    rules = RulePass(model, request, on_relevance, check_stop)
    return rules.run(inputs, rules.go_back)


class RulePass:
    """One pass.

    Attributes:
        model: The model.
        book: The accounts.
        watched: The tensors of nodes.
        leaves: Of each input with numbers, by node: the tensor that goes in, and what takes its
            relevance where that is no multiple of it.
    """

    book: PassBook
    watched: WatchedNodes

    def __init__(
        self, model: LoadedModel, request: RelevanceRequest, on_relevance: OnRelevance,
        check_stop: Callable[[], None],
    ) -> None:  # fmt: skip
        """Prepare a pass. See `propagate`."""
        if model.view.trace.inside_scripts:
            raise VrnnError(
                f"{model.source.title} has compiled parts, which no rule and no gradient passes "
                "through; open the model from its Python code"
            )
        self.model, self._request, self._on_relevance = model, request, on_relevance
        self._check_stop = check_stop
        self._layer = self._find_layer(request.target.layer)
        self.leaves: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def _find_layer(self, name: str) -> int | None:
        if not name:
            return None
        node = self.model.network.layer_named(name, self.model.source.title).id
        if node in self.model.view.trace.inputs:
            raise VrnnError(f"'{name}' is an input, which nothing contributes to; choose a layer")
        return node

    def run(self, inputs: Inputs, go_back: Callable[[TargetValue], T]) -> T:
        """Run forward, then back.

        Args:
            inputs: The model's arguments.
            go_back: Takes what is explained, and returns what is found on the way back.
        """
        model, request = self.model, self._request
        model.use_default_dtype()
        marked: list[torch.Tensor] = []
        try:
            with untouched(model.source.model, inputs) as guard:
                self.book = book = PassBook(
                    model.source.model, request.composite, request.bounds, self._check_stop, guard,
                    bool(request.links),
                )  # fmt: skip
                self.watched = WatchedNodes(
                    model, request, book, self._layer, self._on_relevance
                )  # fmt: skip
                book.deliver = self.watched.deliver
                given = self._with_leaves(inputs, marked)
                with book.kept.for_autograd():
                    result = model.replay.run(
                        given, self.watched.on_output, request.ablations, gradients=True,
                        make_mode=lambda by_call, on_output: RuleMode(
                            by_call, on_output, book, model.view
                        ),
                    )  # fmt: skip
                return go_back(self._target(result))
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise VrnnError(NO_MEMORY) from error
            raise
        finally:
            for tensor in marked:
                forget(tensor)

    def _with_leaves(self, inputs: Inputs, marked: list[torch.Tensor]) -> Inputs:
        """The inputs, those that hold numbers as leaves of autograd's graph."""
        nodes = iter(self.model.view.trace.inputs)
        notes = self.book.notes

        def prepare(tensor: torch.Tensor) -> torch.Tensor:
            node = next(nodes, -1)
            if not tensor.is_floating_point() or tensor.layout != torch.strided:
                notes.set(tensor, TensorNote(node=node, is_integer_input=True))
                marked.append(tensor)
                return tensor
            with torch.enable_grad():
                leaf = tensor.detach().clone().requires_grad_()
                carrier = torch.zeros_like(leaf).requires_grad_()
                self.leaves[node] = leaf, carrier
                alias = leaf.clone()
            notes.set(alias, TensorNote(node=node, carrier=carrier))
            return alias

        given: Inputs = map_tensors(inputs, prepare)
        return given

    def _target(self, result: Any) -> TargetValue:
        model, target = self.model, self._request.target
        if self._layer is None:
            found = output_value(model, result, target, self.book.last_softmax)
        else:
            node = model.network.by_id[self._layer]
            if self.watched.layer_tensor is None:
                raise VrnnError(f"'{node.name}' did not run for this input; choose another layer")
            layout = model.view.map_layouts[self._layer]
            found = layer_value(self.watched.layer_tensor, layout, node, target, model.source.title)
        if not bool(torch.isfinite(found.value)):
            raise VrnnError(
                f"{found.text} of {model.source.title} is {float(found.value.detach())} for this "
                "input, so nothing explains it; look at its layers for where values stop being "
                "finite"
            )
        return found

    def go_back(self, target: TargetValue) -> RelevanceFlow:
        """Let relevance flow from the target to the inputs.

        Args:
            target: What is explained.

        Raises:
            VrnnError: It does not depend on the input, or a value is not finite.
        """
        book = self.book
        pairs = [*self.leaves.values()]
        leaves = [t for pair in pairs for t in pair]
        leaves += [leaf for _, leaf in book.entries] + [c.leaf for c in book.constants]
        if not target.value.requires_grad:
            raise VrnnError(f"{target.text} does not depend on the input, so nothing explains it")
        gradients = iter(torch.autograd.grad(target.value, leaves, allow_unused=True))
        inputs: dict[int, torch.Tensor] = {}
        reached = False
        for node, (leaf, _) in self.leaves.items():
            own, carried = next(gradients), next(gradients)
            reached = reached or own is not None or carried is not None
            relevance = torch.zeros_like(leaf.detach())
            if own is not None:
                relevance += leaf.detach() * own
            if carried is not None:
                relevance += carried
            inputs[node] = relevance
        entries = []
        for node, leaf in book.entries:
            gradient = next(gradients)
            reached = reached or gradient is not None
            zero = torch.zeros_like(leaf.detach())
            entries.append((node, zero if gradient is None else leaf.detach() * gradient))
        for constant in book.constants:
            gradient = next(gradients)
            if gradient is not None:
                amount = relevance_sum(constant.leaf.detach(), gradient)
                book.add_sink(constant.kind, constant.node, amount, constant.name)
        if not reached:
            raise VrnnError(
                f"{target.text} does not depend on the input of {self.model.source.title} by any "
                "step that has a gradient, so nothing explains it; choose another target"
            )
        return self._flow(target, inputs, entries)

    def _flow(
        self, target: TargetValue, inputs: dict[int, torch.Tensor],
        entries: list[tuple[int, torch.Tensor]],
    ) -> RelevanceFlow:  # fmt: skip
        model, book = self.model, self.book
        for values in (*inputs.values(), *(entry for _, entry in entries)):
            if self.watched.not_finite < 0 and not bool(torch.isfinite(values).all()):
                self.watched.not_finite = model.view.trace.inputs[0]
        if self.watched.not_finite >= 0:
            name = model.network.by_id[self.watched.not_finite].name
            raise VrnnError(
                f"relevance is no longer finite from '{name}' on: a value of the pass is not, or "
                "the rules divide by one near 0; try another method, such as epsilon-plus"
            )
        totals = self.watched.totals | book.flows
        for node, values in inputs.items():
            totals[node] = float(values.sum(dtype=torch.float64))
        for node, values in entries:
            totals.setdefault(node, float(values.sum(dtype=torch.float64)))
        edges = all_edges(model, totals, book.edges)
        arrived = [*inputs.values(), *(values for _, values in entries)]
        ended = sum(float(v.sum(dtype=torch.float64)) for v in arrived)
        value = float(target.value.detach())
        rest = value - ended - sum(sink.amount for sink in book.sinks())
        if self._request.composite.conserves and abs(rest) > 1e-9 * abs(value):
            book.add_sink("no rule" if book.fallbacks else "rounding", -1, rest)
        found = target._replace(value=target.value.detach())
        return RelevanceFlow(
            found, found.node, inputs, entries, totals, edges, book.sinks(), dict(book.fallbacks)
        )
