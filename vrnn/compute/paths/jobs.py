"""The job that finds how channels are linked. Torch is imported in the worker's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@analysis_job("channel_links")
@dataclass(frozen=True)
class ChannelLinksJob(Job):
    """Finds how the channels of all layers are linked. Its result is a `ChannelLinks`."""

    def title(self, network: Network) -> str:
        """See `Job`."""
        return "links of channels"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.paths.find_links import find_links

        yield JobStep("links of channels", 0, 1)
        return find_links(model)
