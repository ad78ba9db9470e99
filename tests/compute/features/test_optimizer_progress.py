"""How far an optimization is, in which batches it runs, and each image's own random numbers."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.features import optimizer
from vrnn.compute.features.image_batch import ImageBatch, _seed, snapshot_steps
from vrnn.compute.features.optimizer import (
    CPU_MEMORY,
    NO_MEMORY,
    OptimizationControl,
    _batch_size,
    optimize,
)
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 12, 3), nn.ReLU(), nn.Conv2d(12, 2, 3))
    return LoadedModel(open_source(ModelSpec(net, input_size=(16, 16), device="cpu")), "all")


def node(model):
    return next(n.id for n in model.network.nodes if n.operation == "conv2d")


def run(model, channels, control=None, **settings):
    """What was told on the way, and the images."""
    chosen = FeatureVisSettings(source="noise", **{"steps": 2} | settings)
    steps = optimize(model, node(model), channels, chosen, None, control)
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, end.value


def batches(told):
    """The channels of each finished batch."""
    return [[image.channel for image in p.images] for p in told if p.finished]


def test_progress_counts_images_that_are_done_in_part():
    torch.manual_seed(0)
    net = nn.Conv2d(3, 4, 3)
    small = LoadedModel(open_source(ModelSpec(net, input_size=(16, 16), device="cpu")), "all")
    told, made = run(small, [3, 1], steps=4, samples_per_channel=3)
    assert [(p.done, p.total, p.step, p.steps, p.finished) for p in told] == [
        *((6 * step / 4, 6, step, 4, False) for step in (1, 2, 3, 4)), (6, 6, 4, 4, True),
    ]  # fmt: skip
    assert [(image.channel, image.sample) for image in made] == [
        (3, 0), (3, 1), (3, 2), (1, 0), (1, 1), (1, 2),
    ]  # fmt: skip
    assert all(len(image.curve) == 4 for image in made)
    assert all(not p.images for p in told[:-1])


def test_so_many_images_as_fit_run_together_and_the_rest_after_them(model):
    told, made = run(model, range(12), samples_per_channel=3)
    assert batches(told) == [[c for c in pair for _ in range(3)] for pair in (
        (0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (10, 11),
    )]  # fmt: skip
    assert [p.done for p in told if p.finished] == [6, 12, 18, 24, 30, 36]
    assert told[3].done == 6 + 6 / 2
    assert {p.total for p in told} == {36}
    assert len(made) == 36
    told, _ = run(model, [0, 1], samples_per_channel=9)  # more than fit: one channel at a time
    assert [len(batch) for batch in batches(told)] == [9, 9]
    told, _ = run(model, range(10))
    assert [len(batch) for batch in batches(told)] == [8, 2]


def test_channels_that_are_hurried_come_first(model):
    wanted = [[9, 11], [5], []]
    control = OptimizationControl(priority_channels=lambda: wanted.pop(0) if wanted else [])
    told, made = run(model, range(12), control, samples_per_channel=4)
    assert batches(told)[:3] == [[9] * 4 + [11] * 4, [5] * 4 + [0] * 4, [1] * 4 + [2] * 4]
    assert [image.channel for image in made[::4]] == list(range(12))


def test_previews_come_along_when_they_are_due(model):
    told, _ = run(model, [4], OptimizationControl(preview_interval=-1.0), steps=3)
    assert [len(p.images) for p in told] == [1, 1, 1, 1]
    assert [len(p.images[0].curve) for p in told] == [1, 2, 3, 3]
    told, _ = run(model, [4], OptimizationControl(preview_interval=inf), steps=3)
    assert [len(p.images) for p in told] == [0, 0, 0, 1]


def test_slow_steps_halve_the_batch(model):
    told, _ = run(model, range(12), OptimizationControl(max_step_seconds=-1.0))
    assert [len(batch) for batch in batches(told)] == [8, 4]
    told, _ = run(model, range(12), OptimizationControl(max_step_seconds=-1.0),
                  samples_per_channel=5)  # fmt: skip
    assert {len(batch) for batch in batches(told)} == {5}


def test_where_memory_runs_out_half_as_many_go_on(model, monkeypatch):
    most = 3
    original = ImageBatch.step

    def step(self, number):
        if len(self.targets) > most:
            raise RuntimeError("CUDA out of memory")
        return original(self, number)

    monkeypatch.setattr(ImageBatch, "step", step)
    told, made = run(model, range(9))
    assert [p.notice for p in told if p.notice] == [
        "too little memory for 8 images at once: continuing with 4",
        "too little memory for 4 images at once: continuing with 2",
    ]
    assert [(p.done, p.total, p.step, p.steps) for p in told if p.notice] == [(0, 9, 0, 2)] * 2
    assert [len(batch) for batch in batches(told)] == [2, 2, 2, 2, 1]
    assert [image.channel for image in made] == list(range(9))
    most = 0
    with pytest.raises(VrnnError) as caught:
        run(model, [0])
    assert str(caught.value) == NO_MEMORY


def test_another_error_is_told_as_it_is(model, monkeypatch):
    def step(self, number):
        raise RuntimeError("odd")

    monkeypatch.setattr(ImageBatch, "step", step)
    with pytest.raises(RuntimeError, match="odd"):
        run(model, [0])


@pytest.mark.parametrize(("channels", "told"), [
    ([0, 12], "this layer has channels 0 to 11, no channel 12"),
    ([-1], "this layer has channels 0 to 11, no channel -1"),
])  # fmt: skip
def test_channels_that_there_are_not(model, channels, told):
    with pytest.raises(VrnnError, match=told):
        run(model, channels)
    run(model, [0, 11], steps=1)


def test_as_many_images_as_three_times_their_layers_fit_into_memory(model, monkeypatch):
    assert CPU_MEMORY == 2**30
    # The input and the first layer of 4 bytes a value; what lies behind it is not computed.
    values = 3 * 16 * 16 + 12 * 14 * 14
    cpu = torch.device("cpu")
    for images, expected in ((1, 1), (2, 2), (7, 7), (8, 8), (9, 8), (0, 1)):
        monkeypatch.setattr(optimizer, "CPU_MEMORY", images * 3 * 4 * values)
        assert _batch_size(model, node(model), cpu) == expected
        monkeypatch.setattr(optimizer, "CPU_MEMORY", (images + 1) * 3 * 4 * values - 1)
        assert _batch_size(model, node(model), cpu) == expected
    monkeypatch.setattr(optimizer, "CPU_MEMORY", 2**60)
    assert _batch_size(model, node(model), torch.device("cuda")) == 256
    assert _batch_size(model, node(model), torch.device("mps")) == 8


def test_snapshots_are_taken_more_often_at_first():
    assert sorted(snapshot_steps(49)) == [0, 1, 4, 9, 16, 25, 36]
    assert sorted(snapshot_steps(490)) == [0, 10, 40, 90, 160, 250, 360]
    assert snapshot_steps(1) == {0, 1}


@pytest.mark.parametrize(("side", "small"), [
    ((16, 16), (16, 16)), ((96, 64), (48, 32)), ((97, 10), (33, 4)), ((48, 49), (24, 25)),
])  # fmt: skip
def test_snapshots_are_small_and_the_last_is_the_image(side, small):
    torch.manual_seed(0)
    net = nn.Conv2d(3, 2, 1)
    source = open_source(ModelSpec(net, input_size=side, device="cpu"))
    made = LoadedModel(source, "all")
    settings = FeatureVisSettings(source="noise", steps=49)
    steps = optimize(made, made.network.outputs[0], [0], settings)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            (image,) = end.value
            break
    assert image.snapshots.shape == (8, *small, 3)
    if side == small:
        assert np.array_equal(image.snapshots[-1], image.pixels)
        assert not np.array_equal(image.snapshots[0], image.pixels)


def test_each_image_has_a_chance_of_its_own():
    settings = [FeatureVisSettings(seed=seed) for seed in (0, 1, 7)]
    assert _seed(settings[0], 0, 0) == 0
    assert _seed(settings[1], 2, 3) == 1_000_003 + 2 * 1009 + 3
    found = {_seed(s, c, k) for s in settings for c in range(60) for k in range(20)}
    assert len(found) == 3 * 60 * 20
    assert all(0 <= seed < 2**63 for seed in found)
