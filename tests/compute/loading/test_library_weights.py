"""Trained weights of torchvision and timm: from a cache, a server, and when they cannot be had."""

from __future__ import annotations

import hashlib
import io
import re
import socket
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from tests.support.weight_server import COMMIT, WeightServer
from vrnn.compute.loading import downloads
from vrnn.compute.loading.download_progress import told_to
from vrnn.compute.loading.source import open_source
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec

allow_torchvision()
pytest.importorskip("timm")
MODEL = "torchvision:squeezenet1_1"
TIMM_MODEL, TIMM_REPO = "timm:test_resnet", "timm/test_resnet.r160_in1k"


class Code:
    """Pickled, it runs code when it is read."""

    def __reduce__(self):
        return print, ("code ran",)


@pytest.fixture
def server(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("no_proxy", "*")
    server = WeightServer()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE",
        server.url + "/{repo_id}/resolve/{revision}/{filename}",
    )  # fmt: skip
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    yield server
    server.close()


@pytest.fixture
def published(server, monkeypatch):
    """Serves weights for MODEL, of which a function tells whether a model has them."""
    allow_torchvision()
    from torchvision.models import SqueezeNet1_1_Weights as Weights
    from torchvision.models import squeezenet1_1

    torch.manual_seed(7)
    trained = squeezenet1_1().state_dict()
    content = _pickled(trained)
    file = f"squeezenet1_1-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    server.files[f"/models/{file}"] = content
    monkeypatch.setattr(Weights.IMAGENET1K_V1.value, "url", f"{server.url}/models/{file}")
    return lambda model: _equal(model.state_dict(), trained)


@pytest.fixture
def published_by_hub(server):
    """The same for TIMM_MODEL."""
    allow_torchvision()
    import timm

    torch.manual_seed(8)
    trained = timm.create_model("test_resnet").state_dict()
    server.files[f"/{TIMM_REPO}/resolve/main/model.safetensors"] = save(trained)
    return lambda model: _equal(model.state_dict(), trained)


def _pickled(value) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def _equal(state, other) -> bool:
    return all(torch.equal(value, other[name]) for name, value in state.items())


def _cached(tmp_path: Path) -> list[str]:
    return [file.name for file in (tmp_path / "torch" / "hub" / "checkpoints").glob("*")]


def _note(source) -> str:
    """The one sentence about missing weights of a model that is labeled as untrained."""
    assert source.random_weights
    (note,) = [note for note in source.notes if "random weights" in note]
    assert "\n" not in note
    return note


def test_trained_weights_are_downloaded_once(server, published):
    source = open_source(ModelSpec(MODEL))
    assert published(source.model)
    assert not source.random_weights
    assert (source.notes, source.title) == ((), "squeezenet1_1")
    assert len(source.class_names) == 1000
    assert len(source.dataset) >= 20
    server.close()
    assert published(open_source(ModelSpec(MODEL)).model)  # torch's cache
    assert published(open_source(ModelSpec(f"{MODEL}@IMAGENET1K_V1")).model)


@pytest.mark.parametrize("model", [MODEL, TIMM_MODEL])
def test_how_far_a_download_is_is_told(model, published, published_by_hub):
    said = []
    with told_to(said.append):
        open_source(ModelSpec(model))
    assert len(said) == len(set(said)) > 0
    assert all(re.fullmatch(r"downloading from 127.0.0.1: \d+% of \d+ MB", text) for text in said)
    shares = [int(text.split()[3].removesuffix("%")) for text in said]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    with told_to(said.append):
        count = len(said)
        open_source(ModelSpec(model))  # from the cache
    assert len(said) == count


def test_a_cache_that_holds_the_file_is_enough(server, published, tmp_path):
    ((path, content),) = server.files.items()
    server.close()
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / Path(path).name).write_bytes(content)
    assert published(open_source(ModelSpec(MODEL)).model)
    (folder / Path(path).name).write_bytes(content[:-9] + b"something")
    assert "is damaged; delete it" in _note(open_source(ModelSpec(MODEL)))


def test_random_weights_and_own_weights_download_nothing(server, published, tmp_path):
    for spec in (ModelSpec(f"{MODEL}@random"), ModelSpec(f"{TIMM_MODEL}@random")):
        source = open_source(spec)
        assert source.random_weights
        assert not [note for note in source.notes if "weights" in note]
    torch.save(source.model.state_dict(), tmp_path / "own.pt")
    own = open_source(ModelSpec(TIMM_MODEL, weights=tmp_path / "own.pt"))
    assert _equal(own.model.state_dict(), source.model.state_dict())
    assert not own.random_weights
    assert server.asked == []


def test_without_a_network_the_model_opens_with_random_weights(server, published, tmp_path):
    server.close()
    note = _note(open_source(ModelSpec(MODEL)))
    assert note.startswith("squeezenet1_1 opens with random weights: no connection to 127.0.0.1;")
    assert _cached(tmp_path) == []
    assert "no connection to 127.0.0.1" in _note(open_source(ModelSpec(TIMM_MODEL)))


def test_a_server_that_is_silent_is_not_waited_for(monkeypatch):
    ended = threading.Event()

    def connect(*_: object) -> None:
        ended.wait()
        raise OSError("closed")

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(downloads, "CONNECT_SECONDS", 0.05)
    assert not downloads.can_connect("https://127.0.0.1/file")
    ended.set()
    for thread in threading.enumerate():
        if thread.name == "vrnn-connect":
            thread.join()


def test_a_proxy_is_what_must_be_reached(server, monkeypatch):
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("https_proxy", server.url)
    assert downloads.can_connect("https://no.such.host.invalid/file")
    monkeypatch.delenv("https_proxy")
    monkeypatch.setenv("all_proxy", "")
    assert not downloads.can_connect("https://no.such.host.invalid/file")


@pytest.mark.parametrize("fault", ["cut", "other bytes", "missing"])
def test_what_a_server_does_wrong_is_told(server, published, tmp_path, fault):
    (path,) = server.files
    server.sent_share = 0.5 if fault == "cut" else 1.0
    server.files = {path: b"other bytes"} if fault == "other bytes" else server.files
    server.files = {} if fault == "missing" else server.files
    note = _note(open_source(ModelSpec(MODEL)))
    assert ("answered 404" if fault == "missing" else "incomplete or not what was") in note
    assert _cached(tmp_path) == []


def test_a_full_disk_is_told(server, published, tmp_path, monkeypatch):
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    monkeypatch.setattr(torch.hub, "open", lambda *_: Path("/dev/full").open("r+b"), raising=False)  # noqa: SIM115
    monkeypatch.setattr(torch.hub.os, "remove", lambda *_: None)
    note = _note(open_source(ModelSpec(MODEL)))
    assert f"no space is left in '{tmp_path / 'torch' / 'hub' / 'checkpoints'}'" in note


def test_code_in_weights_never_runs(server, published, monkeypatch, capsys):
    from torchvision.models import SqueezeNet1_1_Weights as Weights

    content = _pickled({"classifier.1.weight": Code()})
    file = f"/evil-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    server.files[file] = content
    monkeypatch.setattr(Weights.IMAGENET1K_V1.value, "url", server.url + file)
    assert "damaged" in _note(open_source(ModelSpec(MODEL)))
    assert "code ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "model", [TIMM_MODEL, f"{TIMM_MODEL}.r160_in1k", f"{TIMM_MODEL}@r160_in1k"]
)
def test_the_hub_s_weights_are_downloaded_once(server, published_by_hub, model):
    source = open_source(ModelSpec(model))
    assert published_by_hub(source.model)
    assert (source.random_weights, source.notes) == (False, ())
    assert len(source.class_names) == 1000
    server.close()
    assert published_by_hub(open_source(ModelSpec(model)).model)  # the hub's cache


@pytest.mark.parametrize("fault", ["cut", "other hash", "missing", "damaged"])
def test_what_the_hub_does_wrong_is_told(server, published_by_hub, tmp_path, fault):
    (path,) = server.files
    server.sent_share = 0.5 if fault == "cut" else 1.0
    server.etag = "0" * 64 if fault == "other hash" else ""
    server.files = {} if fault == "missing" else server.files
    server.files = {path: b"no weights at all"} if fault == "damaged" else server.files
    expected = {
        "cut": "incomplete", "other hash": "damaged", "missing": "missing", "damaged": "damaged"
    }  # fmt: skip
    assert expected[fault] in _note(open_source(ModelSpec(TIMM_MODEL)))
    assert not (tmp_path / "hub" / "blobs" / ("0" * 64)).exists()


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (f"{MODEL}@IMAGENET1K_V9", "has no weights 'IMAGENET1K_V9'; similar names: IMAGENET1K_V1"),
        (f"{TIMM_MODEL}@r160_in2k", "has no weights 'r160_in2k'; similar names: r160_in1k"),
        (f"{TIMM_MODEL}.r160_in2k", "has no weights 'r160_in2k'"),
        ("torchvision:squeezenet9", "similar names: squeezenet1_1"),
    ],
)
def test_unknown_weights_are_told_with_similar_ones(model, told):
    with pytest.raises(VrnnError) as caught:
        open_source(ModelSpec(model))
    assert told in str(caught.value)


def _save_hub_model(folder: Path, model) -> None:
    """Put a model into the hub's cache, as if it had been downloaded."""
    from transformers import ViTImageProcessor

    snapshot = folder / "hub" / "models--someone--tiny" / "snapshots" / COMMIT
    model.save_pretrained(snapshot)
    ViTImageProcessor(size={"height": 64, "width": 64}).save_pretrained(snapshot)
    refs = snapshot.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text(COMMIT)


@pytest.fixture
def hub_models(server):
    """Makers of tiny models of Transformers, by what they answer."""
    pytest.importorskip("transformers")
    allow_torchvision()
    from transformers import (
        ResNetConfig,
        ResNetForImageClassification,
        SegformerConfig,
        SegformerForSemanticSegmentation,
        YolosConfig,
        YolosForObjectDetection,
    )

    server.close()
    labels = {0: "cat, house cat", 1: "dog", 2: "bird"}
    options = {"id2label": labels, "label2id": {v: k for k, v in labels.items()}}
    resnet = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], **options)
    segformer = SegformerConfig(
        hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], decoder_hidden_size=16,
        num_attention_heads=[1, 1, 2, 2], **options,
    )  # fmt: skip
    yolos = YolosConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        image_size=[64, 64], num_detection_tokens=5, **options,
    )  # fmt: skip
    return {
        "classification": lambda: ResNetForImageClassification(resnet),
        "segmentation": lambda: SegformerForSemanticSegmentation(segformer),
        "detection": lambda: YolosForObjectDetection(yolos),
    }


@pytest.mark.parametrize("kind", ["classification", "segmentation", "detection"])
def test_models_of_transformers_open_from_the_cache(hub_models, tmp_path, kind):
    torch.manual_seed(3)
    model = hub_models[kind]()
    _save_hub_model(tmp_path, model)
    source = open_source(ModelSpec("hf:someone/tiny"))
    assert type(source.model) is type(model)
    assert _equal(source.model.state_dict(), model.state_dict())
    assert (source.random_weights, source.title) == (False, "tiny")
    assert source.class_names == ("cat", "dog", "bird")
    prepared = source.prepare(None)
    with torch.no_grad():
        result = source.model.eval()(*prepared.inputs.args, **prepared.inputs.kwargs)
    assert result.logits.isfinite().all()
    assert prepared.image.shape == (64, 64, 3)
    assert open_source(ModelSpec("hf:someone/tiny@random")).random_weights


def test_models_of_transformers_without_their_weights(hub_models, tmp_path):
    model = hub_models["classification"]()
    _save_hub_model(tmp_path, model)
    (weights,) = (tmp_path / "hub").glob("**/*.safetensors")
    content = weights.read_bytes()
    weights.write_bytes(content[:1000])
    assert "random weights" in _note(open_source(ModelSpec("hf:someone/tiny")))
    weights.unlink()
    assert "no connection" in _note(open_source(ModelSpec("hf:someone/tiny")))
    with pytest.raises(VrnnError, match=r"'other/one' cannot be read .* no connection"):
        open_source(ModelSpec("hf:other/one"))


ARRAYS_MODEL = "vit_tiny_patch16_224"


@pytest.fixture
def arrays(server, monkeypatch):
    """Serves weights of ARRAYS_MODEL as `.npz`; a function tells whether a model has them."""
    import timm
    from timm.models import _registry

    trained = timm.create_model(ARRAYS_MODEL, depth=1, num_classes=21843)
    biases = np.random.default_rng(0).normal(size=21843).astype(np.float32)
    stream = io.BytesIO()
    np.savez(stream, **{"head/bias": biases, "embedding/kernel": np.zeros((16, 16, 3, 192))})
    server.files["/arrays/Ti_16.npz"] = stream.getvalue()

    def load(self, path, prefix=""):
        """Only the bias: the real file has all of them, under the names of another library."""
        with np.load(path) as found, torch.no_grad():
            self.head.bias.copy_(torch.from_numpy(found["head/bias"][: len(self.head.bias)]))

    monkeypatch.setattr(type(trained), "load_pretrained", load)
    config = _registry.get_pretrained_cfg(f"{ARRAYS_MODEL}.augreg_in21k_ft_in1k")
    other = replace(config, url=f"{server.url}/arrays/Ti_16.npz", hf_hub_id=None, custom_load=True)
    for name in (ARRAYS_MODEL, f"{ARRAYS_MODEL}.augreg_in21k_ft_in1k"):
        monkeypatch.setitem(_registry._model_pretrained_cfgs, name, other)
    default = _registry._model_default_cfgs[ARRAYS_MODEL]
    monkeypatch.setitem(default.cfgs, "augreg_in21k_ft_in1k", other)
    return lambda model: np.array_equal(model.head.bias.detach(), biases[:1000])


def test_weights_of_arrays_are_downloaded_once(server, arrays, tmp_path):
    spec = ModelSpec(f"timm:{ARRAYS_MODEL}")
    source = open_source(spec)
    assert arrays(source.model)
    assert not source.random_weights
    assert _cached(tmp_path) == ["Ti_16.npz"]
    server.close()
    assert arrays(open_source(spec).model)
    file = tmp_path / "torch" / "hub" / "checkpoints" / "Ti_16.npz"
    file.write_bytes(file.read_bytes()[:-30])
    assert "is damaged; delete it" in _note(open_source(spec))


def test_without_a_server_arrays_are_missed_in_one_sentence_that_names_it(server, arrays):
    server.close()
    source = open_source(ModelSpec(f"timm:{ARRAYS_MODEL}"))
    assert "no connection to 127.0.0.1; connect" in _note(source)
    assert not arrays(source.model)
