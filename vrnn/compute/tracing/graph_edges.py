"""The edges of the graph that a graph network works on, found among what it takes and keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch

from vrnn.network.graph import Network
from vrnn.network.node_layout import layout_nodes

MAX_EDGES = 200_000
"""Edges that are looked at, the first ones."""
MAX_ADJACENCY = 5000
"""Nodes up to which a matrix is looked through for edges."""


def find_edges(tensors: Iterable[torch.Tensor], count: int) -> np.ndarray | None:
    """Find the edges of a graph: an edge index (2, E), or an adjacency matrix (N, N).

    An edge index has whole numbers, each that of a node. An adjacency matrix, sparse or not, has
    mostly zeros outside its diagonal, as often at both sides of it as not.

    Args:
        tensors: Inputs of the model, then its buffers; the first that fits is taken.
        count: Number of nodes N.

    Returns:
        (E, 2) int64 numbers of nodes; None where no tensor fits.
    """
    for tensor in tensors:
        for found in (_from_index(tensor, count), _from_adjacency(tensor, count)):
            if found is not None and len(found):
                return found[:MAX_EDGES]
    return None


def tensors_of(model: torch.nn.Module, inputs: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
    """Yield where edges may be: the inputs, then the buffers of a model."""
    yield from inputs
    yield from model.buffers()


def _from_index(tensor: torch.Tensor, count: int) -> np.ndarray | None:
    if tensor.layout != torch.strided or tensor.ndim != 2 or tensor.shape[0] != 2:
        return None
    if tensor.dtype not in (torch.int64, torch.int32) or not tensor.numel():
        return None
    if int(tensor.min()) < 0 or int(tensor.max()) >= count:
        return None
    return tensor.detach().cpu().numpy().astype(np.int64).T


def _from_adjacency(tensor: torch.Tensor, count: int) -> np.ndarray | None:
    shape = tuple(tensor.shape)
    if shape[-2:] != (count, count) or np.prod(shape[:-2], dtype=int) != 1:
        return None
    if count > MAX_ADJACENCY or count < 3 or tensor.is_complex():
        return None
    matrix = tensor.detach()
    if matrix.layout != torch.strided:
        matrix = matrix.to_dense()
    matrix = matrix.reshape(count, count) != 0
    matrix = matrix & ~torch.eye(count, dtype=torch.bool, device=matrix.device)
    if float(matrix.float().mean()) >= 0.5:
        return None
    return matrix.nonzero().cpu().numpy().astype(np.int64)


def with_node_layout(
    network: Network, model: torch.nn.Module, inputs: Iterable[torch.Tensor]
) -> Network:
    """Return a network that knows how the nodes of the graph are drawn that it works on.

    Args:
        network: The network.
        model: The model.
        inputs: The tensors that go into it.
    """
    counts = [node.shape[-1] for node in network.nodes if node.presentation == "nodes"]
    if not counts:
        return network
    count = max(set(counts), key=counts.count)
    edges = find_edges(tensors_of(model, inputs), count)
    return network if edges is None else replace(network, node_layout=layout_nodes(count, edges))
