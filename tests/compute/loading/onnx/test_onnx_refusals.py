"""ONNX files that cannot be opened: for each there is one sentence."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.support.onnx_files import conv_nodes, conv_weights, save_graph
from vrnn.cli.main import main
from vrnn.compute.loading.onnx import onnx_file
from vrnn.compute.loading.onnx.models import from_onnx
from vrnn.errors import VrnnError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.onnx"


def refusal(path, size=None):
    with pytest.raises(VrnnError) as caught:
        from_onnx(path, size)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 600
    return text


def save(path, **options):
    return save_graph(path, conv_nodes(), {"features.0.weight": conv_weights()}, **options)


def test_the_command_line_ends_with_one_sentence(tmp_path, capsys):
    assert main(["graph", "--model", str(tmp_path / "none.onnx")]) == 2
    assert "there is no ONNX file" in capsys.readouterr().err


def test_the_extra_is_not_installed(path, monkeypatch):
    save(path)
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None if name == "onnxruntime" else 1)
    assert refusal(path) == "onnxruntime is not installed; run: pip install 'vrnn[onnx]'"
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    assert refusal(path).startswith("onnx and onnxruntime and onnx2pytorch are not installed")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no ONNX graph"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"<!DOCTYPE html><html></html>", "is a web page, not an ONNX model"),
        (b"\x80\x04garbage", "cut short, damaged or no ONNX model"),
        (b"PK\x03\x04" + bytes(99), "no ONNX"),
    ],
)
def test_files_that_are_no_models(path, content, says):
    path.write_bytes(content)
    assert says in refusal(path)


def test_a_folder(path):
    path.mkdir()
    assert "folder" in refusal(path)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.97])
def test_a_file_that_is_cut_short(path, part):
    content = save(path).read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    assert "export it again" in refusal(path)


def save_external(path):
    model = onnx.load(save(path))
    onnx.save(
        model, str(path), save_as_external_data=True, location="weights.bin", size_threshold=0,
    )  # fmt: skip
    return path


def test_weights_beside_the_file(path):
    save_external(path)
    assert (path.parent / "weights.bin").is_file()
    assert from_onnx(path).notes


def test_weights_beside_the_file_are_missing(path):
    save_external(path)
    (path.parent / "weights.bin").unlink()
    assert "put 'weights.bin' into the folder" in refusal(path)


def test_weights_beside_the_file_are_cut_short(path):
    save_external(path)
    weights = path.parent / "weights.bin"
    weights.write_bytes(weights.read_bytes()[:100])
    assert "is cut short: 'features.0.weight' ends behind its 100 bytes" in refusal(path)


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "link.bin", ""])
def test_weights_outside_of_the_folder(path, location):
    save_external(path)
    folder = path.parent
    (folder.parent / "secret.bin").write_bytes(bytes(1000))
    (folder / "link.bin").symlink_to(folder.parent / "secret.bin")
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    path.write_bytes(model.SerializeToString())
    assert "outside of its folder" in refusal(path)


def test_an_unknown_operator(path):
    node = helper.make_node("Frobnicate", ["x"], ["y"], domain="com.acme")
    save_graph(path, [node], {}, domains=["com.acme"])
    assert "uses the operator com.acme:Frobnicate, which onnxruntime does not know" in refusal(path)
    save_graph(path, [helper.make_node("Frobnicate", ["x"], ["y"])], {})
    assert "uses the operator Frobnicate, which onnxruntime does not know" in refusal(path)


def test_versions_that_are_too_new(path):
    save(path, opset=99)
    assert "is of a newer version than onnxruntime reads" in refusal(path)
    save(path, ir_version=77)
    assert "is of a newer version than onnxruntime reads" in refusal(path)


def test_a_graph_that_makes_no_sense(path):
    save_graph(path, [helper.make_node("Relu", ["nothing"], ["y"])], {})
    assert refusal(path).startswith("onnxruntime cannot load")


def test_a_size_that_the_graph_does_not_take(path):
    save(path)
    assert "takes images of 8×8 pixels only; leave --input-size out" in refusal(path, (16, 16))


def test_open_sizes_that_nothing_fits(path):
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    save_graph(path, nodes, {"shape": np.array([1, 12345])}, shape=(1, 3, None, None))
    text = refusal(path)
    assert "does not take inputs of 1×3×224×224; " in text
    assert "give --input-size HxW" in text


def test_inputs_that_are_no_numbers(path):
    node = helper.make_node("Identity", ["x"], ["y"])
    save_graph(path, [node], {}, shape=(1,), kind=TensorProto.STRING)
    assert "only numbers can be put in" in refusal(path)


def test_inputs_without_axes(path):
    model = onnx.load(save(path))
    model.graph.input[0].type.tensor_type.ClearField("shape")
    onnx.save(model, str(path))
    assert "does not tell how many axes the input 'x' has" in refusal(path)


def test_a_model_without_inputs(path):
    save_graph(path, [helper.make_node("Relu", ["w"], ["y"])], {"w": conv_weights()})
    model = onnx.load(path)
    del model.graph.input[:]
    onnx.save(model, str(path))
    assert "has no inputs" in refusal(path)


def test_too_large(path, monkeypatch):
    save(path)
    monkeypatch.setattr(onnx_file, "MAX_NODES", 2)
    assert "has 3 nodes, more than 2" in refusal(path)
    monkeypatch.setattr(onnx_file, "MAX_FILE_BYTES", 100)
    assert "larger than" in refusal(path)


def test_external_weights_that_are_too_large(path, monkeypatch):
    save_external(path)
    monkeypatch.setattr(onnx_file, "MAX_EXTERNAL_BYTES", 100)
    assert "larger than" in refusal(path)
