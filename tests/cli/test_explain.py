"""`vrnn explain` and `vrnn.explain`: files and arrays, resumed, refused."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import vrnn
from tests.support.fake_cluster import fake_cluster
from vrnn.cli.main import main


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for name in ("a", "b"):
        Image.fromarray(generator.integers(0, 255, (32, 32, 3), np.uint8)).save(
            folder / f"{name}.png"
        )
    return folder


def run(*words):
    return main(["explain", *map(str, words)])


def test_files_of_a_folder_of_images(images, tmp_path, capsys):
    out = tmp_path / "out"
    words = ("--model", "digits", "--image", images, "--layers", "stage2.*", "--out", out)
    assert run(*words) == 0
    assert "2 images explained by epsilon-plus" in capsys.readouterr().out
    for name in ("a", "b"):
        assert Image.open(out / name / "overlay.png").size == (32, 32)
        heatmap = np.load(out / name / "heatmap.npy")
        assert heatmap.shape == (32, 32)
        table = json.loads((out / name / "explanation.json").read_text(encoding="utf-8"))
        assert table["conserves"]
        ended = table["arrived"] + sum(sink["amount"] for sink in table["sinks"])
        assert ended == pytest.approx(table["value"], rel=1e-3)
        assert table["arrived"] == pytest.approx(float(heatmap.sum()), rel=1e-3, abs=1e-3)
        assert max(table["scores"].values()) == pytest.approx(table["value"], rel=1e-5)
        layers = table["layers"]
        assert len(layers) > 10
        shares = [e["share"] for e in table["edges"] if e["source"] == "input"]
        assert sum(shares) == pytest.approx(layers["input"] / table["value"], rel=1e-3, abs=1e-6)
        maps = np.load(next((out / name).glob("layer-*-stage2.0.conv1.npy")))
        assert maps.ndim == 3
        assert float(maps.sum()) == pytest.approx(layers["stage2.0.conv1"], rel=1e-3)
        assert next((out / name).glob("layer-*-stage2.0.conv1.png")).stat().st_size > 100


def refused(capsys, *words):
    """The sentence that a command ends with."""
    assert run(*words) == 2
    return capsys.readouterr().err


def test_a_run_that_was_ended_goes_on(images, tmp_path, capsys):
    out = tmp_path / "out"
    words = ("--model", "digits", "--image", images, "--out", out, "--quiet")
    run(*words)
    kept = (out / "a" / "overlay.png").stat().st_mtime_ns
    (out / "b" / "explanation.json").unlink()
    (out / "b" / "overlay.png").write_bytes(b"cut short")
    run(*words)
    assert (out / "a" / "overlay.png").stat().st_mtime_ns == kept
    assert Image.open(out / "b" / "overlay.png").size == (32, 32)
    shutil.copy(images / "b.png", images / "a.png")
    run(*words)
    assert (out / "a" / "overlay.png").stat().st_mtime_ns != kept
    said = refused(capsys, *words, "--method", "saliency")
    assert "made with other settings or another model" in said


def test_an_unreadable_image_ends_no_run(images, tmp_path, capsys):
    (images / "broken.png").write_bytes(b"no image")
    out = tmp_path / "out"
    assert run("--model", "digits", "--image", images, "--out", out) == 0
    assert "it is left out" in capsys.readouterr().err
    assert (out / "a" / "explanation.json").exists()
    assert not (out / "broken" / "explanation.json").exists()
    words = ("--model", "digits", "--image", images / "broken.png", "--out", tmp_path / "other")
    assert "broken.png" in refused(capsys, *words)


def test_methods_targets_conditions_and_faithfulness(images, tmp_path):
    image = images / "a.png"
    cases = {
        "one": ("--target", "3 vs 5", "--through", "stage2.0.conv1 #0,3"),
        "two": ("--method", "grad-cam", "--set", "layer=stage2.0.conv1"),
        "three": ("--method", "integrated-gradients", "--set", "steps=4", "--set",
                  "baseline=gray", "--faithfulness"),
    }  # fmt: skip
    tables = {}
    for name, words in cases.items():
        out = tmp_path / name
        run("--model", "digits", "--image", image, "--out", out, "--quiet", *words)
        tables[name] = json.loads((out / "a" / "explanation.json").read_text(encoding="utf-8"))
    assert " rather than " in tables["one"]["target"]
    assert any(sink["kind"] == "condition" for sink in tables["one"]["sinks"])
    assert list(tables["two"]["layers"]) == ["stage2.0.conv1"]
    curves = tables["three"]["faithfulness"]
    assert curves["baseline"] == "gray"
    assert curves["deletion"][0] == pytest.approx(tables["three"]["value"], rel=1e-4)
    assert curves["areas"].keys() == {"deletion", "insertion", "random"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "nonsense"), "no method 'nonsense'; choose one of"),
        (("--target", "unicorn"), "no class 'unicorn'"),
        (("--target", "77"), "classes 0 to 9, no 77"),
        (("--layers", "nowhere*"), "nowhere"),
        (("--through", "conv"), "a layer with channels or a region"),
        (("--set", "stepz=3"), "NAME=VALUE with one of layer, baseline, steps"),
        (("--set", "steps=0"), "steps"),
        (("--set", "baseline=pink", "--method", "occlusion"), "pink"),
    ],
)
def test_refusals(words, message, images, tmp_path, capsys):
    given = ("--model", "digits", "--image", images / "a.png", "--out", tmp_path / "o", *words)
    assert message in refused(capsys, *given)


def test_a_cluster_gives_what_one_machine_gives(images, tmp_path, monkeypatch):
    closed = []
    monkeypatch.setattr("vrnn.cli.explain_batch.RayCluster", fake_cluster(closed))
    words = ("--model", "digits", "--image", images, "--quiet")
    run(*words, "--out", tmp_path / "here")
    run(*words, "--out", tmp_path / "there", "--ray", "ray://head:10001")
    assert closed
    for name in ("a", "b"):
        here, there = (np.load(tmp_path / p / name / "heatmap.npy") for p in ("here", "there"))
        np.testing.assert_allclose(here, there, rtol=1e-4, atol=1e-6)


def test_images_that_use_a_channel_are_written_and_found_from_python(images, tmp_path, capsys):
    out = tmp_path / "out"
    words = ("--model", "digits", "--data", images, "--image", images / "a.png", "--out", out)
    assert run(*words, "--layers", "stage2.0.conv1", "--top-images", "stage2.0.conv1 #1,3") == 0
    (file,) = (out / "top-images").glob("*.json")
    table = json.loads(file.read_text(encoding="utf-8"))
    assert table["layer"] == "stage2.0.conv1"
    assert table["channels"].keys() == {"1", "3"}
    assert {row["image"] for row in table["channels"]["3"]["relevance"]} == {0, 1}
    assert len(list((out / "top-images").glob("*.png"))) == 2
    found = vrnn.top_images("digits", "stage2.0.conv1", data=str(images))
    rows = table["channels"]["3"]["relevance"]
    assert found.images[3].tolist() == [row["image"] for row in rows]
    assert found.values[3].tolist() == pytest.approx([row["value"] for row in rows])
    by_value = vrnn.top_images("digits", "stage2.0.conv1", "activation", data=str(images))
    assert by_value.measure == "max"
    explained = json.loads((out / "a" / "explanation.json").read_text(encoding="utf-8"))
    ranking = explained["channels"]["stage2.0.conv1"]
    assert ranking == sorted(ranking, key=lambda row: -row["relevance"])
    capsys.readouterr()
    same = (*words, "--layers", "stage2.0.conv1", "--top-images")
    assert "no channel 99" in refused(capsys, *same, "stage2.0.conv1 #99")
    assert "no layer 'nowhere'" in refused(capsys, *same, "nowhere")
    with pytest.raises(vrnn.VrnnError, match="no layer 'nowhere'"):
        vrnn.top_images("digits", "nowhere")
    with pytest.raises(vrnn.VrnnError, match="by relevance or by activation"):
        vrnn.top_images("digits", "stage2.0.conv1", "size")


def test_from_python():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                        nn.Linear(4, 3)).train()  # fmt: skip
    image = np.random.default_rng(0).integers(0, 255, (20, 20, 3), np.uint8)
    found = vrnn.explain(net, image, target=1, input_size=(20, 20))
    assert net.training
    assert found.heatmap.shape == (20, 20)
    assert found.picture().size == (20, 20)
    assert found.arrived + sum(found.sums_by_sink().values()) == pytest.approx(found.value)
    assert set(found.layers) == {"input", "0", "2", "4"}
    some = vrnn.explain(net, image, "saliency", 1, layers="0", input_size=(20, 20))
    assert some.target == "class 1"
    x = torch.randn(1, 3, 20, 20)
    given = vrnn.explain(net.double(), x.double(), target=2, input_size=(20, 20))
    (values,) = given.inputs.values()
    assert values.dtype == np.float64
    with torch.no_grad():
        assert given.value == pytest.approx(float(net.eval()(x.double())[0, 2]))
    part = vrnn.explain(net, x.double(), target=2, through={"0": [1]}, input_size=(20, 20))
    assert any(sink.kind == "condition" for sink in part.sinks)


def test_a_refused_target_leaves_nothing_that_refuses_the_next_one(tmp_path, capsys):
    words = ("--model", "digits", "--out", tmp_path / "out", "--quiet")
    assert "no class 'nonsense'" in refused(capsys, *words, "--target", "nonsense")
    assert run(*words, "--target", "3") == 0
