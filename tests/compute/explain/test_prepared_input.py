"""What goes into a model that is explained, and what is known of it as an image."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.explained import opened, opened_with
from vrnn.compute.explain.prepared_input import prepare_input
from vrnn.compute.tracing.tensors import tensors_in

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def net_of(channels):
    return nn.Sequential(nn.Conv2d(channels, 2, 3)).eval()


class Two(nn.Module):
    """Takes whole numbers before an image."""

    def __init__(self):
        super().__init__()
        self.table, self.conv = nn.Embedding(5, 2), nn.Conv2d(3, 2, 3)

    def forward(self, ids, image, factor):
        return self.table(ids).mean() + self.conv(image).mean((2, 3)) * factor


def test_an_image_has_the_range_from_black_to_white():
    model = opened(net_of(3), (6, 8))
    picture = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    given = prepare_input(model, picture)
    assert (given.index, given.is_image, given.note) == (0, True, "")
    np.testing.assert_array_equal(given.image, picture)
    low, high = given.bounds
    np.testing.assert_allclose(low.flatten(), -np.array(MEAN) / STD, rtol=1e-5)
    np.testing.assert_allclose(high.flatten(), (1 - np.array(MEAN)) / STD, rtol=1e-5)
    assert low.shape == (1, 3, 1, 1)


def test_what_lies_beyond_black_and_white_widens_the_range():
    model = opened(net_of(3), (6, 8))
    x = torch.zeros(1, 3, 6, 8)
    x[0, 0, 2, 3], x[0, 2, 1, 1] = -7, 9
    low, high = prepare_input(model, x).bounds
    black, white = -np.array(MEAN) / STD, (1 - np.array(MEAN)) / STD
    np.testing.assert_allclose(low.flatten(), [-7, black[1], black[2]], rtol=1e-5)
    np.testing.assert_allclose(high.flatten(), [white[0], white[1], 9], rtol=1e-5)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_tensor_is_shown_as_a_picture_of_its_range(channels):
    model = opened(net_of(channels), (4, 5))
    x = torch.linspace(-6, 6, channels * 20).reshape(1, channels, 4, 5)
    given = prepare_input(model, x)
    low, high = (b.numpy() for b in given.bounds)
    shown = np.clip((x.numpy() - low) / (high - low), 0, 1)[0]
    shown = shown[:3] if channels > 2 else np.repeat(shown[:1], 3, 0)
    expected = np.rint(shown * 255).transpose(1, 2, 0)
    assert given.is_image
    assert given.image.dtype == np.uint8
    np.testing.assert_allclose(given.image.astype(int), expected, atol=1)
    (own,) = tensors_in(given.inputs)
    torch.testing.assert_close(own, x)


@pytest.mark.parametrize("channels", [2, 5])
def test_maps_that_are_no_colors_are_no_image(channels):
    x = torch.linspace(0, 1, channels * 20).reshape(1, channels, 4, 5)
    given = prepare_input(opened_with(net_of(channels), x), None)
    assert given.is_image == (given.image is not None)
    assert (given.bounds is None) == (not given.is_image)


def test_one_sample_may_come_without_its_batch():
    model = opened(net_of(3), (4, 5))
    x = torch.rand(3, 4, 5, dtype=torch.float64)
    (own,) = tensors_in(prepare_input(model, x).inputs)
    assert own.shape == (1, 3, 4, 5)
    assert own.dtype == torch.float32
    torch.testing.assert_close(own[0].double(), x, rtol=1e-6, atol=1e-6)


def test_the_image_is_found_among_other_inputs():
    torch.manual_seed(0)
    inputs = torch.tensor([[1, 2]]), torch.rand(1, 3, 4, 5), torch.tensor([[2.0, 3.0]])
    given = prepare_input(opened_with(Two().eval(), *inputs), None)
    assert (given.index, given.is_image) == (1, True)
    assert given.tensor.shape == (1, 3, 4, 5)
    doubled = list(tensors_in(given.with_floats(lambda t: t * 2)))
    before = list(tensors_in(given.inputs))
    assert torch.equal(doubled[0], before[0])
    for i in (1, 2):
        torch.testing.assert_close(doubled[i], before[i] * 2)
    other = torch.ones(1, 3, 4, 5)
    replaced = list(tensors_in(given.with_image(other)))
    assert [replaced[1] is other, *(replaced[i] is before[i] for i in (0, 2))] == [True] * 3


def test_of_numbers_and_whole_numbers_the_numbers_are_explained():
    class Gathers(nn.Module):
        def forward(self, ids, x):
            return x[:, ids[0]]

    inputs = torch.tensor([[1, 2]]), torch.rand(1, 5)
    given = prepare_input(opened_with(Gathers(), *inputs), None)
    assert (given.index, given.is_image, given.bounds) == (1, False, None)
