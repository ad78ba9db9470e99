"""What is known of a model's outputs before a pass: where each comes from, and what went in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from vrnn.compute.loading.input_slots import InputSlot
from vrnn.compute.loading.model_evidence import ModelEvidence
from vrnn.compute.model_inputs import Inputs
from vrnn.compute.outputs.evidence import InputFact, last_operations
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.network.axes import SAMPLE_ROLES, Axis, AxisRole


@dataclass(frozen=True)
class OutputSource:
    """Where a tensor of the result comes from.

    Attributes:
        node: Id of its node; None where it does not depend on the input.
        operations: See `OutputEvidence`.
        layer: Path of the last layer with weights.
    """

    node: int | None
    operations: tuple[str, ...] = ()
    layer: str = ""


@dataclass(frozen=True, eq=False)
class OutputContext:
    """What is known of a model's outputs before a pass.

    Attributes:
        evidence: What the model says.
        inputs: The model's inputs.
        sources: Of each tensor in the result, in the order of `result_tensors`; () if unknown.
        model: The model; None if only its result is known.
        batch_sizes: Numbers of samples in a pass, one for each input; none where inputs have no
            axis for them.
        flat_images: (C, H, W) of images that go in as one axis of numbers.
    """

    evidence: ModelEvidence = field(default_factory=ModelEvidence)
    inputs: Sequence[InputFact] = ()
    sources: Sequence[OutputSource] = ()
    model: nn.Module | None = None
    batch_sizes: frozenset[int] = frozenset({1})
    flat_images: Sequence[tuple[int, int, int]] = ()

    @property
    def label_count(self) -> int:
        """Number of classes that the model's config names, 0 for none."""
        return self.evidence.counts.get("num_labels", 0)

    @property
    def is_graph(self) -> bool:
        """Whether the first axis of the input counts nodes: pairs of nodes are another input."""
        first = self.inputs[0] if self.inputs else None
        has_features = first is not None and first.is_float and len(first.shape) == 2
        pairs = [i for i in self.inputs if not i.is_float and i.shape[:1] == (2,)]
        return has_features and any(len(i.shape) == 2 for i in pairs)


def output_context(
    view: GraphView, inputs: Inputs, model: nn.Module, evidence: ModelEvidence,
    slots: Sequence[InputSlot] = (),
) -> OutputContext:  # fmt: skip
    """Collect what is known of a model's outputs.

    Args:
        view: The graph.
        inputs: Of the traced pass.
        model: The model.
        evidence: What it says of its outputs.
        slots: Which of the inputs take what.
    """
    trace = view.trace
    names = [trace.records[i].module for i in trace.inputs]
    tensors = list(tensors_in(inputs if isinstance(inputs, tuple) else list(inputs)))
    shown = [view.network.by_id[node] for node in view.network.inputs]
    facts = [
        InputFact(name, channels_first(t.shape, node.axes), not holds_integers(t))
        for name, t, node in zip(names, tensors, shown, strict=False)
    ]
    node_of = {r.id: node for node, members in view.members.items() for r in members}
    fallback = view.network.outputs[0]
    sources = [
        OutputSource(None)
        if record is None
        else OutputSource(node_of.get(record, fallback), *last_operations(trace, record))
        for record in trace.results
    ]
    unbatched = {n.axes[0].size for n in shown if n.axes and n.axes[0].role not in SAMPLE_ROLES}
    sizes = frozenset(fact.shape[0] for fact in facts if fact.shape) - unbatched
    flat = [(s.shape[0], s.shape[1], s.shape[2]) for s in slots if s.axes == "n*"]
    return OutputContext(evidence, facts, sources, model, sizes, flat)


_MAP_ROLES: tuple[AxisRole, ...] = ("channel", "height", "width")


def map_order(axes: Sequence[Axis]) -> list[int]:
    """Return the axes, with channels before rows before columns where the last ones are these."""
    roles = [axis.role for axis in axes]
    order = list(range(len(roles)))
    if sorted(roles[-3:]) == sorted(_MAP_ROLES):
        order[-3:] = [len(roles) - 3 + roles[-3:].index(role) for role in _MAP_ROLES]
    return order


def channels_first(shape: Sequence[int], axes: Sequence[Axis]) -> tuple[int, ...]:
    """Return a shape in the order of `map_order`."""
    return tuple(shape[i] for i in map_order(axes)) if len(axes) == len(shape) else tuple(shape)


def holds_integers(tensor: torch.Tensor) -> bool:
    """Return whether a tensor has whole numbers."""
    return not (tensor.is_floating_point() or tensor.is_complex())
