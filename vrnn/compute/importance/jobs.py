"""Importance for a class as a job. Torch is imported in the worker's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobSteps, analysis_job
from vrnn.errors import VrnnError
from vrnn.network.graph import Network
from vrnn.network.importance_measures import RANKING_TEXT, PruningRanking

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@analysis_job("importance")
@dataclass(frozen=True)
class ImportanceJob(Job):
    """Finds how important channels are, and what pruning by that costs.

    Its result is an `ImportanceResult`.

    Attributes:
        ranking: By what channels are ranked.
        class_index: For which class; None where the ranking asks for none.
    """

    ranking: PruningRanking = "gradient"
    class_index: int | None = None

    def title(self, network: Network) -> str:
        """See `Job`."""
        text = f"importance by {RANKING_TEXT[self.ranking]}"
        return text if self.class_index is None else f"{text}, class {self.class_index}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.importance.importance import importance_steps
        from vrnn.compute.importance.importance_request import ImportanceRequest

        dataset = model.source.dataset
        if dataset is None:
            raise VrnnError(f"{model.source.title} needs a data set: start with --data FOLDER")
        request = ImportanceRequest(self.ranking, self.class_index)
        return (yield from importance_steps(model, dataset, request, check_stop))
