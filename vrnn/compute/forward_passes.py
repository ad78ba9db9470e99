"""Passes through a traced model: a medium goes in, the maps of all layers come out."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from vrnn.compute.model_inputs import Inputs
from vrnn.compute.outputs.predictions import decode_outputs
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.captured_pass import PassResult
from vrnn.compute.passes.captured_passes import CapturedPasses
from vrnn.compute.passes.device_room import DeviceRoom, OutOfMemory
from vrnn.compute.passes.feature_maps import to_feature_maps
from vrnn.compute.passes.hidden_maps import HiddenMaps
from vrnn.compute.passes.layer_portraits import LayerPortraits
from vrnn.compute.passes.stream_passes import StreamPasses
from vrnn.compute.traced_model import TracedModel
from vrnn.compute.tracing.simplify import GraphView
from vrnn.errors import VrnnError
from vrnn.media.media import Media
from vrnn.network.axes import AxisChoice
from vrnn.network.choices import chosen_indices, used_choices
from vrnn.network.feature_maps import FeatureMaps, pyramid_shapes
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.results import Ablation, ForwardResult

OnMaps = Callable[[int, LayerMaps], None]
"""Takes a node's id and its maps. What it raises ends the pass."""
OnPortraits = Callable[[Mapping[int, FeatureMaps]], None]
"""Takes maps by node id."""


@dataclass(frozen=True)
class _ViewPasses:
    """What passes keep of those before; it holds for one graph."""

    view: GraphView
    portraits: LayerPortraits
    coarse_maps: HiddenMaps
    captured: CapturedPasses
    stream: StreamPasses


@dataclass(frozen=True)
class _Pass:
    """A pass that is asked for, see `ForwardPasses.run`, and the maps that its result gets."""

    inputs: Inputs
    seen: np.ndarray
    ablations: Sequence[Ablation]
    choices: Sequence[AxisChoice]
    continues: bool
    weight_room: float
    left_out: Mapping[int, int] | None
    on_maps: OnMaps
    maps: dict[int, FeatureMaps]


class ForwardPasses:
    """Runs a traced model, and traces it again where its graph depends on what goes in.

    Attributes:
        varies: Whether the model takes another path in each pass, so that each is traced.
        room: Whether the model's device has room for the conversion of maps.
    """

    def __init__(self, model: TracedModel) -> None:
        """Begin without passes.

        Args:
            model: The model.
        """
        self._model = model
        self.varies = False
        self.room = DeviceRoom(lambda reason: self.captured.give_up(reason))
        self._sequence = 0
        self._kept: _ViewPasses | None = None

    @property
    def captured(self) -> CapturedPasses:
        """Runs passes as CUDA graphs, where there is CUDA."""
        return self._current.captured

    @property
    def packed_bytes(self) -> int:
        """Bytes that weights take which are packed while images stream."""
        return self._kept.stream.weights.nbytes if self._kept else 0

    def forget_packed_weights(self) -> None:
        """Let go of them: no image has come for a while."""
        if self._kept:
            self._kept.stream.weights.clear()

    @property
    def _current(self) -> _ViewPasses:
        """What is kept for the graph that the model has now."""
        model, view = self._model, self._model.view
        if self._kept is None or self._kept.view is not view:
            portraits = LayerPortraits(view)
            captured = CapturedPasses(model.source.model, view, model.replay, portraits, model.gate)
            if self.room.is_short:
                captured.give_up("the device's memory is full")
            stream = StreamPasses(model.replay, view)
            self._kept = _ViewPasses(
                view, portraits, HiddenMaps(portraits, view.map_layouts), captured, stream
            )
        return self._kept

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
        weight_room: float = 0.0,
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
            weight_room: Bytes that weights may take which are packed while images stream, see
                `StreamPasses`.

        Raises:
            VrnnError: An ablation does not fit the network, or leads it another way.
        """
        self._model.use_default_dtype()
        inputs, seen, note = self._model.source.prepare(image)
        self._model.inputs, self._model.media = inputs, image
        started = time.perf_counter()
        self._current.coarse_maps.begin(hidden, continues)
        if continues and self.captured.compares_next:
            left_out = None
        asked = _Pass(
            inputs, seen, ablations, choices, continues, weight_room, left_out, on_maps, {}
        )
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
        self._current.portraits.begin(asked.seen, asked.continues)
        take = partial(self._take, asked)
        try:
            if self.varies and not ablations:
                raise GraphChanged("it takes another path in each pass")
            captured = None if ablations else self.captured.run(inputs, choices)
            if captured is not None:
                maps = self._hand_out(captured, inputs, choices, asked.on_maps, asked.continues)
                on_portraits(maps)
                kept = maps if asked.left_out is None else self._model.base_network.inputs
                asked.maps.update({node: maps[node] for node in kept if node in maps})
                return captured.result
            if asked.continues:
                stream = self._current.stream
                result = stream.run(inputs, take, ablations, asked.weight_room)
            else:
                self.forget_packed_weights()
                result = self._model.replay.run(inputs, take, ablations)
            if not ablations and not self.room.is_short:
                self.captured.note(inputs, choices)
            return result
        except GraphChanged as error:
            if ablations and (self.varies or self._has_traced_graph(inputs)):
                raise self._ablation_changed_graph() from error
            asked.maps.clear()
            return self._run_anew(inputs, asked.seen, take, on_retrace, ablations)

    def _take(self, asked: _Pass, node: int, tensor: torch.Tensor) -> None:
        """Convert a layer of a pass, and hand its maps over."""
        if node == self._model.base_network.inputs[0]:
            chosen = self._model.chosen_picture(asked.inputs, asked.choices)
            if chosen is not None:
                self._current.portraits.begin(chosen, asked.continues)
        levels = 0 if asked.left_out is None or self.varies else asked.left_out.get(node, 0)
        followed = self._current.coarse_maps.follow(node, tensor, levels) if levels else None
        if followed is not None:
            asked.on_maps(node, followed)
            return
        indices = chosen_indices(self._model.base_network, node, asked.choices)
        make_portrait = partial(self._current.portraits.make, node)
        layout, tensor = self._model.view.map_layouts[node], self.room.place(tensor)
        # What was asked for may be of the graph before: the last level is always there.
        if levels := min(levels, len(pyramid_shapes(*layout.shape[1:])) - 1):
            make = self._current.coarse_maps.make
            asked.on_maps(node, make(node, tensor, layout, indices, make_portrait, levels))
            return
        found = to_feature_maps(tensor, layout, indices, make_portrait)
        if asked.left_out is None or node in self._model.base_network.inputs:
            asked.maps[node] = found
        asked.on_maps(node, found)

    def _result(self, asked: _Pass, result: Any, note: str, started: float) -> ForwardResult:
        """What is told of a pass that was run."""
        self._sequence += 1
        size = (asked.seen.shape[0], asked.seen.shape[1])
        outputs = decode_outputs(
            result, self._model.base_network, size, self._model.outputs, asked.choices
        )
        picture = self._model.chosen_picture(asked.inputs, asked.choices)
        seen = asked.seen if picture is None else picture
        seconds = time.perf_counter() - started
        return ForwardResult(
            self._sequence, seen, asked.maps, outputs, seconds, tuple(asked.ablations),
            used_choices(self._model.base_network, asked.choices), note,
        )  # fmt: skip

    def _hand_out(
        self, captured: PassResult, inputs: Inputs, choices: Sequence[AxisChoice],
        on_maps: OnMaps, continues: bool,
    ) -> dict[int, FeatureMaps]:  # fmt: skip
        """Hand out what a captured pass gave, and return it with portraits."""
        for node, maps in captured.maps.items():
            on_maps(node, maps)
        chosen = self._model.chosen_picture(inputs, choices)
        if chosen is not None:
            self._current.portraits.begin(chosen, continues)
        assert self.captured.current is not None
        portraits = self.captured.current.run_portraits(self._current.portraits)
        return {
            node: replace(maps, portrait=portraits.get(node))
            for node, maps in captured.maps.items()
        }

    def may_capture(self, result: ForwardResult) -> bool:
        """Whether `capture` has something to do after a pass."""
        is_whole = len(result.maps) == len(self._model.view.records)
        return self.captured.is_due and is_whole and not result.ablations

    def capture(self, result: ForwardResult) -> None:
        """Capture the pass that was just run; see `CapturedPasses`.

        Args:
            result: What the pass gave.
        """
        self.captured.capture(self._model.inputs, self._model.base_network, result.maps)

    def _run_anew(
        self, inputs: Inputs, seen: np.ndarray, on_output: Callable[[int, torch.Tensor], None],
        on_retrace: Callable[[], None], ablations: Sequence[Ablation],
    ) -> Any:  # fmt: skip
        """Trace the model again and run it.

        A model that takes another path in each pass, by chance or by what it keeps of the last one,
        is shown by the very pass that is traced.
        """
        if not self.varies:
            self._model.retrace(inputs)
            self._current.portraits.begin(seen)
            on_retrace()
            try:
                return self._model.replay.run(inputs, on_output, ablations)
            except GraphChanged as error:
                if ablations:
                    raise self._ablation_changed_graph() from error
            self.varies = True
        tensors: dict[int, torch.Tensor] = {}
        traced = self._model.trace_pass(inputs, tensors)
        result, traced.result = traced.result, None
        self._model.show_trace(traced, inputs)
        self._current.portraits.begin(seen)
        on_retrace()
        for node, record in self._model.view.records.items():
            if record.id in tensors:
                on_output(node, tensors[record.id])
        return result

    def _has_traced_graph(self, inputs: Inputs) -> bool:
        """Whether a pass without ablations has the graph that was traced."""
        try:
            self._model.replay.run(inputs, lambda node, tensor: None)
        except GraphChanged:
            return False
        return True

    def _ablation_changed_graph(self) -> VrnnError:
        title = self._model.source.title
        if self.varies:
            return VrnnError(
                f"{title} takes another path in each pass, so no channel of it can be "
                "ablated; undo the ablation"
            )
        return VrnnError(
            f"{title} takes another path when these channels are ablated, and its graph no longer "
            "holds; ablate others"
        )
