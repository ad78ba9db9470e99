"""What is written down while relevance flows: sinks, edges, fallbacks, and what is put back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.autograd.graph import GradientEdge

from vrnn.compute.explain.kept_tensors import KeptTensor, KeptTensors
from vrnn.compute.explain.linear_rules import Bounds
from vrnn.compute.explain.tensor_notes import TensorNotes
from vrnn.compute.explain.untouched_model import BufferGuard
from vrnn.compute.tracing.module_stack import named_modules
from vrnn.explanations.composites import Composite
from vrnn.explanations.results import Sink, SinkKind


class Constant(NamedTuple):
    """A constant that is added to what depends on the input.

    Attributes:
        leaf: The constant, which gets a gradient.
        kind: The kind of sink it is.
        node: Id of the node that takes it.
        name: What it is called.
    """

    leaf: torch.Tensor
    kind: SinkKind
    node: int
    name: str


class Tap(NamedTuple):
    """Where relevance flows along an edge.

    Attributes:
        edge: Where the gradient of what flows arrives.
        kept: The values.
        carrier: Where relevance arrives that is no multiple of them; None where there is none.
    """

    edge: GradientEdge
    kept: KeptTensor
    carrier: GradientEdge | None


class PassBook:
    """The accounts of one pass.

    Attributes:
        composite: Which rule each operation has.
        bounds: The range of the input's values, for the box rule.
        kept: Values that are kept for the way back.
        notes: What is noted of tensors.
        constants: What was added to what depends on the input.
        entries: Where tokens and other integers become numbers with a gradient, by node.
        edges: How much flows along edges of nodes that have several, by source and target.
        flows: How much flows through nodes that show another tensor than they pass on.
        fallbacks: How many calls had no rule, by what was done.
        last_softmax: The result of the newest softmax, and what it took.
        check_stop: Raises what is to end the pass.
        repeats: Whether the way back is gone several times, in parts.
        taps: Where relevance flows along an edge of a node that has several, by source and target;
            only if the way back is gone several times.
        deliver: Takes relevance of a node whose own tensor gets no gradient.
    """

    def __init__(
        self, model: nn.Module, composite: Composite, bounds: Bounds | None,
        check_stop: Callable[[], None], guard: BufferGuard, repeats: bool = False,
    ) -> None:  # fmt: skip
        """Open the accounts.

        Args:
            model: The model that runs.
            composite: Which rule each operation has.
            bounds: The range of the input's values; None for 0…1.
            check_stop: Raises what is to end the pass.
            guard: Puts buffers back.
            repeats: Whether the way back is gone several times.
        """
        self.composite, self.bounds, self.check_stop = composite, bounds, check_stop
        self.kept, self.notes, self.repeats = KeptTensors(repeats), TensorNotes(), repeats
        self.taps: dict[tuple[int, int], list[Tap]] = {}
        self.constants: list[Constant] = []
        self.entries: list[tuple[int, torch.Tensor]] = []
        self.edges: dict[tuple[int, int], float] = {}
        self.flows: dict[int, float] = {}
        self.fallbacks: Counter[str] = Counter()
        self.last_softmax: tuple[torch.Tensor, torch.Tensor] | None = None
        self.deliver: Callable[[int, torch.Tensor], None] = lambda node, relevance: None
        self._sinks: dict[tuple[SinkKind, int, str], float] = {}
        self._names: dict[int, str] = {}
        self._buffers = guard
        for path, module in named_modules(model):
            held = [*module._parameters.items(), *module._buffers.items()]
            for name, tensor in held:
                if tensor is not None:
                    self._names.setdefault(id(tensor), f"{path}.{name}" if path else name)

    def watch_flow(self, node: int, tensor: torch.Tensor) -> None:
        """Find how much flows through a node that shows another tensor than it passes on."""
        kept = self.kept.keep(tensor)

        def on_gradient(gradient: torch.Tensor | None) -> None:
            if gradient is not None:
                total = float((kept.take() * gradient.detach()).sum(dtype=torch.float64))
                self.flows[node] = self.flows.get(node, 0.0) + total

        tensor.register_hook(on_gradient)

    def add_sink(self, kind: SinkKind, node: int, amount: float, name: str = "") -> None:
        """Say that relevance ends somewhere."""
        if amount:
            key = kind, node, name
            self._sinks[key] = self._sinks.get(key, 0.0) + amount

    def add_edge(self, source: int, target: int, amount: float) -> None:
        """Say that relevance flows along an edge."""
        self.edges[source, target] = self.edges.get((source, target), 0.0) + amount

    def name_of(self, tensor: torch.Tensor) -> str:
        """Return the path of a parameter or buffer, also of a view of one; '' for any other."""
        base = tensor._base
        return self._names.get(id(tensor), "" if base is None else self._names.get(id(base), ""))

    def sinks(self) -> tuple[Sink, ...]:
        """Return all sinks, the greatest first."""
        sinks = [Sink(*key, amount) for key, amount in self._sinks.items()]
        return tuple(sorted(sinks, key=lambda sink: -abs(sink.amount)))

    def before_write(self, tensor: torch.Tensor) -> None:
        """Save what a call is about to write over."""
        self.kept.before_write(tensor)
        self._buffers.before_write(tensor)
