"""An explanation as a job of the worker: its result, and its end at once when it is cancelled."""

import numpy as np
from torch import nn

from tests.support.worker import events_until
from vrnn.compute.explain.job import ExplanationJob
from vrnn.compute.jobs import JobDone, JobFailed
from vrnn.compute.worker import ForwardComplete, Worker
from vrnn.explanations.results import Explanation
from vrnn.explanations.settings import ExplanationSettings
from vrnn.network.model_spec import ModelSpec


def test_a_job_gives_an_explanation_and_can_be_cancelled():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                        nn.Linear(4, 2))  # fmt: skip
    image = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)
    worker = Worker()
    try:
        worker.open([ModelSpec(net, input_size=(16, 16))], "layers")
        events_until(worker, lambda e: isinstance(e, ForwardComplete))
        number = worker.start(ExplanationJob(0, image))
        events = events_until(worker, lambda e: isinstance(e, JobDone) and e.id == number)
        found = events[-1].result
        assert isinstance(found, Explanation)
        assert found.heatmap.shape == (16, 16)
        assert set(found.layers) == {"input", "0", "2", "4"}
        long = ExplanationSettings("integrated-gradients", steps=10_000)
        number = worker.start(ExplanationJob(0, image, long))
        worker.cancel(number)
        events = events_until(worker, lambda e: isinstance(e, JobFailed) and e.id == number)
        assert events[-1].cancelled
    finally:
        assert worker.close(wait=5.0)
