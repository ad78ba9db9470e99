"""The job that finds histograms of a layer's weights and activations over recorded steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job, require_same_graph
from vrnn.network.graph import Network
from vrnn.recordings.recorded_step import RecordedStep
from vrnn.recordings.step_ridges import StepRidges, ridges_of

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel

BINS = 48
MAX_VALUES = 200_000
"""Values of a tensor that are counted, evenly spaced."""


@analysis_job("step_ridges", background=True)
@dataclass(frozen=True)
class StepRidgesJob(Job):
    """Counts the weights and activations of one layer at some steps of a training.

    Attributes:
        node: The layer.
        recorded: The steps, rising.
    """

    node: int
    recorded: tuple[RecordedStep, ...]

    def title(self, network: Network) -> str:
        """Say what it does."""
        return f"{network.by_id[self.node].label} over the steps"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """Count; returns `StepRidges`."""
        view = model.view
        name = model.network.by_id[self.node].name
        weights: list[np.ndarray] = []
        activations: list[np.ndarray] = []
        for number, step in enumerate(self.recorded):
            yield JobStep("histograms over the steps", number, len(self.recorded))
            require_same_graph(model, view)
            shown = model.shown_step
            try:
                model.show_step(step)
                weights.append(_sampled(model.layer_weights(name)))
                activations.append(_sampled(model.layer_output(self.node)))
            finally:
                model.show_step(shown)
        own, own_range = ridges_of(weights, BINS)
        seen, seen_range = ridges_of(activations, BINS)
        numbers = tuple(step.step for step in self.recorded)
        return StepRidges(numbers, own, own_range, seen, seen_range)


def _sampled(values: np.ndarray) -> np.ndarray:
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size // MAX_VALUES)]
