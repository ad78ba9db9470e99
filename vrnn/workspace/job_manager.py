"""Jobs on the main thread: started, followed, and their results handed to whoever started them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from vrnn.compute.jobs import Job, JobDone, JobEvent, JobFailed, JobPartialResult, JobProgress
from vrnn.compute.worker import Worker
from vrnn.errors import VrnnError
from vrnn.network.graph import Network
from vrnn.storage.fault_log import fault_log
from vrnn.workspace.map_uploader import WorkerEventSink

MAX_FAILURES = 16
"""Failures of jobs that are remembered."""


@dataclass(frozen=True)
class JobStatus:
    """A job that runs or waits.

    Attributes:
        number: Identifies it, to cancel or pause it.
        text: What it does, for the user.
        fraction: How much is done, 0…1.
        seconds_left: Estimated; None while unknown.
        paused: Whether it is paused.
    """

    number: int
    text: str
    fraction: float = 0.0
    seconds_left: float | None = None
    paused: bool = False


@dataclass(frozen=True, eq=False)
class _StartedJob:
    job: Job
    network: Network
    on_done: Callable[[object], None]
    on_partial_result: Callable[[Sequence[object]], None]
    on_end: Callable[[], None]
    on_failed: Callable[[str], None] | None


def _ignore(*_: object) -> None:
    """Do nothing."""


class JobManager:
    """Starts jobs and delivers their results.

    Attributes:
        statuses: The status of each job that runs or waits, by number.
        failures: Why the last jobs failed that somebody waited for, the oldest first.
    """

    def __init__(
        self, worker: Worker, feed: WorkerEventSink, notify: Callable[[str], None],
        show_fault: Callable[[str], None],
    ) -> None:  # fmt: skip
        """Create a manager without jobs.

        Args:
            worker: Runs the jobs.
            feed: Receives the worker's events.
            notify: Shows the user a sentence.
            show_fault: Shows one about a fault, until it is dismissed.
        """
        self.statuses: dict[int, JobStatus] = {}
        self.failures: deque[str] = deque(maxlen=MAX_FAILURES)
        self._worker, self._feed, self._notify = worker, feed, notify
        self._show_fault = show_fault
        self._started: dict[int, _StartedJob] = {}

    @property
    def busy(self) -> bool:
        """Whether a job is unfinished that somebody waits for."""
        return any(not started.job.is_background for started in self._started.values())

    def start(
        self, job: Job, on_done: Callable[[object], None],
        on_partial_result: Callable[[Sequence[object]], None] = _ignore,
        on_end: Callable[[], None] = _ignore,
        on_failed: Callable[[str], None] | None = None,
    ) -> int:  # fmt: skip
        """Start a job; the callbacks are called on the main thread, between two frames.

        Args:
            job: The job, about a network of the world. Of one in the background, a failure is only
                reported to `on_failed`.
            on_done: Gets the result, unless its network has been closed.
            on_partial_result: Gets partial results as they arrive.
            on_end: Called when it has ended in any way, before `on_done`.
            on_failed: Gets the reason why it failed and shows it; None to show it as it is.

        Returns:
            Number of the job.
        """
        number = self._worker.start(job)
        network = self._feed.world.networks[job.slot].network
        self._started[number] = _StartedJob(
            job, network, on_done, on_partial_result, on_end, on_failed
        )  # fmt: skip
        self.statuses[number] = JobStatus(number, job.title(network))
        return number

    def is_running(self, job: Job) -> bool:
        """Whether an equal job runs or waits."""
        return any(started.job == job for started in self._started.values())

    def cancel(self, number: int = 0) -> None:
        """Cancel a job after its present step.

        Args:
            number: The job; 0 for all.
        """
        for each in [number] if number else list(self._started):
            self._worker.cancel(each)

    def pause(self, number: int, paused: bool) -> None:
        """Pause or resume a job.

        Args:
            number: The job; 0 for all.
            paused: Whether it is paused from now on.
        """
        for each in [number] if number else list(self._started):
            self._worker.pause(each, paused)
            if each in self.statuses:
                self.statuses[each] = replace(self.statuses[each], paused=paused)

    def update(self) -> None:
        """Process the events of jobs since the last call."""
        events, self._feed.job_events = self._feed.job_events, []
        for event in events:
            self._process(event)

    def _process(self, event: JobEvent) -> None:
        if isinstance(event, JobProgress):
            fraction = event.done / event.total if event.total else 0.0
            paused = event.id in self.statuses and self.statuses[event.id].paused
            self.statuses[event.id] = JobStatus(
                event.id, event.text, fraction, event.seconds_left, paused
            )
        elif isinstance(event, JobPartialResult):
            if event.id in self._started and self._is_open(self._started[event.id]):
                started = self._started[event.id]
                self._call(started, started.on_partial_result, event.results)
            if event.notice:
                self._notify(event.notice)
        else:
            self.statuses.pop(event.id, None)
            ended = self._started.pop(event.id, None)
            if ended is not None:
                self._end(ended, event)
            elif isinstance(event, JobFailed) and not event.cancelled:
                self._notify(event.message)

    def _end(self, started: _StartedJob, event: JobDone | JobFailed) -> None:
        self._call(started, started.on_end)
        if isinstance(event, JobFailed):
            if event.cancelled:
                return
            is_awaited = not started.job.is_background
            if is_awaited:
                self.failures.append(event.message)
            if started.on_failed is not None:
                self._call(started, started.on_failed, event.message)
            elif is_awaited:
                self._notify(event.message)
        elif self._is_open(started):
            self._call(started, started.on_done, event.result)

    def _is_open(self, started: _StartedJob) -> bool:
        """Whether the network that a job is about is still open, and no other in its place."""
        opened = self._feed.world.networks.get(started.job.slot)
        return opened is not None and opened.network is started.network

    def _call(
        self, started: _StartedJob, callback: Callable[..., None], *arguments: object
    ) -> None:
        """Hand something to whoever started a job; a fault there ends neither job nor program."""
        try:
            callback(*arguments)
        except VrnnError as error:
            self._notify(str(error))
        except Exception as error:
            kind = type(started.job).__name__
            self._show_fault(fault_log.record(f"taking the result of a {kind}", error))
