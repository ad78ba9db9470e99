"""Jobs that run the model's data set and find something out about one layer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, require_same_graph
from vrnn.errors import VrnnError
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.media.image_set import ImageSet

Result = TypeVar("Result")
Progress = tuple[int, int]
"""How many images are done, and how many there are."""


@dataclass(frozen=True)
class DatasetJob(Job):
    """Runs the images of the model's data set, for one layer.

    Attributes:
        purpose: What people read about it, before the layer's name.
        node: Id of the layer's node.
    """

    purpose: ClassVar[str] = ""

    node: int

    def title(self, network: Network) -> str:
        """See `Job`."""
        node = network.by_id.get(self.node)
        return f"{self.purpose} {node.name if node is not None else '?'}"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        dataset = model.source.dataset
        if dataset is None:
            raise VrnnError(f"{model.source.title} needs a data set: start with --data FOLDER")
        view = model.view
        images = self.run_images(model, dataset, check_stop)
        while True:
            try:
                done, total = next(images)
            except StopIteration as end:
                return end.value
            yield JobStep(self.title(view.network), done, total)
            require_same_graph(model, view)

    @abstractmethod
    def run_images(
        self, model: LoadedModel, dataset: ImageSet, check_stop: CheckStop
    ) -> Generator[Progress, None, object]:
        """Run the images; see `Job.steps`.

        Yields:
            How many are done, and how many there are.

        Returns:
            The job's result.
        """


def report_progress(
    progress: Progress, steps: Generator[None, None, Result]
) -> Generator[Progress, None, Result]:
    """Run steps to their end and return what they return, with the same progress after each."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        yield progress
