"""A recorded training beside its network: which step is shown, its playback, and its curves."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from vrnn.commands.training import NEEDS_TRAINING, GoToStep
from vrnn.errors import VrnnError
from vrnn.recordings.recorded_step import RecordedStep, recorded_step
from vrnn.recordings.scalar_table import Curve
from vrnn.recordings.step_series import StepSeries, open_series
from vrnn.scene.world import World
from vrnn.workspace.manager import Manager
from vrnn.workspace.map_uploader import WorkerEventSink

LOOK_SECONDS = 0.5
"""Seconds between two looks at a folder that may grow."""
REST_SECONDS = 0.6
"""A step that is shown so long is looked at more closely: what its weights are is found again."""
STUCK_SECONDS = 10.0
"""A step that is not seen after so long is passed over."""
DEFAULT_SPEED = 4.0
"""Recorded steps per second."""


class TrainingManager(Manager):
    """Follows a folder of steps, and says which of them the worker is to show.

    Attributes:
        curves: What was logged.
        playing, loops, speed: The playback; steps per second.
        steps: The steps that can be shown, rising.
        shown: The step whose weights the network is to have; None for its own.
        request: Number of the newest request of a pass.
    """

    def __init__(
        self, world: World, feed: WorkerEventSink, notify: Callable[[str], None],
        run_inference: Callable[[], None], on_rest: Callable[[], None],
        execute: Callable[[GoToStep], None],
    ) -> None:  # fmt: skip
        """Begin without a training.

        Args:
            world: Whose state says what is shown.
            feed: Knows which pass is shown.
            notify: Shows the user a sentence.
            run_inference: Runs the input again, with the weights of the step.
            on_rest: Called when a step has been shown for a moment, so that what is known of
                weights is found again.
            execute: Makes the step at which playback ends the state's.
        """
        self.curves: tuple[Curve, ...] = ()
        self.playing, self.loops, self.speed = False, False, DEFAULT_SPEED
        self.steps: tuple[int, ...] = ()
        self.shown: int | None = None
        self.request = 0
        self._world, self._feed, self._notify = world, feed, notify
        self._run_inference, self._on_rest, self._execute = run_inference, on_rest, execute
        self._series: StepSeries | None = None
        self._played: int | None = None
        self._next_look, self._next_step = 0.0, 0.0
        self._rested, self._changed_at = True, 0.0
        self._told: set[str] = set()

    @property
    def folder(self) -> Path | None:
        """The folder that is open; None for none."""
        return None if self._series is None else self._series.folder

    def open(self, folder: Path) -> None:
        """Open a recording or a folder of checkpoints; what is shown stays.

        Raises:
            VrnnError: There is no such folder, or it cannot be read.
        """
        self._series = open_series(folder)
        self._look()

    def close(self) -> None:
        """Show the model's own weights, and no time line."""
        self._series, self.curves, self.steps = None, (), ()
        self.playing, self._played = False, None
        self._show()

    def check(self, step: int | None) -> None:
        """Check that a training is open, and that there is a step, or one before it.

        Raises:
            VrnnError: There is none.
        """
        if self._series is None:
            raise VrnnError(NEEDS_TRAINING)
        self._look()
        if step is not None and (not self.steps or step < self.steps[0]):
            there = f"the first one is {self.steps[0]}" if self.steps else "there is none yet"
            raise VrnnError(f"no step {step} in '{self._series.folder}': {there}")

    def check_gradients(self) -> None:
        """Check that gradients are recorded.

        Raises:
            VrnnError: There are none; it says why.
        """
        if self._series is None:
            raise VrnnError(NEEDS_TRAINING)
        if self.steps and self._series.gradients_for(self.steps[-1]) is None:
            raise VrnnError(self._without_gradients)

    @property
    def _without_gradients(self) -> str:
        manifest = None if self._series is None else self._series.manifest
        if manifest is None:
            return "checkpoints hold no gradients; record the training with vrnn watch"
        if not manifest.gradients:
            return "this recording holds no gradients; record again with gradients=True"
        return "no gradients are recorded yet: they come with the first kept step"

    def gradients_at(self, step: int) -> tuple[int, Path]:
        """Return the last step up to one whose gradients are recorded, and their file.

        Raises:
            VrnnError: There is none; it says why.
        """
        found = None if self._series is None else self._series.gradients_for(step)
        if found is None:
            if self._series is not None and self._series.gradients_for(self.steps[-1]) is not None:
                raise VrnnError(f"no gradients are recorded up to step {step:,}")
            raise VrnnError(self._without_gradients)
        return found

    @property
    def text(self) -> str:
        """What is shown, for the user; '' without a training."""
        if self._series is None:
            return ""
        if self.shown is None:
            return "own weights" if self.steps else "waiting for the first step of the training"
        place = self.steps.index(self.shown) + 1 if self.shown in self.steps else 0
        text = f"step {self.shown:,} ({place} of {len(self.steps)} recorded)"
        return f"{text}, following" if self._world.state.training.follow else text

    # What is shown.

    def recorded(self) -> dict[int, RecordedStep]:
        """Return the step that each network is to show, by slot."""
        if self._series is None or self.shown is None:
            return {}
        try:
            return {0: recorded_step(self._series, self.shown)}
        except VrnnError as error:
            self._tell(str(error))
            return {}

    def step_at(self, step: int) -> RecordedStep:
        """Return a recorded step for what reads it.

        Raises:
            VrnnError: There is none.
        """
        if self._series is None:
            raise VrnnError(NEEDS_TRAINING)
        return recorded_step(self._series, step)

    def show_step_of_state(self) -> None:
        """Show the step that the state says; playback ends."""
        self.playing, self._played = False, None
        self._show()

    def play(self, on: bool | None, speed: float | None, loop: bool | None) -> None:
        """Play, pause, or set how it plays. See `PlayTraining`."""
        if speed is not None:
            self.speed = speed
        if loop is not None:
            self.loops = loop
        if on is None and (speed is not None or loop is not None):
            return
        starts = not self.playing if on is None else on
        if starts and not self.playing and self.steps:
            self.playing = True
            at_end = self.shown is None or self.shown >= self.steps[-1]
            self._played = self.steps[0] if at_end else self.shown
            self._show()
        elif not starts:
            self._pause()

    def _pause(self) -> None:
        played, self.playing = self._played, False
        if played is not None:
            self._execute(GoToStep(played))

    def update(self) -> bool:
        """Look at the folder and play on; True when something to be seen has changed."""
        if self._series is None:
            return False
        now, before = time.perf_counter(), (self.steps, self.shown, self.curves)
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            try:
                self._look()
            except VrnnError as error:  # the folder was removed, or its table is damaged
                self._tell(str(error))
        if self.playing and now >= self._next_step and self.is_settled:
            self._next_step = now + 1.0 / self.speed
            self._play_on()
        self._show()
        is_resting = not self.playing and now - self._changed_at > REST_SECONDS
        if not self._rested and is_resting and self.is_settled:
            self._rested = True
            self._on_rest()
        return before != (self.steps, self.shown, self.curves)

    def _play_on(self) -> None:
        later = [s for s in self.steps if self._played is None or s > self._played]
        if later:
            self._played = later[0]
        elif self.loops and self.steps:
            self._played = self.steps[0]
        else:
            self._pause()

    def _show(self) -> None:
        state = self._world.state.training
        wanted = state.step
        if state.follow and self.steps:
            wanted = self.steps[-1]
        if self._played is not None and self.playing:
            wanted = self._played
        if wanted is not None:
            earlier = [step for step in self.steps if step <= wanted]
            wanted = earlier[-1] if earlier else None
        if wanted != self.shown:
            self.shown = wanted
            self._rested, self._changed_at = False, time.perf_counter()
            self._run_inference()

    @property
    def rests(self) -> bool:
        """Whether a step has been shown for a moment, so that it may be looked at more closely."""
        return self._rested and not self.playing

    @property
    def kept_names(self) -> str:
        """The pattern of the names of weights that are recorded at each step; '' for all."""
        manifest = None if self._series is None else self._series.manifest
        return "" if manifest is None or manifest.names in ("", "*") else manifest.names

    @property
    def is_settled(self) -> bool:
        """Whether what was asked for last is seen."""
        if time.perf_counter() - self._changed_at > STUCK_SECONDS:  # it could not be read
            return True
        return self._feed.displayed_sequence.get(0, -1) >= self.request

    def _look(self) -> None:
        assert self._series is not None
        self._series.update()
        self.steps = self._series.steps
        curves = self._series.curves()
        if not _are_same(curves, self.curves):
            self.curves = curves
        for note in self._series.notes:
            self._tell(note)

    def _tell(self, sentence: str) -> None:
        """Show the user a sentence once."""
        if sentence not in self._told:
            self._told.add(sentence)
            self._notify(sentence)


def _are_same(first: tuple[Curve, ...], second: tuple[Curve, ...]) -> bool:
    return [(c.name, len(c.steps)) for c in first] == [(c.name, len(c.steps)) for c in second]
