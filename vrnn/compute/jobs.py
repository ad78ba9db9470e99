"""Longer work that runs between passes, in steps, so that an image never waits long for it."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from vrnn.errors import VrnnError

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


class JobStep(NamedTuple):
    """How far a job has come. text: what it does; done of total: 0 of 0 when unknown; found: a part
    of what it looks for; said: something the user should know."""

    text: str
    done: float
    total: int
    results: tuple[object, ...] = ()
    notice: str = ""


JobSteps = Generator[JobStep, None, object]
"""A job's work: it yields between its steps and returns its result."""


class JobCancelled(Exception):
    """The job is to end in the middle of a step."""


class Job(Protocol):
    """Something to find out about the model in a slot."""

    @property
    def slot(self) -> int:
        """The model's place among those opened."""

    def steps(self, model: LoadedModel, stop: Callable[[], None]) -> JobSteps:
        """The work itself, in the model's thread. Yields where a pass may come in between; what it
        returns is the result. stop: raises `JobCancelled` when the job is to end; asked in long
        steps. Raises VrnnError."""


def require_same_graph(model: LoadedModel, view: object) -> None:
    """Raise VrnnError when the graph was written down anew: node ids mean something else now."""
    if model.view is not view:
        raise graph_changed_error(model)


def graph_changed_error(model: LoadedModel) -> VrnnError:
    """The error of a job whose node ids no longer hold."""
    return VrnnError(f"{model.source.title} took another way through its layers; start again")


@dataclass(frozen=True)
class JobProgress:
    """How far a job has come. seconds_left: of its own work, None while that is unknown."""

    id: int
    text: str
    done: float
    total: int
    seconds_left: float | None


@dataclass(frozen=True, eq=False)
class JobPartialResult:
    """A part of a job's result, and something the user should know of it."""

    id: int
    results: tuple[object, ...]
    notice: str = ""


@dataclass(frozen=True, eq=False)
class JobDone:
    """A job's result."""

    id: int
    result: object


@dataclass(frozen=True)
class JobFailed:
    """A job ended without a result. message: a sentence for a person; details: the traceback;
    cancelled: whether it was asked to end, or its model was closed."""

    id: int
    message: str
    details: str = ""
    cancelled: bool = False


JobEvent = JobProgress | JobPartialResult | JobDone | JobFailed
"""Each job ends with one `JobDone` or `JobFailed`."""


@dataclass(eq=False)
class _Running:
    """A job that was started. spent: seconds; ended: why it is to end, '' while it is not."""

    job: Job
    steps: Generator[JobStep, None, object] | None = None
    spent: float = 0.0
    ended: str = ""
    paused: bool = False


class JobQueue:
    """Jobs in the order they were started, one at a time.

    All but `step`, which is the model's thread's, may be called from any thread.
    """

    def __init__(self, put: Callable[[JobEvent], None], sentence: Callable[[Exception], str]):
        """put: takes what happened; sentence: what to tell a person of an error."""
        self._put, self._sentence = put, sentence
        self._lock = threading.Lock()
        self._jobs: dict[int, _Running] = {}
        self._next = 1

    @property
    def has_work(self) -> bool:
        """Whether a step can be done."""
        with self._lock:
            return self._first() is not None

    def _first(self) -> int | None:
        """The job to go on with: one that ends, else the first that does not pause."""
        ready = [n for n, one in self._jobs.items() if one.ended] or [
            n for n, one in self._jobs.items() if not one.paused
        ]
        return ready[0] if ready else None

    def start(self, job: Job) -> int:
        """Put a job behind the others. Returns its id."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._jobs[number] = _Running(job)
            return number

    def pause(self, number: int, paused: bool) -> None:
        """Let a job rest after its present step, or go on; others run meanwhile."""
        with self._lock:
            if number in self._jobs:
                self._jobs[number].paused = paused

    def cancel(self, number: int) -> None:
        """End a job: in the middle of a step where it asks. Nothing when it has ended already."""
        self._end([number], "stopped")

    def cancel_all(self, reason: str) -> None:
        """End all jobs that were started until now."""
        self._end(None, reason)

    def _end(self, numbers: list[int] | None, reason: str) -> None:
        with self._lock:
            for number, one in self._jobs.items():
                if numbers is None or number in numbers:
                    one.ended = one.ended or reason

    def run_step(self, models: Mapping[int, LoadedModel]) -> None:
        """Do one step of the first job, and tell what came of it. models: by slot."""
        with self._lock:
            number = self._first()
            if number is None:
                return
            one = self._jobs[number]

        def stop() -> None:
            if one.ended:
                raise JobCancelled

        started = time.perf_counter()
        try:
            stop()
            if one.steps is None:
                if one.job.slot not in models:
                    raise VrnnError(f"there is no model in place {one.job.slot} to work on")
                one.steps = one.job.steps(models[one.job.slot], stop)
            at = next(one.steps)
        except JobCancelled:
            self._finish(JobFailed(number, one.ended, cancelled=True))
            return
        except StopIteration as end:
            self._finish(JobDone(number, end.value))
            return
        except Exception as error:
            self._finish(JobFailed(number, self._sentence(error), traceback.format_exc()))
            return
        one.spent += time.perf_counter() - started
        left = one.spent / at.done * (at.total - at.done) if at.done else None
        if at.results or at.notice:
            self._put(JobPartialResult(number, at.results, at.notice))
        self._put(JobProgress(number, at.text, at.done, at.total, left))

    def _finish(self, event: JobDone | JobFailed) -> None:
        with self._lock:
            one = self._jobs.pop(event.id)
        if one.steps is not None:
            one.steps.close()
        # Whoever has stopped it expects no result, even when that came first.
        late = one.ended and isinstance(event, JobDone)
        self._put(JobFailed(event.id, one.ended, cancelled=True) if late else event)
