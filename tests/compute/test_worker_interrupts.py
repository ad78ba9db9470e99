"""A newer image takes the place of one that is running: told by events, never by the clock."""

import threading

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.worker import events_until, is_forward_complete
from vrnn.compute.worker import Worker
from vrnn.network.model_spec import ModelSpec

SECONDS = 60


class Gate(nn.Module):
    """Stops in its second layer, once it is armed, until it may go on; counts what runs after."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 1) for _ in range(4))
        self.reached, self.may_go_on = threading.Event(), threading.Event()
        self.is_armed = False
        self.finished = 0

    def forward(self, x):
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number == 1 and self.is_armed:
                self.is_armed = False
                self.reached.set()
                assert self.may_go_on.wait(SECONDS)
        self.finished += not torch.is_grad_enabled()  # the check of edges computes gradients
        return x


def image(value):
    return np.full((8, 8, 3), value, np.uint8)


@pytest.fixture
def stopped():
    """A worker in the middle of the pass of image 10, and its model."""
    model, worker = Gate(), Worker()
    worker.open([ModelSpec(model, input_size=(8, 8))], "layers")
    events_until(worker, is_forward_complete)
    model.is_armed, model.finished = True, 0
    worker.run_image(image(10))
    assert model.reached.wait(SECONDS)
    yield worker, model
    model.may_go_on.set()
    worker.close()


def completed(events):
    return [int(e.result.image.max()) for e in events if is_forward_complete(e)]


def test_a_newer_image_ends_the_pass_that_runs(stopped):
    worker, model = stopped
    worker.run_image(image(20))
    worker.run_image(image(30))
    model.may_go_on.set()
    events = events_until(worker, is_forward_complete)
    assert completed(events) == [30]
    assert model.finished == 1  # the first pass ended behind the layer that it was in


def test_one_that_does_not_interrupt_lets_it_finish(stopped):
    worker, model = stopped
    worker.run_image(image(30), interrupt=False)
    model.may_go_on.set()
    events = events_until(worker, lambda e: is_forward_complete(e) and e.result.image.max() == 30)
    assert completed(events) == [10, 30]
    assert model.finished == 2


def test_closing_ends_the_pass_that_runs(stopped):
    worker, model = stopped
    closing = threading.Thread(target=worker.close, args=(SECONDS,))
    closing.start()
    while not worker._is_closed:
        pass
    model.may_go_on.set()
    closing.join(SECONDS)
    assert not closing.is_alive()
    assert completed(worker.events()) == []
    assert model.finished == 0


def test_maps_of_a_pass_that_was_ended_never_follow_those_of_the_newer_one(stopped):
    worker, model = stopped
    worker.run_image(image(30))
    model.may_go_on.set()
    events = events_until(worker, is_forward_complete)
    handed = {}
    for event in events:
        handed.update(getattr(event, "maps", {}))
    result = events[-1].result
    assert all(handed[node] is maps for node, maps in result.maps.items())
