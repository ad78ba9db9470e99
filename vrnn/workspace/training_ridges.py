"""Histograms over the steps of a training, found once a layer is looked at closely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from vrnn.compute.training.ridges_job import StepRidgesJob
from vrnn.errors import VrnnError
from vrnn.recordings.step_ridges import StepRidges
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.manager import Manager
from vrnn.workspace.training import TrainingManager

MAX_RIDGES = 24
"""Steps of which histograms are shown, evenly spaced among those recorded."""
RENEWAL = 1.5
"""They are found anew when there are so many times as many steps."""


class TrainingRidges(Manager):
    """Starts a job for all layers when one is asked for, and keeps what it found."""

    def __init__(self, jobs: JobManager, training: TrainingManager) -> None:
        self._jobs, self._training = jobs, training
        self._found: Mapping[int, StepRidges] = {}
        self._count = 0
        self._is_running = False

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._found, self._count, self._is_running = {}, 0, False

    @property
    def shown(self) -> int | None:
        """The step that is shown; None for the model's own weights."""
        return self._training.shown

    @property
    def pending(self) -> bool:
        """Whether they are being found."""
        return self._is_running

    def of(self, node: int) -> StepRidges | None:
        """Return the histograms of a layer of the first network; None until they are found."""
        count = len(self._training.steps)
        if not count:
            return None
        if not self._is_running and count > RENEWAL * self._count:
            self._start(count)
        return self._found.get(node)

    def _start(self, count: int) -> None:
        steps = self._training.steps
        places = np.unique(np.linspace(0, count - 1, min(MAX_RIDGES, count)).round())
        try:
            recorded = tuple(self._training.step_at(steps[int(place)]) for place in places)
        except VrnnError:  # thinned just now: asked for again
            return
        self._count, self._is_running = count, True

        def take(result: object) -> None:
            self._found = cast(Mapping[int, StepRidges], result)

        def end() -> None:
            self._is_running = False

        self._jobs.start(StepRidgesJob(0, recorded), take, on_end=end)
