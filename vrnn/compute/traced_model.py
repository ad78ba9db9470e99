"""A model and its graph: traced, at a level of detail, with the axes that the user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from vrnn.compute.editing.kernel_shapes import kernel_shapes
from vrnn.compute.loading.input_slots import InputSlot
from vrnn.compute.loading.model_evidence import model_evidence
from vrnn.compute.loading.source import ModelSource
from vrnn.compute.model_inputs import Inputs, leaves_in
from vrnn.compute.outputs.context import output_context
from vrnn.compute.passes.frame_gate import FrameGate
from vrnn.compute.passes.input_picture import chosen_picture
from vrnn.compute.passes.pass_pace import PassPace
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.graph_edges import with_node_layout
from vrnn.compute.tracing.input_names import input_roles
from vrnn.compute.tracing.receptive_fields import receptive_fields
from vrnn.compute.tracing.simplify import GraphView, simplify, with_roles
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.compute.tracing.trace import Trace
from vrnn.compute.tracing.tracer import trace
from vrnn.media.media import Media
from vrnn.network.axes import AxisChoice, AxisRole
from vrnn.network.graph import Network
from vrnn.network.kernel_edits import KernelShape
from vrnn.network.positions import side_by_side_network
from vrnn.network.receptive_field import ReceptiveField


class TracedModel:
    """A model, and the graph of its newest trace.

    Attributes:
        source: The model and what belongs to it.
        detail: Level of detail of the graph.
        gate: Passes on a GPU wait at it.
        view: The graph; another object once it is another graph.
        replay: Runs the model again.
        base_network: The graph with maps of one sample, frame or slice.
        outputs: How the model's outputs are read.
        inputs: Those of the newest pass.
        media: What they were made of; None for the source's own sample.
    """

    def __init__(self, source: ModelSource, detail: str, gate: FrameGate | None = None) -> None:
        """Trace a model.

        Args:
            source: The model and what belongs to it.
            detail: Level of detail of the graph, see `simplify`.
            gate: Says when a headset's frame is made; None where there is no headset.

        Raises:
            VrnnError: There is nothing to show of it.
        """
        self.source = source
        self.detail = detail
        self.gate = gate or FrameGate()
        self.media: Media | None = None
        self._roles: Mapping[str, tuple[AxisRole, ...]] = {}
        self._side_by_side: frozenset[AxisRole] = frozenset()
        self.use_default_dtype()
        self.retrace(source.example_inputs())
        turned = [slot for slot in source.slots if self._takes_steps_first(slot)]
        for slot in turned:
            source.turn_text(slot)
        if turned:
            self.retrace(source.example_inputs())

    def _takes_steps_first(self, slot: InputSlot) -> bool:
        """Whether a text that went in as one sample was taken for as many samples of one token."""
        if slot.kind != "text" or not slot.tokens or slot.axes != "nl":
            return False
        leaf = leaves_in(self.inputs)[slot.index]
        nodes = zip(tensors_in(self.inputs), self.view.trace.inputs, strict=True)
        entry = self.base_network.by_id.get(next((node for t, node in nodes if t is leaf), -1))
        axes = () if entry is None else tuple((a.role, a.size, a.certainty) for a in entry.axes)
        return (
            len(axes) == 2
            and axes[0][1:] == (1, "derived")
            and (
                axes[0][0] in ("token", "time")
                and axes[1] == ("batch", len(slot.tokens), "derived")
            )
        )

    def use_default_dtype(self) -> None:
        """Let torch make numbers of the type that the model's script has set, from now on."""
        torch.set_default_dtype(self.source.default_dtype)

    def retrace(self, inputs: Inputs) -> None:
        """Trace the model again: its graph may depend on the image.

        Args:
            inputs: Its arguments.
        """
        self.show_trace(self.trace_pass(inputs), inputs)

    def trace_pass(self, inputs: Inputs, tensors: dict[int, torch.Tensor] | None = None) -> Trace:
        """Trace a pass; the graph stays what it is until `show_trace`.

        Args:
            inputs: The model's arguments.
            tensors: Takes the tensors of all records.
        """
        model = self.source.model
        roles = input_roles(model, inputs, self.source.candidate.axes)
        return trace(model, inputs, self.source.title, roles, tensors=tensors)

    def show_trace(self, traced: Trace, inputs: Inputs) -> None:
        """Make a trace the graph.

        Args:
            traced: The trace.
            inputs: The arguments of its pass.
        """
        self._found = simplify(traced, self.detail)
        self.inputs = inputs
        self._read_axes()

    def _read_axes(self) -> None:
        """Make the view with the roles that the user has set."""
        self.view: GraphView = with_roles(self._found, self._roles) if self._roles else self._found
        self.replay = Replay(self.source.model, self.view, PassPace(self.gate))
        losses = self.source.candidate.loss_names
        evidence = model_evidence(self.source.model, self.source.class_names, losses)
        self.outputs = output_context(
            self.view, self.inputs, self.source.model, evidence, self.source.slots
        )
        self.base_network = with_node_layout(
            self.view.network, self.source.model, tensors_in(self.inputs)
        )
        self._receptive_fields: Mapping[int, ReceptiveField] | None = None

    def set_roles(self, roles: Mapping[str, tuple[AxisRole, ...]]) -> bool:
        """Say what the axes of layers hold, in place of what was said before.

        Args:
            roles: The role of each axis, the batch included, by the name of the layer.

        Returns:
            Whether that makes the network another one.
        """
        if roles == self._roles:
            return False
        before, self._roles = self.view.network, dict(roles)
        self._read_axes()
        return self.view.network != before

    def set_side_by_side(self, choices: Sequence[AxisChoice]) -> bool:
        """Say which samples, frames or slices are side by side, in place of those before.

        Args:
            choices: What was chosen.

        Returns:
            Whether that makes the maps of the network wider or narrower.
        """
        roles = {choice.role for choice in choices if choice.index is None}
        roles &= self.base_network.choice_counts.keys()
        if roles == self._side_by_side:
            return False
        self._side_by_side = frozenset(roles)
        return True

    @property
    def receptive_fields(self) -> Mapping[int, ReceptiveField]:
        """The receptive field of each node by its id, computed when first asked for."""
        if self._receptive_fields is None:
            self._receptive_fields = receptive_fields(self.view)
        return self._receptive_fields

    @property
    def kernels(self) -> Mapping[int, KernelShape]:
        """The kernels of each layer that has some, by node id."""
        return kernel_shapes(self.view)

    @property
    def network(self) -> Network:
        """The graph at the chosen level of detail, with maps as wide as they are shown."""
        choices = [AxisChoice(role, None) for role in self._side_by_side]
        return side_by_side_network(self.base_network, choices) if choices else self.base_network

    def chosen_picture(self, inputs: Inputs, choices: Sequence[AxisChoice]) -> np.ndarray | None:
        """Return what is shown as the input, see `input_picture.chosen_picture`."""
        source = self.source
        return chosen_picture(
            source.candidate, source.slots, self.view, self.base_network, inputs, choices
        )
