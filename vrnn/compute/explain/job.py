"""Explanations as a job of the worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job
from vrnn.explanations.settings import ExplanationSettings
from vrnn.media.media import Media
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@analysis_job("explanation")
@dataclass(frozen=True, eq=False)
class ExplanationJob(Job):
    """Explains an answer. Its result is an `Explanation`.

    Attributes:
        media: What goes in; None for the model's own sample.
        settings: How it is explained.
        nodes: Ids of the layers whose relevance is wanted; None for all.
    """

    media: Media | None = None
    settings: ExplanationSettings = field(default_factory=ExplanationSettings)
    nodes: tuple[int, ...] | None = None

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"explanation by {self.settings.method}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.explain.explain import explain

        yield JobStep(self.title(model.network), 0, 1)
        return explain(model, self.media, self.settings, self.nodes, check_stop)
