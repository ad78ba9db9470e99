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
