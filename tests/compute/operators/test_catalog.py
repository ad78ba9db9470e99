"""What calls are, the names of their arguments, and their labels."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from vrnn.compute.operators.catalog import bind_arguments, identify, lookup, operation_label


def rand(*shape: int) -> torch.Tensor:
    return torch.rand(shape)


PRODUCTS = {
    "addmm": (torch.addmm, (rand(7), rand(4, 6), rand(6, 7)), {}),
    "addmm by name": (torch.addmm, (rand(4, 7),), {"mat1": rand(4, 6), "mat2": rand(6, 7)}),
    "method": (torch.Tensor.addmm, (rand(4, 7), rand(4, 6), rand(6, 7)), {}),
    "in place": (torch.Tensor.addmm_, (torch.zeros(4, 7), rand(4, 6), rand(6, 7)), {}),
    "addmv": (torch.addmv, (rand(4), rand(4, 6), rand(6)), {}),
    "addmv by name": (torch.addmv, (), {"input": rand(4), "mat": rand(4, 6), "vec": rand(6)}),
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_sum_with_a_product_is_a_linear_layer_of_what_is_bound(name):
    function, args, kwargs = PRODUCTS[name]
    operation, bound = identify(function, args, kwargs)
    assert operation == "linear"
    expected = F.linear(bound["input"], bound["weight"], bound["bias"])
    torch.testing.assert_close(function(*args, **kwargs), expected)


@pytest.mark.parametrize(("function", "names"), [
    (torch.baddbmm, ("batch1", "batch2")), (torch.addbmm, ("batch1", "batch2")),
    (torch.addr, ("vec1", "vec2")),
])  # fmt: skip
def test_other_sums_with_products_bind_their_factors_as_they_are(function, names):
    tensors = [rand(2) for _ in range(3)]
    by_name = dict(zip(("input", *names), tensors, strict=True))
    for args, kwargs in ((tensors, {}), ([], by_name), (tensors[:1], dict([*by_name.items()][1:]))):
        bound = bind_arguments(function, "matmul", args, kwargs)
        assert list(bound) == ["bias", "input", "weight"]
        assert all(a is b for a, b in zip(bound.values(), tensors, strict=True))


def convolution(dims: int, transposed: bool, *, groups: int = 1):
    """Arguments of `torch.convolution` for 4 channels, and the function that does the same."""
    x, shape = rand(1, 4, *[6] * dims), ((4, 6) if transposed else (8, 4 // groups))
    weight, same = rand(*shape, *[3, 2, 1][:dims]), [1] * dims
    name = f"conv_transpose{dims}d" if transposed else f"conv{dims}d"
    expected = getattr(F, name)(x, weight, None, 2, 1, **({} if transposed else {"groups": groups}))
    args = (x, weight, None, [2] * dims, same, same, transposed, [0] * dims, groups)
    return args, name, expected


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_convolution_is_that_of_as_many_axes(dims, transposed):
    args, name, expected = convolution(dims, transposed)
    overload = torch.ops.aten.convolution.default
    for function in (torch.convolution, overload):
        torch.testing.assert_close(function(*args), expected)
        operation, bound = identify(function, args, {})
        assert operation == name
        assert bound["stride"] == [2] * dims
        size = "×".join("321"[:dims])
        channels = "4→6" if transposed else "4→8"
        kind = "transposed conv" if transposed else "conv"
        assert operation_label(operation, bound, expected) == f"{kind} {size}, {channels}, stride 2"


def test_libraries_take_the_arguments_of_a_convolution_in_another_order():
    x, weight = rand(1, 4, 8, 8), rand(6, 2, 3, 3)
    args = (x, weight, rand(6), [1, 2], [2, 1], [1, 1], 2)
    operation, bound = identify(torch.mkldnn_convolution, args, {})
    expected = torch.mkldnn_convolution(*args)
    assert operation == "conv2d"
    torch.testing.assert_close(F.conv2d(**bound), expected)
    assert operation_label(operation, bound, expected) == "conv 3×3, 4→6, stride 2×1, 2 groups"
    _, bound = identify(torch.cudnn_convolution, (x, weight, 1, 2, 3, 2, False), {})
    assert (bound["padding"], bound["stride"], bound["dilation"], bound["groups"]) == (1, 2, 3, 2)


def test_arguments_of_an_operator_of_the_dispatcher_have_the_names_of_its_schema():
    x = rand(1, 4, 8, 8)
    bound = bind_arguments(torch.ops.aten.avg_pool2d.default, "avg_pool2d", (x, [2, 2], [1, 1]), {})
    assert list(bound) == ["input", "kernel_size", "stride"]
    assert bound["input"] is x
    bound = bind_arguments(torch.relu, "relu", (x,), {"other": 3})
    assert bound == {"other": 3}


def heads(*args, **kwargs):
    return identify(F.multi_head_attention_forward, args, kwargs)[1]


def test_multi_head_attention_binds_its_own_arguments():
    bound = heads(*"qkv", 8, 2, "w", "b", None, None, False, 0.1, "o", "p", training=False)
    assert bound == {
        "query": "q", "key": "k", "value": "v", "embed_dim_to_check": 8, "num_heads": 2,
        "in_proj_weight": "w", "in_proj_bias": "b", "bias_k": None, "bias_v": None,
        "add_zero_attn": False, "dropout_p": 0.1, "out_proj_weight": "o", "out_proj_bias": "p",
        "training": False,
    }  # fmt: skip
    _, bound = identify(F.scaled_dot_product_attention, tuple("qkvm"), {})
    assert bound == {"query": "q", "key": "k", "value": "v", "attn_mask": "m"}


LABELS = [
    ("conv2d", {"weight": rand(8, 4, 3, 5)}, (1, 8, 6, 6), "conv 3×5, 4→8"),
    ("conv2d", {"weight": rand(8, 1, 3, 3), "groups": 4}, (1, 8, 6, 6),
     "conv 3×3, 4→8, depthwise"),
    ("conv2d", {"weight": rand(8, 2, 3, 3), "groups": 2, "stride": (2, 2), "dilation": 3},
     (1, 8, 6, 6), "conv 3×3, 4→8, stride 2, dilation 3, 2 groups"),
    ("conv2d", {"weight": rand(8, 4, 1, 1), "stride": (1,), "dilation": (1, 2), "groups": None},
     (1, 8, 6, 6), "conv 1×1, 4→8, dilation 1×2"),
    ("conv1d", {"weight": rand(8, 4, 7), "stride": (4,)}, (1, 8, 6), "conv 7, 4→8, stride 4"),
    ("conv1d", {"weight": rand(8, 4)}, (1, 8), "conv"),
    ("conv1d", {}, (1, 8), "conv"),
    ("conv_transpose2d", {"weight": rand(4, 3, 2, 2), "groups": 2, "stride": 2}, (1, 6, 8, 8),
     "transposed conv 2×2, 4→6, stride 2, 2 groups"),
    ("linear", {"weight": rand(10, 4)}, (1, 10), "linear 4→10"),
    ("linear", {"weight": rand(4)}, (1,), "linear"),
    ("linear", {}, (1,), "linear"),
    ("max_pool2d", {"kernel_size": 3, "stride": 1}, (1, 4, 6, 6), "max pool 3×3"),
    ("max_pool2d", {"kernel_size": (3, 2), "stride": None}, (1, 4, 6, 6),
     "max pool 3×2, stride 3×2"),
    ("max_pool2d", {"kernel_size": (3,), "stride": []}, (1, 4, 6, 6), "max pool 3×3, stride 3"),
    ("max_pool2d", {"kernel_size": 1, "stride": ()}, (1, 4, 6, 6), "max pool 1×1"),
    ("avg_pool1d", {"stride": 2}, (1, 4, 6), "average pool, stride 2"),
    ("avg_pool3d", {"kernel_size": 2, "stride": (2, 1, 1)}, (1, 4, 6, 6, 6),
     "average pool 2×2×2, stride 2×1×1"),
    ("lp_pool1d", {"kernel_size": 4}, (1, 4, 6), "power-average pool 4, stride 4"),
    ("adaptive_avg_pool1d", {}, (1, 4, 6), "average pool to 6"),
    ("adaptive_max_pool2d", {}, (4, 6, 7), "max pool to 6×7"),
    ("group_norm", {"num_groups": 8}, (1, 8), "group norm, 8 groups"),
    ("group_norm", {}, (1, 8), "group norm, ? groups"),
    ("attention", {"num_heads": 4}, (6, 2, 8), "attention, 4 heads"),
    ("attention", {"num_heads": 1}, (6, 2, 8), "attention"),
    ("attention", {}, (2, 3, 6, 8), "attention, 3 heads"),
    ("attention", {}, (2, 1, 6, 8), "attention"),
    ("attention", {}, (3, 6, 8), "attention"),
    ("interpolate", {}, (1, 3, 6), "resize to 6"),
    ("interpolate", {}, (1, 3, 6, 7), "resize to 6×7"),
    ("softmax", {}, (4,), "softmax"),
    ("add", {}, (4,), "add"),
    ("hardswish", {}, (4,), "hard swish"),
    ("a_new_thing", {}, (4,), "a new thing"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "arguments", "shape", "label"), LABELS)
def test_what_people_read_of_an_operation(operation, arguments, shape, label):
    assert operation_label(operation, arguments, torch.empty(shape)) == label


def test_what_is_not_in_the_catalog_has_a_name_only():
    unknown = lookup("a_new_thing")
    assert unknown.name == "a_new_thing"
    assert (unknown.label, unknown.role, unknown.channels, unknown.parameters) == (
        None, None, None, (),
    )  # fmt: skip
