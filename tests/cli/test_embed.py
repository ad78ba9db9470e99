"""`vrnn embed` and `vrnn.embed`: files, arrays, clusters, refusals."""

import numpy as np
import pytest
from PIL import Image

import vrnn
from tests.support.fake_cluster import fake_cluster
from vrnn.cli.main import main
from vrnn.compute.embedding import cloud_file, feature_cache


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache, "cache_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def images(tmp_path):
    """A folder of two classes, and a file that is no image."""
    random = np.random.default_rng(0)
    for name, low in (("dark", 0), ("light", 170)):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        for number in range(4):
            pixels = random.integers(low, low + 80, (12, 12, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    (tmp_path / "images" / "light" / "broken.png").write_bytes(b"\x89PNG no more")
    return tmp_path / "images"


def run(*words):
    return main(["embed", *map(str, words)])


def test_a_file_with_names_classes_predictions_and_coordinates(images, tmp_path, capsys):
    out = tmp_path / "cloud.npz"
    words = ("--model", "digits", "--data", images, "--layer", "pool", "--out", out)
    assert run(*words) == 0
    told = capsys.readouterr()
    assert f"8 images in {out}" in told.out
    assert "image 8 is left out: " in told.err
    with np.load(out, allow_pickle=False) as data:
        assert sorted(data) == [
            "answer",
            "class",
            "label",
            "name",
            "number",
            "prediction",
            "x",
            "y",
        ]
        assert data["class"].tolist() == ["dark"] * 4 + ["light"] * 4
        assert data["name"][4].endswith("light/0.png")
        assert set(data["prediction"].tolist()) <= {str(n) for n in range(10)}
        assert [str(n) for n in data["answer"].tolist()] == data["prediction"].tolist()
        assert np.isfinite(data["x"]).all()
        assert data["x"].dtype == np.float32


def test_several_layers_in_a_table(images, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "cloud.parquet"
    words = ("--model", "digits", "--data", images, "--layer", "pixels", "--layer", "pool")
    assert run(*words, "--dimensions", 3, "--out", out, "--quiet") == 0
    table = parquet.read_table(out)
    assert table.num_rows == 8
    assert table.column_names[-6:] == [
        "pixels.x", "pixels.y", "pixels.z", "pool.x", "pool.y", "pool.z",
    ]  # fmt: skip
    assert table["class"].to_pylist() == ["dark"] * 4 + ["light"] * 4


@pytest.mark.parametrize(("words", "message"), [
    (("--layer", "conv9"), "digits has no layer 'conv9'; `vrnn graph` lists its layers"),
    (("--layer", "pool", "--out", "cloud.csv"), "'cloud.csv' should end in .npz or .parquet"),
    (("--layer", "pool", "--at", "2,0"), "'2,0' should be parts of the width and the height from"),
    (("--layer", "pool", "--model", "digits"), "--model is given 2 times, but one is embedded"),
    (("--layer", "pool", "--dimensions", "4"), "invalid choice"),
    (("--layer", "pool", "--method", "mds"), "invalid choice"),
])  # fmt: skip
def test_refusals(words, message, images, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ("--model", "digits", "--data", images, "--out", "cloud.npz", *words)
    assert run(*given) == 2
    told = capsys.readouterr().err
    assert message in told
    assert len(told.strip().splitlines()) == 1


def test_parquet_without_its_library_is_refused_before_the_work(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cloud_file, "find_spec", lambda name: None)
    words = ("--model", "digits", "--layer", "pool", "--out", tmp_path / "cloud.parquet")
    assert run(*words) == 2
    assert "run: pip install pyarrow, or name a file that ends in .npz" in capsys.readouterr().err


def test_a_model_without_a_data_set_is_refused(tmp_path, capsys):
    script = tmp_path / "net.py"
    script.write_text("from torch import nn\nmodel = nn.Conv2d(3, 4, 3)\n")
    words = ("--model", script, "--layer", "pixels", "--out", tmp_path / "cloud.npz")
    assert run(*words) == 2
    assert "has no data set; give one with --data FOLDER" in capsys.readouterr().err


def test_a_cluster_gives_what_one_machine_gives(images, tmp_path, monkeypatch):
    closed = []
    monkeypatch.setattr("vrnn.cli.embed_batch.RayCluster", fake_cluster(closed))
    monkeypatch.setattr("vrnn.compute.embedding.ray_features.BLOCK_IMAGES", 3)
    words = ("--model", "digits", "--data", images, "--layer", "pool", "--quiet")
    monkeypatch.setattr(feature_cache, "cache_dir", lambda: tmp_path / "one")
    assert run(*words, "--out", tmp_path / "here.npz") == 0
    monkeypatch.setattr(feature_cache, "cache_dir", lambda: tmp_path / "two")
    there = tmp_path / "there.npz"
    assert run(*words, "--out", there, "--ray", "ray://head:10001") == 0
    assert closed
    with np.load(tmp_path / "here.npz") as one, np.load(there) as two:
        assert one["name"].tolist() == two["name"].tolist()
        np.testing.assert_allclose(one["x"], two["x"], atol=1e-4)


def test_images_are_placed_from_python(images, tmp_path):
    found = vrnn.embed("digits", ["pixels", "pool"], data=images)
    assert [cloud.layer for cloud in found.clouds] == ["pixels", "pool"]
    assert found.positions.shape == (8, 2)
    assert found.label_names == ("dark", "light")
    light = np.full((12, 12, 3), 210, np.uint8)
    landed = found.land(light, 3)
    assert (found.images.labels[landed.pixel_neighbors] == 1).all()
    found.save(tmp_path / "cloud.npz")
    with np.load(tmp_path / "cloud.npz") as data:
        assert np.array_equal(data["pool.x"], found.positions[:, 0])
    for words, told in (
        ({"method": "mds"}, "no method 'mds': choose one of pca, tsne, umap"),
        ({"dimensions": 4}, "in 2 or 3 dimensions, not in 4"),
        ({"at": (2, 0)}, "a position is parts of width and height"),
        ({"layer": ()}, "a cloud needs a layer"),
    ):
        with pytest.raises(vrnn.VrnnError, match=told):
            vrnn.embed(**{"model": "digits", "layer": "pool", "data": images, **words})
