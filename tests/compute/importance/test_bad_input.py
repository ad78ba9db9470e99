"""What has no importance is refused in one sentence; all else has one."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from tests.compute.importance.test_importance import (
    OneChannel,
    finish,
    found,
    named,
    opened,
    red_or_not,
)
from vrnn.compute.importance import importance_cache
from vrnn.compute.importance.labeled_images import MAX_BATCH, read_labeled_images
from vrnn.compute.importance.weights import weight_importance
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.importance_measures import IMPORTANCE_MEASURES, PRUNING_RANKINGS


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(importance_cache, "cache_dir", lambda: tmp_path / "cache")


class Layers(nn.Module):
    """Convolution, something in between, convolution, head."""

    def __init__(self, between=nn.Identity(), classes=2):  # noqa: B008
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.between = between
        self.head = nn.Linear(4, classes)

    def forward(self, x):
        y = self.between(torch.relu(self.first(x)))
        return self.head(torch.relu(self.second(y)).mean((2, 3)))


def refusal(model, ranking, images=None, class_index=1):
    with pytest.raises(VrnnError) as caught:
        found(model, red_or_not(8) if images is None else images, ranking, class_index, points=3)
    return str(caught.value)


@pytest.mark.parametrize("ranking", PRUNING_RANKINGS)
def test_a_network_without_classes(ranking):
    class Picture(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x):
            return self.conv(torch.relu(self.conv(x)))

    message = refusal(opened(Picture()), ranking)
    assert message == (
        "Picture gives no class scores, so nothing is important for a class; open a classifier"
    )


def test_a_class_without_images():
    images = red_or_not(8, label=lambda i: 0)
    for measure in IMPORTANCE_MEASURES:
        assert refusal(opened(Layers()), measure, images) == (
            "the data set has no image of 'class 1'; choose another class, or another data set "
            "with --data"
        )
    assert refusal(opened(Layers()), "gamma", images, 0).startswith(
        "the data set has images of 'class 0' alone, which cannot be told from the rest"
    )
    result = found(opened(Layers(classes=3)), red_or_not(8), "gradient", 1, points=3)
    assert np.isnan(result.curve.class_accuracy[:, 2]).all()
    assert np.isfinite(result.curve.class_accuracy[:, :2]).all()


def test_images_of_other_classes_are_left_out():
    model = opened(Layers())
    result = found(model, red_or_not(9, names=(), label=lambda i: i % 3), "gradient", 1, points=3)
    assert result.image_count == 6
    assert result.skipped == tuple((n, "its class is not one of the model's") for n in (2, 5, 8))
    model.source.class_names = ("cat", "dog")
    assert "its class is not one of the model's" in refusal(model, "gradient")
    model.source.class_names = ("Red", "other")
    found_again = found(model, red_or_not(8), "gradient", 0, points=3)
    assert found_again.class_count == 4


def test_an_image_that_cannot_be_read_is_left_out():
    images = red_or_not(8)

    def image(index):
        if index == 3:
            raise KeyError("gone")
        return images.image(index)

    broken = ImageSet(images.names, [i % 2 for i in range(8)], image)
    result = found(opened(Layers()), broken, "gradient", 1, points=3)
    assert [number for number, _ in result.skipped] == [3]
    assert "gone" in result.skipped[0][1]
    empty = ImageSet((), [], image)
    assert "it is empty" in refusal(opened(Layers()), "gradient", empty)


@pytest.mark.parametrize("measure", IMPORTANCE_MEASURES)
def test_layers_without_weights(measure):
    class Weightless(nn.Module):
        def forward(self, x):
            return torch.relu(x.mean((2, 3)))[:, :2]

    message = refusal(opened(Weightless()), measure)
    assert "has no hidden convolution or linear layer" in message or "no class scores" in message
    model = opened(Layers(nn.Sequential(nn.MaxPool2d(2), nn.Softplus(), nn.Dropout())))
    channels = found(model, red_or_not(8), measure, 1, points=3).importance.channels
    assert list(named(model, channels)) == ["first", "second"]


@pytest.mark.parametrize("ranking", PRUNING_RANKINGS)
def test_a_weight_that_is_used_twice(ranking):
    class Shared(Layers):
        def forward(self, x):
            y = torch.relu(self.second(torch.relu(self.first(x))))
            return self.head(torch.relu(self.second(y)).mean((2, 3)))

    model = opened(Shared())
    channels = found(model, red_or_not(8), ranking, 1, points=3).importance.channels
    assert len(channels) == 3
    second, third = list(weight_importance(model).values())[1:3]
    assert np.array_equal(second.pairs, third.pairs)
    assert second.node != third.node


@pytest.mark.parametrize("ranking", PRUNING_RANKINGS)
def test_numbers_that_are_not_finite(ranking):
    net = Layers()
    with torch.no_grad():
        net.second.weight[0, 0, 0, 0] = float("nan")
    model = opened(net)
    if ranking in IMPORTANCE_MEASURES:
        assert "finite" in refusal(model, ranking)
    else:
        assert found(model, red_or_not(8), ranking, points=3).curve.accuracy[0] == 0
    assert "second" not in {model.network.by_id[n].name for n in weight_importance(model)}


@pytest.mark.parametrize("ranking", PRUNING_RANKINGS)
def test_complex_numbers(ranking):
    class Complex(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.first = nn.Conv2d(3, 4, 3, padding=1, dtype=torch.complex64)
            self.head = nn.Linear(4, 2)

        def forward(self, x):
            y = self.first(x.to(torch.complex64)).abs()
            return self.head(y.mean((2, 3)))

    model = opened(Complex())
    assert len(weight_importance(model)) == 2
    if ranking == "relevance":  # which has no rule for these
        assert "no image of 'class 1' can be explained: " in refusal(model, ranking)
        return
    channels = found(model, red_or_not(8), ranking, 1, points=3).importance.channels
    assert all(np.isfinite(values).all() and values.max() == 1 for values in channels.values())
    assert channels


def quantized():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = nn.Sequential(
            torch.ao.quantization.QuantStub(), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3),
            torch.ao.quantization.DeQuantStub(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(4, 2),
        ).eval()  # fmt: skip
        net.qconfig = torch.ao.quantization.get_default_qconfig(torch.backends.quantized.engine)
        net[7].qconfig = None
        torch.ao.quantization.prepare(net, inplace=True)
        net(torch.randn(4, 3, 8, 8))
        return torch.ao.quantization.convert(net)


@pytest.mark.parametrize("ranking", PRUNING_RANKINGS)
def test_a_quantized_network(ranking):
    if torch.backends.quantized.engine == "none":
        pytest.skip("torch has no quantized engine here")
    model = opened(quantized())
    assert len(weight_importance(model)) == 3
    if ranking in IMPORTANCE_MEASURES:
        message = refusal(model, ranking)
        assert "quantized" in message or "gradient" in message
        assert message.count(". ") == 0
    else:
        assert found(model, red_or_not(8), ranking, points=3).curve.accuracy.shape == (3,)


def test_large_weights():
    class Large(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 2048, 1)
            self.large = nn.Conv2d(2048, 2048, 3, padding=1)
            self.head = nn.Linear(2048, 2)
            nn.init.constant_(self.large.weight, 0.001)

        def forward(self, x):
            x = nn.functional.adaptive_avg_pool2d(x, 1)
            return self.head(torch.relu(self.large(torch.relu(self.first(x)))).mean((2, 3)))

    model = opened(Large())
    pairs = {model.network.by_id[n].name: w.pairs for n, w in weight_importance(model).items()}
    assert pairs["large"].shape == (2048, 2048)
    assert pairs["large"].min() == 1
    result = found(model, red_or_not(2), "gradient", 1, has_curve=False)
    assert result.importance.count == 4096


@pytest.mark.parametrize("measure", IMPORTANCE_MEASURES)
def test_a_network_whose_samples_change_each_other_is_run_one_by_one(measure):
    class Centered(OneChannel):
        def forward(self, x):
            return super().forward(x - x.mean(0, keepdim=True) * (len(x) > 1))

    model = opened(Centered())
    images = finish(read_labeled_images(model, red_or_not()))
    assert images.batch == 1
    assert finish(read_labeled_images(opened(OneChannel()), red_or_not())).batch == MAX_BATCH
    channels = named(model, found(model, red_or_not(), measure, 1).importance.channels)
    assert channels["conv"].argmax() == 2


def test_a_residual_sum_written_in_place():
    class Residual(Layers):
        def forward(self, x):
            y = torch.relu_(self.first(x))
            z = self.second(y)
            y += z
            torch.relu_(y)
            return self.head(y.mean((2, 3)))

    model = opened(Residual())
    for measure in IMPORTANCE_MEASURES:
        channels = named(
            model, found(model, red_or_not(8), measure, 1, points=3).importance.channels
        )
        assert len(channels) == 3
        assert all(values.max() == 1 for values in channels.values())
