"""One pass forward and one back, in which relevance flows by the rules of a composite."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from vrnn.compute.explain.accounted_calls import relevance_sum
from vrnn.compute.explain.linear_rules import Bounds
from vrnn.compute.explain.pass_book import PassBook
from vrnn.compute.explain.rule_mode import RuleMode
from vrnn.compute.explain.target_values import TargetValue, layer_value, output_value
from vrnn.compute.explain.tensor_notes import TensorNote, forget
from vrnn.compute.explain.untouched_model import untouched
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.user_traceback import is_out_of_memory
from vrnn.compute.model_inputs import Inputs, map_tensors
from vrnn.compute.operators.tensor_layout import from_maps, to_maps
from vrnn.errors import VrnnError
from vrnn.explanations.composites import Composite
from vrnn.explanations.results import Sink
from vrnn.explanations.targets import Target

OnRelevance = Callable[[int, torch.Tensor], None]
"""Takes a node's id and its relevance, of the shape of its tensor, to be used at once."""
NO_MEMORY = (
    "not enough memory for a pass forward and back; pass a smaller --input-size, or --device cpu"
)


@dataclass(frozen=True)
class RelevanceRequest:
    """What a pass is to find.

    Attributes:
        target: What is explained.
        composite: Which rule each operation has.
        conditions: Channels that relevance may flow through, by the id of their node: all that
            others carry is left out (Achtibat et al. 2023, https://arxiv.org/abs/2206.03208).
        bounds: The range of the input's values, for the box rule; None for 0…1.
        nodes: Ids of the nodes whose relevance is handed out; None for all.
    """

    target: Target
    composite: Composite
    conditions: Mapping[int, Collection[int]] = field(default_factory=dict)
    bounds: Bounds | None = None
    nodes: Collection[int] | None = None


@dataclass(frozen=True, eq=False)
class RelevanceFlow:
    """What a pass found.

    Attributes:
        target: What was explained, without its history.
        node: Id of the node that holds it.
        inputs: Relevance of each input tensor with numbers, by the id of its node.
        entries: Relevance of numbers that were made of integers, with the id of their node.
        totals: Sum of the relevance of each node, by its id.
        edges: How much flows along each edge of the graph, by the ids of its ends.
        sinks: Where relevance ends, the greatest first.
        fallbacks: How many calls had no rule or no gradient, by what was done.
    """

    target: TargetValue
    node: int
    inputs: Mapping[int, torch.Tensor]
    entries: Sequence[tuple[int, torch.Tensor]]
    totals: Mapping[int, float]
    edges: Mapping[tuple[int, int], float]
    sinks: tuple[Sink, ...]
    fallbacks: Mapping[str, int]


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
    if model.view.trace.inside_scripts:
        raise VrnnError(
            f"{model.source.title} has compiled parts, which no rule and no gradient passes "
            "through; open the model from its Python code"
        )
    model.use_default_dtype()
    try:
        return _Pass(model, request, on_relevance, check_stop).run(inputs)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise VrnnError(NO_MEMORY) from error
        raise


class _Pass:
    """One pass."""

    def __init__(
        self, model: LoadedModel, request: RelevanceRequest, on_relevance: OnRelevance,
        check_stop: Callable[[], None],
    ) -> None:  # fmt: skip
        self._model, self._request, self._on_relevance = model, request, on_relevance
        self._check_stop = check_stop
        self._totals: dict[int, float] = {}
        self._names = {node.name: node.id for node in model.network.nodes}
        self._layer = self._find_layer(request.target.layer)
        self._layer_tensor: torch.Tensor | None = None
        self._leaves: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._not_finite = -1

    def _find_layer(self, name: str) -> int | None:
        if not name:
            return None
        if name not in self._names:
            raise VrnnError(
                f"{self._model.source.title} has no layer '{name}'; `vrnn graph` lists its layers"
            )
        node = self._names[name]
        if node in self._model.view.trace.inputs:
            raise VrnnError(f"'{name}' is an input, which nothing contributes to; choose a layer")
        return node

    def run(self, inputs: Inputs) -> RelevanceFlow:
        model = self._model
        marked: list[torch.Tensor] = []
        try:
            with untouched(model.source.model, inputs) as guard:
                self._book = PassBook(
                    model.source.model,
                    self._request.composite,
                    self._request.bounds,
                    self._check_stop,
                    guard,
                )
                self._book.deliver = self._deliver
                given = self._with_leaves(inputs, marked)
                with self._book.kept.for_autograd():
                    result = model.replay.run(
                        given,
                        self._on_output,
                        gradients=True,
                        make_mode=lambda by_call, on_output: RuleMode(
                            by_call, on_output, self._book, model.view
                        ),
                    )
                target = self._target(result)
                return self._back(target)
        finally:
            for tensor in marked:
                forget(tensor)

    def _with_leaves(self, inputs: Inputs, marked: list[torch.Tensor]) -> Inputs:
        """The inputs, those that hold numbers as leaves of autograd's graph."""
        nodes = iter(self._model.view.trace.inputs)
        notes = self._book.notes

        def prepare(tensor: torch.Tensor) -> torch.Tensor:
            node = next(nodes, -1)
            if not tensor.is_floating_point() or tensor.layout != torch.strided:
                notes.set(tensor, TensorNote(node=node, is_integer_input=True))
                marked.append(tensor)
                return tensor
            with torch.enable_grad():
                leaf = tensor.detach().clone().requires_grad_()
                carrier = torch.zeros_like(leaf).requires_grad_()
                self._leaves[node] = leaf, carrier
                alias = leaf.clone()
            notes.set(alias, TensorNote(node=node, carrier=carrier))
            return alias

        given: Inputs = map_tensors(inputs, prepare)
        return given

    def _on_output(self, node: int, tensor: torch.Tensor) -> None:
        if node in self._leaves or not tensor.is_floating_point():
            return
        if node == self._layer:
            self._layer_tensor = tensor.clone()
        if not tensor.requires_grad:
            return
        note = self._book.notes.of(tensor)
        if note is not None:
            note.shown = node
        channels = self._request.conditions.get(node)
        if channels is not None:
            self._restrict(node, tensor, channels)
        kept = self._book.kept.keep(tensor)

        def on_gradient(gradient: torch.Tensor | None) -> None:
            if gradient is not None:
                self._deliver(node, kept.take() * gradient)

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

    def _restrict(self, node: int, tensor: torch.Tensor, channels: Collection[int]) -> None:
        """Let only some channels of a node pass relevance on."""
        layout = self._model.view.map_layouts[node]
        count = layout.shape[0]
        wrong = [c for c in channels if not 0 <= c < count]
        if wrong:
            name = self._model.network.by_id[node].name
            raise VrnnError(f"'{name}' has channels 0 to {count - 1}, no channel {wrong[0]}")
        maps = torch.zeros_like(to_maps(tensor.detach(), layout))
        maps[:, sorted(channels)] = 1
        mask = from_maps(maps, layout, tensor)
        kept = self._book.kept.keep(tensor)

        def on_gradient(gradient: torch.Tensor | None) -> torch.Tensor | None:
            if gradient is None:
                return None
            passed = gradient * mask
            lost = relevance_sum(kept.take(), gradient - passed)
            self._book.add_sink("condition", node, lost)
            return passed

        tensor.register_hook(on_gradient)

    def _deliver(self, node: int, relevance: torch.Tensor) -> None:
        self._book.check_stop()
        if relevance.is_complex():
            relevance = relevance.real
        total = float(relevance.sum(dtype=torch.float64))
        if total != total or total in (float("inf"), float("-inf")):
            relevance = torch.nan_to_num(relevance, 0.0, 0.0, 0.0)
            if self._not_finite < 0:
                self._not_finite = node
            total = float(relevance.sum(dtype=torch.float64))
        self._totals[node] = self._totals.get(node, 0.0) + total
        wanted = self._request.nodes
        if wanted is None or node in wanted:
            self._on_relevance(node, relevance)

    def _target(self, result: Any) -> TargetValue:
        model, target = self._model, self._request.target
        if self._layer is None:
            found = output_value(model, result, target, self._book.last_softmax)
        else:
            node = model.network.by_id[self._layer]
            if self._layer_tensor is None:
                raise VrnnError(f"'{node.name}' did not run for this input; choose another layer")
            layout = model.view.map_layouts[self._layer]
            found = layer_value(self._layer_tensor, layout, node, target, model.source.title)
        if not bool(torch.isfinite(found.value)):
            raise VrnnError(
                f"{found.text} of {model.source.title} is {float(found.value.detach())} for this "
                "input, so nothing explains it; look at its layers for where values stop being "
                "finite"
            )
        return found

    def _back(self, target: TargetValue) -> RelevanceFlow:
        book = self._book
        pairs = [*self._leaves.values()]
        leaves = [t for pair in pairs for t in pair]
        leaves += [leaf for _, leaf in book.entries] + [c.leaf for c in book.constants]
        if not target.value.requires_grad:
            raise VrnnError(f"{target.text} does not depend on the input, so nothing explains it")
        gradients = iter(torch.autograd.grad(target.value, leaves, allow_unused=True))
        inputs: dict[int, torch.Tensor] = {}
        reached = False
        for node, (leaf, _) in self._leaves.items():
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
                f"{target.text} does not depend on the input of {self._model.source.title} by any "
                "step that has a gradient, so nothing explains it; choose another target"
            )
        return self._flow(target, inputs, entries)

    def _flow(
        self, target: TargetValue, inputs: dict[int, torch.Tensor],
        entries: list[tuple[int, torch.Tensor]],
    ) -> RelevanceFlow:  # fmt: skip
        model, book = self._model, self._book
        for values in (*inputs.values(), *(entry for _, entry in entries)):
            if self._not_finite < 0 and not bool(torch.isfinite(values).all()):
                self._not_finite = model.view.trace.inputs[0]
        if self._not_finite >= 0:
            name = model.network.by_id[self._not_finite].name
            raise VrnnError(
                f"relevance is no longer finite from '{name}' on: a value of the pass is not, or "
                "the rules divide by one near 0; try another method, such as epsilon-plus"
            )
        totals = self._totals | book.flows
        for node, values in inputs.items():
            totals[node] = float(values.sum(dtype=torch.float64))
        for node, values in entries:
            totals.setdefault(node, float(values.sum(dtype=torch.float64)))
        edges = _all_edges(model, totals, book.edges)
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


def _all_edges(
    model: LoadedModel, totals: Mapping[int, float], measured: Mapping[tuple[int, int], float]
) -> dict[tuple[int, int], float]:
    """How much flows along each edge: all of a node's relevance where it has one edge alone."""
    edges: dict[tuple[int, int], float] = {}
    by_source: dict[int, list[int]] = {}
    for edge in model.network.edges:
        by_source.setdefault(edge.source, []).append(edge.target)
    for source, targets in by_source.items():
        missing = [target for target in targets if (source, target) not in measured]
        rest = totals.get(source, 0.0) - sum(measured.get((source, t), 0.0) for t in targets)
        for target in targets:
            edges[source, target] = measured.get((source, target), 0.0)
        if len(missing) == 1:
            edges[source, missing[0]] = rest
    return edges
