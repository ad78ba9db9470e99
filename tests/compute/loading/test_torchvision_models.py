"""Which weights of torchvision are taken, and how their images go in, against what it says."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from vrnn.compute.loading import torchvision_models
from vrnn.compute.loading.candidate import IMAGENET_MEAN, IMAGENET_STD
from vrnn.compute.loading.downloads import NoWeightsError
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.compute.loading.torchvision_models import from_torchvision
from vrnn.errors import VrnnError

allow_torchvision()
models = pytest.importorskip("torchvision").models


@pytest.fixture(autouse=True)
def no_weights(monkeypatch):
    """Nothing is downloaded; what was asked for is noted."""
    asked = []

    def build(name, weights):
        asked.append(weights.name)
        raise NoWeightsError("the server is away")

    monkeypatch.setattr(torchvision_models, "_build_trained", build)
    return asked


@pytest.mark.parametrize(("text", "loaded"), [
    ("squeezenet1_1@random", []), ("resnet18", ["IMAGENET1K_V1"]),
    ("resnet50", ["IMAGENET1K_V2"]), ("resnet50@DEFAULT", ["IMAGENET1K_V2"]),
    ("resnet50@IMAGENET1K_V1", ["IMAGENET1K_V1"]),
])  # fmt: skip
def test_the_weights_that_are_named_are_loaded_else_the_best(text, loaded, no_weights, monkeypatch):
    small = torch.nn.Conv2d(3, 4, 3)
    monkeypatch.setattr(torchvision_models, "_build_random", lambda name, family: small)
    found = from_torchvision(text)
    assert no_weights == loaded
    assert found.random_weights
    assert found.model is small
    assert found.title == text.split("@")[0]
    assert bool(found.notes) == bool(loaded)
    assert found.class_names[0] == "tench"
    assert len(found.class_names) == 1000
    assert found.input_size == (224, 224)
    assert (found.mean, found.std) == (IMAGENET_MEAN, IMAGENET_STD)
    assert found.mean == (0.485, 0.456, 0.406)
    assert found.std == (0.229, 0.224, 0.225)


def test_weights_that_are_loaded_are_no_random_ones(monkeypatch):
    small = torch.nn.Conv2d(3, 4, 3)
    monkeypatch.setattr(torchvision_models, "_build_trained", lambda name, weights: small)
    found = from_torchvision("resnet18")
    assert found.model is small
    assert not found.random_weights
    assert found.notes == ()


def test_what_there_is_not_is_told_with_what_there_is():
    with pytest.raises(VrnnError, match=r"torchvision has no model 'resnet19'.*resnet18"):
        from_torchvision("resnet19")
    with pytest.raises(VrnnError, match=r"resnet18 has no weights 'IMAGENET1K_V3'.*IMAGENET1K_V1"):
        from_torchvision("resnet18@IMAGENET1K_V3")


def families():
    """A model of each family, and each special one, that has published weights."""
    by_family = {}
    for name in models.list_models():
        by_family.setdefault(models.get_model_builder(name).__module__, []).append(name)
    names = [found[0] for found in by_family.values()]
    return sorted({*names, "inception_v3", "googlenet", "vit_h_14", "raft_small", "mvit_v1_b"})


@pytest.mark.parametrize("name", families())
def test_images_go_in_as_torchvisions_own_transform_makes_them(name, monkeypatch):
    monkeypatch.setattr(torchvision_models, "_build_random", lambda *a: torch.nn.Identity())
    found = from_torchvision(f"{name}@random")
    weights = list(models.get_model_weights(name))[-1]
    preset, family = weights.transforms(), models.get_model_builder(name).__module__
    color = torch.tensor([0.9, 0.2, 0.4])
    expected = color
    if "optical_flow" in family:
        one, _ = preset(color.view(1, 3, 1, 1).expand(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))
        expected = one[0, :, 0, 0]
    elif "video" in family:
        clip = (color * 255).round().to(torch.uint8).view(1, 3, 1, 1).expand(4, 3, 300, 300)
        expected = preset(clip)[:, 0, 5, 5]
    elif "detection" not in family:
        image = color.view(3, 1, 1).expand(3, 600, 600)
        expected = preset(image)[:, 5, 5]
    mean, std = torch.tensor(found.mean), torch.tensor(found.std)
    torch.testing.assert_close((color - mean) / std, expected, atol=0.01, rtol=0)
    assert (found.dataset is None) == ("video" in family or "optical_flow" in family)


def fake(meta=None, **preset):
    return SimpleNamespace(transforms=lambda: SimpleNamespace(**preset), meta=meta or {})


@pytest.mark.parametrize(("weights", "size"), [
    (None, None), (fake(), None), (fake(crop_size=[160]), (160, 160)),
    (fake(crop_size=(112, 96)), (112, 112)), (fake(crop_size=75), (75, 75)),
    (fake({"min_size": (1, 1)}), (224, 224)), (fake({"min_size": (320, 300)}), (320, 300)),
    (fake({"min_size": (223, 225)}), (224, 225)), (fake({"min_size": (225, 223)}), (225, 224)),
    (fake({"min_size": (500, 500)}, crop_size=[64]), (64, 64)), (fake(crop_size=[]), None),
])  # fmt: skip
def test_the_size_that_weights_are_for(weights, size):
    assert torchvision_models._input_size(weights) == size


def test_models_are_built_without_a_download(monkeypatch):
    made = {}

    def get_model(name, **options):
        made[name] = options
        return torch.nn.Identity()

    monkeypatch.setattr(models, "get_model", get_model)
    for name in ("resnet18", "googlenet", "inception_v3", "fcn_resnet50", "ssd300_vgg16"):
        torchvision_models._build_random(name, models.get_model_builder(name).__module__)
    assert made == {
        "resnet18": {"weights": None},
        "googlenet": {"weights": None, "init_weights": False},
        "inception_v3": {"weights": None, "init_weights": False},
        "fcn_resnet50": {"weights": None, "weights_backbone": None},
        "ssd300_vgg16": {"weights": None, "weights_backbone": None},
    }
