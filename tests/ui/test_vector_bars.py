"""In which order the bars of feature vectors stand."""

import numpy as np
import pytest

from vrnn.ui.panels.vector_bars import bar_order

ONE, OTHER = np.array([1.0, 5.0, 2.0, -4.0]), np.array([1.5, 2.0, 9.0, -4.0])


@pytest.mark.parametrize(
    ("vectors", "by", "expected"),
    [
        ([ONE, OTHER], "channel", [0, 1, 2, 3]),
        ([ONE, OTHER], "value", [2, 1, 0, 3]),
        ([ONE, OTHER], "difference", [2, 1, 0, 3]),
        ([OTHER, ONE], "value", [1, 2, 0, 3]),
        ([ONE], "difference", [1, 3, 2, 0]),
        ([ONE, np.array([np.nan, 5.0, 2.0, -4.0])], "difference", [0, 1, 2, 3]),
    ],
)
def test_bars_are_ordered(vectors, by, expected):
    assert bar_order(vectors, by).tolist() == expected
