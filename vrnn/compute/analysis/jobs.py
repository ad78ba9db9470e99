"""Jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vrnn.errors import VrnnError

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.jobs import JobStep, JobSteps, graph_changed_error, require_same_graph


@dataclass(frozen=True)
class TopActivationsJob:
    """The k images of the model's data set that excite each channel of a node most.

    measure: `max` or `mean` of a map. Its result is a `TopImages`.
    """

    slot: int
    node: int
    k: int = 9
    measure: str = "max"

    def steps(self, model: LoadedModel, stop: Callable[[], None]) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.analysis.top_activations import top_activation_steps

        dataset = model.source.dataset
        if dataset is None:
            raise VrnnError(
                f"{model.source.title} has no images to look through; pass --data FOLDER"
            )
        view = model.view
        steps = top_activation_steps(model, dataset, self.node, self.k, self.measure)
        name = view.network.by_id[self.node].name if self.node in view.network.by_id else "?"
        while True:
            try:
                done, total = next(steps)
            except StopIteration as end:
                return end.value
            yield JobStep(f"images for {name}", done, total)
            require_same_graph(model, view)


@dataclass(frozen=True)
class ProfileJob:
    """What each layer costs. Its result: `LayerProfile` by node id."""

    slot: int

    def steps(self, model: LoadedModel, stop: Callable[[], None]) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.analysis.profiler import layer_profiles, measure_pass, weight_histograms
        from vrnn.compute.passes.replay import GraphChanged

        view = model.view
        total = len(view.members) + PASSES
        weights, costs = {}, []
        for node, found in weight_histograms(view):
            weights[node] = found
            yield JobStep("measuring layers", len(weights), total)
            require_same_graph(model, view)
        for number in range(PASSES):
            try:
                costs.append(measure_pass(model.source.model, view, model.inputs))
            except GraphChanged as error:
                raise graph_changed_error(model) from error
            yield JobStep("measuring layers", len(weights) + number + 1, total)
            require_same_graph(model, view)
        return layer_profiles(view, costs, weights)


@dataclass(frozen=True)
class AttributionJob:
    """How much each channel speaks for the class that won. Its result: (C,) by node id."""

    slot: int

    def steps(self, model: LoadedModel, stop: Callable[[], None]) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.analysis.attribution import gradient_x_activation

        yield JobStep("finding evidence", 0, 1)
        return gradient_x_activation(model)


PASSES = 3
"""Timed passes, of which the fastest counts."""
