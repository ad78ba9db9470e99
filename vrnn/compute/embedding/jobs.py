"""Clouds of a data set's images as jobs. Torch is imported in the worker's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job, require_same_graph
from vrnn.errors import VrnnError
from vrnn.network.embedding_methods import METHOD_TEXT, EmbeddingMethod
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.media.image_set import ImageSet

NEIGHBORS = 5
"""Neighbors of an image that are looked for."""


@dataclass(frozen=True)
class _CloudJob(Job):
    """What a cloud is made of; see `EmbeddingRequest` for the attributes."""

    chain: tuple[str, ...] = ()
    method: EmbeddingMethod = "pca"
    dimensions: int = 2
    position: tuple[float, float] | None = None


@analysis_job("image_cloud")
@dataclass(frozen=True)
class ImageCloudJob(_CloudJob):
    """Places the images of the model's data set by their features at a layer.

    Its result is an `ImageCloud`; those that it grows through are partial results.
    """

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"image cloud of {self.chain[-1]} by {METHOD_TEXT[self.method]}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.embedding.embedding import EmbeddingRequest, embedding_steps

        request = EmbeddingRequest(
            self.chain, self.method, self.dimensions, self.position, collects=True
        )
        view = model.view
        steps = embedding_steps(model, _require_dataset(model), request)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return end.value.cloud
            results = () if step.cloud is None else (step.cloud,)
            yield JobStep(step.text, step.done, step.total, results)
            require_same_graph(model, view)


@analysis_job("cloud_landing", background=True)
@dataclass(frozen=True)
class CloudLandingJob(_CloudJob):
    """Finds where the image that is in the network lands in a cloud, and its nearest neighbors.

    Its result is a `Landing`.

    Attributes:
        number: Of the image in the data set; None for what was run last.
        moment: Tells one image that is not in the data set from the next.
    """

    number: int | None = None
    moment: int = 0

    def title(self, network: Network) -> str:
        """See `Job`."""
        return "where the input lands in the cloud"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.embedding.embedding import EmbeddingRequest, embedding_steps
        from vrnn.compute.embedding.landing import land

        request = EmbeddingRequest(
            self.chain, self.method, self.dimensions, self.position, collects=True
        )
        view = model.view
        steps = embedding_steps(model, _require_dataset(model), request, self.number is None)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                placed = end.value
                break
            yield JobStep(step.text, step.done, step.total)
            require_same_graph(model, view)
        return land(model, placed, request, model.media, self.number, NEIGHBORS)


def _require_dataset(model: LoadedModel) -> ImageSet:
    if model.source.dataset is None:
        raise VrnnError(f"{model.source.title} needs a data set: start with --data FOLDER")
    return model.source.dataset
