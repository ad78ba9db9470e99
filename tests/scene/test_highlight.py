"""What steps back and what stands out while a layer is pointed at."""

import pytest

from tests.support.networks import build
from vrnn.scene.visuals.highlight import edge_emphasis

EDGES = build([(f"op_{i}", "", (4, 8, 8)) for i in range(4)], [(0, 1), (1, 2), (0, 3)]).edges


@pytest.mark.parametrize(
    ("highlight", "expected"),
    [
        (None, [0, 0, 0]),
        ((0, 1), [1, 1, -1]),
        ((0, 3), [-1, -1, 1]),
        ((1, 1), [-1, -1, -1]),  # of another network
    ],
)
def test_edges_of_the_layer_stand_out_and_all_others_step_back(highlight, expected):
    assert edge_emphasis(EDGES, 0, highlight).tolist() == expected
