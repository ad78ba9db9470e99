"""Two networks compared, as jobs. Torch is imported in the worker's thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job
from vrnn.errors import VrnnError
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


@dataclass(frozen=True)
class _PairJob(Job):
    """Works on two models.

    Attributes:
        second: The other model's place among those opened.
    """

    second: int = 1

    def begin(self, models: Mapping[int, LoadedModel], check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        for slot in (self.slot, self.second):
            if slot not in models:
                raise VrnnError(f"there is no model in slot {slot} to compare")
        return self.pair_steps(models[self.slot], models[self.second], check_stop)

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """Compare the model with itself; see `Job`."""
        return self.pair_steps(model, model, check_stop)

    def pair_steps(
        self, first: LoadedModel, second: LoadedModel, check_stop: CheckStop
    ) -> JobSteps:
        """Do the work; see `Job.steps`."""
        raise NotImplementedError


@analysis_job("weight_differences")
@dataclass(frozen=True)
class WeightDifferencesJob(_PairJob):
    """Compares the weights of matched layers. Its result: a tuple of `WeightDifference`."""

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"weights of networks {self.slot} and {self.second}"

    def pair_steps(
        self, first: LoadedModel, second: LoadedModel, check_stop: CheckStop
    ) -> JobSteps:
        """See `_PairJob`."""
        from vrnn.compute.comparison.weight_differences import weight_differences
        from vrnn.network.layer_matching import match_layers

        yield JobStep("comparing weights", 0, 1)
        return weight_differences(first, second, match_layers(first.network, second.network))


@analysis_job("compared_answers")
@dataclass(frozen=True)
class ComparedAnswersJob(_PairJob):
    """Asks both networks for the class of each image. Its result: `ComparedAnswers`."""

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"answers of networks {self.slot} and {self.second}"

    def pair_steps(
        self, first: LoadedModel, second: LoadedModel, check_stop: CheckStop
    ) -> JobSteps:
        """See `_PairJob`."""
        from vrnn.compute.comparison.answers import compared_answers

        return compared_answers(first, second)


@analysis_job("cka")
@dataclass(frozen=True)
class CkaJob(_PairJob):
    """Compares all layers over the data set. Its result: a `CkaMatrix`."""

    def title(self, network: Network) -> str:
        """See `Job`."""
        return f"CKA of networks {self.slot} and {self.second}"

    def pair_steps(
        self, first: LoadedModel, second: LoadedModel, check_stop: CheckStop
    ) -> JobSteps:
        """See `_PairJob`."""
        from vrnn.compute.comparison.cka_steps import cka_steps

        return cka_steps(first, second, check_stop=check_stop)
