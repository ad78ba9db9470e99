"""A model that is open: its source, its graph, and passes through it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from vrnn.compute.editing.kernel_shapes import kernel_shapes
from vrnn.compute.editing.weight_editor import WeightEditor
from vrnn.compute.loading.cube_model import CubeModel
from vrnn.compute.loading.input_slots import InputSlot
from vrnn.compute.loading.model_evidence import model_evidence
from vrnn.compute.loading.source import ModelSource
from vrnn.compute.loading.step_weights import StepWeights
from vrnn.compute.model_inputs import Inputs, leaves_in
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.captured_pass import PassResult
from vrnn.compute.passes.captured_passes import CapturedPasses
from vrnn.compute.passes.device_room import DeviceRoom, OutOfMemory
from vrnn.compute.passes.feature_maps import to_feature_maps
from vrnn.compute.passes.hidden_maps import HiddenMaps
from vrnn.compute.passes.input_picture import chosen_picture
from vrnn.compute.passes.layer_portraits import LayerPortraits
from vrnn.compute.passes.predictions import decode_outputs, output_context
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.checks import check_edges, check_parameters
from vrnn.compute.tracing.graph_edges import with_node_layout
from vrnn.compute.tracing.input_names import input_roles
from vrnn.compute.tracing.module_stack import named_parameters
from vrnn.compute.tracing.receptive_fields import receptive_fields
from vrnn.compute.tracing.simplify import GraphView, simplify, with_roles
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.compute.tracing.trace import Trace
from vrnn.compute.tracing.tracer import trace
from vrnn.errors import VrnnError
from vrnn.media.media import Media
from vrnn.network.axes import AxisChoice, AxisRole
from vrnn.network.choices import chosen_indices, used_choices
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.kernel_edits import KernelShape
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.positions import side_by_side_network
from vrnn.network.predictions import Output
from vrnn.network.receptive_field import ReceptiveField
from vrnn.network.results import Ablation, ForwardResult
from vrnn.recordings.recorded_step import RecordedStep

OnMaps = Callable[[int, LayerMaps], None]
"""Takes a node's id and its maps. What it raises ends the pass."""
OnPortraits = Callable[[Mapping[int, FeatureMaps]], None]
"""Takes maps by node id."""


class _AllThere(Exception):
    """All layers that were asked for have been reached."""


@dataclass(frozen=True)
class _Pass:
    """A pass that is asked for, see `LoadedModel.run`, and the maps that its result gets."""

    inputs: Inputs
    seen: np.ndarray
    ablations: Sequence[Ablation]
    choices: Sequence[AxisChoice]
    continues: bool
    left_out: Mapping[int, int] | None
    on_maps: OnMaps
    maps: dict[int, FeatureMaps]


class LoadedModel:
    """A traced model that runs images.

    Attributes:
        source: The model and what belongs to it.
        detail: Level of detail of the graph.
        view: The graph.
        replay: Runs the model again.
        inputs: Those of the newest pass.
        media: What they were made of; None for the source's own sample.
        captured: Runs passes as CUDA graphs, where there is CUDA.
        room: Whether the model's device has room for the conversion of maps.
        editor: Edits of the model's weights: where these are to count, the model runs inside its
            `active`.
    """

    def __init__(self, source: ModelSource, detail: str) -> None:
        """Trace a model.

        Args:
            source: The model and what belongs to it.
            detail: Level of detail of the graph, see `simplify`.

        Raises:
            VrnnError: There is nothing to show of it.
        """
        self.source = source
        self.detail = detail
        self.media: Media | None = None
        self.editor = WeightEditor()
        self.room = DeviceRoom(lambda reason: self.captured.give_up(reason))
        self._sequence = 0
        self._varies = False
        self._step_weights = StepWeights(source.model)
        self._roles: Mapping[str, tuple[AxisRole, ...]] = {}
        self._side_by_side: frozenset[AxisRole] = frozenset()
        self.use_default_dtype()
        self.retrace(source.example_inputs())
        turned = [slot for slot in source.slots if self._takes_steps_first(slot)]
        for slot in turned:
            source.turn_text(slot)
        if turned:
            self.retrace(source.example_inputs())

    @property
    def label_count(self) -> int:
        """Number of classes that the model's config names, 0 for none."""
        return self._outputs.label_count

    def _takes_steps_first(self, slot: InputSlot) -> bool:
        """Whether a text that went in as one sample was taken for as many samples of one token."""
        if slot.kind != "text" or not slot.tokens or slot.axes != "nl":
            return False
        leaf = leaves_in(self.inputs)[slot.index]
        nodes = zip(tensors_in(self.inputs), self.view.trace.inputs, strict=True)
        entry = self._network.by_id.get(next((node for t, node in nodes if t is leaf), -1))
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
        self._show(self._trace(inputs), inputs)

    def _trace(self, inputs: Inputs, tensors: dict[int, torch.Tensor] | None = None) -> Trace:
        """Trace the model. tensors: takes those of all records."""
        model = self.source.model
        roles = input_roles(model, inputs, self.source.candidate.axes)
        return trace(model, inputs, self.source.title, roles, tensors=tensors)

    def _show(self, traced: Trace, inputs: Inputs) -> None:
        self._found = simplify(traced, self.detail)
        self.inputs = inputs
        self._read_axes()

    def _read_axes(self) -> None:
        """Make the view with the roles that the user has set."""
        self.view: GraphView = with_roles(self._found, self._roles) if self._roles else self._found
        self.replay = Replay(self.source.model, self.view)
        self._portraits = LayerPortraits(self.view)
        self._coarse_maps = HiddenMaps()
        self.captured = CapturedPasses(self.source.model, self.view, self.replay, self._portraits)
        if self.room.is_short:
            self.captured.give_up("the device's memory is full")
        losses = self.source.candidate.loss_names
        evidence = model_evidence(self.source.model, self.source.class_names, losses)
        self._outputs = output_context(
            self.view, self.inputs, self.source.model, evidence, self.source.slots
        )
        self._network = with_node_layout(
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

    def show_step(self, step: RecordedStep | None) -> tuple[str, ...]:
        """Give the model the weights of a step of its training, or its own, from now on.

        Args:
            step: The step; None for its own weights.

        Returns:
            Sentences about weights that do not fit, where they are others than before.

        Raises:
            VrnnError: They cannot be read, or none of them fits; the model stays as it was.
        """
        if step == self.shown_step:
            return ()
        with self.editor.suspended():
            notes = self._step_weights.show(step)
        self.editor.renew(self.view)
        return notes

    @property
    def shown_step(self) -> RecordedStep | None:
        """The step whose weights the model has; None for its own."""
        return self._step_weights.shown

    def layer_weights(self, name: str) -> np.ndarray:
        """Return all weights of the module of a layer, of its own and below it.

        Args:
            name: The layer's name; a layer without a module has none.

        Returns:
            (N,) float32.
        """
        found = [
            parameter.detach().float().reshape(-1).cpu()
            for path, parameter in named_parameters(self.source.model)
            if path.rpartition(".")[0] == name or path.startswith(f"{name}.")
        ]
        return torch.cat(found).numpy() if found else np.zeros(0, np.float32)

    def layer_matrix(self, name: str) -> np.ndarray:
        """Return the kernels of a layer, or its matrix: its first parameter of two or more axes.

        Args:
            name: The layer's name.

        Returns:
            (filters, …) float32; empty where it has none.
        """
        for path, parameter in named_parameters(self.source.model):
            if path.startswith(f"{name}.") and parameter.ndim > 1:
                return np.array(parameter.detach().float().cpu().numpy())
        return np.zeros((0, 0), np.float32)

    def layer_output(self, node: int) -> np.ndarray:
        """Run the present input, and return the result of one layer, flat.

        Args:
            node: The layer's id.

        Returns:
            (N,) float32.
        """
        found: list[torch.Tensor] = []

        def keep(other: int, tensor: torch.Tensor) -> None:
            if other == node:
                # A copy: a later operation may write over it.
                found.append(tensor.detach().float().reshape(-1).cpu().clone())

        self.use_default_dtype()
        self.replay.run(self.inputs, keep)
        return found[0].numpy() if found else np.zeros(0, np.float32)

    def set_side_by_side(self, choices: Sequence[AxisChoice]) -> bool:
        """Say which samples, frames or slices are side by side, in place of those before.

        Args:
            choices: What was chosen.

        Returns:
            Whether that makes the maps of the network wider or narrower.
        """
        roles = {choice.role for choice in choices if choice.index is None}
        roles &= self._network.choice_counts.keys()
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
        return side_by_side_network(self._network, choices) if choices else self._network

    @property
    def info(self) -> NetworkInfo:
        """What people read about the model."""
        s = self.source
        notes = [*s.notes, *check_parameters(self.view, s.model)]
        if self._varies:
            notes.append(
                "it takes another path in each pass, so its graph is traced again for each"
            )
        return NetworkInfo(
            s.title, s.class_names, s.random_weights and self.shown_step is None, s.parameters,
            tuple(notes), s.token_names,
            s.candidate.source_files,
            s.takes_images, isinstance(s.model, CubeModel), len(s.examples),
        )  # fmt: skip

    def check_edges(self, on_call: Callable[[], None]) -> tuple[str, ...]:
        """Compare the graph with autograd's in a pass of its own, see `checks.check_edges`."""
        self.use_default_dtype()
        return check_edges(self.source.model, self.inputs, on_call)

    def run(
        self,
        image: Media | None,
        on_maps: OnMaps,
        on_retrace: Callable[[], None],
        ablations: Sequence[Ablation] = (),
        choices: Sequence[AxisChoice] = (),
        continues: bool = False,
        left_out: Mapping[int, int] | None = None,
        on_portraits: OnPortraits = lambda maps: None,
        hidden: Collection[int] = (),
    ) -> ForwardResult:
        """Run one pass.

        Args:
            image: (H, W, 3) uint8 or another medium; None for the source's own sample.
            on_maps: Gets each node's maps as soon as they are there, in run order; what it raises
                ends the pass.
            on_retrace: Called when the model was traced again, after which all maps come anew.
            ablations: What is ablated in the pass.
            choices: Which sample, frame or slice is shown.
            continues: Whether the image is the next frame of a stream.
            left_out: How many of the finest levels each layer's maps lack, by node id; those not
                named are whole. The result has no maps but those of inputs then, so that a pass
                holds no more than its largest tensors. None: all are whole, and in the result. A
                model that takes another path in each pass has whole maps: they could not be made
                again.
            on_portraits: Gets the maps of all layers again, with portraits, where `on_maps` got
                them without.
            hidden: Ids of layers of which only the portrait is seen, see `HiddenMaps`; of those
                that lack levels.

        Raises:
            VrnnError: An ablation does not fit the network, or leads it another way.
        """
        self.use_default_dtype()
        inputs, seen, note = self.source.prepare(image)
        self.inputs, self.media = inputs, image
        started = time.perf_counter()
        self._coarse_maps.begin(hidden, continues)
        if continues and self.captured.compares_next:
            left_out = None
        asked = _Pass(inputs, seen, ablations, choices, continues, left_out, on_maps, {})
        try:
            result = self._run_pass(asked, on_retrace, on_portraits)
        except OutOfMemory:
            if not self.room.make():
                raise
        else:
            return self._result(asked, result, note, started)
        # Behind the handler, which holds what the pass had made.
        asked.maps.clear()
        result = self._run_pass(asked, on_retrace, on_portraits)
        return self._result(asked, result, note, started)

    def _run_pass(
        self, asked: _Pass, on_retrace: Callable[[], None], on_portraits: OnPortraits
    ) -> Any:
        """Run a pass, captured or as usual; its maps are in `asked`. Returns the model's result."""
        inputs, ablations, choices = asked.inputs, asked.ablations, asked.choices
        self._portraits.begin(asked.seen, asked.continues)
        take = partial(self._take, asked)
        try:
            if self._varies and not ablations:
                raise GraphChanged("it takes another path in each pass")
            captured = None if ablations else self.captured.run(inputs, choices)
            if captured is not None:
                maps = self._hand_out(captured, inputs, choices, asked.on_maps, asked.continues)
                on_portraits(maps)
                kept = maps if asked.left_out is None else self._network.inputs
                asked.maps.update({node: maps[node] for node in kept if node in maps})
                return captured.result
            result = self.replay.run(inputs, take, ablations)
            if not ablations and not self.room.is_short:
                self.captured.note(inputs, choices)
            return result
        except GraphChanged as error:
            if ablations and (self._varies or self._has_traced_graph(inputs)):
                raise self._ablation_changed_graph() from error
            asked.maps.clear()
            return self._run_anew(inputs, asked.seen, take, on_retrace, ablations)

    def _take(self, asked: _Pass, node: int, tensor: torch.Tensor) -> None:
        """Convert a layer of a pass, and hand its maps over."""
        if node == self._network.inputs[0]:
            chosen = self._chosen_picture(asked.inputs, asked.choices)
            if chosen is not None:
                self._portraits.begin(chosen, asked.continues)
        indices = chosen_indices(self._network, node, asked.choices)
        make_portrait = partial(self._portraits.make, node)
        layout, tensor = self.view.map_layouts[node], self.room.place(tensor)
        levels = 0 if asked.left_out is None or self._varies else asked.left_out.get(node, 0)
        if levels:
            make = self._coarse_maps.make
            asked.on_maps(node, make(node, tensor, layout, indices, make_portrait, levels))
            return
        found = to_feature_maps(tensor, layout, indices, make_portrait)
        if asked.left_out is None or node in self._network.inputs:
            asked.maps[node] = found
        asked.on_maps(node, found)

    def _result(self, asked: _Pass, result: Any, note: str, started: float) -> ForwardResult:
        """What is told of a pass that was run."""
        self._sequence += 1
        size = (asked.seen.shape[0], asked.seen.shape[1])
        outputs = decode_outputs(result, self._network, size, self._outputs, asked.choices)
        picture = self._chosen_picture(asked.inputs, asked.choices)
        seen = asked.seen if picture is None else picture
        seconds = time.perf_counter() - started
        return ForwardResult(
            self._sequence, seen, asked.maps, outputs, seconds, tuple(asked.ablations),
            used_choices(self._network, asked.choices), note,
        )  # fmt: skip

    def _hand_out(
        self, captured: PassResult, inputs: Inputs, choices: Sequence[AxisChoice],
        on_maps: OnMaps, continues: bool,
    ) -> dict[int, FeatureMaps]:  # fmt: skip
        """Hand out what a captured pass gave, and return it with portraits."""
        for node, maps in captured.maps.items():
            on_maps(node, maps)
        chosen = self._chosen_picture(inputs, choices)
        if chosen is not None:
            self._portraits.begin(chosen, continues)
        assert self.captured.current is not None
        portraits = self.captured.current.run_portraits(self._portraits)
        return {
            node: replace(maps, portrait=portraits.get(node))
            for node, maps in captured.maps.items()
        }

    def may_capture(self, result: ForwardResult) -> bool:
        """Whether `capture` has something to do after a pass."""
        is_whole = len(result.maps) == len(self.view.records)
        return self.captured.is_due and is_whole and not result.ablations

    def capture(self, result: ForwardResult) -> None:
        """Capture the pass that was just run; see `CapturedPasses`.

        Args:
            result: What the pass gave.
        """
        self.captured.capture(self.inputs, self._network, result.maps)

    def fill(
        self,
        nodes: Collection[int],
        on_maps: OnMaps,
        check_stop: Callable[[], None],
        ablations: Sequence[Ablation] = (),
        choices: Sequence[AxisChoice] = (),
    ) -> None:
        """Make the whole maps of some layers again, by a pass that stops behind the last of them.

        They have no portraits: those of the pass before are theirs.

        Args:
            nodes: Ids of the layers.
            on_maps: See `run`.
            check_stop: Called at each layer; what it raises ends the pass.
            ablations: Those of the newest pass.
            choices: Those of the newest pass.

        Raises:
            GraphChanged: The model takes another path than in the newest pass.
        """
        if self._varies:
            raise GraphChanged("it takes another path in each pass")
        waiting = set(nodes) & self.view.records.keys()

        def on_output(node: int, tensor: torch.Tensor) -> None:
            check_stop()
            if node in waiting:
                indices = chosen_indices(self._network, node, choices)
                layout = self.view.map_layouts[node]
                on_maps(node, to_feature_maps(self.room.place(tensor), layout, indices))
                waiting.discard(node)
                if not waiting:
                    raise _AllThere

        is_full = True
        while waiting and is_full:
            is_full = False
            self.use_default_dtype()
            try:
                with contextlib.suppress(_AllThere):
                    self.replay.run(self.inputs, on_output, ablations)
            except OutOfMemory:
                if not self.room.make():
                    raise
                is_full = True

    def predict(self, inputs: Inputs, size: tuple[int, int]) -> tuple[Output, ...]:
        """Run a pass and decode its outputs, without any maps.

        Args:
            inputs: The model's arguments.
            size: (height, width) of the image in pixels.
        """
        result = self.replay.run(inputs, lambda node, tensor: None)
        return decode_outputs(result, self._network, size, self._outputs)

    def _chosen_picture(self, inputs: Inputs, choices: Sequence[AxisChoice]) -> np.ndarray | None:
        source = self.source
        return chosen_picture(
            source.candidate, source.slots, self.view, self._network, inputs, choices
        )

    def _run_anew(
        self, inputs: Inputs, seen: np.ndarray, on_output: Callable[[int, torch.Tensor], None],
        on_retrace: Callable[[], None], ablations: Sequence[Ablation],
    ) -> Any:  # fmt: skip
        """Trace the model again and run it.

        A model that takes another path in each pass, by chance or by what it keeps of the last one,
        is shown by the very pass that is traced.
        """
        if not self._varies:
            self.retrace(inputs)
            self._portraits.begin(seen)
            on_retrace()
            try:
                return self.replay.run(inputs, on_output, ablations)
            except GraphChanged as error:
                if ablations:
                    raise self._ablation_changed_graph() from error
            self._varies = True
        tensors: dict[int, torch.Tensor] = {}
        traced = self._trace(inputs, tensors)
        result, traced.result = traced.result, None
        self._show(traced, inputs)
        self._portraits.begin(seen)
        on_retrace()
        for node, record in self.view.records.items():
            if record.id in tensors:
                on_output(node, tensors[record.id])
        return result

    def _has_traced_graph(self, inputs: Inputs) -> bool:
        """Whether a pass without ablations has the graph that was traced."""
        try:
            self.replay.run(inputs, lambda node, tensor: None)
        except GraphChanged:
            return False
        return True

    def _ablation_changed_graph(self) -> VrnnError:
        if self._varies:
            return VrnnError(
                f"{self.source.title} takes another path in each pass, so no channel of it can be "
                "ablated; undo the ablation"
            )
        return VrnnError(
            f"{self.source.title} takes another path when these channels are ablated, and its "
            "graph no longer holds; ablate others"
        )
