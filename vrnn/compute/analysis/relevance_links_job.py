"""Where the relevance of a part of a layer came from and went to, as a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job
from vrnn.explanations.conditions import Condition
from vrnn.explanations.settings import ExplanationSettings
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@analysis_job("relevance_links", background=True)
@dataclass(frozen=True)
class RelevanceLinksJob(Job):
    """Follows the relevance of a part of a layer one step on either side.

    Where a value has no relevance its whole channel is followed. Its result is a `RelevanceLinks`.

    Attributes:
        settings: How the answer is explained.
        part: The layer, and what of it.
    """

    settings: ExplanationSettings = field(default_factory=ExplanationSettings)
    part: Condition = field(default_factory=lambda: Condition(""))

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"relevance at {self.part.layer}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.explain.relevance_links import find_links

        yield JobStep(self.title(model.network), 0, 1)
        links = find_links(model, model.media, self.settings, self.part, check_stop)
        if not links.amount and self.part.channels and self.part.region:
            whole = Condition(self.part.layer, self.part.channels)
            links = find_links(model, model.media, self.settings, whole, check_stop)
        return links
