"""ONNX files open as torch modules that onnxruntime confirms; the rest onnxruntime runs itself."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from tests.support.onnx_files import (
    branch_node,
    conv_nodes,
    conv_weights,
    save_branching,
    save_graph,
)
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.onnx.agreement import difference
from vrnn.compute.loading.onnx.models import from_onnx
from vrnn.compute.loading.onnx.network import OnnxNetwork
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.network.results import Ablation


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.onnx"


def expected(path, x):
    return onnxruntime.InferenceSession(str(path)).run(None, {"x": x})[0]


def image(*shape):
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


def network_of(path, **source):
    return LoadedModel(open_source(ModelSpec(str(path), **source)), "layers")


def test_a_file_opens_as_modules_with_the_names_of_its_weights(path):
    save_graph(path, conv_nodes(), {"features.0.weight": conv_weights()})
    loaded = network_of(path)
    names = [node.name for node in loaded.network.nodes]
    assert names == ["input", "features.0", "globalaveragepool"]
    assert loaded.source.title == "net"
    assert loaded.source.parameters == 108
    assert loaded.source.notes[0].startswith("ONNX, opset 17: its output agrees with onnxruntime's")
    x = image(1, 3, 8, 8)
    assert difference(loaded.source.model(torch.from_numpy(x)), expected(path, x)) < 1e-6


def test_gradients_flow_through_what_is_converted(path):
    save_graph(path, conv_nodes(), {"features.0.weight": conv_weights()})
    x = torch.from_numpy(image(1, 3, 8, 8)).requires_grad_()
    from_onnx(path).model(x).sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_open_axes_are_filled_in_and_told(path):
    constants = {"features.0.weight": conv_weights()}
    save_graph(path, conv_nodes(), constants, shape=("batch", 3, "height", "width"))
    source = open_source(ModelSpec(str(path)))
    assert any("taken is x 1×3×224×224; --input-size" in note for note in source.notes)
    source = open_source(ModelSpec(str(path), input_size=(30, 40)))
    assert source.image_slot.shape[-2:] == (30, 40)
    assert not any("leaves sizes open" in note for note in source.notes)


def test_sizes_are_tried_until_one_fits(path):
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    shape = np.array([1, 3 * 48 * 320])
    save_graph(path, nodes, {"shape": shape}, shape=(1, 3, None, None))
    assert from_onnx(path).example_input[0].shape == (1, 3, 48, 320)


def test_an_image_goes_in_where_the_example_is_made_up(path):
    save_graph(path, conv_nodes(), {"features.0.weight": conv_weights()}, shape=(1, 3, 32, 32))
    source = open_source(ModelSpec(str(path)))
    prepared = source.prepare(None)
    assert source.takes_images
    assert prepared.image is not None


def test_class_names_in_the_metadata(path):
    constants = {"features.0.weight": conv_weights()}
    save_graph(path, conv_nodes(), constants, metadata={"names": "{0: 'cat', 1: 'dog'}"})
    assert from_onnx(path).class_names == ("cat", "dog")
    save_graph(path, conv_nodes(), constants, metadata={"character": "a\nb\nc\n"})
    assert from_onnx(path).class_names == ("a", "b", "c")
    save_graph(path, conv_nodes(), constants, metadata={"classes": '["x", "y"]', "imgsz": "[8, 8]"})
    assert from_onnx(path).class_names == ("x", "y")
    save_graph(path, conv_nodes(), constants)
    assert from_onnx(path).class_names == ()


def test_what_is_not_converted_is_run_by_onnxruntime(path):
    loaded = network_of(save_branching(path))
    by_name = {node.name: node for node in loaded.network.nodes}
    edges = {(edge.source, edge.target) for edge in loaded.network.edges}
    assert (by_name["conv1"].id, by_name["branch"].id) in edges
    assert (by_name["branch"].id, by_name["conv2"].id) in edges
    assert by_name["branch"].shape == (4, 8, 8)
    assert not loaded.view.trace.inside_scripts
    assert any("onnxruntime runs one node (branch)" in note for note in loaded.source.notes)
    for scale in (1.0, -5.0):
        x = image(1, 3, 8, 8) * np.float32(scale)
        with torch.no_grad():
            assert difference(loaded.source.model(torch.from_numpy(x)), expected(path, x)) < 1e-6


@pytest.mark.parametrize("layer", ["conv1", "branch"])
def test_what_is_ablated_changes_what_onnxruntime_makes_of_it(path, layer):
    loaded = network_of(save_branching(path))
    ids = {node.name: node.id for node in loaded.network.nodes}
    retraced = []

    def run(ablations=()):
        result = loaded.run(None, lambda node, maps: None, lambda: retraced.append(1), ablations)
        return {name: result.maps[i].values.astype(float) for name, i in ids.items()}

    before, after = run(), run((Ablation(layer, (0,)),))
    assert not retraced
    assert not after[layer][0].any()
    assert before[layer][0].any()
    assert not np.array_equal(before["conv2"], after["conv2"])
    assert np.array_equal(before["input"], after["input"])
    again = run()
    assert all(np.array_equal(again[name], before[name]) for name in ids)


def test_edges_are_those_that_autograd_would_find(path):
    loaded = network_of(save_branching(path))
    assert loaded.check_edges(lambda: None) == ()


def test_no_gradient_flows_through_onnxruntime_and_that_is_told(path):
    model = from_onnx(save_branching(path)).model
    x = torch.from_numpy(image(1, 3, 8, 8)).requires_grad_()
    with pytest.raises(VrnnError, match=r"no gradient flows through 'branch' \(If\)"):
        model(x).sum().backward()


@pytest.mark.parametrize("factor", [1, 0])
def test_a_node_that_is_converted_wrongly_is_replaced(path, monkeypatch, factor):
    from vrnn.compute.loading.onnx import operations

    # Times zero the whole agrees; then node by node is compared.
    nodes = [*conv_nodes("p"), helper.make_node("Mul", ["p", "factor"], ["y"])]
    constants = {"features.0.weight": conv_weights(), "factor": np.array(factor, np.float32)}
    save_graph(path, nodes, constants)
    convert = operations._convert

    def wrong(group, constants, opset):
        made = convert(group, constants, opset)
        is_relu = made.nodes[0].op_type == "Relu"
        return replace(made, module=torch.nn.LeakyReLU(0.5)) if is_relu else made

    monkeypatch.setattr(operations, "_convert", wrong)
    candidate = from_onnx(path)
    assert [call.module.kind for call in candidate.model.runtime_calls()] == ["Relu"]
    x = image(1, 3, 8, 8)
    with torch.no_grad():
        assert difference(candidate.model(torch.from_numpy(x)), expected(path, x)) < 1e-6


def test_a_product_and_its_bias_are_run_by_onnxruntime_together(path):
    nodes = [helper.make_node("MatMul", ["x", "w"], ["a"]),
             helper.make_node("Add", ["a", "b"], ["y"])]  # fmt: skip
    save_graph(path, nodes, {"w": image(8, 5), "b": image(5)})
    model = from_onnx(path).model
    (call,) = model.calls
    x = image(1, 3, 8, 8)
    model._constants = {"w": call.module.weight.detach().numpy().T, "b": image(5)}
    model.replace(call)
    with torch.no_grad():
        assert difference(model(torch.from_numpy(x)), expected(path, x)) < 1e-6


def test_a_copy_of_a_network_runs_alone(path):
    model = from_onnx(save_branching(path)).model
    x = torch.from_numpy(image(1, 3, 8, 8))
    with torch.no_grad():
        before = model(x)
        twin = copy.deepcopy(model)
        twin.get_submodule("conv1").weight.zero_()
        assert not torch.equal(twin(x), before)
        assert torch.equal(model(x), before)
        # bfloat16, in which feature visualization may compute, goes in as float32.
        branch = model.get_submodule("branch")
        given = [torch.tensor(True), x.bfloat16(), torch.ones((), dtype=torch.bfloat16)]
        assert branch(*given)[0].dtype == torch.float32


def _network(path, nodes, constants, **options):
    save_graph(path, nodes, constants, **options)
    return from_onnx(path)


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        # A product and its bias are one layer; the left factor as a weight is none.
        ([("MatMul", ["x", "w"], ["a"]), ("Add", ["a", "b"], ["y"])],
         {"w": (8, 5), "b": (5,)}),
        ([("MatMul", ["w", "x"], ["y"])], {"w": (5, 8)}),
        ([("MatMul", ["x", "w"], ["y"])], {"w": (3, 8, 4)}),
        ([("Add", ["b", "x"], ["a"]), ("Mul", ["a", "g"], ["y"])], {"b": (8,), "g": (3, 1, 1)}),
        ([("LayerNormalization", ["x", "g", "b"], ["y"])], {"g": (8,), "b": (8,)}),
        ([("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"])],
         {"s": (3,), "b": (3,), "m": (3,), "v": (3,)}),
        ([("Clip", ["x", "", "high"], ["y"])], {"high": ()}),
        ([("Identity", ["x"], ["a"]), ("Identity", ["g"], ["h"]), ("Mul", ["a", "h"], ["y"])],
         {"g": (3, 1, 1)}),
    ],
)  # fmt: skip
def test_nodes_agree_with_onnxruntime(path, nodes, constants):
    made = {name: abs(image(*shape)) for name, shape in constants.items()}
    candidate = _network(path, [helper.make_node(*node) for node in nodes], made)
    x = image(1, 3, 8, 8)
    result = candidate.model(torch.from_numpy(x))
    assert difference(result, expected(path, x)) < 1e-6
    assert not candidate.model.runtime_calls()


def test_settings_are_no_parameters(path):
    nodes = [helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")]
    candidate = _network(path, nodes, {"scales": np.array([1, 1, 2, 2], np.float32)})
    assert not list(candidate.model.parameters())
    assert not candidate.model.runtime_calls()


def test_a_norm_that_says_that_it_does_not_train(path):
    nodes = [helper.make_node("BatchNormalization", ["x", *"sbmv"], ["y"], training_mode=0)]
    candidate = _network(path, nodes, {name: abs(image(3)) for name in "sbmv"})
    assert not candidate.model.runtime_calls()


@pytest.mark.parametrize("index", [2, -1, [1, -2, 0], [[0, 1], [2, -3]]])
@pytest.mark.parametrize("axis", [0, 3, -2])
def test_gather(path, index, axis):
    if axis == 0:
        index = np.zeros_like(index)
    nodes = [helper.make_node("Gather", ["x", "i"], ["y"], axis=axis)]
    candidate = _network(path, nodes, {"i": np.array(index)})
    x = image(1, 3, 8, 8)
    assert np.array_equal(candidate.model(torch.from_numpy(x)).numpy(), expected(path, x))


@pytest.mark.parametrize(
    ("start", "end", "axis", "step"),
    [(1, 5, 2, 2), (-1, -9, 3, -1), (6, 0, 2, -2), (-3, 99, 3, 1), (2, 2**62, 3, 3)],
)
def test_slices(path, start, end, axis, step):
    constants = {k: np.array([v]) for k, v in {"s": start, "e": end, "a": axis, "t": step}.items()}
    nodes = [helper.make_node("Slice", ["x", "s", "e", "a", "t"], ["y"])]
    candidate = _network(path, nodes, constants)
    x = image(1, 3, 8, 8)
    assert np.array_equal(candidate.model(torch.from_numpy(x)).numpy(), expected(path, x))


def test_several_inputs_and_outputs_keep_their_names(path):
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("Unsqueeze", ["attention_mask", "axis"], ["m"]),
        helper.make_node("Cast", ["m"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["words", "f"], ["hidden"]),
        helper.make_node("ReduceMean", ["hidden"], ["pooled"], axes=[1], keepdims=0),
    ]
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ("batch", "steps"))
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in ("hidden", "pooled")
    ]
    import onnx

    tables = [
        onnx.numpy_helper.from_array(image(30, 6), "table"),
        onnx.numpy_helper.from_array(np.array([2]), "axis"),
    ]
    graph = helper.make_graph(nodes, "graph", ids, outputs, tables)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))
    candidate = from_onnx(path)
    assert any("placeholder numbers go in (input_ids 1×16" in note for note in candidate.notes)
    result = candidate.model(*candidate.example_input)
    assert list(result) == ["hidden", "pooled"]
    loaded = network_of(path)
    assert [n.name for n in loaded.network.nodes][:2] == ["input_ids", "attention_mask"]


def test_an_if_reads_values_from_outside_of_its_branches():
    from vrnn.compute.loading.onnx.graph import outside_names

    assert outside_names([branch_node("a", "b")]) == ["positive", "a", "one"]


def test_random_numbers_are_drawn_by_onnxruntime(path):
    nodes = [helper.make_node("RandomNormalLike", ["x"], ["r"]),
             helper.make_node("Add", ["x", "r"], ["y"])]  # fmt: skip
    calls = _network(path, nodes, {}).model.runtime_calls()
    assert [call.module.kind for call in calls] == ["RandomNormalLike"]


def test_a_session_keeps_the_file_by_its_whole_path(path, monkeypatch):
    from vrnn.network.model_code import model_code
    from vrnn.network.model_spec import model_files
    from vrnn.workspace.workspace_file import _model_entry

    monkeypatch.chdir(path.parent)
    spec = ModelSpec("net.onnx")
    assert model_files(spec)[0].name == "net.onnx"
    assert _model_entry(spec).model == str(path.resolve())
    assert model_code("net.onnx") is None


def test_weights_are_freed_of_the_file(path):
    model = from_onnx(save_branching(path)).model
    assert isinstance(model, OnnxNetwork)
    assert not model._constants
    assert not model._tensors
