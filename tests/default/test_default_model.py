"""The network that vrnn opens by itself, and the examples."""

import runpy
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from vrnn.compute.loading.shipped_models import digit_images
from vrnn.compute.loading.source import open_source
from vrnn.default import model as digits
from vrnn.network.model_spec import ModelSpec

ROOT = Path(__file__).resolve().parents[2]
FILES = resources.files("vrnn.default")
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))


def test_its_files_are_small_and_plain():
    assert len(FILES.joinpath("digits.safetensors").read_bytes()) < 2e6
    with FILES.joinpath("digits.npz").open("rb") as file:
        data = np.load(file, allow_pickle=False)
        assert data["images"].shape == (1797, 8, 8)
        assert 0.15 < data["test"].mean() < 0.25
    assert "CC BY" in FILES.joinpath("ATTRIBUTION.md").read_text(encoding="utf-8")


def test_it_names_at_least_98_of_100_digits_it_never_saw():
    net = digits.build_model().eval()
    with resources.as_file(FILES.joinpath("digits.safetensors")) as path:
        net.load_state_dict(load_file(path))
    with FILES.joinpath("digits.npz").open("rb") as file:
        data = np.load(file, allow_pickle=False)
        test = data["test"]
        images = torch.from_numpy(data["images"][test]).float()[:, None] / 255
        labels = torch.from_numpy(data["labels"][test]).long()
    images = (
        F.interpolate(images, digits.INPUT_SIZE, mode="bilinear") - digits.MEAN[0]
    ) / digits.STD[0]
    with torch.no_grad():
        assert float((net(images).argmax(1) == labels).float().mean()) >= 0.98


def test_what_is_shown_of_it_is_right_too():
    source, images = open_source(ModelSpec()), digit_images()
    right = 0
    for index in range(len(images)):
        inputs = source.prepare(images.image(index)).inputs
        with torch.no_grad():
            right += int(source.model.eval()(*inputs).argmax()) == images.label(index)
    assert right / len(images) >= 0.98


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_open(name):
    if name == "train_digits.py":  # makes the weights; there is no model in it
        assert "main" in runpy.run_path(str(ROOT / "examples" / name))
        return
    source = open_source(ModelSpec(str(ROOT / "examples" / name)))
    with torch.no_grad():
        result = source.model.eval()(*source.prepare(None)[0])
    assert result is not None
    assert source.random_weights


@pytest.mark.parametrize(
    ("name", "classes", "count"),
    [
        ("covid_resnet", 2, 4_980_802),
        ("covid_resnet", 101, 5_031_589),
        ("covid_densenet", 2, 1_633_538),
        ("covid_densenet", 101, 1_687_493),
    ],
)
def test_the_networks_of_the_study_have_their_published_size(name, classes, count):
    build = runpy.run_path(str(ROOT / "examples" / f"{name}.py"))["build_model"]
    assert sum(p.numel() for p in build(classes).parameters()) == count


def test_resnet50_is_the_usual_one():
    build = runpy.run_path(str(ROOT / "examples" / "resnet50.py"))["build_model"]
    assert sum(p.numel() for p in build().parameters()) == 25_557_032
