"""The job that finds by how much the weights of a layer changed since another step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job
from vrnn.network.graph import Network
from vrnn.recordings.recorded_step import RecordedStep
from vrnn.recordings.weight_change import weight_change

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@analysis_job("weight_change", background=True)
@dataclass(frozen=True)
class WeightChangeJob(Job):
    """Compares the kernels of a layer, or its matrix, with those of an earlier step.

    Attributes:
        layer: Its name.
        recorded: The step that is shown; None for the model's own weights.
        since: The earlier step.
    """

    layer: str
    recorded: RecordedStep | None
    since: RecordedStep

    def title(self, network: Network) -> str:
        """Say what it does."""
        return f"change of {self.layer} since step {self.since.step:,}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """Compare; returns `WeightChange`."""
        yield JobStep(f"weights of step {self.since.step:,}", 0, 1)
        shown = model.shown_step
        try:
            model.show_step(self.recorded)
            after = model.layer_matrix(self.layer)
            model.show_step(self.since)
            before = model.layer_matrix(self.layer)
        finally:
            model.show_step(shown)
        return weight_change(self.since.step, before, after)
