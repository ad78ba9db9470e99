"""The images of a data set with the most relevance in each channel, as a job."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vrnn.compute.analysis.dataset_job import DatasetJob, Progress
from vrnn.compute.jobs import CheckStop, analysis_job
from vrnn.explanations.settings import ExplanationSettings

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.media.image_set import ImageSet


@analysis_job("relevant_images")
@dataclass(frozen=True)
class RelevantImagesJob(DatasetJob):
    """Finds the images of the model's data set with the most relevance in each channel of a node.

    Its result is a `TopImages`.

    Attributes:
        settings: How each image is explained.
        k: Images for each channel.
    """

    purpose = "most relevant images of"

    settings: ExplanationSettings = field(default_factory=ExplanationSettings)
    k: int = 9

    def run_images(
        self, model: LoadedModel, dataset: ImageSet, check_stop: CheckStop
    ) -> Generator[Progress, None, object]:
        """See `DatasetJob`."""
        from vrnn.compute.analysis.relevant_images import relevant_image_steps

        return relevant_image_steps(model, dataset, self.node, self.k, self.settings, check_stop)
