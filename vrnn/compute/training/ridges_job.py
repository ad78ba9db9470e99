"""The job that finds histograms of all layers' weights and activations over recorded steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job, require_same_graph
from vrnn.network.graph import Network
from vrnn.recordings.recorded_step import RecordedStep
from vrnn.recordings.step_ridges import StepRidges, ridges_of

if TYPE_CHECKING:
    import torch

    from vrnn.compute.loaded_model import LoadedModel

BINS = 48
MAX_VALUES = 16 << 20
"""Values that are kept until all steps have been seen and their range is known."""
MIN_SAMPLE, MAX_SAMPLE = 1_000, 50_000
"""Values of a layer at a step that are counted, evenly spaced."""


@analysis_job("step_ridges", background=True)
@dataclass(frozen=True)
class StepRidgesJob(Job):
    """Counts the weights and activations of each layer at some steps of a training.

    Attributes:
        recorded: The steps, rising.
    """

    recorded: tuple[RecordedStep, ...]

    def title(self, network: Network) -> str:
        """Say what it does."""
        return "histograms over the steps"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """Count; returns `StepRidges` by node id."""
        view = model.view
        names = {node.id: node.name for node in model.network.nodes}
        places = max(1, 2 * len(names) * len(self.recorded))
        most = min(max(MAX_VALUES // places, MIN_SAMPLE), MAX_SAMPLE)
        weights: dict[int, list[np.ndarray]] = {node: [] for node in names}
        activations: dict[int, list[np.ndarray]] = {node: [] for node in names}
        for number, step in enumerate(self.recorded):
            yield JobStep("histograms over the steps", number, len(self.recorded))
            require_same_graph(model, view)
            shown = model.shown_step
            outputs: dict[int, np.ndarray] = {}

            def keep(
                node: int, tensor: torch.Tensor, outputs: dict[int, np.ndarray] = outputs
            ) -> None:
                check_stop()
                outputs[node] = _sampled(tensor, most)

            try:
                model.show_step(step)
                own = _own_weights(model, most)
                model.use_default_dtype()
                model.replay.run(model.inputs, keep)
            finally:
                model.show_step(shown)
            nothing = np.zeros(0, np.float32)
            for node, name in names.items():
                weights[node].append(own.get(name, nothing))
                activations[node].append(outputs.get(node, nothing))
        numbers = tuple(step.step for step in self.recorded)
        return {
            node: StepRidges(
                numbers, *ridges_of(weights[node], BINS), *ridges_of(activations[node], BINS)
            )
            for node in names
        }


def _own_weights(model: LoadedModel, most: int) -> dict[str, np.ndarray]:
    """Weights of each module, of its own and below it, by its path."""
    from vrnn.compute.tracing.module_stack import named_parameters

    below: dict[str, list[np.ndarray]] = {}
    for path, parameter in named_parameters(model.source.model):
        if parameter.is_meta or not parameter.is_floating_point():
            continue
        sample = _sampled(parameter, most)
        parts = path.split(".")[:-1]
        for end in range(1, len(parts) + 1):
            below.setdefault(".".join(parts[:end]), []).append(sample)
    return {path: np.concatenate(samples) for path, samples in below.items()}


def _sampled(tensor: torch.Tensor, most: int) -> np.ndarray:
    """Some of a tensor's values, evenly spaced, as a copy: (N,) float32."""
    flat = tensor.detach().reshape(-1)
    flat = flat[:: max(1, -(-flat.numel() // most))]
    if flat.is_complex():
        flat = flat.abs()
    found: np.ndarray = flat.float().cpu().numpy()
    return found.copy()
