"""The job that scores a whole data set. Torch is imported in the worker's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobSteps, analysis_job
from vrnn.errors import VrnnError
from vrnn.network.graph import Network
from vrnn.network.results import Ablation

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@analysis_job("dataset_score")
@dataclass(frozen=True)
class ScoreJob(Job):
    """Scores the data set before edits and ablations, and with them.

    Its result is a `ScoreComparison`.

    Attributes:
        ablations: What is ablated.
    """

    ablations: tuple[Ablation, ...] = ()

    def title(self, network: Network) -> str:
        """See `Job`."""
        return "scoring the data set"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.scoring.score_dataset import score_steps

        dataset = model.source.dataset
        if dataset is None:
            raise VrnnError(f"{model.source.title} needs a data set: start with --data FOLDER")
        return (yield from score_steps(model, dataset, self.ablations, check_stop))
