"""A real worker with real models."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.odd_models import DataDependent
from tests.support.worker import events_until, is_forward_complete, model_spec
from vrnn.compute.jobs import Job, JobDone, JobStep
from vrnn.compute.passes.device_room import NOTE
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import (
    ForwardComplete,
    GraphNotes,
    LoadingProgress,
    MapsReady,
    NetworkLoaded,
    WorkerFailure,
)
from vrnn.network.model_spec import ModelSpec


@pytest.fixture
def worker():
    made = Worker()
    yield made
    made.close()


def test_a_network_is_reported_before_its_maps_and_these_before_the_result(worker):
    worker.open([ModelSpec()], "layers")
    events = events_until(worker, is_forward_complete)
    kinds = [type(e) for e in events if not isinstance(e, LoadingProgress)]
    assert kinds[0] is NetworkLoaded
    assert kinds[-1] is ForwardComplete
    assert set(kinds[1:-1]) == {MapsReady}
    opened = next(e for e in events if isinstance(e, NetworkLoaded))
    handed = {n: m for e in events if isinstance(e, MapsReady) for n, m in e.maps.items()}
    frame = events[-1].result
    assert handed.keys() == frame.maps.keys() == {n.id for n in opened.network.nodes}
    assert all(handed[n] is frame.maps[n] for n in handed)  # memory is held once
    assert opened.info.title == "digits"
    assert not opened.info.random_weights
    assert len(opened.dataset) > 300


def test_the_default_model_knows_its_digits(worker):
    worker.open([ModelSpec()], "layers")
    events = events_until(worker, is_forward_complete)
    dataset = next(e for e in events if isinstance(e, NetworkLoaded)).dataset
    right = 0
    for index in range(12):
        worker.run_image(index)
        frame = next(
            e for e in events_until(worker, is_forward_complete) if is_forward_complete(e)
        ).result
        right += int(frame.outputs[0].probabilities.argmax()) == dataset.label(index)
    assert right >= 11


def test_the_newest_image_wins(worker):
    worker.open([ModelSpec()], "layers")
    events_until(worker, is_forward_complete)
    for index in range(40):
        worker.run_image(index)
    worker.run_image(np.full((32, 32, 3), 77, np.uint8))
    frames = [
        e.result
        for e in events_until(
            worker, lambda e: is_forward_complete(e) and (e.result.image == 77).all()
        )
        if is_forward_complete(e)
    ]
    assert len(frames) < 20
    assert (frames[-1].image == 77).all()


def test_two_networks_see_the_same_image(worker):
    torch.manual_seed(0)
    worker.open([model_spec(nn.Conv2d(3, 2, 1)), model_spec(nn.Conv2d(3, 4, 3))], "all")
    events_until(worker, lambda e: is_forward_complete(e) and e.slot == 1)
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    worker.run_image(image)
    frames = {
        e.slot: e.result
        for e in events_until(worker, lambda e: is_forward_complete(e) and e.slot == 1)
        if is_forward_complete(e)
    }
    assert all(np.array_equal(frame.image, image) for frame in frames.values())


class Fails(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)
        self.passes = 0

    def forward(self, x):
        self.passes += 1
        if self.passes == 5:
            raise ValueError("the fifth time")
        return self.conv(x)


def test_an_error_in_one_pass_is_reported_and_the_next_one_runs(worker):
    worker.open([model_spec(Fails())], "all")
    events_until(worker, is_forward_complete)
    for _ in range(5):
        worker.run_image(np.zeros((8, 8, 3), np.uint8))
        events = events_until(
            worker, lambda e: is_forward_complete(e) or isinstance(e, WorkerFailure)
        )
        if any(isinstance(e, WorkerFailure) for e in events):
            break
    failed = next(e for e in events if isinstance(e, WorkerFailure))
    assert "test_worker.py" in failed.message
    assert "the fifth time" in failed.message
    assert "Traceback" in failed.details
    worker.run_image(np.zeros((8, 8, 3), np.uint8))
    events_until(worker, is_forward_complete)


def test_a_changed_graph_is_traced_again(worker):
    torch.manual_seed(0)
    worker.open([model_spec(DataDependent())], "all")
    events = events_until(worker, is_forward_complete)
    images = [np.full((8, 8, 3), value, np.uint8) for value in (255, 0)]
    names = []
    for image in images:
        worker.run_image(image)
        events += events_until(worker, is_forward_complete)
        network = [e for e in events if isinstance(e, NetworkLoaded)][-1].network
        frame = [e for e in events if is_forward_complete(e)][-1].result
        assert frame.maps.keys() == {n.id for n in network.nodes}
        names.append({n.name for n in network.nodes})
    assert "conv" in names[0]
    assert "dark" in names[1]


def test_values_that_are_not_finite_are_counted(worker):
    class Bad(nn.Module):
        def forward(self, x):
            return torch.where(x > x.mean(), torch.inf, x) / (x * 0 + 1)

    worker.open([model_spec(Bad())], "all")
    frame = next(
        e for e in events_until(worker, is_forward_complete) if is_forward_complete(e)
    ).result
    assert sum(maps.not_finite for maps in frame.maps.values()) > 0
    assert all(np.isfinite(maps.std).all() for maps in frame.maps.values())


def test_a_batch_norm_in_training_keeps_its_statistics(worker):
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).train()
    before = model[1].running_mean.clone()
    worker.open([model_spec(model)], "all")
    events_until(worker, is_forward_complete)
    assert torch.equal(model[1].running_mean, before)


def test_out_of_memory_is_reported_with_what_to_do(worker):
    class Greedy(nn.Module):
        def forward(self, x):
            return x.mean() * torch.empty(10**15)

    worker.open([model_spec(Greedy())], "all")
    failed = next(
        e
        for e in events_until(worker, lambda e: isinstance(e, WorkerFailure))
        if isinstance(e, WorkerFailure)
    )
    assert "out of memory" in failed.message
    assert "--input-size" in failed.message


def test_an_endless_script_does_not_hold_the_worker_up(tmp_path):
    script, stop = tmp_path / "slow.py", tmp_path / "stop"
    waiting = f"while not os.path.exists({str(stop)!r}):\n    time.sleep(0.05)\n"
    script.write_text(f"import os, time\n{waiting}")
    worker = Worker()
    worker.open([ModelSpec(str(script))], "all")
    events_until(worker, lambda e: isinstance(e, LoadingProgress) and "opening" in e.text)
    assert not worker.close(0.2)
    stop.touch()
    assert worker.close(60)


@dataclass(frozen=True)
class FiveSteps(Job):
    def steps(self, model, check_stop):
        for number in range(5):
            yield JobStep("working", number + 1, 5)
        return model.source.title


def test_a_job_gets_on_while_images_stream(worker):
    worker.open([ModelSpec()], "layers")
    events_until(worker, is_forward_complete)
    job = worker.start(FiveSteps(0))
    frames = 0
    found = []
    while not any(isinstance(event, JobDone) and event.id == job for event in found):
        if worker.takes_image:  # there is always another one
            worker.run_image(frames, interrupt=False, continues=True)
            frames += 1
            assert frames < 300
        found += worker.wait(0.001)


def test_a_device_that_runs_full_once_loses_nothing_and_is_told_once(worker):
    class FullOnce(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.is_full = nn.Conv2d(3, 4, 3), True

        def forward(self, x):
            if self.is_full and x[0, 0].min() == x[0, 0].max():
                self.is_full = False
                raise torch.cuda.OutOfMemoryError("CUDA out of memory")
            return self.layer(x)

    model = FullOnce().eval()
    worker.open([ModelSpec(model, input_size=(8, 8))], "layers")
    found = events_until(worker, is_forward_complete)
    assert model.is_full
    for _ in range(2):
        worker.run_image(np.zeros((8, 8, 3), np.uint8))
        found += events_until(worker, is_forward_complete)
    assert not any(isinstance(event, WorkerFailure) for event in found)
    told = [event.notes for event in found if isinstance(event, GraphNotes)]
    assert told.count((NOTE,)) == 1
