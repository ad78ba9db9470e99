"""The change of the weights of the layer that is looked at, since another step of a training."""

from __future__ import annotations

from typing import cast

from vrnn.compute.training.weight_change_job import WeightChangeJob
from vrnn.errors import VrnnError
from vrnn.recordings.weight_change import WeightChange
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.manager import Manager
from vrnn.workspace.training import TrainingManager

Key = tuple[str, int | None, int]
"""Layer, the step that is shown, and the one before."""


class WeightChanges(Manager):
    """Starts a job for the layer that is asked for, and keeps what it found last."""

    def __init__(self, jobs: JobManager, training: TrainingManager) -> None:
        self._jobs, self._training = jobs, training
        self._asked: Key | None = None
        self._found: tuple[Key, WeightChange] | None = None

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._asked = self._found = None

    def of(self, layer: str, since: int) -> WeightChange | None:
        """Return the change of a layer of the first network; None until it is found.

        While steps are scrubbed or played, none is found.

        Args:
            layer: Its name.
            since: The earlier step.
        """
        key = layer, self._training.shown, since
        if key != self._asked and self._training.rests:
            self._asked = key
            self._start(key)
        return self._found[1] if self._found is not None and self._found[0] == key else None

    def _start(self, key: Key) -> None:
        layer, shown, since = key
        try:
            now = None if shown is None else self._training.step_at(shown)
            before = self._training.step_at(since)
        except VrnnError:  # thinned just now
            return

        def take(result: object) -> None:
            if self._asked == key:
                self._found = key, cast(WeightChange, result)

        self._jobs.start(WeightChangeJob(0, layer, now, before), take)
