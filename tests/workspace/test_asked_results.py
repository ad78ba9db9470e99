"""Results that the state asks for."""

from types import SimpleNamespace

import pytest

from vrnn.workspace.asked_results import AskedResults
from vrnn.workspace.manager_parts import ManagerParts


class Jobs:
    """Takes jobs, which a test ends."""

    def __init__(self):
        self.started, self.canceled = [], []

    def start(self, job, on_done, on_end, on_failed):
        self.started.append(SimpleNamespace(job=job, done=on_done, end=on_end, failed=on_failed))
        return len(self.started)

    def cancel(self, number):
        self.canceled.append(number)


@pytest.fixture
def asked():
    world, jobs, told, undone = SimpleNamespace(state="now"), Jobs(), [], []
    parts = ManagerParts(world, jobs, None, told.append, print, undone.append)
    results = AskedResults(parts)

    def follow(*keys):
        results.follow(keys, lambda key: f"job {key}", lambda key, found: told.append((key, found)))

    return SimpleNamespace(
        results=results, jobs=jobs, told=told, undone=undone, follow=follow, world=world
    )


def test_what_is_wanted_is_found_once_and_what_is_not_any_more_ends(asked):
    asked.follow("a", "b")
    asked.follow("a")
    assert asked.jobs.canceled == [2]
    asked.jobs.started[0].done(7)
    asked.jobs.started[0].end()
    asked.follow("a")
    assert [one.job for one in asked.jobs.started] == ["job a", "job b"]
    assert asked.told == [("a", 7)]
    assert not asked.results.pending


def test_the_late_end_of_a_canceled_job_is_not_that_of_the_next_one(asked):
    asked.follow("a")
    asked.follow()
    asked.follow("a")
    asked.jobs.started[0].end()
    assert asked.results.pending
    asked.follow("a")
    assert len(asked.jobs.started) == 2


@pytest.mark.parametrize(("state", "undone"), [("now", ["before"]), ("another", [])])
def test_a_change_is_undone_when_what_it_asked_for_cannot_be_found(asked, state, undone):
    asked.results.remember("before", state)
    asked.follow("a")
    asked.jobs.started[0].failed("no images")
    asked.jobs.started[0].end()
    assert (asked.told, asked.undone) == (["no images"], undone)
    asked.follow("a")
    assert len(asked.jobs.started) == 1
    asked.follow()
    asked.follow("a")
    assert len(asked.jobs.started) == 2


def test_a_change_whose_result_was_found_stays(asked):
    asked.results.remember("before", "now")
    asked.results.keep_change()
    asked.follow("a")
    asked.jobs.started[0].failed("no images")
    assert asked.undone == []
