"""What tells models apart, and the bytes of tensors of every layout."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import torch
from torch import nn

from vrnn.compute.loading.model_digest import digest_model, tensor_bytes
from vrnn.network.graph import Edge, Network, Node

NODES = (
    Node(0, "input", "input", "input", "", (1, 3, 8, 8)),
    Node(1, "conv", "conv2d", "conv", "", (1, 4, 6, 6)),
)
NETWORK = Network("net", NODES, (Edge(0, 1),), (0,), (1,))


class Net(nn.Module):
    """Two parameters and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.arange(6.0).view(2, 3))
        self.second = nn.Parameter(torch.arange(3.0))
        self.register_buffer("kept", torch.arange(4))


def digest(model: nn.Module, network: Network = NETWORK) -> str:
    made = hashlib.sha256()
    assert len(list(digest_model(made, network, model))) == 3
    return made.hexdigest()


def test_the_same_model_has_the_same_digest_and_any_change_another():
    same = digest(Net())
    assert digest(Net()) == same
    found = {same}
    for name in ("first", "second", "kept"):
        for change in (
            lambda t: t + (torch.arange(t.numel()).view(t.shape) == t.numel() - 1),
            lambda t: t.to(torch.float16 if t.is_floating_point() else torch.int32),
            lambda t: t.reshape(-1, 1),
        ):
            model = Net()
            getattr(model, name).data = change(getattr(model, name).data)
            found.add(digest(model))
    renamed = Net()
    renamed.register_buffer("other", renamed._buffers.pop("kept"))
    found.add(digest(renamed))
    found.add(digest(Net(), replace(NETWORK, nodes=(NODES[0], replace(NODES[1], name="c2")))))
    found.add(digest(Net(), replace(NETWORK, edges=(Edge(1, 0),))))
    assert len(found) == 13


@pytest.mark.parametrize("dtype", [
    torch.float32, torch.float16, torch.int64, torch.uint8, torch.bool, torch.complex64,
])  # fmt: skip
def test_bytes_are_the_values_in_row_major_order(dtype):
    values = (torch.arange(6).view(2, 3) % 5).to(dtype)
    expected = values.numpy().tobytes()
    assert tensor_bytes(values) == expected
    assert tensor_bytes(values.T.contiguous().T) == expected
    assert tensor_bytes(values[:, :1]) == values.numpy()[:, :1].tobytes()
    assert tensor_bytes(values.new_zeros(())) == values.new_zeros(1).numpy().tobytes()
    if dtype.is_floating_point:
        assert tensor_bytes(values.requires_grad_()) == expected


@pytest.mark.parametrize("change", [
    torch.Tensor.to_sparse, torch.Tensor.to_sparse_csr, torch.Tensor.to_mkldnn,
])  # fmt: skip
def test_bytes_of_other_layouts_are_those_of_the_dense_tensor(change):
    values = torch.tensor([[0.0, 2.0, 0.0], [3.0, 0.0, 0.0]])
    assert tensor_bytes(change(values)) == values.numpy().tobytes()


def test_bytes_of_quantized_and_brief_numbers():
    values = torch.tensor([0.1, -0.2, 0.3])
    quantized = torch.quantize_per_tensor(values, 0.1, 0, torch.qint8)
    assert tensor_bytes(quantized) == bytes([1, 254, 3])
    brief = values.bfloat16()
    assert tensor_bytes(brief) == brief.view(torch.int16).numpy().tobytes()
