"""Tensors wherever a model puts them: which are found, in which order, and how deep."""

from __future__ import annotations

from collections import OrderedDict, deque, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.distributions import Categorical, Independent, Normal

from vrnn.compute.tracing.tensors import (
    MAX_DEPTH,
    innermost_tensor,
    is_wrapped,
    kind_of,
    list_tensors,
    outside_transforms,
    plain_tensor,
    result_tensors,
    storage_of,
    tensors_in,
    version_of,
    versions_of,
)

A, B, C = torch.zeros(1), torch.ones(2), torch.full((3,), 2.0)
Pair = namedtuple("Pair", "left right")


@dataclass
class Data:
    first: object
    second: object


class Slots:
    __slots__ = ("__hidden", "__weakref__", "second", "unset")

    def __init__(self, first, second):
        self.__hidden, self.second = first, second


class MoreSlots(Slots):
    __slots__ = "third"

    def __init__(self, *values):
        super().__init__(*values[:2])
        self.third = values[2]


class _Marked:
    __slots__ = ("__inner",)

    def __init__(self, inner):
        self.__inner = inner


class DynamicCache:
    """A cache as language models return it."""

    def __init__(self, **held):
        self.__dict__.update(held)


HOLDERS = {
    "a tensor": (A, [A]),
    "a parameter": (nn.Parameter(A), 1),
    "a list": ([A, [B, (C,)]], [A, B, C]),
    "a deque": (deque([A, B]), [A, B]),
    "a set": ({A}, [A]),
    "a dict": ({"x": A, "y": {"z": B}}, [A, B]),
    "an ordered dict": (OrderedDict(b=B, a=A), [B, A]),
    "a named tuple": (Pair(A, Pair(B, C)), [A, B, C]),
    "a data class": (Data(A, [B]), [A, B]),
    "an object": (SimpleNamespace(x=A, y=SimpleNamespace(z=B)), [A, B]),
    "slots": (Slots(A, B), [A, B]),
    "slots of a base class": (MoreSlots(A, B, C), [C, A, B]),
    "a hidden slot of a marked class": (_Marked(A), [A]),
    "a module": (nn.Linear(2, 2), []),
    "a class": (Data, []),
    "numbers": ([1, 2.0, True, "text", None, 3j, slice(1), ..., torch.float32, A.shape], []),
    "a device": (torch.device("cpu"), []),
    "an array": (A.numpy(), []),
    "a distribution": (Normal(A, B[:1]), 2),
    "an independent one": (Independent(Normal(B, B), 1), 2),
    "logits": (Categorical(logits=B), 1),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_tensors_are_found_in_order(name):
    holder, expected = HOLDERS[name]
    found = list_tensors(holder)
    assert [id(t) for t in tensors_in(holder)] == [id(t) for t in found]
    if isinstance(expected, int):
        assert len(found) == expected
        return
    assert [id(t) for t in found] == [id(t) for t in expected]
    # Once more, where the kind of each type is known.
    assert len(list_tensors(holder)) == len(expected)


def test_levels_are_counted():
    value: object = A
    for level in range(MAX_DEPTH + 2):
        assert len(list_tensors(value)) == (level <= MAX_DEPTH)
        for depth in range(4):
            assert len(list_tensors(value, depth)) == (level <= depth)
            assert len(list(tensors_in(value, depth))) == (level <= depth)
        value = ([value], {"x": value}, SimpleNamespace(x=value))[level % 3]
    assert MAX_DEPTH == 6


def test_how_types_are_looked_into():
    kinds = {kind: kind_of(kind) for kind in (
        torch.Tensor, nn.Parameter, torch.Size, list, deque, dict, OrderedDict, Data, Normal,
        nn.Linear, SimpleNamespace, int, str, Slots, torch.Generator,
    )}  # fmt: skip
    assert list(kinds.values()) == [
        "tensor", "tensor", "plain", "sequence", "sequence", "mapping", "mapping", "object",
        "object", "plain", "object", "plain", "plain", "object", "plain",
    ]  # fmt: skip


def test_results_have_no_caches():
    cache = DynamicCache(keys=B)
    assert result_tensors({"logits": A, "past_key_values": [B]}) == [A]
    assert result_tensors((A, cache, [B])) == [A, B]
    assert result_tensors([cache]) == []
    assert result_tensors(cache) == []
    assert result_tensors(A) == [A]
    assert result_tensors(SimpleNamespace(x=A, past_key_values=B)) == [A, B]


def test_versions_grow_with_each_write_and_are_zero_where_none_is_kept():
    tensor = torch.zeros(3)
    assert version_of(tensor) == 0
    tensor.add_(1)
    tensor[0] = 5
    assert version_of(tensor) == 2
    with torch.inference_mode():
        untracked = torch.zeros(3)
    assert version_of(untracked) == 0
    assert versions_of([tensor, torch.zeros(1)]) == [2, 0]
    assert versions_of([untracked, tensor]) == [0, 2]


def test_memory_is_shared_by_views_and_missing_where_there_is_none():
    base = torch.zeros(6)
    assert storage_of(base) == storage_of(base[3:]) == base.data_ptr()
    assert storage_of(base.clone()) != storage_of(base)
    assert storage_of(torch.zeros(0)) is None
    assert storage_of(torch.eye(2).to_sparse()) is None
    assert storage_of(torch.zeros(2, device="meta")) is None


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_under_vmap_the_axis_that_it_runs_over_comes_first(axis):
    values = torch.arange(24.0).view(2, 3, 4)
    seen = []

    def function(tensor):
        assert is_wrapped(tensor)
        seen.append((plain_tensor(tensor), innermost_tensor(tensor)))
        outside_transforms(lambda number, found: seen.append((number, found)))(7, tensor)
        return tensor * 1

    torch.vmap(function, axis)(values)
    (plain, inner), (number, handed) = seen
    assert torch.equal(plain, values.movedim(axis, 0))
    assert torch.equal(inner, values)
    assert number == 7
    assert torch.equal(handed, plain)
    assert not is_wrapped(handed)


def test_under_two_transforms_both_axes_come_first():
    values = torch.arange(24.0).view(2, 3, 4)
    seen = []

    def function(tensor):
        seen.append(plain_tensor(tensor))
        return tensor * 1

    torch.vmap(torch.vmap(function, 1), 1)(values)  # over rows, then over columns
    assert torch.equal(seen[0], values.permute(1, 2, 0))
    torch.func.jvp(function, (values,), (values,))
    assert torch.equal(seen[1], values)
    found = []
    outside_transforms(lambda number, tensor: found.append((number, tensor)))(3, values)
    assert found[0][0] == 3
    assert found[0][1] is values
