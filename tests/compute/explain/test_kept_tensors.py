"""Which calls write, and that what is kept for the way back stays what it was."""

import gc

import pytest
import torch
from torch.nn import functional as F

from vrnn.compute.explain.kept_tensors import KeptTensors, is_in_place, written_tensors

X, Y = torch.arange(4.0), torch.ones(4)


@pytest.mark.parametrize(
    ("func", "args", "kwargs", "writes"),
    [
        (torch.add, (X, Y), {}, False),
        (torch.Tensor.add_, (X, Y), {}, True),
        (torch.Tensor.__iadd__, (X, Y), {}, True),
        (torch.Tensor.__add__, (X, Y), {}, False),
        (torch.Tensor.__setitem__, (X, 0, 1.0), {}, True),
        (torch.Tensor.__getitem__, (X, 0), {}, False),
        (torch.Tensor.requires_grad_, (X,), {}, False),
        (torch.Tensor.retain_grad, (X,), {}, False),
        (F.relu, (X,), {}, False),
        (F.relu, (X, True), {}, True),
        (F.relu, (X, False), {}, False),
        (F.relu, (X,), {"inplace": True}, True),
        (F.relu, (), {"input": X, "inplace": True}, True),
        (F.relu, (X,), {"inplace": False}, False),
        (F.leaky_relu, (X, 0.1, True), {}, True),
        (F.leaky_relu, (X, True), {}, False),
        (F.dropout, (X, 0.5, True), {}, False),
        (F.dropout, (X, 0.5, False, True), {}, True),
        (torch.sigmoid, (X,), {}, False),
    ],
)
def test_calls_that_write_over_their_first_argument(func, args, kwargs, writes):
    assert is_in_place(func, args, kwargs) is writes
    written = written_tensors(func, args, kwargs)
    assert len(written) == writes
    assert all(tensor is X for tensor in written)


def test_calls_that_write_into_what_is_given_for_that():
    out = torch.empty(4)
    (written,) = written_tensors(torch.add, (X, Y), {"out": out})
    assert written is out
    several = written_tensors(torch.max, (X, 0), {"out": (out, Y)})
    assert [each is own for each, own in zip(several, (out, Y), strict=True)] == [True, True]
    assert written_tensors(torch.add, (X, Y), {"out": None}) == []


def test_what_is_kept_is_copied_only_before_it_is_written_over():
    whole, other = torch.arange(6.0), torch.zeros(2)
    tensors = KeptTensors()
    all_of_it, part, apart = tensors.keep(whole), tensors.keep(whole[2:4]), tensors.keep(other)
    assert all_of_it.peek().data_ptr() == whole.data_ptr()
    tensors.before_write(whole[:1])
    whole.fill_(9)
    other.fill_(9)
    assert all_of_it.peek().tolist() == [0, 1, 2, 3, 4, 5]
    assert part.take().tolist() == [2, 3]
    assert apart.peek().tolist() == [9, 9]
    kept_later = tensors.keep(whole)
    tensors.before_write(whole)
    whole.zero_()
    assert kept_later.take().tolist() == [9] * 6
    assert all_of_it.take().tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(AssertionError):
        all_of_it.take()


def test_what_nobody_needs_any_more_is_not_kept():
    tensors, x = KeptTensors(), torch.ones(3)
    tensors.keep(x)
    gc.collect()
    needed = tensors.keep(x)
    needed.take()
    tensors.before_write(x)  # neither is there to be copied
    x.zero_()
    with pytest.raises(AssertionError):
        needed.peek()


def test_gradients_of_what_is_written_over_are_those_of_before():
    tensors = KeptTensors()
    x = torch.arange(3.0, requires_grad=True)
    with tensors.for_autograd():
        doubled = x * 2
        squared = doubled * doubled
        with torch.no_grad():
            tensors.before_write(doubled)
            doubled.fill_(100)
    (gradient,) = torch.autograd.grad(squared.sum(), x)
    assert gradient.tolist() == [0, 8, 16]
