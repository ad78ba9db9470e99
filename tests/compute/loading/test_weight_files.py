"""Weights files of all kinds: what can be used is, and for the rest there is one sentence."""

from __future__ import annotations

import os
import pickle
import warnings

import pytest
import torch
from torch import nn

from vrnn.compute.loading.weights import load_weights
from vrnn.errors import VrnnError


def build() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def load(tmp_path):
    """Saves a state_dict and loads it into a model of zeros; gives the model and the notes."""

    def run(state):
        path = tmp_path / "weights.pt"
        torch.save(state, path)
        model = build()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()
        return model, load_weights(model, path)

    return run


def test_sparse_weights_are_made_dense(load):
    state = build().state_dict()
    model, notes = load({**state, "0.weight": state["0.weight"].to_sparse()})
    assert notes == ()
    assert torch.equal(model[0].weight, build()[0].weight)


@pytest.mark.filterwarnings("ignore")
def test_quantized_weights_are_made_plain(load):
    state = build().state_dict()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantized = torch.quantize_per_tensor(state["0.weight"], 0.01, 0, torch.qint8)
        model, notes = load({**state, "0.weight": quantized})
    assert notes == ()
    assert torch.allclose(model[0].weight, build()[0].weight, atol=0.006)


def test_keys_that_are_no_text_name_no_weight(load):
    model, notes = load({**build().state_dict(), 5: torch.zeros(3)})
    assert notes == ()
    assert torch.equal(model[1].bias, build()[1].bias)
    with pytest.raises(VrnnError, match="holds no weights by name"):
        load({1: torch.zeros(3)})


def test_shapes_without_values(load):
    with pytest.raises(VrnnError, match="shapes without values"):
        load({name: t.to("meta") for name, t in build().state_dict().items()})


class Harmful:
    def __reduce__(self):
        return (os.mkdir, ("harm",))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "HDF5"),
        (b"GGUF" + bytes(99), "GGUF"),
        (b"\x08\x08\x12\x07pytorch" + bytes(99), "ONNX"),
        (b"", "damaged or was not written by torch"),
        (b"[1, 2]", "damaged or was not written by torch"),
        (b"import os\n", "damaged or was not written by torch"),
        (b"PK\x03\x04" + bytes(99), "damaged"),
        (pickle.dumps({"a": Harmful()}), "never run"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_files_that_hold_no_weights(tmp_path, monkeypatch, content, says):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    with pytest.raises(VrnnError, match=says) as caught:
        load_weights(build(), path)
    assert "weights.pt" in str(caught.value)
    assert not (tmp_path / "harm").exists()


def test_safetensors_are_known_by_their_content(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "weights.bin"
    save_file(build().state_dict(), path)
    assert load_weights(build(), path) == ()


def test_a_torchscript_archive_is_named(tmp_path):
    path = tmp_path / "weights.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), path)
    with pytest.raises(VrnnError, match="TorchScript archive"):
        load_weights(build(), path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(VrnnError, match="it is a pipe"):
        load_weights(build(), tmp_path / "pipe")


def test_a_module_that_does_not_take_its_weights_is_told_in_a_sentence(tmp_path):
    class Strict(nn.Linear):
        def _load_from_state_dict(self, *args):
            raise KeyError("no such thing\nand more")

    path = tmp_path / "weights.pt"
    torch.save(nn.Sequential(nn.Linear(4, 3)).state_dict(), path)
    with pytest.raises(VrnnError, match=r"cannot be put into this model: .*no such thing") as told:
        load_weights(nn.Sequential(Strict(4, 3)), path)
    assert "\n" not in str(told.value)


def test_of_two_prefixes_that_fit_the_one_that_fits_more_is_taken(load):
    weights = build().state_dict()
    few = {f"other.{key}": value for key, value in weights.items() if key.startswith("0")}
    many = {f"module.{key}": value for key, value in weights.items()}
    model, notes = load({**few, **many})
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())
    assert notes
