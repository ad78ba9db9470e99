"""Longer work on a model that runs between passes, in steps, so that an image never waits long.

A job takes plain arguments and returns a plain result. The worker runs any `Job` without knowing
its class, and its events carry the job, so that who started it can tell what they are about:

    @analysis_job("weight_norms")
    @dataclass(frozen=True)
    class WeightNormsJob(Job):
        def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
            yield JobStep("weight norms", 0, 1)
            return {name: float(p.norm()) for name, p in model.source.model.named_parameters()}

    worker.start(WeightNormsJob(slot=0))  # events: JobProgress …, JobDone(id, job, result)

This module, and those in which jobs are declared, import torch only in `steps`, which runs in the
worker's thread.
"""

from __future__ import annotations

import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeVar

from vrnn.compute.forked_process import own_process
from vrnn.errors import VrnnError
from vrnn.network.graph import Network

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel


class JobStep(NamedTuple):
    """How far a job has come.

    Attributes:
        text: What it does.
        done: How much of `total` is done, in part too.
        total: How much there is to do; 0 while unknown.
        results: A part of its result.
        notice: A sentence that the user should read.
    """

    text: str
    done: float
    total: int
    results: tuple[object, ...] = ()
    notice: str = ""


JobSteps = Generator[JobStep, None, object]
"""A job's work: it yields between its steps and returns its result."""
CheckStop = Callable[[], None]
"""Raises what is to end a step that runs."""


class JobCancelled(Exception):
    """The job is to end in the middle of a step."""


@dataclass(frozen=True, eq=False)
class Job(ABC):
    """Something to find out about a model. Subclasses are frozen data classes.

    Attributes:
        name: Its kind, given by `analysis_job`.
        is_background: Whether it runs unasked, so that nobody waits for it and its failure is not
            worth a message.
        slot: The model's place among those opened.
    """

    name: ClassVar[str] = ""
    is_background: ClassVar[bool] = False

    slot: int

    def title(self, network: Network) -> str:
        """Return what people read about the job.

        Args:
            network: The graph of its model.
        """
        return self.name.replace("_", " ")

    def begin(self, models: Mapping[int, LoadedModel], check_stop: CheckStop) -> JobSteps:
        """Return the work on the model in the job's slot; a job on several models takes them here.

        Args:
            models: The opened models by slot.
            check_stop: See `steps`.

        Raises:
            VrnnError: There is no such model.
        """
        if self.slot not in models:
            raise VrnnError(f"there is no model in slot {self.slot} to work on")
        return self.steps(models[self.slot], check_stop)

    @abstractmethod
    def steps(self, model: LoadedModel, check_stop: CheckStop) -> JobSteps:
        """Do the work, in the worker's thread.

        Args:
            model: The model in the job's slot.
            check_stop: Raises `JobCancelled` when the job is to end; to be called now and then in
                long steps.

        Yields:
            How far it is, where a pass may come in between.

        Returns:
            The result: plain data, no tensors.

        Raises:
            VrnnError: It cannot be done.
        """


JobClass = TypeVar("JobClass", bound=type[Job])
_JOB_CLASSES: dict[str, type[Job]] = {}


def analysis_job(name: str, *, background: bool = False) -> Callable[[JobClass], JobClass]:
    """Register the decorated `Job` class.

    Args:
        name: Its kind, in words separated by underscores.
        background: See `Job.is_background`.

    Raises:
        ValueError: Another class has that name.
    """

    def register(job_class: JobClass) -> JobClass:
        if name in _JOB_CLASSES:
            raise ValueError(f"there is a job '{name}' already: {_JOB_CLASSES[name].__qualname__}")
        job_class.name, job_class.is_background = name, background
        _JOB_CLASSES[name] = job_class
        return job_class

    return register


def job_classes() -> Mapping[str, type[Job]]:
    """Return all registered classes of jobs, by name."""
    return MappingProxyType(_JOB_CLASSES)


def require_same_graph(model: LoadedModel, view: object) -> None:
    """Check that a model has still the graph that a job began with.

    Args:
        model: The model.
        view: Its `GraphView` when the job began.

    Raises:
        VrnnError: It was traced again, so that node ids mean something else now.
    """
    if model.view is not view:
        raise graph_changed_error(model)


def graph_changed_error(model: LoadedModel) -> VrnnError:
    """Return the error of a job whose node ids no longer hold."""
    return VrnnError(f"{model.source.title} took another path through its layers; start again")


@dataclass(frozen=True, eq=False)
class _EventOfJob:
    """Something that happened to a job.

    Attributes:
        id: The number that `Worker.start` returned.
        job: The job.
    """

    id: int
    job: Job


@dataclass(frozen=True)
class JobProgress(_EventOfJob):
    """How far a job has come.

    Attributes:
        text: What it does.
        done: How much of `total` is done, in part too.
        total: How much there is to do; 0 while unknown.
        seconds_left: Of its own work; None while unknown.
    """

    text: str
    done: float
    total: int
    seconds_left: float | None


@dataclass(frozen=True, eq=False)
class JobPartialResult(_EventOfJob):
    """A part of a job's result.

    Attributes:
        results: The part.
        notice: A sentence that the user should read; '' for none.
    """

    results: tuple[object, ...]
    notice: str = ""


@dataclass(frozen=True, eq=False)
class JobDone(_EventOfJob):
    """A job's result.

    Attributes:
        result: What its steps returned.
    """

    result: object


@dataclass(frozen=True)
class JobFailed(_EventOfJob):
    """A job ended without a result.

    Attributes:
        message: A sentence for the user.
        details: The traceback.
        cancelled: Whether it was asked to end, or its model was closed.
    """

    message: str
    details: str = ""
    cancelled: bool = False


JobEvent = JobProgress | JobPartialResult | JobDone | JobFailed
"""Something that happened to a job. Each job ends with one `JobDone` or `JobFailed`."""


@dataclass(eq=False)
class _ActiveJob:
    """A job that was started.

    Attributes:
        job: The job.
        steps: Its work; None before its first step.
        seconds: How long it has worked.
        cancel_reason: Why it is to end; '' while it is not.
        paused: Whether it rests.
    """

    job: Job
    steps: JobSteps | None = None
    seconds: float = 0.0
    cancel_reason: str = ""
    paused: bool = False


class JobQueue:
    """Jobs in the order they were started, one at a time.

    All but `run_step`, which is the worker thread's, may be called from any thread.
    """

    def __init__(
        self, emit: Callable[[JobEvent], None], user_message: Callable[[BaseException], str]
    ) -> None:
        """Begin without jobs.

        Args:
            emit: Takes what happened.
            user_message: Makes a sentence for the user of an error.
        """
        self._emit, self._user_message = emit, user_message
        self._lock = threading.Lock()
        self._jobs: dict[int, _ActiveJob] = {}
        self._next_id = 1

    @property
    def has_work(self) -> bool:
        """Whether there is a step to do."""
        with self._lock:
            return self._current_id() is not None

    def _current_id(self) -> int | None:
        """The job to go on with: one that is to end, else the first that is not paused."""
        ready = [n for n, active in self._jobs.items() if active.cancel_reason] or [
            n for n, active in self._jobs.items() if not active.paused
        ]
        return ready[0] if ready else None

    def start(self, job: Job) -> int:
        """Put a job behind the others, and return its id."""
        with self._lock:
            job_id, self._next_id = self._next_id, self._next_id + 1
            self._jobs[job_id] = _ActiveJob(job)
            return job_id

    def pause(self, job_id: int, paused: bool) -> None:
        """Let a job rest after its current step, or go on; others run meanwhile."""
        with self._lock:
            if job_id in self._jobs:
                self._jobs[job_id].paused = paused

    def cancel(self, job_id: int) -> None:
        """End a job, in the middle of a step where it checks. Nothing if it has ended already."""
        self._cancel([job_id], "stopped")

    def cancel_all(self, reason: str) -> None:
        """End all jobs that were started so far.

        Args:
            reason: The message that they fail with.
        """
        self._cancel(None, reason)

    def _cancel(self, ids: list[int] | None, reason: str) -> None:
        with self._lock:
            for job_id, active in self._jobs.items():
                if ids is None or job_id in ids:
                    active.cancel_reason = active.cancel_reason or reason

    def run_step(self, models: Mapping[int, LoadedModel]) -> None:
        """Do one step of the current job, and emit what came of it.

        Args:
            models: The opened models by slot.
        """
        with self._lock:
            job_id = self._current_id()
            if job_id is None:
                return
            active = self._jobs[job_id]
        job = active.job

        def check_stop() -> None:
            if active.cancel_reason:
                raise JobCancelled

        started = time.perf_counter()
        try:
            check_stop()
            if active.steps is None:
                active.steps = job.begin(models, check_stop)
            with ExitStack() as stack:
                if job.slot in models:
                    models[job.slot].use_default_dtype()
                for model in models.values():
                    stack.enter_context(model.editor.active())
                stack.enter_context(own_process())
                step = next(active.steps)
        except JobCancelled:
            self._finish(JobFailed(job_id, job, active.cancel_reason, cancelled=True))
            return
        except StopIteration as end:
            self._finish(JobDone(job_id, job, end.value))
            return
        except BaseException as error:  # whatever a model's own code raises
            message = self._user_message(error)
            self._finish(JobFailed(job_id, job, message, traceback.format_exc()))
            return
        active.seconds += time.perf_counter() - started
        left = active.seconds / step.done * (step.total - step.done) if step.done else None
        if step.results or step.notice:
            self._emit(JobPartialResult(job_id, job, step.results, step.notice))
        self._emit(JobProgress(job_id, job, step.text, step.done, step.total, left))

    def _finish(self, event: JobDone | JobFailed) -> None:
        with self._lock:
            active = self._jobs.pop(event.id)
        if active.steps is not None:
            active.steps.close()
        # Whoever has cancelled it expects no result, even when that came first.
        if active.cancel_reason and isinstance(event, JobDone):
            event = JobFailed(event.id, event.job, active.cancel_reason, cancelled=True)
        self._emit(event)
