"""Jobs as the main thread sees them: their status, their results, and how they end."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from vrnn.compute.jobs import Job, JobDone, JobFailed, JobPartialResult, JobProgress
from vrnn.errors import VrnnError
from vrnn.workspace.job_manager import MAX_FAILURES, JobManager


@dataclass(frozen=True)
class Work(Job):
    """A job that the test itself ends."""

    what: str = "work"

    def title(self, network):
        return f"{self.what} on {network}"

    def steps(self, model, check_stop):
        raise NotImplementedError


@dataclass(frozen=True)
class QuietWork(Work):
    """One of which nobody wants to know that it failed."""

    is_background = True


class Parts:
    """A manager with a worker and a world that note what is asked of them."""

    def __init__(self):
        self.asked, self.told, self.faults, self.got = [], [], [], []
        networks = {0: SimpleNamespace(network="first"), 1: SimpleNamespace(network="second")}
        self.feed = SimpleNamespace(world=SimpleNamespace(networks=networks), job_events=[])
        worker = SimpleNamespace(
            start=self._start, cancel=lambda n: self.asked.append(f"cancel {n}"),
            pause=lambda n, on: self.asked.append(f"pause {n} {on}"),
        )  # fmt: skip
        self.manager = JobManager(worker, self.feed, self.told.append, self.faults.append)

    def _start(self, job):
        self.asked.append(f"start {job.what}")
        return len(self.asked)

    def start(self, job, **more):
        return self.manager.start(
            job, lambda result: self.got.append(("done", result)),
            lambda results: self.got.append(("part", results)),
            lambda: self.got.append("end"), **more,
        )  # fmt: skip

    def happen(self, *events):
        self.feed.job_events += events
        self.manager.update()


@pytest.fixture
def parts():
    return Parts()


def test_a_job_runs_tells_how_far_it_is_and_hands_over_its_result(parts):
    job = Work(0)
    number = parts.start(job)
    manager = parts.manager
    assert manager.busy
    assert manager.is_running(Work(0))
    assert not manager.is_running(Work(1))
    status = manager.statuses[number]
    assert (status.text, status.fraction, status.seconds_left, status.paused) == (
        "work on first", 0.0, None, False,
    )  # fmt: skip
    parts.happen(JobProgress(number, job, "three of four", 3, 4, 7.5))
    status = manager.statuses[number]
    assert (status.text, status.fraction, status.seconds_left) == ("three of four", 0.75, 7.5)
    parts.happen(JobProgress(number, job, "unknown", 3, 0, None))
    assert manager.statuses[number].fraction == 0
    parts.happen(
        JobPartialResult(number, job, (1, 2), ""), JobPartialResult(number, job, (3,), "a")
    )
    assert parts.got == [("part", (1, 2)), ("part", (3,))]
    assert parts.told == ["a"]
    parts.happen(JobDone(number, job, "result"))
    assert parts.got[2:] == ["end", ("done", "result")]
    assert not manager.busy
    assert manager.statuses == {}
    assert parts.feed.job_events == []


def test_jobs_are_cancelled_and_paused_one_by_one_or_all(parts):
    first, second = parts.start(Work(0)), parts.start(Work(1, what="more"))
    parts.asked.clear()
    manager = parts.manager
    manager.cancel(second)
    manager.cancel()
    assert parts.asked == [f"cancel {second}", f"cancel {first}", f"cancel {second}"]
    parts.asked.clear()
    manager.pause(first, True)
    assert [manager.statuses[n].paused for n in (first, second)] == [True, False]
    parts.happen(JobProgress(first, Work(0), "half", 1, 2, None))
    assert manager.statuses[first].paused
    manager.pause(0, True)
    assert [manager.statuses[n].paused for n in (first, second)] == [True, True]
    manager.pause(0, False)
    assert [manager.statuses[n].paused for n in (first, second)] == [False, False]
    manager.pause(99, True)
    assert parts.asked == [
        f"pause {first} True", f"pause {first} True", f"pause {second} True",
        f"pause {first} False", f"pause {second} False", "pause 99 True",
    ]  # fmt: skip


def test_what_fails_is_told_and_remembered_but_not_what_is_in_the_background(parts):
    number = parts.start(Work(0))
    parts.happen(JobFailed(number, Work(0), "it broke"))
    assert (parts.told, list(parts.manager.failures), parts.got) == (
        ["it broke"], ["it broke"], ["end"],
    )  # fmt: skip
    number = parts.start(QuietWork(0))
    assert not parts.manager.busy
    parts.happen(JobFailed(number, Work(0), "quietly"))
    number = parts.start(Work(0))
    parts.happen(JobFailed(number, Work(0), "cancelled", cancelled=True))
    assert parts.told == ["it broke"]
    parts.happen(JobFailed(99, Work(0), "of nobody"), JobFailed(98, Work(0), "x", cancelled=True))
    assert parts.told == ["it broke", "of nobody"]
    for count in range(MAX_FAILURES + 3):
        number = parts.start(Work(0))
        parts.happen(JobFailed(number, Work(0), f"failure {count}"))
    assert len(parts.manager.failures) == MAX_FAILURES
    assert parts.manager.failures[-1] == f"failure {MAX_FAILURES + 2}"


@pytest.mark.parametrize("replaced", [True, False])
def test_results_for_a_network_that_was_closed_go_nowhere(parts, replaced):
    number = parts.start(Work(0))
    if replaced:
        parts.feed.world.networks[0] = SimpleNamespace(network="another")
    else:
        del parts.feed.world.networks[0]
    parts.happen(JobPartialResult(number, Work(0), (1,), "a notice"), JobDone(number, Work(0), 2))
    assert parts.got == ["end"]
    assert parts.told == ["a notice"]


def test_a_fault_in_what_takes_a_result_is_told_and_ends_nothing(parts):
    def fails(error):
        def take(*arguments):
            raise error

        return take

    manager = parts.manager
    number = manager.start(Work(0), fails(VrnnError("no room")))
    other = manager.start(Work(1), lambda result: None, on_end=fails(ZeroDivisionError("odd")))
    parts.happen(JobDone(number, Work(0), 1), JobDone(other, Work(1), 2))
    assert parts.told == ["no room"]
    (fault,) = parts.faults
    assert "taking the result of a Work" in fault
    assert manager.statuses == {}
