"""Channels that go together, against NumPy and SciPy and against features made by hand."""

import numpy as np
import pytest
import torch
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from torch import nn

from tests.support.explained import opened
from tests.support.map_blocks import feature_maps
from vrnn.compute.analysis import channel_groups_cache, top_activation_cache
from vrnn.compute.analysis.channel_groups import group_dataset_channels, group_image_channels
from vrnn.compute.jobs import JobCancelled
from vrnn.compute.model_inputs import leaves_in
from vrnn.errors import VrnnError
from vrnn.workspace.channel_comparisons import components_picture

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    for module in (top_activation_cache, channel_groups_cache):
        monkeypatch.setattr(module, "cache_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "channel-groups"


def two_clusters(size=9, side=12):
    """(C, H, W) channels of two patterns with noise, in turn."""
    patterns = RNG.normal(size=(2, side, side))
    noise = RNG.normal(size=(size, side, side))
    return (patterns[np.arange(size) % 2] + 0.3 * noise).astype(np.float32)


def grouped(values):
    return group_image_channels(feature_maps(np.asarray(values, np.float32)), "layer")


def members(groups, count=0):
    numbers, order = groups.group_numbers(count), groups.order
    return {frozenset(order[numbers == n].tolist()) for n in np.unique(numbers)}


def test_two_clusters_come_out_as_two_groups():
    groups = grouped(two_clusters())
    assert groups.natural_count == 2
    assert members(groups) == {frozenset((0, 2, 4, 6, 8)), frozenset((1, 3, 5, 7))}
    (fork,) = groups.forks()
    assert (fork.low, fork.high, fork.low_height, fork.high_height) == (0, 1, 0, 0)
    assert fork.height == pytest.approx(1, abs=0.3)
    assert min(groups.group_correlations()) > 0.8


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_the_tree_and_its_cuts_are_those_of_scipy(count):
    values = two_clusters().astype(np.float16).astype(np.float32)
    groups = grouped(values)
    distance = 1 - np.corrcoef(values.reshape(len(values), -1).astype(float))
    expected = linkage(squareform(distance, checks=False), "average")
    np.testing.assert_allclose(groups.merges, expected, atol=1e-9)
    labels = fcluster(expected, count, "maxclust")
    assert members(groups, count) == {
        frozenset(np.flatnonzero(labels == n).tolist()) for n in np.unique(labels)
    }
    assert len(groups.forks(count)) == count - 1
    assert sorted(groups.order.tolist()) == list(range(9))


def test_moments_and_components_are_those_of_numpy():
    values = (two_clusters(7) * 3 + 5).astype(np.float16).astype(np.float32)
    groups = grouped(values)
    flat = values.reshape(7, -1).astype(float)
    np.testing.assert_allclose(groups.mean, flat.mean(1), rtol=1e-6)
    np.testing.assert_allclose(groups.std, flat.std(1), rtol=1e-5)
    np.testing.assert_allclose(groups.variation, flat.std(1), rtol=1e-5)
    own, vectors = np.linalg.eigh(np.cov(flat, bias=True))
    np.testing.assert_allclose(groups.shares, own[::-1] / own.sum(), atol=1e-5)
    np.testing.assert_allclose(np.abs(groups.components @ vectors[:, ::-1]), np.eye(7), atol=1e-4)
    picture = components_picture(groups, feature_maps(values))
    assert picture.values.shape == (7, 12, 12)
    centered = flat - flat.mean(1, keepdims=True)
    expected = (vectors[:, ::-1].T @ centered).reshape(7, 12, 12)
    np.testing.assert_allclose(np.abs(picture.values), np.abs(expected), atol=1e-3)


def test_a_rotated_copy_has_the_same_components():
    values = two_clusters(6)
    turn, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    turned = np.einsum("ij,jhw->ihw", turn, values).astype(np.float32)
    one, other = grouped(values), grouped(turned)
    np.testing.assert_allclose(one.shares, other.shares, atol=1e-3)
    seen = [
        components_picture(g, feature_maps(v)).values[:2]
        for g, v in ((one, values), (other, turned))
    ]
    np.testing.assert_allclose(np.abs(seen[0]), np.abs(seen[1]), atol=0.05)


def test_more_channels_than_are_solved_directly_have_the_same_components(monkeypatch):
    values = two_clusters(40, 8)
    direct = grouped(values)
    monkeypatch.setattr("vrnn.compute.analysis.channel_groups.MAX_DIRECT", 10)
    steps = grouped(values)
    np.testing.assert_allclose(steps.shares, direct.shares, rtol=1e-3)
    np.testing.assert_allclose(steps.components[:2], direct.components[:2], atol=1e-4)


def test_copies_dead_constant_and_infinite_channels_are_named():
    values = two_clusters(8)
    values[3] = values[0]
    values[5] = -2 * values[1] + 0.5
    values[2], values[6] = 0, 7
    maps = np.array(values)
    maps[7] = np.nan
    groups = grouped(maps)
    assert [(c.channel, c.of) for c in groups.copies] == [(3, 0), (5, 1)]
    assert groups.copies[0].text == "3 = 0"
    assert groups.copies[1].text == "5 = −2 × 1 + 0.5"
    assert groups.zero.tolist() == [2]
    assert groups.constant.tolist() == [6]
    assert groups.not_finite.tolist() == [7]
    assert sorted(groups.live.tolist()) == [0, 1, 3, 4, 5]
    assert groups.order.tolist()[-3:] == [2, 6, 7]
    assert np.isnan(groups.std[7])
    assert np.isfinite(components_picture(groups, feature_maps(maps)).values).all()


def test_single_values_that_are_not_finite_leave_their_position_out():
    values = two_clusters(4)
    values[1, 3, 4] = np.inf
    groups = grouped(values)
    kept = np.delete(values.reshape(4, -1), 3 * 12 + 4, 1).astype(np.float16).astype(float)
    np.testing.assert_allclose(groups.std, kept.std(1), rtol=1e-4)
    assert not len(groups.not_finite)


def test_equal_channels_are_one_group():
    groups = grouped(np.tile(RNG.normal(size=(1, 4, 4)), (5, 1, 1)))
    assert groups.natural_count == 1
    assert members(groups) == {frozenset(range(5))}
    assert len(groups.copies) == 4


def test_one_live_channel_is_a_group():
    values = np.zeros((3, 4, 4))
    values[1] = RNG.normal(size=(4, 4))
    groups = grouped(values)
    assert groups.order.tolist() == [1, 0, 2]
    assert groups.group_numbers().tolist() == [0, 1, 1]
    assert groups.forks() == ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.ones((1, 4, 4)), "one channel"),
        (RNG.normal(size=(5, 1, 1)), "compare over the data set"),
        (np.full((3, 4, 4), np.nan), "NaN or infinite"),
        (np.ones((3, 4, 4)), "no channel of 'layer' changes"),
        (np.zeros((4097, 1, 2)), "4,097 channels"),
    ],
)
def test_what_cannot_be_compared_is_refused(values, words):
    with pytest.raises(VrnnError, match=words) as error:
        grouped(values)
    assert "\n" not in str(error.value)


class Colors(nn.Module):
    """Red, green, twice red, and nothing."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 1, bias=False), nn.Linear(4, 2)
        with torch.no_grad():
            weights = [[1, 0, 0], [0, 1, 0], [2, 0, 0], [0, 0, 0]]
            self.conv.weight.copy_(torch.tensor(weights).float()[..., None, None])

    def forward(self, x):
        return self.head(torch.relu(self.conv(x)).mean((2, 3)))


class Images:
    """Noise, of which some cannot be read."""

    names, labels, files = ("",), None, ()

    def __init__(self, count, torn=()):
        self._pixels = np.random.default_rng(1).integers(0, 255, (count, 8, 8, 3), np.uint8)
        self._torn = torn

    def __len__(self):
        return len(self._pixels)

    def image(self, index):
        if index in self._torn:
            raise KeyError("torn")
        return self._pixels[index]


@pytest.fixture
def colors():
    return opened(Colors().eval(), (8, 8))


def over_dataset(model, images, layer="conv", check_stop=lambda: None):
    node = next(n.id for n in model.network.nodes if n.name == layer)
    steps = group_dataset_channels(model, images, node, check_stop)
    progress = []
    while True:
        try:
            progress.append(next(steps))
        except StopIteration as end:
            return end.value, progress


def test_all_images_of_a_data_set_count(colors, cache_folder):
    images = Images(5)
    groups, progress = over_dataset(colors, images)
    seen = [leaves_in(colors.source.prepare(images.image(i))[0])[0] for i in range(5)]
    red = torch.cat(seen)[:, 0].relu().double().numpy()
    assert progress[-1] == (5, 5)
    assert groups.image_count == 5
    assert groups.std[0] == pytest.approx(red.std(), rel=1e-5)
    assert groups.variation[0] == pytest.approx(red.mean((1, 2)).std(), rel=1e-4)
    assert [(c.channel, c.of, round(c.factor, 4)) for c in groups.copies] == [(2, 0, 2.0)]
    assert groups.zero.tolist() == [3]
    assert len(list(cache_folder.glob("*.npz"))) == 1
    again, progress = over_dataset(colors, images)
    assert set(progress) <= {(0, 5)}  # taken from the cache
    np.testing.assert_array_equal(again.order, groups.order)
    assert again.copies == groups.copies


def test_a_damaged_cache_is_made_anew(colors, cache_folder):
    over_dataset(colors, Images(3))
    (file,) = cache_folder.glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    groups, _ = over_dataset(colors, Images(3))
    assert groups.image_count == 3


def test_images_that_cannot_be_read_are_left_out_and_told(colors):
    groups, _ = over_dataset(colors, Images(4, torn=(1, 2)))
    assert groups.image_count == 2
    assert [index for index, _ in groups.skipped] == [1, 2]
    with pytest.raises(VrnnError, match="no image of the data set can be run"):
        over_dataset(colors, Images(2, torn=(0, 1)))
    with pytest.raises(VrnnError, match="it is empty"):
        over_dataset(colors, Images(0))


def test_a_data_set_of_one_image(colors):
    groups, _ = over_dataset(colors, Images(1))
    np.testing.assert_allclose(groups.variation, groups.std)  # of positions, as of an image
    with pytest.raises(VrnnError, match="too few finite values"):
        over_dataset(colors, Images(1), "head")


def test_a_vector_is_compared_over_the_data_set(colors):
    groups, _ = over_dataset(colors, Images(6), "head")
    assert groups.image_count == 6
    assert len(groups.mean) == 2


def test_it_can_be_stopped(colors):
    def stop():
        raise JobCancelled

    with pytest.raises(JobCancelled):
        over_dataset(colors, Images(3), check_stop=stop)
