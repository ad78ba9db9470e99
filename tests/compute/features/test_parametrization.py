"""What an optimization starts from and how it steps, against NumPy and torch's own optimizer."""

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.features.parametrization import (
    CLIPPED_SHARE,
    ImageParametrization,
)
from vrnn.compute.loading.source import open_source
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec

SCRIPT = """
import torch
model = torch.nn.Conv2d({channels}, 4, 3)
mean, std = {mean}, {std}
"""
SIZE = (10, 12)
GOOD = torch.tensor([True, False, True])


@pytest.fixture(scope="module", params=[3, 1], ids=["color", "gray"])
def source(request, tmp_path_factory):
    """A model whose data have a mean and a deviation of their own."""
    channels = request.param
    path = tmp_path_factory.mktemp("script") / "net.py"
    mean, std = (0.5, 0.25, 0.125)[:channels], (0.5, 0.25, 0.2)[:channels]
    path.write_text(SCRIPT.format(channels=channels, mean=mean, std=std))
    return open_source(ModelSpec(str(path), input_size=SIZE))


def first_of(source):
    channels = next(m for m in source.model.modules() if isinstance(m, nn.Conv2d)).in_channels
    return torch.linspace(-1, 2, channels * SIZE[0] * SIZE[1]).view(1, channels, *SIZE)


def statistics(source):
    """(C, 1, 1) mean and deviation of the data."""
    channels = first_of(source).shape[1]
    return (
        np.array((0.5, 0.25, 0.125)[:channels])[:, None, None],
        np.array((0.5, 0.25, 0.2)[:channels])[:, None, None],
    )


def made(model, **settings):
    random = [torch.Generator().manual_seed(seed) for seed in range(3)]
    return ImageParametrization(first_of(model), FeatureVisSettings(**settings), model, random)


def test_what_the_images_start_from(source):
    first = first_of(source)
    images = made(source, source="image").images().detach()
    assert torch.equal(images, first.expand(3, -1, -1, -1))
    mean, std = statistics(source)
    gray = made(source, source="gray").images().detach().numpy()
    np.testing.assert_allclose(gray * std + mean, 0.5, atol=1e-6)
    noise = made(source, source="noise").images().detach()
    assert abs(float(noise.mean())) < 0.15
    assert float(noise.std()) == pytest.approx(1, abs=0.1)
    assert not torch.equal(noise[0], noise[1])


def test_a_spectrum_is_a_picture_of_correlated_colors_whose_low_frequencies_weigh_most(source):
    parameters = made(source, parametrization="fourier")
    values = parameters.values.detach().numpy()
    assert values.std() == pytest.approx(0.01, rel=0.1)
    height, width = SIZE
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency = np.maximum(np.hypot(rows, columns), 1 / max(SIZE))
    spectrum = (values[..., 0] + 1j * values[..., 1]) / frequency * np.sqrt(height * width)
    colors = np.fft.irfft2(spectrum, s=SIZE) / 4
    if colors.shape[1] == 3:
        matrix = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
        matrix = matrix / np.linalg.norm(matrix, axis=0).max()
        colors = np.einsum("nchw,kc->nkhw", colors, matrix)
    mean, std = statistics(source)
    expected = (1 / (1 + np.exp(-colors)) - mean) / std
    np.testing.assert_allclose(parameters.images().detach().numpy(), expected, atol=1e-4)


def test_a_normalized_step_has_the_length_that_is_set(source):
    parameters = made(source, source="gray", step_size=3.0)
    before = parameters.values.detach().clone()
    gradient = torch.randn(before.shape, generator=torch.Generator().manual_seed(1))
    gradient[1] = torch.nan
    parameters.ascend(gradient, GOOD)
    step = parameters.values.detach() - before
    for i in (0, 2):
        expected = 3.0 * gradient[i] / gradient[i].norm()
        torch.testing.assert_close(step[i], expected, atol=1e-4, rtol=1e-4)
    assert not step[1].any()


def test_adam_steps_as_torch_s_own(source):
    parameters = made(source, source="gray", optimizer="adam", step_size=0.1)
    reference = parameters.values.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([reference], lr=0.1, maximize=True)
    random = torch.Generator().manual_seed(1)
    for _ in range(5):
        gradient = torch.randn(reference.shape, generator=random)
        reference.grad = gradient.clone()
        optimizer.step()
        parameters.ascend(gradient.clone(), torch.ones(3, dtype=torch.bool))
    torch.testing.assert_close(parameters.values.detach(), reference.detach(), atol=1e-4, rtol=1e-4)


def test_images_are_pulled_to_the_mean_and_deviation_of_the_data(source):
    parameters = made(source, source="image")
    before = parameters.values.detach().clone().numpy()
    parameters.pull_to_mean(0.25, GOOD)
    after = parameters.values.detach().numpy()
    for i, is_good in enumerate(GOOD.tolist()):
        normalized = (before[i] - before[i].mean()) / before[i].std(ddof=1)
        expected = 0.75 * before[i] + 0.25 * normalized if is_good else before[i]
        np.testing.assert_allclose(after[i], expected, atol=1e-5)
    parameters.pull_to_mean(0.0, GOOD)
    np.testing.assert_array_equal(parameters.values.detach().numpy(), after)
    spectra = made(source, parametrization="fourier")
    kept = spectra.values.detach().clone()
    spectra.pull_to_mean(0.5, GOOD)
    assert torch.equal(spectra.values.detach(), kept)


def test_an_image_is_shown_by_its_own_range_and_fed_as_the_data_are(source):
    random = np.random.default_rng(0)
    images = random.normal(size=(2, *first_of(source).shape[1:])).astype(np.float32)
    shown, fed = made(source).to_uint8(torch.from_numpy(images))
    mean, std = statistics(source)
    for image, own, real in zip(images, shown, fed, strict=True):
        ordered = np.sort(image.ravel())
        few = int(ordered.size * CLIPPED_SHARE)
        low, high = ordered[few], ordered[ordered.size - 1 - few]
        for found, values in ((own, (image - low) / (high - low)), (real, image * std + mean)):
            expected = np.rint(np.clip(values, 0, 1) * 255).transpose(1, 2, 0)
            expected = np.broadcast_to(expected, (*SIZE, 3))
            assert np.abs(found - expected).max() <= 1
