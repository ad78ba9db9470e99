"""The job that runs the present input with the weights of another step of a training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job, require_same_graph
from vrnn.network.axes import AxisChoice
from vrnn.network.choices import chosen_indices
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.graph import Network
from vrnn.network.results import Ablation
from vrnn.recordings.recorded_step import RecordedStep

if TYPE_CHECKING:
    import torch

    from vrnn.compute.loaded_model import LoadedModel


@analysis_job("step_maps", background=True)
@dataclass(frozen=True)
class StepMapsJob(Job):
    """Finds the maps of all layers for the present input, as they were at a step.

    Attributes:
        recorded: The step.
        ablations: What is ablated.
        choices: Which sample, frame or slice is shown.
    """

    recorded: RecordedStep
    ablations: tuple[Ablation, ...] = ()
    choices: tuple[AxisChoice, ...] = ()

    def title(self, network: Network) -> str:
        """Say what it does."""
        return f"maps at step {self.recorded.step:,}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """Run the pass; returns the `FeatureMaps` by node."""
        from vrnn.compute.passes.feature_maps import to_feature_maps

        view = model.view
        yield JobStep(f"running step {self.recorded.step:,}", 0, 1)
        require_same_graph(model, view)
        shown, maps = model.shown_step, dict[int, FeatureMaps]()

        def keep(node: int, tensor: torch.Tensor) -> None:
            check_stop()
            indices = chosen_indices(model.network, node, self.choices)
            maps[node] = to_feature_maps(tensor, view.map_layouts[node], indices)

        try:
            model.show_step(self.recorded)
            model.use_default_dtype()
            model.replay.run(model.inputs, keep, self.ablations)
        finally:
            model.show_step(shown)
        return maps
