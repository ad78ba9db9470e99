"""Models of the Hub, through a stand-in for Transformers that needs no network."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from vrnn.compute.loading import transformers_models
from vrnn.compute.loading.candidate import IMAGENET_MEAN, IMAGENET_STD
from vrnn.compute.loading.downloads import NoWeightsError
from vrnn.compute.loading.transformers_models import from_transformers
from vrnn.errors import VrnnError


class Classifier(nn.Module):
    """A class of Transformers; its weights are ones where they are trained."""

    asked: ClassVar[list] = []
    failure: ClassVar[Exception | None] = None
    missing: ClassVar[Sequence[str]] = ()

    def __init__(self, config):
        super().__init__()
        self.config, self.conv = config, nn.Conv2d(3, 2, 3)

    @classmethod
    def from_pretrained(cls, name, **options):
        cls.asked.append((name, options))
        if isinstance(cls.failure, Exception):
            raise cls.failure
        model = cls(options["config"])
        nn.init.ones_(model.conv.weight)
        return model, {"missing_keys": set(cls.missing)}


class Processor:
    """Makes images half as large, or of one size."""

    image_mean, image_std = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]

    def __init__(self, size=None, normalizes=True):
        self.size, self.do_normalize = size, normalizes

    def __call__(self, images, return_tensors):
        assert return_tensors == "pt"
        width, height = self.size or (images.width // 2, images.height // 2)
        values = np.asarray(images.resize((width, height)), np.float32)
        return {"pixel_values": torch.from_numpy(values).permute(2, 0, 1)[None]}


@pytest.fixture
def hub(monkeypatch):
    """Transformers with one model on its Hub, whose parts can be changed."""
    config = SimpleNamespace(
        architectures=["NetModel", "NetForImageClassification"], model_type="net",
        id2label={1: "dog, hound", 0: "cat"},
    )  # fmt: skip
    hub = SimpleNamespace(config=config, processor=Processor((40, 30)), asked=[])

    def answer(kind):
        def from_pretrained(name, **options):
            hub.asked.append((kind, name, options))
            found = getattr(hub, kind)
            if isinstance(found, Exception):
                raise found
            return found

        return SimpleNamespace(from_pretrained=from_pretrained)

    module = ModuleType("transformers")
    module.logging = SimpleNamespace(set_verbosity_error=lambda: None)
    module.AutoConfig, module.AutoImageProcessor = answer("config"), answer("processor")
    Classifier.asked, Classifier.failure, Classifier.missing = [], None, ()
    module.NetForImageClassification = Classifier
    monkeypatch.setitem(sys.modules, "transformers", module)
    monkeypatch.setattr(transformers_models, "find_spec", lambda name: module)
    monkeypatch.setattr(transformers_models, "watch_torchvision", lambda: None)
    monkeypatch.setattr(transformers_models, "hub_access", nullcontext)  # there is no network
    hub.module = module
    return hub


def is_trained(candidate) -> bool:
    return bool((candidate.model.conv.weight == 1).all())


def test_a_model_has_its_weights_labels_and_preprocessing(hub):
    found = from_transformers("owner/net-50")
    assert (found.title, found.random_weights, found.class_names) == (
        "net-50", False, ("cat", "dog"),
    )  # fmt: skip
    assert is_trained(found)
    assert (found.input_size, found.mean, found.std) == (
        (30, 40), (0.1, 0.2, 0.3), (0.4, 0.5, 0.6),
    )  # fmt: skip
    assert found.notes == ()
    assert len(found.dataset) > 1
    (name, options), = Classifier.asked  # fmt: skip
    assert (name, options["revision"], options["dtype"]) == ("owner/net-50", None, torch.float32)
    assert options["config"] is hub.config
    assert hub.asked[0][2] == {"revision": None, "trust_remote_code": False}
    image = Image.fromarray(np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3))
    expected = np.asarray(image.resize((40, 30)), np.float32).transpose(2, 0, 1)
    assert np.array_equal(found.transform(image).numpy(), expected)


def test_a_revision_is_asked_for(hub):
    found = from_transformers("owner/net@v2")
    assert found.title == "net"
    assert {options["revision"] for _, _, options in hub.asked} == {"v2"}
    assert Classifier.asked[0][1]["revision"] == "v2"


def test_random_weights_are_asked_for(hub):
    found = from_transformers("owner/net@random")
    assert found.random_weights
    assert not is_trained(found)
    assert not Classifier.asked
    assert found.notes == ()
    assert {options["revision"] for _, _, options in hub.asked} == {None}


@pytest.mark.parametrize(("missing", "told"), [
    (["b", "a"], "2 weights missing there are random (a, b)"),
    ("dcba", "4 weights missing there are random (a, b, c, d)"),
    ("edcba", "5 weights missing there are random (a, b, c, d, …)"),
])  # fmt: skip
def test_weights_that_a_checkpoint_does_not_have_are_told(hub, missing, told):
    Classifier.missing = missing
    found = from_transformers("owner/net")
    assert found.notes == (told,)
    assert not found.random_weights


def test_without_a_checkpoint_the_weights_are_random_and_that_is_told(hub):
    Classifier.failure = ValueError("no file named model. Look elsewhere")
    found = from_transformers("owner/net")
    assert found.random_weights
    (note,) = found.notes
    assert "no file named model" in note
    assert "Look elsewhere" not in note


def test_images_of_any_shape_are_cropped_where_the_size_follows_them(hub):
    hub.processor = Processor()
    found = from_transformers("owner/net")
    height, width = found.input_size
    for shape in ((50, 300), (300, 50), (201, 403)):
        image = Image.fromarray(np.full((*shape, 3), 7, np.uint8))
        assert found.transform(image).shape == (3, height, width)
    gray = Image.fromarray(np.full((90, 90), 9, np.uint8))
    assert found.transform(gray).shape == (3, height, width)


def test_a_processor_that_does_not_normalize(hub):
    hub.processor = Processor((40, 30), normalizes=False)
    found = from_transformers("owner/net")
    assert (found.mean, found.std) == ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.mark.parametrize("error", [OSError("no"), ValueError("no"), ImportError("no")])
def test_without_a_processor_images_are_made_inputs_as_usual(hub, error):
    hub.processor = error
    found = from_transformers("owner/net")
    assert (found.transform, found.input_size) == (None, None)
    assert (found.mean, found.std) == (IMAGENET_MEAN, IMAGENET_STD)


def test_a_model_without_labels(hub):
    hub.config.id2label = None
    assert from_transformers("owner/net").class_names == ()


@pytest.mark.parametrize(("architectures", "told"), [
    (["NetModel", "NetForMaskedLM"], "'owner/net' is NetModel, NetForMaskedLM; hf: opens"),
    (None, "'owner/net' is of the type net; hf: opens"),
    (["OtherForImageClassification"], "is OtherForImageClassification; hf: opens"),
])  # fmt: skip
def test_what_takes_no_image_is_refused(hub, architectures, told):
    hub.config.architectures = architectures
    with pytest.raises(VrnnError, match="from_pretrained") as error:
        from_transformers("owner/net")
    assert told in str(error.value)


@pytest.mark.parametrize("kind", ["ForSemanticSegmentation", "ForObjectDetection"])
def test_models_of_other_kinds_that_take_an_image(hub, kind):
    hub.config.architectures = [f"Net{kind}"]
    setattr(hub.module, f"Net{kind}", type(f"Net{kind}", (Classifier,), {}))
    assert type(from_transformers("owner/net").model).__name__ == f"Net{kind}"


@pytest.mark.parametrize(
    "error", [OSError("no such. More"), ValueError("no such"), KeyError("no such")]
)
def test_what_is_no_model_is_told_in_a_sentence(hub, error):
    hub.config = error
    with pytest.raises(VrnnError, match=r"'owner/net' is not a model of Transformers: .*no such"):
        from_transformers("owner/net")


def test_a_hub_that_cannot_be_reached_is_told(hub):
    hub.config = NoWeightsError("there is no connection")
    with pytest.raises(VrnnError, match=r"'owner/net' cannot be read from the .* no connection"):
        from_transformers("owner/net")
    hub.config = SimpleNamespace(architectures=["NetForImageClassification"], id2label=None)
    Classifier.failure = NoWeightsError("it is too large")
    assert "it is too large" in from_transformers("owner/net").notes[0]


def test_without_transformers_a_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(transformers_models, "find_spec", lambda name: None)
    with pytest.raises(VrnnError, match=r"pip install 'vrnn\[hf\]'"):
        from_transformers("owner/net")
