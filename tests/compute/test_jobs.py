"""Jobs in a real worker, between its passes."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.worker import events_until, is_forward_complete, model_spec
from vrnn.compute.analysis.jobs import AttributionJob, ProfileJob, TopActivationsJob
from vrnn.compute.features.job import FeatureVisJob
from vrnn.compute.jobs import (
    Job,
    JobDone,
    JobFailed,
    JobProgress,
    JobQueue,
    JobStep,
    analysis_job,
    job_classes,
)
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import NetworkLoaded, WorkerFailure
from vrnn.errors import VrnnError
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec
from vrnn.network.results import Ablation, LayerProfile, TopImages

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def worker(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(tmp_path))
    made = Worker()
    yield made
    made.close()


def has_ended(number):
    return lambda event: isinstance(event, JobDone | JobFailed) and event.id == number


def opened(worker, *specs):
    worker.open(specs or [ModelSpec()], "layers")
    events = events_until(
        worker, lambda e: is_forward_complete(e) and e.slot == max(len(specs), 1) - 1
    )
    return next(e for e in events if isinstance(e, NetworkLoaded)).network


@analysis_job("slow_test", background=True)
@dataclass(frozen=True)
class Slow(Job):
    """Two hundred steps of a hundredth of a second."""

    count: int = 200

    def steps(self, model, check_stop):
        for number in range(self.count):
            time.sleep(0.01)
            yield JobStep("working", number + 1, self.count)
        return model.source.title


@dataclass(frozen=True)
class Broken(Job):
    def steps(self, model, check_stop):
        yield JobStep("about to fail", 0, 2)
        raise VrnnError("it cannot be done")


def test_a_job_from_outside_is_registered_run_and_reported_by_its_events(worker):
    network = opened(worker)
    assert job_classes()["slow_test"] is Slow
    assert (Slow.name, Slow.is_background, Broken.name) == ("slow_test", True, "")
    assert {"top_activations", "profile", "attribution", "feature_visualization"} <= set(
        job_classes()
    )
    job = Slow(0, 3)
    assert job.title(network) == "slow test"
    events = events_until(worker, has_ended(worker.start(job)))
    reported = [e for e in events if isinstance(e, JobProgress | JobDone)]
    assert len(reported) == 4
    assert all(e.job is job for e in reported)
    assert reported[-1].result == "digits"


def test_a_name_is_given_to_one_class_only():
    with pytest.raises(ValueError, match="'slow_test' already"):
        analysis_job("slow_test")(Broken)
    assert Broken.name == ""


def test_jobs_are_declared_as_frozen_data_classes():
    for job in job_classes().values():
        assert vars(job)["__dataclass_params__"].frozen


def test_jobs_are_equal_when_they_ask_for_the_same():
    assert TopActivationsJob(0, 3) == TopActivationsJob(0, 3)
    assert TopActivationsJob(0, 3) != TopActivationsJob(0, 4)
    assert ProfileJob(0) != AttributionJob(0)
    settings = FeatureVisSettings()
    assert FeatureVisJob(0, 3, settings) != FeatureVisJob(0, 4, settings)


def test_the_images_that_excite_each_channel_most(worker):
    network = opened(worker)
    head = next(node.id for node in network.nodes if node.name == "head")
    number = worker.start(TopActivationsJob(0, head, 3, "max"))
    events = events_until(worker, has_ended(number))
    reported = [e for e in events if isinstance(e, JobProgress)]
    assert reported
    assert all(e.total == 359 and "head" in e.text for e in reported)
    assert reported[-1].seconds_left is not None
    result = events[-1].result
    assert isinstance(result, TopImages)
    assert result.images.shape == (10, 3)


def test_profiles_of_every_layer(worker):
    network = opened(worker)
    events = events_until(worker, has_ended(worker.start(ProfileJob(0))))
    profiles = events[-1].result
    assert profiles.keys() == {node.id for node in network.nodes}
    assert all(isinstance(profile, LayerProfile) for profile in profiles.values())
    assert sum(profile.macs for profile in profiles.values()) > 10**7


def test_an_image_comes_in_between_and_the_job_goes_on(worker):
    opened(worker)
    number = worker.start(Slow(0))
    events_until(worker, lambda e: isinstance(e, JobProgress) and e.done >= 5)
    events = []
    for value in (20, 200):
        image = np.full((32, 32, 3), value, np.uint8)
        worker.run_image(image)
        events += events_until(worker, is_forward_complete)
        frame = next(e.result for e in events[::-1] if is_forward_complete(e))
        assert (frame.image == value).all()
    assert not any(isinstance(e, JobDone) for e in events)
    events += events_until(worker, has_ended(number))
    steps = [e.done for e in events if isinstance(e, JobProgress)]
    assert steps == sorted(set(steps))
    assert steps[-1] == 200
    assert events[-1].result == "digits"


def test_passes_during_a_real_search_come_before_it_ends(worker):
    network = opened(worker)
    node = next(node.id for node in network.nodes if node.name == "stage3.1.add")
    number = worker.start(TopActivationsJob(0, node, 2))
    worker.run_image(7)
    events = events_until(worker, has_ended(number))
    assert any(is_forward_complete(e) for e in events)
    assert isinstance(events[-1], JobDone)


def test_the_newest_image_wins_while_a_job_runs(worker):
    opened(worker)
    number = worker.start(Slow(0, 50))
    for index in range(40):
        worker.run_image(index)
    worker.run_image(np.full((32, 32, 3), 77, np.uint8))
    events = events_until(worker, has_ended(number))
    frames = [e.result for e in events if is_forward_complete(e)]
    assert len(frames) < 20
    assert (frames[-1].image == 77).all()


def test_jobs_run_one_after_the_other(worker):
    opened(worker)
    numbers = [worker.start(Slow(0, 5)), worker.start(Broken(0)), worker.start(ProfileJob(0))]
    events = events_until(worker, has_ended(numbers[-1]))
    ended = [e for e in events if isinstance(e, JobDone | JobFailed)]
    assert [e.id for e in ended] == numbers
    assert ended[1].message == "it cannot be done"
    assert "Traceback" in ended[1].details
    assert not ended[1].cancelled


def test_a_job_can_be_stopped_running_or_waiting(worker):
    opened(worker)
    first, second, third = (worker.start(Slow(0, n)) for n in (500, 500, 2))
    events_until(worker, lambda e: isinstance(e, JobProgress))
    worker.cancel(second)
    worker.cancel(first)
    events = events_until(worker, has_ended(third))
    ended = {e.id: e for e in events if isinstance(e, JobDone | JobFailed)}
    assert ended[first].cancelled
    assert ended[second].cancelled
    assert isinstance(ended[third], JobDone)
    worker.cancel(third)  # has ended: nothing happens
    worker.cancel(1000)
    assert isinstance(events_until(worker, has_ended(worker.start(Slow(0, 1))))[-1], JobDone)


def test_opening_other_models_ends_the_jobs_of_those_before(worker):
    opened(worker)
    old = worker.start(Slow(0, 500))
    events_until(worker, lambda e: isinstance(e, JobProgress))
    worker.open([model_spec(nn.Conv2d(3, 2, 1))], "all")
    new = worker.start(ProfileJob(0))
    events = events_until(worker, has_ended(new))
    ended = {e.id: e for e in events if isinstance(e, JobDone | JobFailed)}
    assert ended[old].cancelled
    assert len(ended[new].result) == 2


def test_what_cannot_be_found_out_is_reported(worker):
    nowhere = worker.start(ProfileJob(0))
    assert "no model" in events_until(worker, has_ended(nowhere))[-1].message
    opened(worker, model_spec(nn.Conv2d(3, 2, 1)))
    assert (
        "no model in slot 3"
        in events_until(worker, has_ended(worker.start(ProfileJob(3))))[-1].message
    )
    without = events_until(worker, has_ended(worker.start(TopActivationsJob(0, 0))))[-1]
    assert "--data" in without.message


def test_a_job_whose_result_comes_as_it_is_stopped_has_no_result():
    events = []
    queue = JobQueue(events.append, str)

    class Model:
        source = None

    @dataclass(frozen=True)
    class Stops(Job):
        def steps(self, model, check_stop):
            queue.cancel(1)
            return "result"
            yield

    queue.start(Stops(0))
    queue.run_step({0: Model()})
    assert [type(e) for e in events] == [JobFailed]
    assert not queue.has_work


def test_channels_are_ablated_in_the_model_they_are_meant_for(worker):
    torch.manual_seed(0)
    opened(worker, ModelSpec(), ModelSpec())
    worker.run_image(3)
    events_until(worker, lambda e: is_forward_complete(e) and e.slot == 1)
    off = (Ablation("stem.0"),)
    worker.run_image(3, {1: off})
    events = events_until(worker, lambda e: is_forward_complete(e) and e.slot == 1)
    frames = {e.slot: e.result for e in events if is_forward_complete(e)}
    assert frames[0].ablations == ()
    assert frames[1].ablations == off
    first, second = (frames[slot].outputs[0].logits for slot in (0, 1))
    assert not np.array_equal(first, second)
    assert np.abs(first - second).max() > 1.0
    worker.run_image(3)
    events = events_until(worker, lambda e: is_forward_complete(e) and e.slot == 1)
    again = next(e.result for e in events if is_forward_complete(e) and e.slot == 1)
    assert np.array_equal(again.outputs[0].logits, first)


def test_an_ablation_that_does_not_fit_is_reported_and_the_next_pass_runs(worker):
    opened(worker)
    worker.run_image(0, {0: (Ablation("nowhere"),)})
    events = events_until(worker, lambda e: isinstance(e, WorkerFailure))
    assert "nowhere" in next(e for e in events if isinstance(e, WorkerFailure)).message
    worker.run_image(0)
    events_until(worker, is_forward_complete)
