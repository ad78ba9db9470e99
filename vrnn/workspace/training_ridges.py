"""Histograms over the steps of a training, found for the layers that are looked at."""

from __future__ import annotations

from typing import cast

import numpy as np

from vrnn.compute.training.ridges_job import StepRidgesJob
from vrnn.errors import VrnnError
from vrnn.recordings.step_ridges import StepRidges
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.training import TrainingManager

MAX_RIDGES = 24
"""Steps of which histograms are shown, evenly spaced among those recorded."""
RENEWAL = 1.5
"""They are found anew when there are so many times as many steps."""


class TrainingRidges:
    """Starts a job for each layer that is asked for, and keeps what it found."""

    def __init__(self, jobs: JobManager, training: TrainingManager) -> None:
        self._jobs, self._training = jobs, training
        self._found: dict[int, StepRidges | None] = {}
        self._counts: dict[int, int] = {}

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._found.clear()
        self._counts.clear()

    def of(self, node: int) -> StepRidges | None:
        """Return the histograms of a layer of the first network; None until they are found."""
        count = len(self._training.steps)
        if count > RENEWAL * self._counts.get(node, 0):
            self._counts[node] = count
            self._start(node)
        return self._found.get(node)

    def _start(self, node: int) -> None:
        steps = self._training.steps
        places = np.unique(np.linspace(0, len(steps) - 1, min(MAX_RIDGES, len(steps))).round())
        try:
            recorded = tuple(self._training.step_at(steps[int(place)]) for place in places)
        except VrnnError:  # thinned just now: asked for again when there are more
            return

        def take(result: object) -> None:
            self._found[node] = cast(StepRidges, result)

        self._jobs.start(StepRidgesJob(0, node, recorded), take)
