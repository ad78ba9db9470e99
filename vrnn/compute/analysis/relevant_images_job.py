"""The images of a data set with the most relevance in each channel, as a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vrnn.compute.jobs import (
    CheckStop,
    Job,
    JobStep,
    JobSteps,
    analysis_job,
    require_same_graph,
)
from vrnn.errors import VrnnError
from vrnn.explanations.settings import ExplanationSettings
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@analysis_job("relevant_images")
@dataclass(frozen=True)
class RelevantImagesJob(Job):
    """Finds the images of the model's data set with the most relevance in each channel of a node.

    Its result is a `TopImages`.

    Attributes:
        node: Id of the node.
        settings: How each image is explained.
        k: Images for each channel.
    """

    node: int
    settings: ExplanationSettings = field(default_factory=ExplanationSettings)
    k: int = 9

    def title(self, network: Network) -> str:
        """See `Job`."""
        node = network.by_id.get(self.node)
        return f"most relevant images of {node.name if node is not None else '?'}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.analysis.relevant_images import relevant_image_steps

        dataset = model.source.dataset
        if dataset is None:
            raise VrnnError(f"{model.source.title} needs a data set: start with --data FOLDER")
        view = model.view
        search = relevant_image_steps(
            model, dataset, self.node, self.k, self.settings, check_stop
        )  # fmt: skip
        while True:
            try:
                done, total = next(search)
            except StopIteration as end:
                return end.value
            yield JobStep(self.title(view.network), done, total)
            require_same_graph(model, view)
