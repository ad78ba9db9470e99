"""One opened model: its source, its graph, and passes through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from vrnn.compute.loading.source import ModelSource
from vrnn.compute.passes.feature_maps import to_feature_maps
from vrnn.compute.passes.predictions import decode_outputs
from vrnn.compute.passes.replay import GraphChanged, Replay
from vrnn.compute.tracing.receptive_fields import receptive_fields
from vrnn.compute.tracing.simplify import GraphView, simplify
from vrnn.compute.tracing.tracer import trace
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.receptive_field import ReceptiveField
from vrnn.network.results import Ablation, ForwardResult

Deliver = Callable[[int, FeatureMaps], None]


class LoadedModel:
    """A traced model that runs images. view: its graph; inputs: those of the newest pass."""

    def __init__(self, source: ModelSource, detail: str) -> None:
        self.source = source
        self.detail = detail
        self._sequence = 0
        self.retrace(source.example_inputs())

    def retrace(self, inputs: tuple[Any, ...]) -> None:
        """Write the graph down anew: it may depend on the image."""
        traced = trace(self.source.model, inputs, self.source.title)
        self.view: GraphView = simplify(traced, self.detail)
        self.replay = Replay(self.source.model, self.view)
        self.inputs = inputs
        self._fields: Mapping[int, ReceptiveField] | None = None

    @property
    def receptive_fields(self) -> Mapping[int, ReceptiveField]:
        """Which pixels the positions of each shown node depend on, worked out when first asked."""
        if self._fields is None:
            self._fields = receptive_fields(self.view)
        return self._fields

    @property
    def network(self) -> Network:
        """The graph at the chosen level of detail."""
        return self.view.network

    @property
    def info(self) -> NetworkInfo:
        """What a person should know of it."""
        s = self.source
        return NetworkInfo(s.title, s.class_names, s.random_weights, s.parameters, s.notes)

    def run(
        self,
        image: np.ndarray | None,
        deliver: Deliver,
        changed: Callable[[], None],
        ablations: Sequence[Ablation] = (),
    ) -> ForwardResult:
        """One pass. image: (H, W, 3) uint8, None for the source's own sample.

        deliver: gets each layer's maps as soon as they are there, in run order; what it raises
        ends the pass. changed: called when the graph was written down anew before the pass.
        ablations: what is switched off in it. Raises VrnnError when one does not fit the network.
        """
        inputs, seen = self.source.prepare(image)
        self.inputs = inputs
        started = time.perf_counter()
        maps: dict[int, FeatureMaps] = {}

        def keep(node: int, tensor: torch.Tensor) -> None:
            maps[node] = to_feature_maps(tensor, self.view.map_layouts[node])
            deliver(node, maps[node])

        try:
            result = self.replay.run(inputs, keep, ablations)
        except GraphChanged as error:
            if ablations and self._follows(inputs):
                raise self._led_elsewhere() from error
            self.retrace(inputs)
            changed()
            maps.clear()
            try:
                result = self.replay.run(inputs, keep, ablations)
            except GraphChanged as again:
                raise self._led_elsewhere() if ablations else again from error
        self._sequence += 1
        outputs = decode_outputs(result, self.network, seen.shape[:2])
        taken = time.perf_counter() - started
        return ForwardResult(self._sequence, seen, maps, outputs, taken, tuple(ablations))

    def _follows(self, inputs: tuple[Any, ...]) -> bool:
        """Whether the graph is that of a pass in which nothing is switched off."""
        try:
            self.replay.run(inputs, lambda node, tensor: None)
        except GraphChanged:
            return False
        return True

    def _led_elsewhere(self) -> VrnnError:
        return VrnnError(
            f"{self.source.title} takes another way when these channels are switched off, and its "
            "graph no longer holds; switch others off"
        )
