"""Nodes of an ONNX graph get the names that the model's own modules had."""

from __future__ import annotations

from onnx import helper

from vrnn.compute.loading.onnx.node_names import module_paths

SCOPES = "pkg.torch.onnx.name_scopes"


def node(kind, name="", inputs=("x",), scopes=None):
    made = helper.make_node(kind, list(inputs), ["y"], name)
    if scopes is not None:
        entry = made.metadata_props.add()
        entry.key, entry.value = SCOPES, repr(scopes)
    return made


def test_names_with_slashes():
    paths = module_paths(
        [
            node("Conv", "/layer1/layer1.0/conv1/Conv"),
            node("Relu", "/layer1/layer1.0/relu/Relu"),
            node("Add", "/layer1/layer1.0/Add"),
            node("Div", "/blocks/blocks.0/act/Div"),
            node("Erf", "/blocks/blocks.0/act/Erf"),
            node("Flatten", "/Flatten"),
        ],
        (),
    )
    assert paths == [
        "layer1.0.conv1", "layer1.0.relu", "layer1.0.add", "blocks.0.act.div", "blocks.0.act.erf",
        "flatten",
    ]  # fmt: skip


def test_scopes_of_torchs_exporter():
    paths = module_paths(
        [
            node("Conv", "node_Conv_3", ("x", "layer1.0.conv1.weight"),
                 ["", "layer1", "layer1.0", "layer1.0.bn1", "batch_norm"]),
            node("Relu", "node_relu", ("a",), ["", "layer1", "layer1.0.relu", "relu"]),
            node("Relu", "node_relu_1", ("b",), ["", "layer1", "layer1.0.relu", "relu_1"]),
            node("Add", "node_add", ("a", "b"), ["", "layer1", "layer1.0", "add"]),
        ],
        {"layer1.0.conv1.weight"},
    )  # fmt: skip
    assert paths == ["layer1.0.conv1", "layer1.0.relu", "layer1.0.relu_1", "layer1.0.add"]


def test_names_by_weights_and_without_any():
    paths = module_paths(
        [
            node("Conv", "Conv_0", ("x", "conv2d_10.w_0")),
            node("Conv", "p2o.Conv.1", ("a", "p")),
            node("Conv", "", ("b", "q")),
            node("Add", "residual sum", ("a", "b")),
        ],
        {"conv2d_10.w_0", "p", "q"},
    )
    assert paths == ["conv2d_10", "conv", "conv_1", "residual_sum"]


def test_no_name_is_twice_or_begins_another():
    paths = module_paths(
        [
            node("Add", "/a/Add"),
            node("Add", "/a/b/Add"),
            node("Add", "/a/Add_1"),
            node("Mul", "/a/b/c/Mul"),
            node("Conv", "", ("x", "a.add.weight")),
        ],
        {"a.add.weight"},
    )
    assert len(set(paths)) == len(paths)
    assert not any(one.startswith(f"{other}.") for one in paths for other in paths)
