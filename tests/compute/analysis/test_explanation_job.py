"""An explanation as a job of the worker: its result, and its end at once when it is cancelled."""

import numpy as np
import pytest
from torch import nn

from tests.support.worker import events_until
from vrnn.compute.analysis.explanation_job import ExplanationJob
from vrnn.compute.jobs import JobDone, JobFailed
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import ForwardComplete
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
        worker.run_image(image)
        events_until(worker, lambda e: isinstance(e, ForwardComplete) and e.request == 2)
        number = worker.start(ExplanationJob(0))
        events = events_until(worker, lambda e: isinstance(e, JobDone) and e.id == number)
        shown = events[-1].result
        found = shown.explanation
        assert isinstance(found, Explanation)
        assert found.heatmap.shape == (16, 16)
        np.testing.assert_array_equal(found.image, image)
        assert set(found.layers) == {"input", "0", "2", "4"}
        assert set(shown.maps) == {layer.node for layer in found.layers.values()}
        for layer in found.layers.values():
            maps = shown.maps[layer.node]
            values = maps.values.astype(np.float32) * np.float32(maps.scale)
            assert values.sum() == pytest.approx(layer.total, rel=0.02, abs=0.02)
            np.testing.assert_allclose(values.sum(0), layer.picture, rtol=0.05, atol=0.01)
        long = ExplanationSettings("integrated-gradients", steps=10_000)
        number = worker.start(ExplanationJob(0, long))
        worker.cancel(number)
        events = events_until(worker, lambda e: isinstance(e, JobFailed) and e.id == number)
        assert events[-1].cancelled
    finally:
        assert worker.close(wait=5.0)
