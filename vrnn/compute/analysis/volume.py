"""The whole volume of one channel, of which a layer shows a single slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job, graph_changed_error
from vrnn.errors import VrnnError
from vrnn.network.axes import AxisChoice
from vrnn.network.choices import chosen_indices
from vrnn.network.results import Ablation

if TYPE_CHECKING:
    import torch

    from vrnn.compute.loaded_model import LoadedModel


class _Reached(Exception):
    """The tensor is there; nothing after it is needed."""

    def __init__(self, tensor: torch.Tensor) -> None:
        super().__init__()
        self.tensor = tensor


@analysis_job("volume", background=True)
@dataclass(frozen=True)
class VolumeJob(Job):
    """Finds all slices of one channel of a layer, for the present input.

    Its result is (D, H, W) float32.

    Attributes:
        node: Id of the layer.
        channel: Number of the channel.
        choices: Which sample or frame is shown.
        ablations: What is ablated.
    """

    node: int
    channel: int
    choices: tuple[AxisChoice, ...] = ()
    ablations: tuple[Ablation, ...] = ()

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.passes.capture_mode import GraphChanged
        from vrnn.compute.passes.feature_maps import chosen_maps

        yield JobStep("reading a volume", 0, 1)
        node = model.network.by_id.get(self.node)
        choosable = [] if node is None else [node.axes[i] for i in node.choices]
        depths = [axis.size for axis in choosable if axis.role == "depth"]
        if len(depths) != 1:
            raise VrnnError("this layer has no slices")
        single = [c for c in self.choices if c.role != "depth" and c.index is not None]
        choices = (*single, AxisChoice("depth", None))
        indices = chosen_indices(model.network, self.node, choices)

        def on_output(node: int, tensor: torch.Tensor) -> None:
            check_stop()
            if node == self.node:
                raise _Reached(tensor)

        try:
            model.replay.run(model.inputs, on_output, self.ablations)
        except _Reached as end:
            maps, _ = chosen_maps(end.tensor, model.view.map_layouts[self.node], indices)
        except GraphChanged as error:
            raise graph_changed_error(model) from error
        else:
            raise VrnnError("the pass ended before the layer")
        slices = maps[self.channel].unflatten(-1, (depths[0], -1))
        return slices.movedim(-2, 0).cpu().numpy().copy()
