"""What the network answers to each of the images that its training was watched with."""

from __future__ import annotations

import time
from typing import cast

from vrnn.compute.training.example_scores_job import ExampleScoresJob
from vrnn.errors import VrnnError
from vrnn.network.example_scores import ExampleScores
from vrnn.scene.world import World
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.manager import Manager
from vrnn.workspace.training import TrainingManager

SLOT = 0
"""Of the network that a training belongs to."""
FOLLOW_SECONDS = 2.0
"""Where steps come too quickly for one to rest, they are asked for again after so long."""


class ExampleAnswers(Manager):
    """Starts a job once somebody asks and a step rests, and keeps what it found last."""

    def __init__(self, world: World, jobs: JobManager, training: TrainingManager) -> None:
        self._world, self._jobs, self._training = world, jobs, training
        self._asked: tuple[object, ...] | None = None
        self._started_at = 0.0
        self._found: tuple[tuple[object, ...], tuple[ExampleScores, ...]] | None = None

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._asked = self._found = None

    @property
    def count(self) -> int:
        """How many images there are."""
        network = self._world.networks.get(SLOT)
        return 0 if network is None else network.info.example_count

    def known(self) -> tuple[tuple[ExampleScores, ...], bool]:
        """Return the answers that were found last, and whether they are of what is shown."""
        key = self._training.folder, self._training.shown, self._world.state.edits.get(SLOT, ())
        now = time.perf_counter()
        is_due = self._training.rests or (
            self._world.state.training.follow and now - self._started_at > FOLLOW_SECONDS
        )
        if key != self._asked and is_due:
            self._asked, self._started_at = key, now
            self._start(key)
        if self._found is None:
            return (), False
        return self._found[1], self._found[0] == key

    def _start(self, key: tuple[object, ...]) -> None:
        shown = self._training.shown
        try:
            recorded = None if shown is None else self._training.step_at(shown)
        except VrnnError:  # thinned just now
            return

        def take(result: object) -> None:
            if key[0] == self._training.folder:
                self._found = key, cast(tuple[ExampleScores, ...], result)

        self._jobs.start(ExampleScoresJob(SLOT, self.count, recorded), take)
