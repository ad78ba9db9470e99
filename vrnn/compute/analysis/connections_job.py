"""The job that reads what connects a layer with those that feed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job
from vrnn.network.graph import Network
from vrnn.network.results import Ablation

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@analysis_job("connections")
@dataclass(frozen=True)
class ConnectionsJob(Job):
    """Reads a layer's kernels, and what goes through them. Its result is a `LayerConnections`.

    Attributes:
        layer: Name of the layer.
        ablations: What is ablated meanwhile.
    """

    layer: str = ""
    ablations: tuple[Ablation, ...] = ()

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"connections of {self.layer}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.connections.find_connections import find_connections

        yield JobStep(self.title(model.network), 0, 1)
        return find_connections(model, self.layer, self.ablations, check_stop)
