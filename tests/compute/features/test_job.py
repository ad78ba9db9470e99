"""Feature visualization as a job: what is shown, kept, found again and counted."""

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.features.job import FeatureVisJob
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.features import results
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.derived_maps import from_array
from vrnn.network.model_spec import ModelSpec
from vrnn.style.srgb import srgb_to_linear

CHANNELS = 18
NODE = 1


@pytest.fixture(autouse=True)
def model(tmp_path, monkeypatch):
    """A convolution of many channels, and a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return loaded(CHANNELS)


def loaded(channels):
    """A convolution."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, channels, 3), nn.ReLU())
    return LoadedModel(open_source(ModelSpec(net, input_size=(40, 36))), "all")


def run(model, **changes):
    """All steps of the job."""
    job = FeatureVisJob(
        0,
        NODE,
        FeatureVisSettings(**{"source": "noise", "steps": 1, "untransformed_steps": 0} | changes),
    )
    return list(job.steps(model, lambda: False))


def tiles_of(steps):
    """The last tile of each image, by channel and sample."""
    found = {}
    for step in steps:
        for tile in step.results:
            found[tile.feature.channel, tile.feature.sample] = tile
    return found


def test_a_layer_as_a_whole_has_one_image(model):
    steps = run(model, objective="layer")
    assert {step.total for step in steps} == {1}
    assert steps[-1].done == 1
    assert list(tiles_of(steps)) == [(0, 0)]


@pytest.mark.parametrize("samples", [1, 3])
def test_what_was_made_is_found_again_and_nothing_is_made_anew(model, samples, monkeypatch):
    made = run(model, samples_per_channel=samples)
    assert {step.total for step in made} == {CHANNELS * samples}
    assert made[-1].done == CHANNELS * samples
    wanted = {(channel, k) for channel in range(CHANNELS) for k in range(samples)}
    first = tiles_of(made)
    assert first.keys() == wanted
    assert all(tile.path.is_file() for tile in first.values())
    monkeypatch.setattr("vrnn.compute.features.optimizer.optimize", lambda *_: iter(()))
    again = run(model, samples_per_channel=samples)
    second = tiles_of(again)
    assert second.keys() == wanted
    assert again[-1].done == CHANNELS * samples
    counts = [step.done for step in again]
    assert counts == sorted(counts)
    for key, tile in second.items():
        assert np.array_equal(tile.feature.pixels, first[key].feature.pixels)
        assert tile.path == first[key].path


def test_what_is_missing_is_made_and_counted_with_what_was_found(model):
    first = tiles_of(run(model))
    for channel in (3, 17):
        first[channel, 0].path.unlink()
    again = run(model)
    assert tiles_of(again).keys() == first.keys()
    making = [step for step in again if "step" in step.text]
    assert {tile.feature.channel for step in making for tile in step.results} == {3, 17}
    assert min(step.done for step in making) >= CHANNELS - 2
    assert again[-1].done == CHANNELS


@pytest.mark.parametrize("room", [None, 6 * 3 * 20 * 18 * 2])
def test_a_tile_is_the_image_in_linear_light_as_large_as_there_is_room(model, room, monkeypatch):
    if room is not None:
        monkeypatch.setattr(results, "MAX_DISPLAY_BYTES", room)
    factor = 1 if room is None else 2
    tile = tiles_of(run(loaded(6)))[5, 0]
    linear = srgb_to_linear(tile.feature.pixels).astype(np.float64)
    height, width = linear.shape[:2]
    small = linear.reshape(height // factor, factor, width // factor, factor, 3).mean((1, 3))
    expected = from_array(np.ascontiguousarray(small.transpose(2, 0, 1)).astype(np.float32))
    np.testing.assert_allclose(
        tile.block.astype(float), expected.block.astype(float), rtol=2e-3, atol=1e-4
    )
