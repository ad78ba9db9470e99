"""What matters for a class is found where it is known; pruning by it beats pruning at random."""

from unittest.mock import patch

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.importance import importance_cache, pruning
from vrnn.compute.importance.gamma_settings import GammaSettings
from vrnn.compute.importance.importance import importance_steps
from vrnn.compute.importance.importance_request import ImportanceRequest
from vrnn.compute.importance.weights import weight_importance
from vrnn.compute.jobs import JobCancelled
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.shipped_models import digit_images
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.importance_measures import IMPORTANCE_MEASURES, PRUNING_RANKINGS
from vrnn.network.model_spec import ModelSpec

KNOWN = 2
"""The channel that matters in `OneChannel`."""
FEW = GammaSettings(epochs=10)
FEWER, POINTS = 6, 11
"""Every which digit is looked at for a curve, and how many points that has."""


class OneChannel(nn.Module):
    """Tells images by their red alone, which channel 2 of four carries; its norm is folded in."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.hidden = nn.Linear(4, 3)
        self.head = nn.Linear(3, 2)
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.weight[KNOWN, 0, 1, 1] = 1
            self.conv.weight[0, 1, 1, 1] = self.conv.weight[1, 2, 1, 1] = 1
            self.conv.weight[3, 1, 0, 0] = -1
            self.hidden.weight.zero_()
            self.hidden.weight[1, KNOWN] = 2
            self.hidden.weight[:, 0] = 0.02
            self.hidden.bias.zero_()
            self.head.weight.copy_(torch.tensor([[0, -2.0, 0], [0.01, 2, 0]]))
            self.head.bias.copy_(torch.tensor([1.0, -1]))

    def forward(self, x):
        maps = torch.relu(self.norm(self.conv(x)))
        return self.head(torch.relu(self.hidden(maps.mean((2, 3)))))


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(importance_cache, "cache_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "importance"


def opened(net, size=(8, 8), detail="layers"):
    return LoadedModel(open_source(ModelSpec(net.eval(), input_size=size)), detail)


def red_or_not(count=24, names=("other", "red"), label=lambda i: i % 2):
    """Images of random green and blue, every second one of them red."""

    def image(index):
        generator = np.random.default_rng(index)
        pixels = generator.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        pixels[..., 0] = 250 if index % 2 else 5
        return pixels

    return ImageSet(names, [label(i) for i in range(count)], image)


def found(model, images, ranking, class_index=None, check_stop=lambda: None, **options):
    """The result, all steps at once."""
    options.setdefault("settings", FEW)
    request = ImportanceRequest(ranking, class_index, **options)
    return finish(importance_steps(model, images, request, check_stop))


def finish(steps):
    """What steps return at their end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def named(model, channels):
    return {model.network.by_id[node].name: values for node, values in channels.items()}


@pytest.mark.parametrize("measure", IMPORTANCE_MEASURES)
@pytest.mark.parametrize("detail", ["layers", "all"])
def test_the_channel_that_is_known_to_matter_is_first(measure, detail):
    model = opened(OneChannel(), detail=detail)
    result = found(model, red_or_not(), measure, 1, points=5)
    channels = named(model, result.importance.channels)
    assert list(channels) == ["conv", "hidden"]
    assert channels["conv"].argmax() == KNOWN
    assert channels["conv"][KNOWN] == 1
    assert channels["conv"].dtype == np.float32
    assert np.delete(channels["conv"], KNOWN).max() < 0.5
    assert channels["hidden"].argmax() == 1
    assert (result.image_count, result.class_count, result.skipped) == (24, 12, ())
    assert tuple(result.curve.order[-1]) in {
        (node, place) for node, place in zip(result.importance.channels, (KNOWN, 1), strict=True)
    }


def test_a_model_is_left_as_it_was():
    net = OneChannel()
    model = opened(net)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    for ranking in PRUNING_RANKINGS:
        found(model, red_or_not(), ranking, 1, points=3)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in net.parameters())
    assert not net.training


def test_a_curve_is_what_the_network_answers_without_the_channels():
    net = OneChannel()
    model = opened(net)
    images = red_or_not()
    curve = found(model, images, "magnitude", points=5).curve
    assert curve.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    x = torch.cat([model.source.prepare(images.image(i)).inputs.args[0] for i in range(24)])
    conv, hidden = (n.id for n in model.network.nodes if n.name in ("conv", "hidden"))
    for place, share in enumerate(curve.shares):
        gone = {tuple(pair) for pair in curve.pruned(share).tolist()}
        assert len(gone) == round(share * 7)
        with torch.no_grad():
            maps = torch.relu(net.norm(net.conv(x)))
            maps[:, [c for n, c in gone if n == conv]] = 0
            values = torch.relu(net.hidden(maps.mean((2, 3))))
            values[:, [c for n, c in gone if n == hidden]] = 0
            answers = net.head(values).argmax(1).numpy()
        labels = np.arange(24) % 2
        assert curve.accuracy[place] == pytest.approx((answers == labels).mean())
        both = ((answers[1::2] == 1).mean() + (answers[::2] == 0).mean()) / 2
        assert curve.class_accuracy[place] == pytest.approx([both, both])


def test_the_ends_of_all_curves_are_run_once(monkeypatch):
    model, images = opened(OneChannel()), red_or_not()
    passes = []
    run = pruning.answer
    monkeypatch.setattr(
        pruning, "answer", lambda *given: passes.append(len(given[3])) or run(*given)
    )
    first = found(model, images, "magnitude", points=3).curve
    assert len(passes) == 3
    second = found(model, images, "gradient", 1, points=3).curve
    assert len(passes) == 4
    assert second.accuracy[[0, -1]].tolist() == first.accuracy[[0, -1]].tolist()


def test_what_was_found_is_kept(cache_folder, monkeypatch):
    model, images = opened(OneChannel()), red_or_not()
    first = found(model, images, "gamma", 1, points=3)
    from vrnn.compute.importance import importance

    monkeypatch.setattr(importance, "train_gammas", None)
    monkeypatch.setattr(importance, "curve_steps", None)
    again = found(model, images, "gamma", 1, points=3)
    for node, values in first.importance.channels.items():
        assert np.array_equal(again.importance.channels[node], values)
    assert np.array_equal(again.curve.order, first.curve.order)
    assert np.array_equal(again.curve.class_accuracy, first.curve.class_accuracy)
    assert len(list(cache_folder.glob("*.npz"))) == 2


def test_a_damaged_cache_is_computed_again(cache_folder):
    model, images = opened(OneChannel()), red_or_not()
    first = found(model, images, "gradient", 1, points=3)
    for path in cache_folder.glob("*.npz"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    again = found(model, images, "gradient", 1, points=3)
    assert np.array_equal(again.curve.accuracy, first.curve.accuracy)


def test_other_weights_are_not_taken_from_the_cache():
    images = red_or_not()
    found(opened(OneChannel()), images, "gradient", 1, points=3)
    net = OneChannel()
    with torch.no_grad():
        net.conv.weight[[KNOWN, 3]] = net.conv.weight[[3, KNOWN]]
        net.hidden.weight[:, [KNOWN, 3]] = net.hidden.weight[:, [3, KNOWN]]
    model = opened(net)
    channels = named(model, found(model, images, "gradient", 1, points=3).importance.channels)
    assert channels["conv"].argmax() == 3


@pytest.mark.parametrize("ranking", ["gamma", "relevance", "gradient", "random"])
def test_it_ends_where_it_is_told_to(ranking):
    def stop():
        raise JobCancelled

    with pytest.raises(JobCancelled):
        found(opened(OneChannel()), red_or_not(), ranking, 1, stop)


def test_weights_of_pairs_of_channels():
    class Kinds(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.plain = nn.Conv2d(3, 6, 3, padding=1)
            self.grouped = nn.Conv2d(6, 4, 3, padding=1, groups=2)
            self.back = nn.ConvTranspose2d(4, 6, 2, 2, groups=2)
            self.head = nn.Linear(6, 2)

        def forward(self, x):
            return self.head(self.back(self.grouped(self.plain(x))).mean((2, 3)))

    net = Kinds()
    model = opened(net)
    weights = {model.network.by_id[n].name: w for n, w in weight_importance(model).items()}
    assert {name: w.pairs.shape for name, w in weights.items()} == {
        "plain": (6, 3), "grouped": (4, 3), "back": (6, 2), "head": (2, 6),
    }  # fmt: skip
    # A one in one channel of the input comes out as its weights.
    with torch.no_grad():
        for channel in range(4):
            x = torch.zeros(1, 4, 1, 1)
            x[0, channel] = 1
            out = (net.back(x) - net.back(0 * x)).abs().sum((0, 2, 3)).numpy()
            group, place = divmod(channel, 2)
            own = np.zeros(6)
            own[3 * group : 3 * group + 3] = weights["back"].pairs[3 * group : 3 * group + 3, place]
            peak = net.back.weight.abs().sum((2, 3)).max().item()
            assert np.allclose(out / peak, own, atol=1e-6)
    plain = weights["plain"]
    assert (plain.pairs.max(), plain.groups) == (1, 1)
    assert model.network.by_id[weights["grouped"].source].name == "plain"
    scaled = weights["grouped"].weighted(np.array([0, 1, 1, 1, 1, 0.5], np.float32))
    assert np.allclose(scaled[:2, 0], 0)
    assert np.allclose(scaled[2:, 2], weights["grouped"].pairs[2:, 2] / 2)


@pytest.fixture(scope="module")
def digits():
    return LoadedModel(open_source(ModelSpec("digits")), "layers")


def some_digits(step=3):
    """Every third digit, or fewer."""
    images = digit_images()
    numbers = range(0, len(images), step)
    return ImageSet(
        images.names, [images.label(n) for n in numbers], lambda i: images.image(numbers[i])
    )


MARGINS = {"gamma": (0.08, 0.15), "relevance": (0.01, 0.01), "gradient": (0.04, 0.03)}
"""By how much a curve lies above that of random pruning at least, as areas: of all classes, and of
the one that it is for."""


@pytest.fixture(scope="module")
def by_chance(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("by-chance")
    with patch.object(importance_cache, "cache_dir", lambda: folder):
        return found(digits, some_digits(FEWER), "random", points=POINTS).curve


@pytest.mark.parametrize("measure", IMPORTANCE_MEASURES)
def test_pruning_the_digits_by_importance_beats_pruning_at_random(digits, by_chance, measure):
    images = some_digits(FEWER)
    curve = found(digits, images, measure, 1, points=POINTS, settings=GammaSettings()).curve
    overall, own = MARGINS[measure]
    assert curve.area() - by_chance.area() > overall
    assert curve.area(1) - by_chance.area(1) > own
    assert curve.accuracy[0] == by_chance.accuracy[0] > 0.99


def test_two_classes_have_other_channels(digits):
    images = some_digits()
    one, other = (found(digits, images, "gradient", c, has_curve=False).importance for c in (1, 8))
    last = next(n.id for n in digits.network.nodes if n.name == "stage3.1.add")
    assert one.channels[last].argmax() != other.channels[last].argmax()
    assert one.count == other.count == 784


def test_bad_class_is_refused(digits):
    with pytest.raises(VrnnError, match="digits has classes 0 to 9, no class 10"):
        found(digits, digit_images(), "gradient", 10)
