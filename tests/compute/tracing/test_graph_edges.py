"""The edges of a graph are found among what a model takes and keeps."""

from dataclasses import replace

import networkx
import pytest
import torch
from torch import nn

from tests.support.networks import presented
from vrnn.compute.tracing.graph_edges import find_edges, with_node_layout

GRAPH = networkx.karate_club_graph()
INDEX = torch.tensor(list(GRAPH.edges())).T
MATRIX = torch.zeros(34, 34)
MATRIX[INDEX[0], INDEX[1]] = 1.0
MATRIX = MATRIX + MATRIX.T + torch.eye(34)


def pairs(edges):
    return {tuple(sorted(pair)) for pair in edges.tolist()}


@pytest.mark.parametrize(
    "tensor", [INDEX, INDEX.int(), MATRIX, MATRIX / 7, MATRIX[None], MATRIX.to_sparse(), MATRIX > 0]
)
def test_an_edge_index_and_any_adjacency_matrix_are_read(tensor):
    features = torch.rand(34, 7)
    assert pairs(find_edges([features, tensor], 34)) == pairs(INDEX.T)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.rand(2, 34),
        torch.rand(34, 34),  # attention or weights: everything is joined with everything
        torch.eye(34),
        torch.randint(0, 500, (2, 60)),
        torch.zeros(2, 0, dtype=torch.int64),
    ],
)
def test_what_is_no_graph_is_not_taken_for_one(tensor):
    assert find_edges([tensor], 34) is None


def test_a_network_knows_the_layout_of_the_graph_in_its_inputs_or_buffers():
    network = presented([("x", (7, 1, 34), "nodes", "node 34, channel 7")])
    model = nn.Linear(7, 7)
    assert with_node_layout(network, model, [torch.rand(34, 7)]).node_layout is None
    found = with_node_layout(network, model, [torch.rand(34, 7), INDEX])
    assert pairs(found.node_layout.edges) == pairs(INDEX.T)
    model.register_buffer("adjacency", MATRIX)
    found = with_node_layout(network, model, [torch.rand(34, 7)])
    assert found.layout_of(found.by_id[0]) is found.node_layout
    other = replace(network.by_id[0], presentation="sequence")
    assert with_node_layout(replace(network, nodes=(other,)), model, []).node_layout is None


def test_edges_are_between_nodes_that_there_are():
    for last, first, found in ((33, 0, True), (34, 0, False), (33, -1, False)):
        index = torch.tensor([[first, 5], [7, last]])
        assert (find_edges([index], 34) is not None) is found
    assert find_edges([INDEX.T], 34) is None
    assert find_edges([INDEX[None]], 34) is None
    assert find_edges([INDEX.to(torch.int16)], 34) is None


def test_an_adjacency_matrix_joins_less_than_half_of_at_least_three_nodes():
    for count, joined, found in ((2, 1, False), (3, 1, True), (4, 7, True), (4, 8, False)):
        matrix = torch.zeros(count, count)
        places = [(i, j) for i in range(count) for j in range(count) if i != j]
        for i, j in places[:joined]:
            matrix[i, j] = -0.5
        edges = find_edges([matrix], count)
        assert (edges is not None) is found
        if found:
            assert edges.tolist() == [list(place) for place in places[:joined]]
    assert find_edges([MATRIX.to(torch.cfloat)], 34) is None
    assert find_edges([torch.stack([MATRIX] * 2)], 34) is None
    assert pairs(find_edges([MATRIX[None, None]], 34)) == pairs(INDEX.T)
