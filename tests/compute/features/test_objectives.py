"""What is maximized, and what is subtracted from it, against plain NumPy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vrnn.compute.features.objectives import objective_values, penalties
from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.errors import VrnnError
from vrnn.features.settings import FeatureVisSettings

SHAPE = (3, 4, 5)
PLAIN = MapLayout.plain(SHAPE)
TOKENS = MapLayout(
    SHAPE, (-1, 4, 5, 3), (3,), (1,), (2,), grid=(1, 3), prefix_tokens=2, sample_place=0
)
"""Two tokens before a grid of 4×5, three channels each."""


def maps(count=4, seed=0):
    return np.random.default_rng(seed).normal(size=(count, *SHAPE)).astype(np.float32)


def as_tokens(values):
    """(N, 2 + 20, 3): two other tokens, then the positions of the maps."""
    flat = values.reshape(len(values), SHAPE[0], -1).transpose(0, 2, 1)
    other = np.full((len(values), 2, SHAPE[0]), 100.0, np.float32)
    return np.concatenate([other, flat], 1)


def objective(values, channels, layout=PLAIN, **settings):
    found = objective_values(
        torch.from_numpy(values), layout, torch.tensor(channels), FeatureVisSettings(**settings)
    )
    return found.numpy()


def both(values, channels, **settings):
    """The objective of maps, the same for channels first and for tokens behind two others."""
    plain = objective(values, channels, **settings)
    tokens = objective(as_tokens(values), channels, TOKENS, **settings)
    np.testing.assert_allclose(plain, tokens, rtol=1e-5, atol=1e-6)
    return plain


CHANNELS = [2, 0, 1, 2]


def test_a_channel_is_its_mean():
    values = maps()
    expected = [values[i, c].mean() for i, c in enumerate(CHANNELS)]
    np.testing.assert_allclose(both(values, CHANNELS), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("position", [None, (0, 0), (3, 4), (1, 2)])
def test_a_neuron_is_one_position_the_middle_if_none_is_named(position):
    row, column = position or (2, 2)
    values = maps()
    found = both(values, CHANNELS, objective="neuron", position=position)
    expected = [values[i, c, row, column] for i, c in enumerate(CHANNELS)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("position", [(4, 0), (0, 5)])
def test_a_neuron_beyond_the_map_is_told(position):
    with pytest.raises(VrnnError, match="4×5"):
        both(maps(), CHANNELS, objective="neuron", position=position)


def test_a_layer_is_its_mean_square():
    values = maps()
    expected = np.square(values).mean((1, 2, 3))
    found = objective(values, CHANNELS, objective="layer")
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_direction_weighs_the_means_of_all_channels():
    values = maps()
    found = both(values, CHANNELS, objective="direction", direction=(0.5, -2.0, 3.0))
    expected = values.mean((2, 3)) @ np.array([0.5, -2.0, 3.0])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(VrnnError, match="should have 3 numbers"):
        both(values, CHANNELS, objective="direction", direction=(1.0, 2.0))


def test_a_difference_subtracts_another_channel():
    values = maps()
    found = both(values, CHANNELS, objective="difference", subtracted_channel=1)
    expected = [values[i, c].mean() - values[i, 1].mean() for i, c in enumerate(CHANNELS)]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(VrnnError, match="channels 0 to 2"):
        both(values, CHANNELS, objective="difference", subtracted_channel=3)


@pytest.mark.parametrize("weight", [0.5, 3.0])
def test_diversity_subtracts_how_similar_the_samples_of_a_channel_are(weight):
    values, channels = maps(5), [2, 0, 2, 2, 1]
    found = both(values, channels, diversity=weight, samples_per_channel=3)
    flat = values.reshape(5, 3, -1)
    grams = np.array([(m @ m.T).ravel() for m in flat])
    grams /= np.linalg.norm(grams, axis=1, keepdims=True)
    for i, channel in enumerate(channels):
        others = [j for j in range(5) if j != i and channels[j] == channel]
        similar = np.mean([grams[i] @ grams[j] for j in others]) if others else 0.0
        expected = values[i, channel].mean() - weight * similar
        assert found[i] == pytest.approx(expected, rel=1e-4)
    alone = both(values, channels, diversity=weight, samples_per_channel=1)
    np.testing.assert_allclose(alone, both(values, channels), rtol=1e-6)


def test_what_has_no_gradient_or_another_number_of_samples_is_told():
    with pytest.raises(VrnnError, match="no gradient"):
        objective(maps().astype(np.int64), CHANNELS)
    with pytest.raises(VrnnError, match="one image at a time"):
        objective(maps(1), CHANNELS)


weights = st.floats(0, 5)


@given(weights, weights, weights)
def test_penalties_are_those_of_numpy(l1, l2, variation):
    images = np.random.default_rng(3).normal(size=(2, 3, 6, 7)).astype(np.float32)
    settings = FeatureVisSettings(l1=l1, l2=l2, total_variation=variation)
    found = penalties(torch.from_numpy(images), settings)
    if not (l1 or l2 or variation):
        assert found is None
        return
    for image, penalty in zip(images.astype(float), found.tolist(), strict=True):
        steps = np.abs(np.diff(image, axis=1)).mean() + np.abs(np.diff(image, axis=2)).mean()
        expected = l1 * np.abs(image).mean() + l2 * np.sqrt(np.square(image).mean())
        assert penalty == pytest.approx(expected + variation * steps, rel=1e-4, abs=1e-6)
