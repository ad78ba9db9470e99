"""What tells one model from another: a digest of its graph and every weight."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol

import torch
from torch import nn

from vrnn.network.graph import Network


class Digest(Protocol):
    """A hash as `hashlib` makes it."""

    def update(self, data: bytes, /) -> None:
        """Add bytes to it."""


def digest_model(digest: Digest, network: Network, model: nn.Module) -> Generator[None, None, None]:
    """Add a model to a digest. Yields between its steps, as large models take long.

    Args:
        digest: The digest to add to.
        network: The model's graph.
        model: The model, whose parameters and buffers are added.
    """
    for part in (*network.nodes, *network.edges):
        digest.update(repr(part).encode())
    for name, tensor in (*nn.Module.named_parameters(model), *nn.Module.named_buffers(model)):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor_bytes(tensor))
        yield


def tensor_bytes(tensor: torch.Tensor) -> bytes:
    """Return the values of a tensor, of any dtype and layout, as bytes in row-major order."""
    tensor = tensor.detach()
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    flat = tensor.cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes()
