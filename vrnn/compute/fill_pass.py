"""A pass that makes maps again which were not kept, and stops behind the last of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence

import torch

from vrnn.compute.forward_passes import ForwardPasses, OnMaps
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.device_room import OutOfMemory
from vrnn.compute.passes.feature_maps import to_feature_maps
from vrnn.compute.traced_model import TracedModel
from vrnn.network.axes import AxisChoice
from vrnn.network.choices import chosen_indices
from vrnn.network.results import Ablation


class _AllThere(Exception):
    """All layers that were asked for have been reached."""


class FillPass:
    """Runs the newest pass of a model again, for maps."""

    def __init__(self, model: TracedModel, passes: ForwardPasses) -> None:
        """Begin with a model.

        Args:
            model: The model.
            passes: Its passes.
        """
        self._model, self._passes = model, passes

    def run(
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
            on_maps: See `ForwardPasses.run`.
            check_stop: Called at each layer; what it raises ends the pass.
            ablations: Those of the newest pass.
            choices: Those of the newest pass.

        Raises:
            GraphChanged: The model takes another path than in the newest pass.
        """
        model, room = self._model, self._passes.room
        if self._passes.varies:
            raise GraphChanged("it takes another path in each pass")
        waiting = set(nodes) & model.view.records.keys()

        def on_output(node: int, tensor: torch.Tensor) -> None:
            check_stop()
            if node in waiting:
                indices = chosen_indices(model.base_network, node, choices)
                layout = model.view.map_layouts[node]
                on_maps(node, to_feature_maps(room.place(tensor), layout, indices))
                waiting.discard(node)
                if not waiting:
                    raise _AllThere

        is_full = True
        while waiting and is_full:
            is_full = False
            model.use_default_dtype()
            try:
                with contextlib.suppress(_AllThere):
                    model.replay.run(model.inputs, on_output, ablations)
            except OutOfMemory:
                if not room.make():
                    raise
                is_full = True
