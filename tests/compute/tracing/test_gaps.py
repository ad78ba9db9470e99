"""Numbers that left torch and come back: which tensor they are matched with, and which not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vrnn.compute.tracing.gaps import GapTable
from vrnn.compute.tracing.origins import TensorOrigin

PLACE = ("net", 1)


class Origin:
    """Stands for where a tensor came from."""

    def __init__(self, record: int, has_record: bool = True) -> None:
        self.record, self.has_record = record, has_record


def origin(record: int) -> TensorOrigin:
    return Origin(record)  # type: ignore[return-value]


def table(*tensors: torch.Tensor) -> GapTable:
    """A table of tensors that left, the first as record 0."""
    made = GapTable()
    for number, tensor in enumerate(tensors):
        made.leave(tensor, origin(number), ("net", number))
    return made


def found(made: GapTable, tensor: torch.Tensor) -> list[int]:
    sources = made.enter(tensor)
    assert all(source.module == ("net", source.origin.record) for source in sources)
    return [source.origin.record for source in sources]


COUNTED = torch.arange(12.0)


def test_the_same_memory_is_the_source_whatever_its_numbers_are_now():
    one, other = COUNTED.clone(), COUNTED.clone() + 100
    made = table(one, other, COUNTED.clone() + 200)
    back = torch.from_numpy(one.numpy())
    back.fill_(101)
    assert found(made, back) == [0]
    assert found(made, torch.from_numpy(other.numpy()).view(3, 4)) == [1]


def test_of_several_that_fit_the_last_that_left_is_the_source():
    shared = COUNTED.clone()
    assert found(table(shared, COUNTED + 5, shared), torch.from_numpy(shared.numpy())) == [2]
    assert found(table(COUNTED + 1, COUNTED + 1, COUNTED), COUNTED + 1) == [1]
    assert found(table(torch.rand(3, 4), torch.rand(3, 4), torch.rand(5, 9)), COUNTED) == [1]


def test_equal_numbers_come_before_an_equal_shape():
    made = table(COUNTED.view(3, 4), torch.rand(12))
    assert found(made, COUNTED.clone()) == [0]
    assert found(made, COUNTED.double()) == [0]
    assert found(made, COUNTED + 0.5) == [1]
    assert found(made, (COUNTED + 0.5).view(3, 4)) == [0]
    assert made.unmatched == 0


def test_numbers_that_are_all_alike_tell_nothing_and_the_shape_does():
    made = table(torch.zeros(2, 6), torch.zeros(3, 4))
    assert found(made, torch.zeros(3, 4)) == [1]
    assert found(made, torch.zeros(2, 6)) == [0]
    assert found(made, torch.zeros(1, 2, 1, 6)) == [0]  # axes of one number aside
    assert found(made, torch.zeros(4, 3)) == [1]  # as many numbers, in another shape


def test_where_nothing_fits_the_only_array_that_left_is_the_source():
    single = table(COUNTED, torch.tensor(5.0))
    assert found(single, torch.rand(7)) == [0]
    assert single.unmatched == 0
    one, made = origin(3), GapTable()
    for shape in ((5,), (6,)):
        made.leave(torch.rand(shape), one, PLACE)
    assert [source.origin.record for source in made.enter(torch.rand(7))] == [3]
    several = table(torch.rand(5), torch.rand(6))
    assert found(several, torch.rand(7)) == []
    assert several.unmatched == 1
    assert found(several, torch.rand(8)) == []
    assert several.unmatched == 2


def test_single_numbers_are_found_each_by_its_value():
    made = table(torch.tensor(1.5), torch.tensor([2.5]), torch.tensor(3.5), COUNTED)
    assert found(made, torch.tensor(2.5)) == [1]
    assert found(made, torch.tensor([3.5, 1.5])) == [2, 0]
    assert found(made, torch.tensor([3.5, 1.5, 2.5, 1.5])) == [2, 0, 1, 0]
    assert found(made, torch.tensor([3.5, 9.0])) == []
    assert found(made, torch.tensor(9.0)) == []
    assert found(made, torch.tensor([2, 3])) == []  # whole numbers are sizes, mostly
    assert found(made, torch.zeros(0)) == []
    assert made.unmatched == 0
    assert found(made, torch.tensor([3.5, 1.5, 2.5, 1.5, 1.5])) == [3]  # five are an array


def test_two_equal_numbers_are_as_little_an_array_as_one():
    made = table(torch.tensor([1.0, 2.0]), torch.tensor([4.0, 4.0]))
    assert found(made, torch.tensor([1.0, 2.0])) == [0]
    assert found(made, torch.tensor([4.0, 4.0])) == []


def test_without_anything_that_left_nothing_is_found_or_missed():
    made = GapTable()
    assert found(made, COUNTED) == []
    made.leave(COUNTED, None, PLACE)
    made.leave(COUNTED, Origin(0, has_record=False), PLACE)  # type: ignore[arg-type]
    assert found(made, COUNTED) == []
    single = table(torch.tensor(1.0))
    assert found(single, torch.rand(9)) == []
    assert (made.unmatched, single.unmatched) == (0, 0)


@pytest.mark.parametrize("tensor", [
    torch.eye(4).to_sparse(), torch.rand(4, 4).bfloat16(), torch.empty(4, 4, device="meta"),
    torch.quantize_per_tensor(torch.rand(4, 4), 0.1, 0, torch.qint8),
    torch.rand(4, 4, dtype=torch.cfloat).conj(),
], ids=["sparse", "bfloat16", "meta", "quantized", "conjugate"])  # fmt: skip
def test_what_numpy_cannot_hold_neither_leaves_nor_enters(tensor):
    made = table(tensor)
    assert made.records == []
    assert found(made, torch.rand(4, 4)) == []
    assert found(table(torch.rand(4, 4)), tensor) == []


def test_what_left_is_kept_as_it_was():
    tensor = COUNTED.clone()
    made = table(tensor.clone(), tensor)
    tensor.zero_()
    assert found(made, torch.from_numpy(np.arange(12.0))) == [1]
    assert made.records == [0, 1]
    assert table(torch.tensor(1.0), torch.rand(2), torch.rand(1, 1)).records == [1]


def test_tensors_that_need_gradients_leave_too():
    made = table(torch.rand(5, requires_grad=True))
    assert found(made, torch.rand(5, requires_grad=True)) == [0]
