"""Multiply-accumulates of single calls, against torch's counter and against plain counting."""

from __future__ import annotations

from math import prod

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from vrnn.compute.operators.macs import macs


def rand(*shape: int) -> torch.Tensor:
    return torch.rand(shape)


A, B, W = rand(5, 4, 6), rand(5, 6, 7), rand(9, 6)
COUNTED_BY_TORCH = [
    (torch.addmm, (), {"input": rand(4, 7), "mat1": A[0], "mat2": B[0]}),
    (torch.addmm, (rand(4, 7),), {"mat1": A[0], "mat2": B[0]}),
    (torch.baddbmm, (rand(5, 4, 7),), {"batch1": A, "batch2": B}),
    (torch.Tensor.addmm, (rand(4, 7), A[0], B[0]), {}),
    (torch.matmul, (A, B), {}),
    (torch.matmul, (A[None], B), {}),
    (torch.matmul, (A, B[0]), {}),
    (torch.matmul, (), {"input": A[0], "other": B[0]}),
    (torch.einsum, ("ij , jk -> ik", A[0], B[0]), {}),
    (torch.einsum, ("bij,bjk->bik", [A, B]), {}),
    (torch.einsum, ("b...j,bj...->b...", rand(3, 4, 6), rand(3, 6, 4)), {}),
    (F.linear, (A, W), {}),
    (F.linear, (A[0, 0], W), {}),
    (F.linear, (), {"input": A, "weight": W}),
    (F.conv1d, (rand(2, 4, 9), rand(6, 4, 3), rand(6), 2, 1), {}),
    (F.conv1d, (rand(2, 4, 9), rand(8, 1, 3), None, 1, 0, 1, 4), {}),
    (F.conv2d, (rand(2, 4, 9, 8), rand(6, 2, 3, 2)), {"groups": 2, "dilation": 2}),
    (F.conv2d, (), {"input": rand(2, 4, 9, 8), "weight": rand(6, 4, 1, 1)}),
    (F.conv3d, (rand(2, 4, 5, 6, 7), rand(6, 4, 3, 2, 1)), {}),
    (F.conv_transpose1d, (rand(2, 4, 9), rand(4, 5, 3)), {"stride": 2}),
    (F.conv_transpose2d, (rand(2, 4, 9, 8), rand(4, 5, 3, 2)), {}),
    (F.conv_transpose3d, (rand(2, 4, 5, 6, 7), rand(4, 5, 3, 2, 1)), {}),
]


@pytest.mark.parametrize("number", range(len(COUNTED_BY_TORCH)))
def test_a_call_is_counted_as_torch_counts_it(number):
    function, args, kwargs = COUNTED_BY_TORCH[number]
    with FlopCounterMode(display=False) as counter:
        result = function(*args, **kwargs)
    expected = counter.get_total_flops() // 2
    if function is torch.einsum and "b...j" in args[0]:
        expected = 3 * 4 * 6 * 4 if result.dim() == 3 else 3 * 4 * 6
    assert macs(function, args, kwargs, result) == expected > 0


def of(function, *args, **kwargs) -> int:
    return macs(function, args, kwargs, function(*args, **kwargs))


def test_products_that_torch_does_not_count():
    assert of(torch.mv, A[0], rand(6)) == 4 * 6
    assert of(torch.addmv, rand(4), A[0], rand(6)) == 4 * 6
    assert macs(torch.addmv, (rand(4),), {"mat": A[0], "vec": rand(6)}, rand(4)) == 4 * 6
    assert of(torch.matmul, rand(6), rand(6)) == 6
    assert macs(torch.Tensor.__rmatmul__, (B[0], A[0]), {}, A[0] @ B[0]) == 4 * 6 * 7
    assert of(torch.Tensor.addmm_, rand(4, 7), A[0], B[0]) == 4 * 7 * 6
    assert of(torch.addbmm, rand(4, 7), A, B) == 4 * 7 * 6


def test_sums_over_indices():
    assert of(torch.einsum, "ij->ji", A[0]) == 0
    assert of(torch.einsum, "i,i->", rand(6), rand(6)) == 6
    assert of(torch.einsum, "i,j->ij", rand(4), rand(6)) == 24
    assert of(torch.einsum, "i,ij,j->", rand(4), A[0], rand(6)) == 2 * 24
    assert of(torch.einsum, "...ij,...jk->...ik", rand(2, 3, 4, 6), rand(3, 6, 7)) == 2 * 3 * 168
    assert of(torch.einsum, "i...,i->i...", rand(4, 5, 3), rand(4)) == 4 * 5 * 3
    assert of(torch.einsum, "i...k,k...i->...", rand(4, 5, 3), rand(3, 5, 4)) == 60
    assert of(torch.einsum, A[0], [0, 1], [1, 0]) == 0


@pytest.mark.parametrize(
    ("query", "key", "value"),
    [((2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 4)), ((5, 8), (7, 8), (7, 4)),
     ((4, 5, 8), (4, 7, 8), (4, 7, 8))],
)  # fmt: skip
def test_attention_is_both_of_its_products(query, key, value):
    scores = prod(query[:-1]) * key[-2]
    expected = scores * query[-1] + scores * value[-1]
    attend = F.scaled_dot_product_attention
    assert of(attend, rand(*query), rand(*key), rand(*value)) == expected
    named = {"query": rand(*query), "key": rand(*key), "value": rand(*value)}
    assert of(attend, **named) == expected
    assert macs(attend, (named["query"],), {}, named["query"]) == 0
    assert macs(attend, (), {"query": named["query"], "key": named["key"]}, None) == 0
    assert macs(attend, (3, *map(rand, (4, 5))), {}, None) == 0


def test_attention_of_several_heads_counts_its_projections():
    queries, keys, samples, width = 5, 7, 3, 8
    query, key = rand(queries, samples, width), rand(keys, samples, width)
    args = (query, key, key, width, 2, rand(3 * width, width), rand(3 * width), None, None, False,
            0.0, rand(width, width), rand(width))  # fmt: skip
    projected = 2 * queries * samples * width**2 + 2 * keys * samples * width**2
    products = 2 * samples * queries * keys * width
    assert of(F.multi_head_attention_forward, *args) == projected + products
    single = (query[:, 0], key[:, 0], key[:, 0], *args[3:])
    assert of(F.multi_head_attention_forward, *single) == (projected + products) // samples


@pytest.mark.parametrize(("layer", "gates"), [
    (nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1),
    (lambda *a, **k: nn.RNN(*a, nonlinearity="relu", **k), 1),
])  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"bidirectional": True},
                                     {"bias": False}, {"batch_first": True}])  # fmt: skip
def test_recurrences_use_each_matrix_once_a_step(layer, gates, options):
    made = layer(6, 8, **options)
    found = []

    class Counting(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            found.append(macs(function, args, kwargs or {}, result))
            return result

    with Counting():
        made(rand(5, 2, 6))
    sides, layers = 1 + options.get("bidirectional", False), options.get("num_layers", 1)
    first = sides * gates * 8 * (6 + 8)
    more = (layers - 1) * gates * 8 * (8 + 8)
    assert sum(found) == 5 * 2 * (first + more)


def test_what_is_no_product_counts_nothing():
    for function, *args in (
        (torch.add, A, 1), (torch.relu, A), (F.max_pool1d, A, 2), (torch.split, A, 2),
        (F.layer_norm, A, (6,), rand(6)), (F.embedding, torch.tensor([1, 2]), W),
        (torch.zeros, 3), (F.prelu, A, rand(1)),
    ):  # fmt: skip
        assert of(function, *args) == 0, function
    assert macs(F.linear, (3, W), {}, 4) == 0
    assert macs(torch.lstm, (), {}, None) == 0
