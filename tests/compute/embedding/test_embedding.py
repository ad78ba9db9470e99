"""Clouds of hand-made features: where clusters come apart, what is skipped, and what is refused."""

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.embedding import embedding, feature_cache, neighbor_methods
from vrnn.compute.embedding.embedding import EmbeddingRequest, embedding_steps
from vrnn.compute.embedding.landing import land
from vrnn.compute.embedding.neighbors import nearest_rows
from vrnn.compute.embedding.placing import placing_steps
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.cut_layers import cut_layers
from vrnn.network.image_cloud import PIXELS
from vrnn.network.model_spec import ModelSpec


class TwoKinds(nn.Module):
    """Tells bright images from dark ones: `means` are channel means, `turned` a rotated copy."""

    def __init__(self):
        super().__init__()
        self.means = nn.Conv2d(3, 3, 1, bias=False)
        self.turned = nn.Conv2d(3, 3, 1, bias=False)
        self.head = nn.Linear(3, 2, bias=False)
        angle = 0.7
        cos, sin = np.cos(angle), np.sin(angle)
        turn = torch.tensor([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]).float()
        with torch.no_grad():
            self.means.weight.copy_(torch.eye(3)[:, :, None, None])
            self.turned.weight.copy_(turn[:, :, None, None])
            self.head.weight.copy_(torch.tensor([[1.0, 1, 1], [-1, -1, -1]]) @ turn.T)

    def forward(self, x):
        return self.head(self.turned(self.means(x)).mean((2, 3)))


class Dividing(TwoKinds):
    """Gives NaN for images that are black."""

    def forward(self, x):
        return self.head(self.turned(self.means(x) / (x.amax((1, 2, 3), True) > -1.5)).mean((2, 3)))


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "cache_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "image-features"


def images_of(*values, names=("dark", "bright")):
    """Images of two kinds of one color each, a little different; None: one that cannot be read."""

    def image(index):
        value = values[index]
        if value is None:
            raise KeyError("broken")
        noise = np.random.default_rng(index).integers(-6, 7, 3)
        level = np.clip(value + noise, 0, 255) if 0 < value < 255 else np.full(3, value)
        return np.broadcast_to(level.astype(np.uint8), (8, 8, 3)).copy()

    return ImageSet(names, [int((v or 0) > 127) for v in values], image)


def opened(module=None):
    spec = ModelSpec(module or TwoKinds().eval(), input_size=(8, 8))
    return LoadedModel(open_source(spec), "layers")


def placed_images(model, images, request, clouds=None, lands=False):
    steps = embedding_steps(model, images, request, lands)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        if clouds is not None and step.cloud is not None:
            clouds.append(step.cloud)


def request(*chain, **more):
    return EmbeddingRequest(chain or ("means",), **more)


KINDS = [40, 210] * 12


def apart(cloud):
    """How far the clusters are apart, in their own sizes."""
    groups = [cloud.positions[cloud.images.labels == label] for label in (0, 1)]
    middles = [group.mean(0) for group in groups]
    spread = max(np.linalg.norm(g - m, axis=1).max() for g, m in zip(groups, middles, strict=True))
    return np.linalg.norm(middles[0] - middles[1]) / (2 * spread)


@pytest.mark.parametrize(("method", "layer", "dimensions"), [
    *((method, layer, dimensions) for method in ("pca", "tsne")
      for layer in ("means", "turned", "head", PIXELS) for dimensions in (2, 3)),
    ("umap", "means", 2),
])  # fmt: skip
def test_two_clusters_come_apart(method, layer, dimensions):
    if method != "pca":
        pytest.importorskip({"tsne": "openTSNE", "umap": "umap"}[method])
    model = opened()
    placed = placed_images(
        model, images_of(*KINDS), request(layer, method=method, dimensions=dimensions)
    )
    cloud = placed.cloud
    assert cloud.positions.shape == (24, dimensions)
    assert cloud.positions.dtype == np.float32
    assert apart(cloud) > 1
    np.testing.assert_allclose((cloud.positions**2).sum(1).mean(), 1, rtol=1e-4)
    assert cloud.images.labels.tolist() == [0, 1] * 12
    assert cloud.images.answers.tolist() == [1, 0] * 12
    assert (cloud.images.total, cloud.images.skipped) == (24, ())


def test_features_are_the_means_of_each_map():
    model = opened()
    images = images_of(*KINDS)
    placed = placed_images(model, images, request("turned"))
    for row, number in enumerate(placed.cloud.images.numbers.tolist()):
        frame = model.run(images.image(number), lambda n, m: None, lambda: None)
        node = next(n.id for n in model.network.nodes if n.name == "turned")
        maps = frame.maps[node].values.astype(np.float64) * frame.maps[node].scale
        np.testing.assert_allclose(placed.table[row], maps.mean((1, 2)), atol=2e-3)


def test_features_at_a_position_are_the_values_there():
    class Split(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1, bias=False)

        def forward(self, x):
            return self.conv(x)

    model = opened(Split().eval())
    half = np.zeros((2, 8, 8, 3), np.uint8)
    half[0, :, 4:] = 200
    half[1, :4] = 90
    images = ImageSet((), [-1, -1], lambda i: half[i])
    layer = next(n.name for n in model.network.nodes if n.operation != "input")
    found = {}
    for at in ((0.9, 0.9), (0.1, 0.9), None):
        found[at] = placed_images(model, images, request(layer, position=at)) if at != (
            0.1, 0.9
        ) else None  # fmt: skip
    node = next(n.id for n in model.network.nodes if n.name == layer)
    for number in (0, 1):
        frame = model.run(half[number], lambda n, m: None, lambda: None)
        maps = frame.maps[node].values.astype(np.float64) * frame.maps[node].scale
        np.testing.assert_allclose(found[0.9, 0.9].table[number], maps[:, 7, 7], atol=2e-3)
        np.testing.assert_allclose(found[None].table[number], maps.mean((1, 2)), atol=2e-3)
    with pytest.raises(VrnnError, match="are the same for all 2 images; choose another layer"):
        placed_images(model, images, request(layer, position=(0.1, 0.9)))


def test_a_rotated_copy_of_a_layer_moves_nothing():
    model = opened()
    images = images_of(*KINDS)
    before = placed_images(model, images, request("means")).cloud
    after = placed_images(model, images, request("means", "turned")).cloud
    np.testing.assert_allclose(after.positions, before.positions, atol=1e-3)
    alone = placed_images(model, images, request("turned")).cloud
    assert after.layer == alone.layer == "turned"


def test_images_drift_from_layer_to_layer():
    pytest.importorskip("openTSNE")
    model = opened()
    images = images_of(*KINDS)
    before = placed_images(model, images, request(PIXELS, method="tsne")).cloud
    drifted = placed_images(model, images, request(PIXELS, "head", method="tsne")).cloud
    moved = np.linalg.norm(drifted.positions - before.positions, axis=1).mean()
    mirrored = np.linalg.norm(-drifted.positions - before.positions, axis=1).mean()
    assert moved < mirrored / 2


def test_what_was_found_is_read_from_the_cache(monkeypatch, cache_folder):
    pytest.importorskip("openTSNE")
    images = images_of(*KINDS, None)
    first = placed_images(opened(), images, request(method="tsne", collects=True))
    assert list(cache_folder.glob("*.npz"))

    class Never:
        def __init__(self, *arguments):
            raise AssertionError("an image was run again")

    monkeypatch.setattr(embedding, "FeatureCollector", Never)
    monkeypatch.setattr(
        neighbor_methods, "tsne_steps", lambda *a: pytest.fail("placed a second time")
    )
    again = placed_images(opened(), images, request(method="tsne", collects=True))
    assert np.array_equal(again.cloud.positions, first.cloud.positions)
    assert again.cloud.images.skipped == first.cloud.images.skipped != ()
    assert np.array_equal(again.table, first.table)
    others = placed_images(opened(), images, request("head", collects=True))
    assert others.cloud.layer == "head"  # collected in the first passes
    for file in cache_folder.glob("*.npz"):
        file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(AssertionError, match="run again"):
        placed_images(opened(), images, request())


def test_other_weights_or_images_are_not_what_was_found():
    images = images_of(*KINDS)
    first = placed_images(opened(), images, request("head"))
    module = TwoKinds().eval()
    with torch.no_grad():
        module.head.weight *= 3
    other = placed_images(opened(module), images, request("head"))
    assert not np.allclose(other.table, first.table)
    fewer = placed_images(opened(), images_of(*KINDS[:10]), request("head"))
    assert len(fewer.table) == 10


def test_a_cloud_grows_while_images_are_run():
    clouds = []
    placed_images(opened(), images_of(*KINDS * 4), request(), clouds)
    counts = [len(cloud.positions) for cloud in clouds]
    assert counts
    assert counts == sorted(counts)
    assert counts[0] < 96
    assert clouds[0].text.startswith("PCA of")
    assert all(np.isfinite(cloud.positions).all() for cloud in clouds)


def test_an_image_that_is_not_in_the_set_lands_among_its_kind():
    model = opened()
    images = images_of(*KINDS)
    for method in ("pca", "tsne"):
        if method == "tsne":
            pytest.importorskip("openTSNE")
        wanted = request(method=method)
        placed = placed_images(model, images, wanted, lands=True)
        for value, label in ((52, 0), (200, 1)):
            new = np.full((8, 8, 3), value, np.uint8)
            found = land(model, placed, wanted, new, None, 4)
            labels = placed.cloud.images.labels
            own = placed.cloud.positions[labels == label].mean(0)
            other = placed.cloud.positions[labels != label].mean(0)
            to_own = np.linalg.norm(found.position - own)
            assert to_own < np.linalg.norm(found.position - other) / 2
            assert (labels[found.feature_neighbors] == label).all()
            assert (labels[found.pixel_neighbors] == label).all()
            assert (np.diff(found.feature_distances) >= 0).all()
            assert found.number == -1


def test_an_image_of_the_set_lands_where_it_is():
    model = opened()
    images = images_of(*KINDS)
    placed = placed_images(model, images, request(), lands=True)
    found = land(model, placed, request(), None, 3, 4)
    assert found.number == 3
    assert np.array_equal(found.position, placed.cloud.positions[3])
    assert 3 not in found.feature_neighbors
    anew = land(model, placed, request(), images.image(3), None, 4)
    np.testing.assert_allclose(anew.position, found.position, atol=1e-4)
    assert anew.feature_neighbors[0] == 3


def test_neighbors_are_those_of_a_plain_search():
    random = np.random.default_rng(0)
    table = random.normal(size=(50, 7)).astype(np.float32)
    table[9] = np.nan
    rows, distances = nearest_rows(table, table[4], 6, without=4)
    expected = np.linalg.norm(table.astype(np.float64) - table[4], axis=1)
    expected[[4, 9]] = np.inf
    assert rows.tolist() == np.argsort(expected)[:6].tolist()
    np.testing.assert_allclose(distances, np.sort(expected)[:6], rtol=1e-5)


# What is missing or wrong.


def test_images_that_cannot_be_read_are_left_out_and_listed():
    values = [40, None, 210, 60, None, 190]
    cloud = placed_images(opened(), images_of(*values), request()).cloud
    assert cloud.images.numbers.tolist() == [0, 2, 3, 5]
    assert [number for number, _ in cloud.images.skipped] == [1, 4]
    assert "broken" in cloud.images.skipped[0][1]


def test_features_that_are_not_finite_are_left_out_and_listed():
    model = opened(Dividing().eval())
    images = images_of(*KINDS, 0)
    layer = next(n.name for n in model.network.nodes if "turned" in n.name)
    cloud = placed_images(model, images, request(layer)).cloud
    assert 24 not in cloud.images.numbers
    assert cloud.images.skipped == ((24, f"its features of '{layer}' are NaN or infinite"),)
    with pytest.raises(VrnnError, match="are NaN or infinite for every image; choose another"):
        placed_images(model, images_of(0, 0, 0), request(layer))


@pytest.mark.parametrize(("values", "method", "told"), [
    ((), "pca", "the data set is empty; choose another with --data"),
    ((40,), "pca", "a cloud needs at least 2 images that can be run, and there is 1"),
    ((40,), "tsne", "a cloud needs at least 2 images that can be run, and there is 1"),
    ((40, 210), "tsne", "t-SNE needs at least 5 images that can be run, and there are 2; choose"),
    ((40, 210, 60), "umap", "UMAP needs at least 5 images that can be run, and there are 3"),
    ((40, None, None), "pca", "a cloud needs at least 2 images that can be run, and there is 1"),
    ((None, None), "pca", "no image of the data set can be run: image 0 of the data set cannot"),
    ((200, 200), "pca", ""), ((40, 210, 60), "pca", ""),
])  # fmt: skip
def test_small_data_sets_are_placed_or_refused_in_a_sentence(values, method, told):
    wanted = request(method=method)
    if not told:
        assert len(placed_images(opened(), images_of(*values), wanted).cloud.positions)
        return
    with pytest.raises(VrnnError, match=told) as error:
        placed_images(opened(), images_of(*values), wanted)
    assert "\n" not in str(error.value)


def test_images_that_are_all_alike_cannot_be_placed():
    same = ImageSet((), [-1] * 3, lambda i: np.full((8, 8, 3), 90, np.uint8))
    with pytest.raises(VrnnError, match="the features of 'means' are the same for all 3 images"):
        placed_images(opened(), same, request())


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(VrnnError, match="has no layer 'conv9'; `vrnn graph` lists its layers"):
        placed_images(opened(), images_of(*KINDS), request("conv9"))


def test_a_library_that_is_missing_is_named_with_how_to_install_it(monkeypatch):
    monkeypatch.setattr(neighbor_methods, "find_spec", lambda name: None)
    for method, extra in (("tsne", "embed"), ("umap", "umap")):
        with pytest.raises(VrnnError, match=rf"run: pip install 'vrnn\[{extra}\]', or choose PCA"):
            placed_images(opened(), images_of(*KINDS), request(method=method))


def test_layers_along_a_network_are_those_that_no_edge_passes():
    model = LoadedModel(open_source(ModelSpec("digits")), "layers")
    names = [node.name for node in cut_layers(model.network)]
    assert names[-2:] == ["pool", "head"]
    assert "stage2.0.add" in names
    assert "stage2.0.conv1" not in names
    assert len(cut_layers(model.network, 4)) == 4


# Before a method has positions of its own.


def steps_of(steps):
    """All that is yielded, and the result."""
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, end.value


def two_clusters(count):
    random = np.random.default_rng(0)
    return (random.normal(size=(count, 6)) + np.arange(count)[:, None] % 2 * 8).astype(np.float32)


@pytest.mark.parametrize(("method", "package"), [("umap", "umap"), ("tsne", "openTSNE")])
@pytest.mark.parametrize("has_target", [False, True])
def test_images_are_seen_by_pca_or_where_they_were_until_the_method_has_places(
    method, package, has_target
):
    pytest.importorskip(package)
    table = two_clusters(300)
    plain = placed_points(table, "pca")
    target = plain[::-1].copy() if has_target else None
    told, placed = steps_of(placing_steps(table, "pool", method, 2, target))
    stand_ins = [step for step in told if step.stands_in]
    assert {step.stands_in for step in stand_ins} == {"layer before" if has_target else "PCA"}
    for step in stand_ins:
        np.testing.assert_allclose(step.positions, plain[::-1] if has_target else plain, atol=1e-5)
    parts = [step.part for step in told]
    assert parts == sorted(parts)
    assert 0 < parts[-1] <= 1
    own = [step for step in told if step.positions is not None and not step.stands_in]
    assert bool(own) == (method == "tsne")  # umap-learn tells how far it is, and not where
    assert told[0].text.startswith(("PCA", "neighbors for "))
    assert not np.allclose(placed.positions, stand_ins[0].positions, atol=0.1)


def placed_points(table, method):
    return steps_of(placing_steps(table, "pool", method, 2))[1].positions


def test_the_cloud_says_what_it_stands_in_for():
    pytest.importorskip("umap")
    model = opened()
    steps, placed = steps_of(
        embedding_steps(model, images_of(*KINDS), request("means", method="umap"))
    )
    seen = [step.cloud for step in steps if step.cloud is not None]
    assert seen[-1].text == "PCA, until UMAP is complete"
    assert placed.cloud.text == ""
    assert any(step.text.startswith("neighbors for UMAP of 24 images") for step in steps)
