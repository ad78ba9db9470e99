"""Longer work that runs between passes, in steps, so that an image never waits long for it."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from vrnn.errors import VrnnError

if TYPE_CHECKING:
    from vrnn.compute.opened import OpenedModel


class Step(NamedTuple):
    """How far a job has come. text: what it does; done of total: 0 of 0 when unknown."""

    text: str
    done: int
    total: int


class Job(Protocol):
    """Something to find out about the model in a slot."""

    @property
    def slot(self) -> int:
        """The model's place among those opened."""

    def steps(self, model: OpenedModel) -> Generator[Step, None, object]:
        """The work itself, in the model's thread. Yields where a pass may come in between; what it
        returns is the result. Raises VrnnError."""


@dataclass(frozen=True)
class TopKJob:
    """The k images of the model's data set that excite each channel of a node most.

    measure: `max` or `mean` of a map. Its result is a `TopImages`.
    """

    slot: int
    node: int
    k: int = 9
    measure: str = "max"

    def steps(self, model: OpenedModel) -> Generator[Step, None, object]:
        """See `Job`."""
        from vrnn.compute.topk import top_images_in_steps

        dataset = model.source.dataset
        if dataset is None:
            raise VrnnError(
                f"{model.source.title} has no images to look through; pass --data FOLDER"
            )
        view = model.view
        steps = top_images_in_steps(model, dataset, self.node, self.k, self.measure)
        name = view.network.by_id[self.node].name if self.node in view.network.by_id else "?"
        while True:
            try:
                done, total = next(steps)
            except StopIteration as end:
                return end.value
            yield Step(f"images for {name}", done, total)
            _unchanged(model, view)


@dataclass(frozen=True)
class FactsJob:
    """What each layer costs. Its result: `LayerFacts` by node id."""

    slot: int

    def steps(self, model: OpenedModel) -> Generator[Step, None, object]:
        """See `Job`."""
        from vrnn.compute.profile import layer_facts, measure, weight_histograms
        from vrnn.compute.runner import GraphChanged

        view = model.view
        total = len(view.members) + PASSES
        weights, costs = {}, []
        for node, found in weight_histograms(view):
            weights[node] = found
            yield Step("measuring layers", len(weights), total)
            _unchanged(model, view)
        for number in range(PASSES):
            try:
                costs.append(measure(model.source.model, view, model.inputs))
            except GraphChanged as error:
                raise _other_way(model) from error
            yield Step("measuring layers", len(weights) + number + 1, total)
            _unchanged(model, view)
        return layer_facts(view, costs, weights)


@dataclass(frozen=True)
class EvidenceJob:
    """How much each channel speaks for the class that won. Its result: (C,) by node id."""

    slot: int

    def steps(self, model: OpenedModel) -> Generator[Step, None, object]:
        """See `Job`."""
        from vrnn.compute.evidence import evidence

        yield Step("finding evidence", 0, 1)
        return evidence(model)


PASSES = 3
"""Timed passes, of which the fastest counts."""


def _unchanged(model: OpenedModel, view: object) -> None:
    """Raise VrnnError when the graph was written down anew: node ids mean something else now."""
    if model.view is not view:
        raise _other_way(model)


def _other_way(model: OpenedModel) -> VrnnError:
    return VrnnError(f"{model.source.title} took another way through its layers; start again")


@dataclass(frozen=True)
class JobProgress:
    """How far a job has come. seconds_left: of its own work, None while that is unknown."""

    id: int
    text: str
    done: int
    total: int
    seconds_left: float | None


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


JobEvent = JobProgress | JobDone | JobFailed
"""Each job ends with one `JobDone` or `JobFailed`."""


class JobQueue:
    """Jobs in the order they were started, one at a time.

    `start`, `cancel` and `cancel_all` may be called from any thread, `step` from the model's.
    """

    def __init__(self, put: Callable[[JobEvent], None], sentence: Callable[[Exception], str]):
        """put: takes what happened; sentence: what to tell a person of an error."""
        self._put, self._sentence = put, sentence
        self._lock = threading.Lock()
        self._jobs: deque[tuple[int, Job]] = deque()  # the first is the one that runs
        self._ended: dict[int, str] = {}
        self._next = 1
        self._steps: Generator[Step, None, object] | None = None
        self._spent = 0.0

    def __len__(self) -> int:
        return len(self._jobs)

    def start(self, job: Job) -> int:
        """Put a job behind the others. Returns its id."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._jobs.append((number, job))
            return number

    def cancel(self, number: int) -> None:
        """End a job after its present step. Nothing happens when it has ended already."""
        self._end([number], "stopped")

    def cancel_all(self, reason: str) -> None:
        """End all jobs that were started until now."""
        self._end(None, reason)

    def _end(self, numbers: list[int] | None, reason: str) -> None:
        with self._lock:
            here = [number for number, _ in self._jobs]
            for number in here if numbers is None else numbers:
                if number in here:
                    self._ended.setdefault(number, reason)

    def step(self, models: Mapping[int, OpenedModel]) -> None:
        """Do one step of the first job, and tell what came of it. models: by slot."""
        with self._lock:
            if not self._jobs:
                return
            number, job = self._jobs[0]
            ended = self._ended.get(number)
        if ended is not None:
            self._finish(JobFailed(number, ended, cancelled=True))
            return
        started = time.perf_counter()
        try:
            if self._steps is None:
                if job.slot not in models:
                    raise VrnnError(f"there is no model in place {job.slot} to work on")
                self._steps, self._spent = job.steps(models[job.slot]), 0.0
            at = next(self._steps)
        except StopIteration as end:
            self._finish(JobDone(number, end.value))
            return
        except Exception as error:
            self._finish(JobFailed(number, self._sentence(error), traceback.format_exc()))
            return
        self._spent += time.perf_counter() - started
        left = self._spent / at.done * (at.total - at.done) if at.done else None
        self._put(JobProgress(number, at.text, at.done, at.total, left))

    def _finish(self, event: JobDone | JobFailed) -> None:
        if self._steps is not None:
            self._steps.close()
        self._steps = None
        with self._lock:
            self._jobs.popleft()
            ended = self._ended.pop(event.id, None)
        # Whoever has stopped it expects no result, even when that came first.
        late = ended is not None and isinstance(event, JobDone)
        self._put(JobFailed(event.id, ended or "", cancelled=True) if late else event)
