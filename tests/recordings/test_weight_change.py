"""By how much weights changed, as a number and as a picture."""

import numpy as np

from vrnn.recordings.weight_change import MAX_CELLS, weight_change


def test_a_row_is_a_filter_and_the_length_is_relative() -> None:
    before = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    after = before.copy()
    after[1, 0, 1] += 3
    found = weight_change(7, before, after)
    assert found.since == 7
    assert found.cells.shape == (3, 4)
    assert found.cells.tolist() == [[0, 0, 0, 0], [0, 3, 0, 0], [0, 0, 0, 0]]
    assert found.relative == np.float64(3 / np.sqrt((before.astype(float) ** 2).sum()))


def test_of_many_weights_the_largest_change_is_seen() -> None:
    before = np.ones((1000, 500), np.float32)
    after = before.copy()
    after[417, 333] -= 5
    cells = weight_change(0, before, after).cells
    assert cells.shape == (MAX_CELLS, MAX_CELLS)
    assert cells.min() == -5
    assert (cells != 0).sum() == 1


def test_weights_of_another_shape_have_no_change() -> None:
    found = weight_change(0, np.ones((2, 3), np.float32), np.ones((3, 2), np.float32))
    assert found.cells.size == 0
    assert np.isnan(found.relative)
