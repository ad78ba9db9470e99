"""Hand-written filters answer to what they are named for."""

import numpy as np
import pytest

from vrnn.errors import VrnnError
from vrnn.network.kernel_edits import (
    KERNEL_FILTERS,
    KernelEdit,
    KernelShape,
    edited_count,
    with_edit,
)
from vrnn.network.kernel_filters import edit_problem, hand_written_filter


def test_published_filters():
    assert hand_written_filter("vertical sobel", (3, 3)).tolist() == [
        [-1, 0, 1], [-2, 0, 2], [-1, 0, 1],
    ]  # fmt: skip
    assert hand_written_filter("horizontal scharr", (3, 3)).tolist() == [
        [-3, -10, -3], [0, 0, 0], [3, 10, 3],
    ]  # fmt: skip
    assert hand_written_filter("laplacian", (3, 3)).tolist() == [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    assert hand_written_filter("vertical sobel", (5, 5))[0].tolist() == [-1, -2, 0, 2, 1]


@pytest.mark.parametrize("kind", KERNEL_FILTERS)
@pytest.mark.parametrize("size", [(3, 3), (5, 5), (7, 7), (4, 3), (3,), (2, 3, 3)])
def test_even_gray_gives_nothing_but_through_average_and_identity(kind, size):
    found = hand_written_filter(kind, size)
    assert found.shape == size
    assert found.dtype == np.float32
    expected = 1.0 if kind in ("average", "identity") else 0.0
    assert abs(found.sum() - expected) < 1e-4
    assert np.abs(found).max() > 0


def answer(kind, picture, **named):
    kernel = hand_written_filter(kind, (7, 7), **named)
    return abs(float((kernel * picture).sum()) / np.linalg.norm(kernel))


def test_each_answers_most_to_what_it_is_named_for():
    steps = np.repeat(np.sign(np.arange(7) - 3.0)[None], 7, 0)
    stripes = np.repeat(np.cos(np.pi / 2 * (np.arange(7) - 3))[None], 7, 0)
    for kind in ("sobel", "scharr"):
        assert answer(f"vertical {kind}", steps) > 3
        assert answer(f"horizontal {kind}", steps) < 1e-5
        assert answer(f"horizontal {kind}", steps.T) > 3
    assert answer("gabor", stripes) > 3 * answer("gabor", stripes.T)
    assert answer("gabor", stripes.T, angle=90.0) > 3 * answer("gabor", stripes, angle=90.0)
    spot = np.zeros((7, 7))
    spot[2:5, 2:5] = 1
    assert answer("blob", spot) > answer("blob", steps)


@pytest.mark.parametrize(
    ("kind", "size"), [("gabor", (1, 1)), ("vertical sobel", ()), ("vertical sobel", (3, 1))]
)
def test_a_kernel_that_is_too_small_is_refused(kind, size):
    with pytest.raises(VrnnError, match="no room"):
        hand_written_filter(kind, size)


def test_edits_that_do_not_fit_are_told():
    shape = KernelShape(4, 2, (3, 3))
    assert edit_problem(KernelEdit("a", 3, 1), shape) == ""
    assert "filters 0 to 3" in edit_problem(KernelEdit("a", 4), shape)
    assert "kernels 0 to 1" in edit_problem(KernelEdit("a", 0, 2), shape)
    assert "9 weights, but 2 values" in edit_problem(
        KernelEdit("a", 0, 0, "values", (1.0, 2.0)), shape
    )
    assert "18 weights" in edit_problem(KernelEdit("a", 0, None, "values", (1.0,)), shape)
    assert edit_problem(KernelEdit("a", 0), KernelShape(refusal="no")) == "no"
    assert "no room" in edit_problem(KernelEdit("a", 0, None, "blob"), KernelShape(4, 2, (1, 1)))


def test_a_later_edit_takes_the_place_of_what_it_covers():
    first, second = KernelEdit("a", 0, 1), KernelEdit("a", 1, 1)
    edits = with_edit(with_edit((first,), second), KernelEdit("a", 0, None, "noise"))
    assert edits == (second, KernelEdit("a", 0, None, "noise"))
    edits = with_edit(edits, first)
    assert edits[-1] == first
    assert edited_count(edits) == "2 kernels and 1 filter edited"
    assert edited_count(()) == ""
