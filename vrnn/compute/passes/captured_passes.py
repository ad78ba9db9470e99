"""When a pass runs as a CUDA graph: where that gives the same as the pass as usual."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import nn

from vrnn.compute.model_inputs import Inputs
from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.passes.captured_pass import CapturedPass, PassResult
from vrnn.compute.passes.cuda_calls import CudaCalls
from vrnn.compute.passes.device_room import OutOfMemory
from vrnn.compute.passes.feature_maps import read_maps
from vrnn.compute.passes.frame_gate import FrameGate
from vrnn.compute.passes.layer_portraits import LayerPortraits
from vrnn.compute.passes.pass_pace import PassPace
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import list_tensors
from vrnn.network.axes import AxisChoice
from vrnn.network.choices import chosen_indices
from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Network

SHARE_OF_FREE = 0.3
"""Part of the device's free memory that a captured pass may take."""
BYTES_A_VALUE = 4 + 4 * 2
"""About what a value of a layer takes: the model's own, and blocks of the graph and of three
passes on their way."""
AGREEMENT = 0.01
"""Of a layer's peak, by which a captured pass may differ: other algorithms sum in other orders."""
USUAL_PASSES = 2
"""Passes as usual, each with the same graph, before one is captured."""

Key = tuple[object, ...]
"""What a captured pass holds for: inputs, choices, and where weights are."""


class CapturedPasses:
    """Captures a model's pass once it has run as usual a few times, and runs it again.

    A graph does again what was asked of the device, whatever Python would do this time. So it is
    captured only after passes that were all alike, is compared with one of them, and holds for as
    long as inputs have the same shapes and weights lie where they were. New values of weights
    count, as they do for the model. While a headset shows frames it is one that is cut into pieces,
    where the model can be cut.

    Attributes:
        current: The captured pass, if there is one.
        refusal: Why passes are not captured; '' where they are, or may be.
    """

    def __init__(
        self, model: nn.Module, view: GraphView, replay: Replay, portraits: LayerPortraits,
        gate: FrameGate | None = None, cuda: CudaCalls | None = None,
    ) -> None:  # fmt: skip
        """Begin without a captured pass.

        Args:
            model: The model.
            view: Its graph.
            replay: Runs the model.
            portraits: Says what portraits are made of.
            gate: Says when a headset's frame is made; None where there is no headset.
            cuda: Makes streams and graphs.
        """
        self._cuda = cuda or CudaCalls()
        self._pace = PassPace(gate or FrameGate(), self._cuda)
        self._model, self._view, self._replay = model, view, replay
        self._portraits = portraits
        self._key: Key = ()
        self._modules: tuple[nn.Module, ...] = ()
        self._children: list[nn.Module | None] = []
        self._choices: tuple[AxisChoice, ...] = ()
        self._usual = 0
        self.current: CapturedPass | None = None
        self.refusal = ""

    def run(self, inputs: Inputs, choices: Sequence[AxisChoice]) -> PassResult | None:
        """Run a pass.

        Args:
            inputs: The model's arguments.
            choices: Which sample, frame or slice is shown.

        Returns:
            What it gave; None if it is to run as usual.
        """
        if self.current is None or self._key != self._key_of(inputs, choices):
            return None
        try:
            return self.current.run(inputs)
        except OutOfMemory:
            self.give_up("the device's memory is full")
            return None

    def give_up(self, reason: str) -> None:
        """Run passes as usual from now on, and let go of what a captured one holds.

        Args:
            reason: Why.
        """
        self.current, self.refusal = None, reason

    def note(self, inputs: Inputs, choices: Sequence[AxisChoice]) -> None:
        """Be told of a pass as usual with the graph that is known.

        Args:
            inputs: The model's arguments.
            choices: Which sample, frame or slice is shown.
        """
        tensors = list_tensors(inputs)
        if self.refusal or not tensors or not all(map(self._cuda.holds, tensors)):
            return
        key = self._key_of(inputs, choices)
        if key != self._key:
            self._key, self._usual, self.current = key, 0, None
        self._usual += 1
        self._choices = tuple(choices)

    @property
    def compares_next(self) -> bool:
        """Whether a captured pass is to be compared with the next one, which needs all maps."""
        return self.current is None and not self.refusal and self._usual >= USUAL_PASSES - 1

    @property
    def is_due(self) -> bool:
        """Whether a pass is to be captured now."""
        return self.current is None and not self.refusal and self._usual >= USUAL_PASSES

    def capture(self, inputs: Inputs, network: Network, maps: Mapping[int, FeatureMaps]) -> None:
        """Capture a pass after it ran as usual, and compare both.

        Args:
            inputs: The model's arguments.
            network: The graph, with maps as wide as they are shown.
            maps: What the pass gave.
        """
        if any(layer.not_finite for layer in maps.values()):
            return
        shapes = {
            node.id: (map_shape(node.shape), len(maps[node.id].extra_tokens))
            for node in network.nodes
            if node.id in maps
        }
        values = sum(layer.size for layer in maps.values())
        free = self._cuda.free_bytes(list_tensors(inputs)[0].device)
        if values * BYTES_A_VALUE > SHARE_OF_FREE * free:
            self.refusal = "its layers are too large for what is free of the device's memory"
            return
        try:
            made = self._captured(inputs, network, shapes)
            given = made.run(inputs)
        except Exception as error:  # whatever a model's own code raises where nothing may wait
            self.refusal = f"a CUDA graph cannot hold its pass ({str(error).splitlines()[0]})"
            return
        other = None if given is None else _first_difference(given.maps, maps)
        if given is None or other is not None:
            name = "a layer" if other is None else network.by_id[other].name
            self.refusal = f"{name} gives other values in a CUDA graph"
            return
        self.current = made

    def _captured(
        self, inputs: Inputs, network: Network,
        shapes: Mapping[int, tuple[tuple[int, int, int], int]],
    ) -> CapturedPass:  # fmt: skip
        """Capture a pass; in pieces where there is a headset, if it can be cut."""
        read = partial(_read, self._view.map_layouts, network, self._choices)
        if self._pace.is_cut:
            # What a model does in streams of its own need not have come together between layers.
            with contextlib.suppress(RuntimeError):
                return CapturedPass(
                    self._replay, inputs, shapes, read, self._portraits, self._pace, True,
                    self._cuda,
                )  # fmt: skip
        return CapturedPass(
            self._replay, inputs, shapes, read, self._portraits, self._pace, cuda=self._cuda
        )

    def _key_of(self, inputs: Inputs, choices: Sequence[AxisChoice]) -> Key:
        kinds = tuple((t.shape, t.dtype, t.device) for t in list_tensors(inputs))
        return kinds, tuple(choices), self._pace.is_cut, self._weight_places()

    def _weight_places(self) -> tuple[object, ...]:
        """Which modules there are, and where their weights lie: any of them may be replaced.

        Modules are kept: to list those of a model anew takes a tenth of a captured pass.
        """
        children = _children(self._modules)
        if not self._modules or children != self._children:
            self._modules = tuple(self._model.modules())
            self._children = children = _children(self._modules)
        weights = [
            (weight.data_ptr(), weight.shape, weight.dtype)
            for module in self._modules
            for weight in (*module._parameters.values(), *module._buffers.values())
            if weight is not None
        ]
        return (*map(id, children), *weights)


def _children(modules: Sequence[nn.Module]) -> list[nn.Module | None]:
    return [child for module in modules for child in module._modules.values()]


def _read(
    layouts: Mapping[int, MapLayout], network: Network, choices: Sequence[AxisChoice],
    node: int, tensor: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor | None]:  # fmt: skip
    return read_maps(tensor, layouts[node], chosen_indices(network, node, choices))


def _first_difference(
    captured: Mapping[int, FeatureMaps], usual: Mapping[int, FeatureMaps]
) -> int | None:
    """The first layer, in run order, that has other values; None if none has."""
    for node, layer in usual.items():
        other = captured.get(node)
        if other is None or other.size != layer.size:
            return node
        values, others = (m.values.astype(np.float32) * np.float32(m.scale) for m in (layer, other))
        if not values.size:
            continue
        if np.abs(values - others).max() > AGREEMENT * layer.peak:
            return node
    return None
