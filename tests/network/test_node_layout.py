"""Where the nodes of a graph are drawn."""

import networkx
import numpy as np
import pytest

from vrnn.network.node_layout import NODE_DIGIT, NODE_GRID, layout_nodes


def edges_of(graph):
    return np.array(graph.edges())


def test_neighbors_are_nearer_than_others():
    graph = networkx.karate_club_graph()
    layout = layout_nodes(34, edges_of(graph))
    apart = np.linalg.norm(layout.positions[:, None] - layout.positions[None], axis=-1)
    joined = np.zeros((34, 34), bool)
    joined[tuple(edges_of(graph).T)] = True
    others = ~(joined | joined.T | np.eye(34, dtype=bool))
    assert apart[joined].mean() < 0.75 * apart[others].mean()
    assert layout.positions.min() > 0
    assert layout.positions.max() < 1


def test_a_ring_is_drawn_as_a_ring():
    layout = layout_nodes(60, edges_of(networkx.cycle_graph(60)))
    from_middle = np.linalg.norm(layout.positions - layout.positions.mean(0), axis=1)
    assert from_middle.min() > 0.2


def test_thousands_of_nodes_are_laid_out_too():
    graph = networkx.barabasi_albert_graph(3000, 2, seed=0)
    layout = layout_nodes(3000, edges_of(graph))
    assert len(np.unique(layout.positions.round(5), axis=0)) > 2900


@pytest.mark.parametrize("edges", [[], [[0, 0]], [[0, 9]]])
def test_without_edges_there_is_no_layout(edges):
    assert layout_nodes(5, np.array(edges, np.int64).reshape(-1, 2)) is None


def test_the_raster_names_the_nearest_node():
    layout = layout_nodes(1500, edges_of(networkx.random_regular_graph(3, 1500, seed=1)))
    block = layout.block().astype(np.float32)
    assert block.shape == (layout.block_size,)
    low, high, lines = block[: 3 * NODE_GRID**2].reshape(3, NODE_GRID, NODE_GRID)
    nodes = (low + NODE_DIGIT * high).astype(int)
    assert nodes.max() > NODE_DIGIT  # more than a half float counts exactly with other bases
    for row, column in ((5, 9), (60, 64), (127, 0)):
        nearest = layout.nearest((column + 0.5) / NODE_GRID, (row + 0.5) / NODE_GRID)
        assert nodes[row, column] == nearest
    assert 0 < lines.mean() < 1
    radius, *places = block[3 * NODE_GRID**2 :]
    assert radius == pytest.approx(layout.radius, rel=1e-3)
    apart = np.array(places).reshape(2, -1).T - layout.positions
    assert np.abs(apart).max() < 1e-3


@pytest.mark.parametrize(
    "edges",
    [
        [(i, (i + 1) % 12) for i in range(12)],
        [(0, i) for i in range(1, 9)],
        [(i, j) for i in range(5) for j in range(i)],
    ],
    ids=["ring", "star", "complete"],
)
def test_rounding_does_not_choose_how_a_symmetric_graph_lies(monkeypatch, edges):
    """Processors differ in the last bits, and libraries in the signs of singular vectors."""
    count = 1 + int(np.max(edges))
    usual = layout_nodes(count, np.array(edges)).positions
    decompose, random = np.linalg.svd, np.random.default_rng(5)

    def otherwise(matrix, full_matrices):
        u, s, v = decompose(matrix * random.normal(1, 1e-13, matrix.shape), full_matrices)
        return -u, s, -v

    monkeypatch.setattr(np.linalg, "svd", otherwise)
    np.testing.assert_allclose(layout_nodes(count, np.array(edges)).positions, usual, atol=1e-3)
