"""Gradient methods beside what their papers write, computed one pass at a time."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import nn
from torch.nn import functional as F

from tests.support.explained import opened, opened_with
from vrnn.compute.explain.explain import explain
from vrnn.compute.explain.faithfulness import curve_shares, flip_pixels
from vrnn.errors import VrnnError
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target

SIZE = (9, 11)
CLASS = 2


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.first = nn.Conv2d(3, 5, 3, padding=1)
        self.second = nn.Conv2d(5, 6, 3, stride=2, padding=1)
        self.line = nn.Conv2d(6, 4, (5, 1))
        self.head = nn.Linear(4 * 6, 4)

    def maps(self, x):
        return torch.tanh(self.second(F.relu(self.first(x))))

    def after(self, maps):
        return self.head(self.line(maps).flatten(1))

    def forward(self, x):
        return self.after(self.maps(x))


NET = Small().double().eval()
X = torch.randn(1, 3, *SIZE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture(scope="module")
def model():
    return opened(NET, SIZE)


def explained(model, method, x=X, channel=CLASS, **settings):
    return explain(model, x, ExplanationSettings(method, Target(channel=channel), **settings))


def gradient_at(x, channel=CLASS, net=NET):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(net(x)[0, channel], x)[0]


def value_at(x, channel=CLASS):
    with torch.no_grad():
        return float(NET(x)[0, channel])


def values_of(found):
    (values,) = found.inputs.values()
    return torch.from_numpy(values)


def test_saliency_shows_the_strongest_of_the_colors(model):
    found = explained(model, "saliency")
    gradient = gradient_at(X).abs()
    torch.testing.assert_close(values_of(found), gradient)
    np.testing.assert_allclose(found.heatmap, gradient[0].amax(0), rtol=1e-6)
    assert found.value == pytest.approx(value_at(X))
    assert (found.method, found.target) == ("saliency", "class 2")
    assert found.heatmap.dtype == np.float32


def test_guided_backprop_lets_positive_gradients_through_open_relus(model):
    x = X.clone().requires_grad_()
    before = NET.first(x)
    after = F.relu(before).detach().requires_grad_()
    score = NET.after(torch.tanh(NET.second(after)))[0, CLASS]
    (g,) = torch.autograd.grad(score, after)
    (expected,) = torch.autograd.grad(before, x, g.clamp(min=0) * (before > 0))
    found = explained(model, "guided-backprop")
    torch.testing.assert_close(values_of(found), expected)
    np.testing.assert_allclose(found.heatmap, expected[0].abs().amax(0), rtol=1e-6)


def path_integral(x, start, steps):
    points, weights = np.polynomial.legendre.leggauss(steps)
    total = torch.zeros_like(x)
    for point, weight in zip(points, weights, strict=True):
        total += weight / 2 * gradient_at(start + (point + 1) / 2 * (x - start))
    return (x - start) * total


@pytest.mark.parametrize("steps", [1, 7, 8, 9, 17])
def test_integrated_gradients_are_sums_on_the_way_from_the_baseline(model, steps):
    found = explained(model, "integrated-gradients", steps=steps, baseline="zero")
    expected = path_integral(X, torch.zeros_like(X), steps)
    torch.testing.assert_close(values_of(found), expected)
    np.testing.assert_allclose(found.heatmap, expected[0].sum(0), rtol=1e-5, atol=1e-7)


MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).double()
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1).double()


def as_input(picture):
    pixels = torch.from_numpy(np.array(picture, np.float64)).permute(2, 0, 1)[None] / 255
    return (pixels - MEAN) / STD


def test_baselines_are_what_they_are_called(model, tmp_path):
    generator = np.random.default_rng(0)
    picture = generator.integers(0, 256, (*SIZE, 3), np.uint8)
    other = generator.integers(0, 256, (*SIZE, 3), np.uint8)
    Image.fromarray(other).save(tmp_path / "other.png")
    blurred = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(0.05 * 11))
    x = as_input(picture)
    baselines = {
        "black": as_input(np.zeros_like(picture)),
        "gray": as_input(np.full_like(picture, 128)),
        "blur": as_input(blurred),
        "zero": torch.zeros_like(x),
        str(tmp_path / "other.png"): as_input(other),
    }
    for name, start in baselines.items():
        found = explained(model, "integrated-gradients", picture, steps=3, baseline=name)
        expected = path_integral(x, start, 3)
        torch.testing.assert_close(values_of(found), expected, rtol=1e-4, atol=1e-5, msg=name)


def test_baselines_that_cannot_be(model, tmp_path):
    (tmp_path / "note.txt").write_text("no image")
    for baseline in (str(tmp_path / "note.txt"), str(tmp_path / "nowhere.png")):
        with pytest.raises(VrnnError):
            explained(model, "integrated-gradients", steps=1, baseline=baseline)
    line = opened_with(nn.Sequential(nn.Linear(5, 4), nn.Tanh()).eval(), torch.randn(1, 5))
    with pytest.raises(VrnnError, match="no image that could be blurred; choose baseline = zero"):
        explain(line, None, ExplanationSettings("integrated-gradients", baseline="blur"))
    found = [
        explain(line, None, ExplanationSettings("integrated-gradients", baseline=name)).arrived
        for name in ("black", "gray", "zero")
    ]
    assert found[0] == found[1] == found[2] != 0


@pytest.mark.parametrize(("samples", "seed"), [(1, 0), (8, 1), (10, 0)])
def test_smooth_gradients_are_means_around_the_input(model, samples, seed):
    generator = torch.Generator().manual_seed(seed)
    spread = 0.3 * float(X.max() - X.min())
    noisy = [
        X + spread * torch.randn(X.shape, generator=generator).double() for _ in range(samples)
    ]
    expected = sum(gradient_at(x) for x in noisy) / samples
    found = explained(model, "smooth-grad", samples=samples, seed=seed, noise=0.3)
    torch.testing.assert_close(values_of(found), expected)
    np.testing.assert_allclose(found.heatmap, expected[0].abs().amax(0), rtol=1e-6)


@pytest.mark.parametrize(("patch", "stride"), [(4, 3), (3, 3), (1, 5), (9, 2), (20, 8), (5, 7)])
def test_occlusion_is_how_far_the_score_falls_below_each_patch(model, patch, stride):
    found = explained(model, "occlusion", patch=patch, stride=stride, baseline="zero")
    fallen, counts = np.zeros(SIZE), np.zeros(SIZE)
    whole = value_at(X)

    def starts(size):
        first = [0]
        while first[-1] + patch < size:
            first.append(first[-1] + stride)
        return first

    for row in starts(SIZE[0]):
        for column in starts(SIZE[1]):
            covered = X.clone()
            covered[:, :, row : row + patch, column : column + patch] = 0
            fallen[row : row + patch, column : column + patch] += whole - value_at(covered)
            counts[row : row + patch, column : column + patch] += 1
    expected = fallen / np.maximum(counts, 1)
    np.testing.assert_allclose(found.heatmap, expected, rtol=1e-5, atol=1e-6)
    assert values_of(found).shape == X.shape
    np.testing.assert_allclose(values_of(found)[0, 1], expected, atol=1e-9)
    assert found.value == pytest.approx(whole)


def cam(method, maps, gradients):
    if method == "grad-cam":
        weights = gradients.mean((1, 2))[:, None, None]
    elif method == "layer-cam":
        weights = np.maximum(gradients, 0)
    else:
        sums = maps.sum((1, 2))[:, None, None]
        alpha = gradients**2 / (2 * gradients**2 + sums * gradients**3)
        weights = (alpha * np.maximum(gradients, 0)).sum((1, 2))[:, None, None]
    parts = weights * maps
    return np.maximum(parts, 0) if method == "layer-cam" else parts


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam++", "layer-cam"])
@pytest.mark.parametrize("layer", ["", "first"])
def test_maps_of_a_class_are_weighted_by_gradients(model, method, layer):
    with torch.no_grad():
        maps = F.relu(NET.first(X)) if layer else NET.maps(X)
    maps.requires_grad_()
    rest = torch.tanh(NET.second(maps)) if layer else maps
    (gradients,) = torch.autograd.grad(NET.after(rest)[0, CLASS], maps)
    parts = cam(method, maps.detach()[0].numpy(), gradients[0].numpy())
    expected = np.maximum(parts.sum(0), 0)
    found = explained(model, method, layer=layer)
    (one,) = found.layers.values()
    assert one.name == (layer or "second")  # the last one with rows and columns
    np.testing.assert_allclose(one.maps[0], expected, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(one.channels, parts.sum((1, 2)), rtol=1e-5, atol=1e-9)
    assert one.total == pytest.approx(expected.sum())
    large = F.interpolate(torch.from_numpy(expected)[None, None], size=SIZE, mode="bilinear")
    np.testing.assert_allclose(found.heatmap, large[0, 0], rtol=1e-5, atol=1e-7)
    assert not found.inputs


def test_grad_cam_plus_plus_takes_nothing_from_maps_without_gradients():
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.pool = nn.Conv2d(3, 4, 3), nn.AvgPool2d(2)

        def forward(self, x):
            return self.pool(F.relu(self.conv(x))[:, :2]).mean((2, 3))

    torch.manual_seed(0)
    half = opened(Half().eval(), (8, 8))
    found = explain(half, X[..., :8, :8].float(), ExplanationSettings(
        "grad-cam++", Target(channel=1), layer="conv"
    ))  # fmt: skip
    channels = found.layers["conv"].channels
    assert channels[1] > 0
    assert channels[[0, 2, 3]].tolist() == [0, 0, 0]


def test_layers_without_maps_are_refused():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.row = nn.Conv2d(3, 1, 3), nn.Conv2d(3, 4, (8, 1))
            self.column = nn.Conv2d(3, 4, (1, 8))

        def forward(self, x):
            ways = self.conv(x).sum() + self.row(x).sum() + self.column(x).sum()
            return ways + x

    torch.manual_seed(0)
    flat = opened(Flat().eval(), (8, 8))
    with pytest.raises(VrnnError, match="no layer with maps, which this method needs"):
        explain(flat, None, ExplanationSettings("grad-cam"))
    with pytest.raises(VrnnError, match="no layer 'nowhere'; `vrnn graph` lists its layers"):
        explain(flat, None, ExplanationSettings("layer-cam", layer="nowhere"))


class Looks(nn.Module):
    """Two blocks of attention over patches, with class tokens before and registers behind them."""

    def __init__(self, before=1, behind=0, heads=2):
        super().__init__()
        torch.manual_seed(1)
        self.patches = nn.Conv2d(3, 8, 3, stride=3)
        self.before = nn.Parameter(torch.randn(1, before, 8))
        self.behind = nn.Parameter(torch.randn(1, behind, 8))
        self.blocks = nn.ModuleList(nn.Linear(8, 24) for _ in range(2))
        self.heads, self.head = heads, nn.Linear(8, 3)
        self.weights = []

    def forward(self, x):
        t = self.patches(x).flatten(2).mT
        t = torch.cat([self.before, t, self.behind], 1)
        self.weights = []
        for block in self.blocks:
            q, k, v = (
                p.unflatten(-1, (self.heads, -1)).transpose(1, 2) for p in block(t).chunk(3, -1)
            )
            weights = (q @ k.mT).softmax(-1)
            self.weights.append(weights.detach())
            t = t + (weights @ v).transpose(1, 2).flatten(2)
        return self.head(t[:, 0])


@pytest.mark.parametrize(("before", "behind"), [(1, 0), (0, 0), (2, 1), (1, 2)])
def test_attention_is_rolled_out_to_the_patches(before, behind):
    net = Looks(before, behind).double().eval()
    looks = opened(net, SIZE)
    found = explain(looks, X, ExplanationSettings("attention-rollout", Target(channel=1)))
    with torch.no_grad():
        net(X)
    rolled = np.eye(9 + before + behind)
    for weights in net.weights:
        mixed = weights.mean((0, 1)).numpy() + np.eye(len(rolled))
        rolled = mixed / mixed.sum(-1, keepdims=True) @ rolled
    row = rolled[0] if before else rolled.mean(0)
    np.testing.assert_allclose(found.inputs["tokens"], row, rtol=1e-6)
    grid = torch.from_numpy(row[before : before + 9].reshape(1, 1, 3, 3))
    large = F.interpolate(grid, size=SIZE, mode="bilinear")[0, 0]
    np.testing.assert_allclose(found.heatmap, large, rtol=1e-5)
    assert found.value == pytest.approx(net(X)[0, 1].item())


def test_attention_among_other_tokens_cannot_be_rolled_out():
    class Across(nn.Module):
        def __init__(self):
            super().__init__()
            self.queries, self.out = nn.Parameter(torch.randn(1, 2, 11)), nn.Linear(11, 3)

        def forward(self, x):
            t = x.flatten(1, 2)
            return self.out(((self.queries @ t.mT).softmax(-1) @ t)[:, 0])

    torch.manual_seed(0)
    across = opened(Across().eval(), SIZE)
    with pytest.raises(VrnnError, match="attention among different tokens in its layers"):
        explain(across, None, ExplanationSettings("attention-rollout"))


class Coupled(nn.Module):
    """Each sample of a batch changes the others, as with a norm over samples."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.head = nn.Linear(3 * 99, 4)

    def forward(self, x):
        return self.head(torch.tanh(x * x.mean(0, keepdim=True)).flatten(1))


def test_samples_that_change_each_other_are_explained_one_by_one():
    net = Coupled().double().eval()
    coupled = opened(net, SIZE)
    points, weights = np.polynomial.legendre.leggauss(9)
    expected = sum(
        w / 2 * gradient_at((p + 1) / 2 * X, net=net) * X
        for p, w in zip(points, weights, strict=True)
    )
    found = explained(coupled, "integrated-gradients", steps=9, baseline="zero")
    torch.testing.assert_close(values_of(found), expected)


def test_one_class_rather_than_another_and_the_winner_of_the_input_itself(model):
    found = explain(model, X, ExplanationSettings(
        "integrated-gradients", Target(channel=0, against=3), baseline="zero", steps=9
    ))  # fmt: skip
    points, weights = np.polynomial.legendre.leggauss(9)
    line = [(p + 1) / 2 * X for p in points]
    expected = sum(
        w / 2 * (gradient_at(x, 0) - gradient_at(x, 3)) * X
        for x, w in zip(line, weights, strict=True)
    )
    torch.testing.assert_close(values_of(found), expected)


def test_the_winner_of_the_input_itself_is_explained_on_the_whole_way(model):
    points, weights = np.polynomial.legendre.leggauss(9)
    for seed in range(99):
        x = torch.randn(1, 3, *SIZE, generator=torch.Generator().manual_seed(seed)).double()
        line = [(p + 1) / 2 * x for p in points]
        winners = [int(NET(each)[0].argmax()) for each in (*line, x)]
        if len(set(winners)) > 1:
            break
    expected = sum(
        w / 2 * gradient_at(each, winners[-1]) * x for each, w in zip(line, weights, strict=True)
    )
    found = explain(model, x, ExplanationSettings("integrated-gradients", baseline="zero", steps=9))
    assert len(set(winners)) > 1
    assert found.target == f"class {winners[-1]}"
    torch.testing.assert_close(values_of(found), expected)


@pytest.mark.parametrize("points", [2, 6, 21])
def test_curves_are_measured_where_little_is_flipped_and_at_a_tenth(points):
    shares = curve_shares(points)
    assert shares.shape == (points,)
    assert (shares[-1], 0.1 in shares) == (1, True)
    plain = np.linspace(0, 1, points) ** 2
    assert (shares != plain).sum() == 1
    assert np.abs(shares - plain).max() == np.abs(plain - 0.1).min()


def test_pixels_are_flipped_by_regions_the_most_relevant_first(model):
    settings = ExplanationSettings(target=Target(channel=CLASS), baseline="zero", seed=4)
    for size in (SIZE, (16, 29)):
        x = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(5)).double()
        net = Small().double().eval()
        net.line = nn.Conv2d(6, 4, 1).double()
        net.head = nn.Linear(4 * -(-size[0] // 2) * -(-size[1] // 2), 4).double()
        own = opened(net, size)
        found = explain(own, x, settings)
        *told, curves = flip_pixels(own, x, found, settings, points=5)
        assert told == pytest.approx(np.arange(1, 26) / 25)
        side = max(max(size) // 14, 1)
        rows, columns = (np.arange(n) // side for n in size)
        regions = rows[:, None] * (columns[-1] + 1) + columns
        count = regions.max() + 1
        means = [found.heatmap[regions == i].astype(float).mean() for i in range(count)]
        order = np.argsort(-np.array(means), kind="stable")
        generator = np.random.default_rng(4)
        orders = [generator.permutation(count) for _ in range(3)]

        def curve(order, is_deletion, x=x, net=net, regions=regions, count=count):
            found = []
            for share in curve_shares(5):
                chosen = torch.from_numpy(np.isin(regions, order[: round(share * count)]))
                with torch.no_grad():
                    flipped = (
                        torch.where(chosen, 0, x) if is_deletion else torch.where(chosen, x, 0)
                    )
                    found.append(float(net(flipped)[0, CLASS]))
            return np.array(found)

        np.testing.assert_allclose(curves.deletion, curve(order, True), rtol=1e-5)
        np.testing.assert_allclose(curves.insertion, curve(order, False), rtol=1e-5)
        expected = np.mean([curve(o, True) for o in orders], 0)
        np.testing.assert_allclose(curves.random, expected, rtol=1e-5)
        np.testing.assert_allclose(curves.shares, curve_shares(5), rtol=1e-6)
        assert curves.baseline == "zero"


class Frozen(nn.Module):
    """Switches gradients off for a part of what it computes, as many trained backbones do."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 3)
        self.is_frozen = True

    def forward(self, x):
        with torch.set_grad_enabled(not self.is_frozen):
            y = torch.tanh(self.conv(x))
        return self.head(y.mean((2, 3)))


@pytest.mark.parametrize("method", ["saliency", "guided-backprop", "integrated-gradients"])
def test_a_part_without_gradients_is_explained_as_if_it_had_them(method):
    net = Frozen().double().eval()
    found = explained(opened(net, SIZE), method, steps=9, baseline="zero")
    net.is_frozen = False
    gradient = gradient_at(X, net=net)
    expected = gradient.abs() if method == "saliency" else gradient
    if method == "integrated-gradients":
        points, weights = np.polynomial.legendre.leggauss(9)
        expected = sum(
            w / 2 * gradient_at((p + 1) / 2 * X, net=net) * X
            for p, w in zip(points, weights, strict=True)
        )
    torch.testing.assert_close(values_of(found), expected)


class Measured(nn.Module):
    """Divides by a number that it takes out of torch, where it has switched gradients off."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 4)
        self.register_buffer("peak", torch.ones(()))

    def forward(self, x):
        maps = self.conv(x)
        with torch.no_grad():
            found = maps.abs().amax((1, 2, 3))
            self.peak.copy_(found.max())
            peak = float(found.numpy()[0])
        return self.head((maps / peak).tanh().mean((2, 3)))


@pytest.mark.parametrize("method", [
    "saliency", "guided-backprop", "integrated-gradients", "smooth-grad", "grad-cam", "occlusion",
    "epsilon-plus",
])  # fmt: skip
def test_what_a_model_does_without_gradients_can_leave_torch(method):
    net = Measured().double().eval()
    found = explain(opened(net, SIZE), X, ExplanationSettings(method, Target(channel=CLASS)))
    with torch.no_grad():
        assert found.value == pytest.approx(float(net(X)[0, CLASS]))
    if method == "saliency":
        x = X.clone().requires_grad_()
        with torch.no_grad():
            peak = float(net.conv(x).abs().max())
        score = net.head((net.conv(x) / peak).tanh().mean((2, 3)))[0, CLASS]
        (plain,) = torch.autograd.grad(score, x)
        torch.testing.assert_close(values_of(found), plain.abs(), rtol=1e-4, atol=1e-9)
