"""A model's results decoded, each output as what the evidence says that it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

import numpy as np
import torch
from torch import nn

from vrnn.compute.loading.cube_model import CubeModel
from vrnn.compute.loading.input_slots import InputSlot
from vrnn.compute.loading.model_evidence import ModelEvidence
from vrnn.compute.model_inputs import Inputs
from vrnn.compute.passes.detections import decode_compound
from vrnn.compute.passes.output_evidence import InputFact, OutputEvidence, last_operations
from vrnn.compute.passes.output_rules import Conclusion, conclude
from vrnn.compute.tracing.module_stack import modules_of
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import result_tensors, tensors_in
from vrnn.network.axes import (
    SAMPLE_ROLES,
    Axis,
    AxisChoice,
    AxisRole,
    default_index,
    local_index,
    places_text,
)
from vrnn.network.graph import Network
from vrnn.network.output_decoding import decode
from vrnn.network.predictions import Output

MAX_OUTPUTS = 12
"""Outputs that are decoded; further ones are only layers."""
MIN_SQUARE = 7
"""Pixels: side of the smallest square image that a vector is offered as."""
MIN_REPEATS = 3
"""Items of a list of equal shapes from which on only the last counts: estimates that a model
improves step by step."""
SKIPPED_KEYS = ("past_key_values", "hidden_states", "attentions", "cross_attentions")
"""Parts of a result that hold what a model keeps, no predictions."""


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
        InputFact(name, _channels_first(t.shape, node.axes), not _holds_integers(t))
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


def _map_order(axes: Sequence[Axis]) -> list[int]:
    """The axes, with channels before rows before columns where the last ones are these."""
    roles = [axis.role for axis in axes]
    order = list(range(len(roles)))
    if sorted(roles[-3:]) == sorted(_MAP_ROLES):
        order[-3:] = [len(roles) - 3 + roles[-3:].index(role) for role in _MAP_ROLES]
    return order


def _channels_first(shape: Sequence[int], axes: Sequence[Axis]) -> tuple[int, ...]:
    return tuple(shape[i] for i in _map_order(axes)) if len(axes) == len(shape) else tuple(shape)


def _holds_integers(tensor: torch.Tensor) -> bool:
    return not (tensor.is_floating_point() or tensor.is_complex())


def decode_outputs(
    result: Any, network: Network, size: tuple[int, int], context: OutputContext | None = None,
    choices: Sequence[AxisChoice] = (),
) -> tuple[Output, ...]:  # fmt: skip
    """Decode all outputs of one sample. What does not depend on the input is left out.

    Args:
        result: What the model returned.
        network: Its graph, whose output nodes the results belong to.
        size: (height, width) of its input in pixels.
        context: What is known of the outputs; None for nothing.
        choices: Which sample, frame or slice is shown.
    """
    context = context or OutputContext()
    if isinstance(context.model, CubeModel):
        return ()  # it answers nothing
    first = network.outputs[0] if network.outputs else 0
    compound, used = decode_compound(result, first, size, context.model, context.label_count)
    outputs = [] if compound is None else [compound]
    for keys, tensor, source in _listed(result, network, context):
        if id(tensor) not in used and len(outputs) < MAX_OUTPUTS:
            decoded = _decode_tensor(keys, tensor, source, network, context, choices)
            outputs += [] if decoded is None else [decoded]
    return tuple(outputs)


Keys = tuple[str, ...]
_PLACES: tuple[AxisRole, ...] = ("token", "node", "height", "width", "depth", "query", "key")
"""Roles of axes that hold places, of which none is a class."""


def _listed(
    result: Any, network: Network, context: OutputContext
) -> list[tuple[Keys, torch.Tensor, OutputSource]]:
    """The tensors of a result that may be predictions, each with its keys and its source."""
    paths: dict[int, Keys] = {}
    for keys, tensor in _named_tensors(result):
        paths.setdefault(id(tensor), keys)
    tensors = result_tensors(result)
    nodes = network.outputs or (0,)
    sources = list(context.sources)
    if len(sources) != len(tensors):  # nothing is known: the graph's outputs in their order
        sources = [OutputSource(nodes[min(i, len(nodes) - 1)]) for i in range(len(tensors))]
    unwanted: set[int] = set()
    for module in [] if context.model is None else modules_of(context.model):
        unwanted.update(map(id, module._parameters.values()), map(id, module._buffers.values()))
    listed = []
    for number, (tensor, source) in enumerate(zip(tensors, sources, strict=True)):
        keys = paths.get(id(tensor), (str(number),))
        is_skipped = id(tensor) in unwanted or any(key in SKIPPED_KEYS for key in keys)
        if source.node is not None and not is_skipped:
            listed.append((keys, tensor, source))
            unwanted.add(id(tensor))  # once, under its first name
    siblings: dict[tuple[Keys, torch.Size], list[int]] = {}
    for i, (keys, tensor, _) in enumerate(listed):
        if keys and keys[-1].isdecimal() and tensor.dim() > 2:
            siblings.setdefault((keys[:-1], tensor.shape), []).append(i)
    dropped = {i for group in siblings.values() if len(group) >= MIN_REPEATS for i in group[:-1]}
    return [one for i, one in enumerate(listed) if i not in dropped]


def _named_tensors(
    value: Any, keys: Keys = (), depth: int = 6
) -> Iterator[tuple[Keys, torch.Tensor]]:
    """All tensors in nested containers and objects, each with the keys on the way to it."""
    items: Any = ()
    if isinstance(value, torch.Tensor):
        yield keys, value
    elif not depth:
        return
    elif isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list | tuple):
        names = getattr(value, "_fields", None) or range(len(value))
        items = zip(names, value, strict=True)
    elif hasattr(value, "__dict__") and not isinstance(value, type | nn.Module):
        items = vars(value).items()
    for key, item in items:
        yield from _named_tensors(item, (*keys, str(key)), depth - 1)


def _name(keys: Keys) -> str:
    """How people read the way to an output: `logits`, `output 2`."""
    words = [str(int(key) + 1) if key.isdecimal() else key for key in keys]
    name = ".".join(words)
    return f"output {name}".strip() if not keys or keys[0].isdecimal() else name


def _decode_tensor(
    keys: Keys, tensor: torch.Tensor, source: OutputSource, network: Network,
    context: OutputContext, choices: Sequence[AxisChoice],
) -> Output | None:  # fmt: skip
    node = network.by_id.get(source.node) if source.node is not None else None
    axes = () if node is None else node.axes
    if tuple(axis.size for axis in axes) != tuple(tensor.shape):
        samples = [axis for axis in axes if axis.role == "batch" and axis.size > 1]
        is_one_number = len(samples) == 1 and tuple(tensor.shape) == (samples[0].size,)
        axes = tuple(samples) if is_one_number else ()  # of each sample, as of `x[:, 0]`
    sample = _Sample(tensor.detach(), keys, axes, context, choices)
    if not sample.tensor.numel():
        return None
    values = _to_numpy(sample.tensor)
    layer = source.layer.lower()
    evidence = OutputEvidence(
        _name(keys), tuple(key.lower() for key in keys if not key.isdecimal()), values,
        source.operations, layer.rpartition(".")[2], layer, context.inputs, context.evidence,
        ", ".join(sample.positions), context.flat_images,
    )  # fmt: skip
    found = conclude(evidence)
    long = [axis for axis in axes if axis.size > 1]
    if values.ndim == 1 and long and long[-1].size == len(values) and long[-1].role in _PLACES:
        places = f"one value for each {long[-1].role}"
        found = Conclusion("numbers", places, long[-1].certainty != "assumed")
    if values.ndim == 2 and found.kind == "maps" and not found.is_sure:
        found = _maps_of_places(values, long) or found
    if values.ndim == 1 and _holds_integers(tensor):
        found = Conclusion("numbers", "whole numbers")
    return decode(
        found.kind, values, source.node or 0, name=evidence.name, evidence=found.evidence,
        is_sure=found.is_sure,
        is_activated=evidence.ends_in("sigmoid", "softmax", "log_softmax", "hardsigmoid"),
        image_shape=evidence.flat_image or _square_image(values),
    )  # fmt: skip


def _square_image(values: np.ndarray) -> tuple[int, int, int] | None:
    """(C, H, W) of the square image that a vector may hold."""
    for channels in (1, 3):
        side = isqrt(values.size // channels)
        if values.ndim == 1 and side >= MIN_SQUARE and channels * side * side == values.size:
            return channels, side, side
    return None


def _maps_of_places(values: np.ndarray, axes: Sequence[Axis]) -> Conclusion | None:
    """What several values for each node or token are. axes: those longer than 1."""
    named = ("token", "node", "query", "key", "time", "width")
    places = [axis for axis in axes if axis.role in named and axis.size in values.shape]
    if len(places) != 1:
        return None
    role, size = places[0].role, places[0].size
    text = f"{values.size // size} values for each of {places_text(role, size)}"
    return Conclusion("maps", text, places[0].certainty != "assumed")


def _to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """float32, or int32 for whole numbers; magnitudes of complex ones."""
    if tensor.is_complex():
        tensor = tensor.abs()
    kind = torch.float32 if tensor.is_floating_point() else torch.int32
    array: np.ndarray = tensor.to(kind).cpu().numpy()
    return array if kind is torch.float32 or array.ndim == 3 else array.astype(np.float32)


class _Sample:
    """The part of an output that is shown: one sample, slice or frame, channels first.

    Attributes:
        tensor: (K,), (C, T) or (K, H, W).
        positions: Which part of the whole it is, where several are there.
    """

    def __init__(
        self, tensor: torch.Tensor, keys: Keys, axes: Sequence[Axis], context: OutputContext,
        choices: Sequence[AxisChoice],
    ) -> None:  # fmt: skip
        self.tensor = tensor
        self.positions: list[str] = []
        self._are_logits = any("logit" in key.lower() for key in keys)
        self._choices = {choice.role: choice.index for choice in choices}
        self._roles: list[AxisRole] = []
        if axes:
            order = _map_order(axes)
            self.tensor = tensor.permute(order)
            self._roles = [axes[i].role for i in order]
        self._take_sample(axes, context)
        self._drop_single()
        self._take_slice(context)
        self._arrange(context)

    def _take(self, axis: int, role: AxisRole, word: str) -> None:
        count = self.tensor.shape[axis]
        chosen = self._choices.get(role)
        index = default_index(role, count) if chosen is None else chosen
        index = local_index(index, count, max(count, index + 1))
        self.tensor = self.tensor.select(axis, index)
        del self._roles[axis : axis + 1]
        if count > 1:
            self.positions.append(f"{word} {index}")

    def _take_sample(self, axes: Sequence[Axis], context: OutputContext) -> None:
        place = 0 if self.tensor.dim() > 1 and self.tensor.shape[0] in context.batch_sizes else None
        if axes:
            roles = self._roles
            place = 0 if len(roles) > 1 and roles[0] in SAMPLE_ROLES else None
            place = roles.index("batch") if "batch" in roles else place
        if place is not None and not context.is_graph:
            self._take(place, "batch", "sample")

    def _drop_single(self) -> None:
        """Drop axes of one value that hold nothing, such as the samples after a reshape."""
        for axis in reversed(range(len(self._roles))):
            is_single = self.tensor.dim() > 1 and self.tensor.shape[axis] == 1
            if is_single and self._roles[axis] == "other":
                self.tensor = self.tensor.squeeze(axis)
                del self._roles[axis]

    def _take_slice(self, context: OutputContext) -> None:
        while self.tensor.dim() > 4:
            self._take(0, "other", "index")
        if self.tensor.dim() == 4:
            is_video = any(len(i.shape) == 5 and i.shape[2] in (1, 3) for i in context.inputs)
            frames_first = is_video and self.tensor.shape[0] == context.inputs[0].shape[1]
            if frames_first:
                self._take(0, "time", "frame")
            elif self.tensor.shape[0] == 1:
                self.tensor = self.tensor[0]
            else:
                self._take(1, "depth", "slice")

    def _arrange(self, context: OutputContext) -> None:
        """Drop axes of one value behind the channels; channels first; a map of its own."""
        while self.tensor.dim() > 1 and self.tensor.shape[-1] == 1:
            self.tensor = self.tensor[..., 0]
        images = [i.image_shape for i in context.inputs if i.image_shape]
        if self.tensor.dim() == 0:
            self.tensor = self.tensor[None]
        if self.tensor.dim() == 2:
            sizes = [image[1:] for image in images]
            if any(_has_aspect(tuple(self.tensor.shape), size) for size in sizes):
                self.tensor = self.tensor[None]
            else:
                self._take_token(context)
        elif self.tensor.dim() == 3 and images:
            height, width, channels = self.tensor.shape
            is_last = any((height, width) == image[1:] for image in images)
            if is_last and (channels, height) != (height, width) and channels < 64:
                self.tensor = self.tensor.permute(2, 0, 1)

    def _take_token(self, context: OutputContext) -> None:
        """Of the scores of tokens take those of the last one, which a text goes on with."""
        length, count = self.tensor.shape
        lengths = [i.shape[-1] for i in context.inputs if not i.is_float and len(i.shape) == 2]
        is_scores = self._are_logits and context.evidence.task == "tokens"
        is_scores = is_scores or count == context.evidence.vocabulary
        if length in lengths and is_scores and not context.is_graph:
            self.tensor = self.tensor[-1]
            self.positions.append(f"token {length - 1}")


def _has_aspect(shape: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Whether a map is as large as an image, or as many times smaller along both axes."""
    rows, columns = size[0] / shape[0], size[1] / shape[1]
    return min(shape) > 8 and abs(rows - columns) < 0.05 * rows and rows < 64
