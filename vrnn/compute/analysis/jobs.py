"""The analyses as jobs. Their code, and torch with it, is imported in the worker's thread."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.compute.analysis.dataset_job import DatasetJob, Progress
from vrnn.compute.jobs import (
    CheckStop,
    Job,
    JobStep,
    JobSteps,
    analysis_job,
    graph_changed_error,
    require_same_graph,
)
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.media.image_set import ImageSet

TIMED_PASSES = 3
"""Timed passes of a profile, of which the fastest counts."""


@analysis_job("top_activations")
@dataclass(frozen=True)
class TopActivationsJob(DatasetJob):
    """Finds the images of the model's data set that activate each channel of a node most.

    Its result is a `TopImages`.

    Attributes:
        k: Images for each channel.
        measure: `max` or `mean` of a map.
    """

    purpose = "top activations of"

    k: int = 9
    measure: str = "max"

    def run_images(
        self, model: LoadedModel, dataset: ImageSet, check_stop: CheckStop
    ) -> Generator[Progress, None, object]:
        """See `DatasetJob`."""
        from vrnn.compute.analysis.top_activations import top_activation_steps

        return top_activation_steps(model, dataset, self.node, self.k, self.measure)


@analysis_job("profile", background=True)
@dataclass(frozen=True)
class ProfileJob(Job):
    """Measures what each layer costs and what its weights are like.

    Its result is a `LayerProfile` by node id.
    """

    def title(self, network: Network) -> str:
        """See `Job`."""
        return "measuring layers"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.analysis.profiler import layer_profiles, measure_pass, weight_histograms
        from vrnn.compute.passes.capture_mode import GraphChanged

        view = model.view
        title, total = self.title(view.network), len(view.members) + TIMED_PASSES
        histograms, costs = {}, []
        for node, histogram in weight_histograms(view):
            histograms[node] = histogram
            yield JobStep(title, len(histograms), total)
            require_same_graph(model, view)
        for _ in range(TIMED_PASSES):
            try:
                costs.append(measure_pass(model.source.model, view, model.inputs))
            except GraphChanged as error:
                raise graph_changed_error(model) from error
            yield JobStep(title, len(histograms) + len(costs), total)
            require_same_graph(model, view)
        return layer_profiles(view, costs, histograms)


@analysis_job("weight_histograms", background=True)
@dataclass(frozen=True)
class WeightHistogramsJob(Job):
    """Finds what the weights of each layer are like. Its result is a `Histogram` by node id."""

    def title(self, network: Network) -> str:
        """See `Job`."""
        return "weights of all layers"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.analysis.profiler import weight_histograms

        view, found = model.view, {}
        for node, histogram in weight_histograms(view):
            found[node] = histogram
            yield JobStep(self.title(view.network), len(found), len(view.members))
            require_same_graph(model, view)
        return found


@analysis_job("attribution")
@dataclass(frozen=True)
class AttributionJob(Job):
    """Computes gradient × activation of each channel for the predicted class.

    Its result is a (C,) float32 array by node id.
    """

    def title(self, network: Network) -> str:
        """See `Job`."""
        return "computing attributions"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.analysis.attribution import gradient_x_activation

        yield JobStep(self.title(model.network), 0, 1)
        return gradient_x_activation(model)
