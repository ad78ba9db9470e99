"""The edges of the graph that a graph network works on, found among what it takes and keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch

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
    share = float(matrix.float().mean())
    if not 0 < share < 0.5:
        return None
    return matrix.nonzero().cpu().numpy().astype(np.int64)
