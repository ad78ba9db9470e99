"""The job that finds what a network answers to each of the images that it was watched with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from vrnn.compute.jobs import CheckStop, Job, JobStep, JobSteps, analysis_job, require_same_graph
from vrnn.media.media import Example
from vrnn.network.example_scores import ExampleScores
from vrnn.network.graph import Network
from vrnn.network.predictions import ClassScores, Output
from vrnn.recordings.recorded_step import RecordedStep

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel

SIDE = 48
"""Longer side of a small image, pixels."""
TOP = 3
"""Classes of each answer."""


@analysis_job("example_scores", background=True)
@dataclass(frozen=True)
class ExampleScoresJob(Job):
    """Runs each of the images.

    Attributes:
        count: How many they are.
        recorded: The step whose weights answer; None for the model's own.
    """

    count: int
    recorded: RecordedStep | None = None

    def title(self, network: Network) -> str:
        """Say what it does."""
        return f"answers to {self.count} images"

    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """Run them; returns a tuple of `ExampleScores`."""
        view, found = model.view, []
        for number in range(self.count):
            yield JobStep("answers", number, self.count)
            require_same_graph(model, view)
            shown = model.shown_step
            prepared = model.source.prepare(Example(number))
            height, width = prepared.image.shape[:2]
            try:
                model.show_step(self.recorded)
                model.use_default_dtype()
                outputs = model.predict(prepared.inputs, (height, width))
            finally:
                model.show_step(shown)
            found.append(ExampleScores(_small(prepared.image), *_top(outputs)))
        return tuple(found)


def _small(image: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(image)
    picture.thumbnail((SIDE, SIDE))
    return np.asarray(picture)


def _top(outputs: tuple[Output, ...]) -> tuple[np.ndarray, np.ndarray]:
    for output in outputs:
        if isinstance(output, ClassScores):
            best = np.argsort(-output.probabilities, kind="stable")[:TOP]
            return best, output.probabilities[best]
    return np.zeros(0, int), np.zeros(0, np.float32)
