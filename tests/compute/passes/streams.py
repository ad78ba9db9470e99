"""Streams of images through small models, and what passes as usual give."""

from __future__ import annotations

import torch
from torch import nn

from vrnn.compute.model_inputs import ModelInputs
from vrnn.compute.passes.replay import Replay
from vrnn.compute.passes.stream_passes import StreamPasses
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace

ROOM = 1e9
"""Bytes for packed weights."""


def opened(model: nn.Module, detail: str = "all") -> tuple[StreamPasses, Replay, list[ModelInputs]]:
    """Return a stream of a model, its passes as usual, and three images."""
    torch.manual_seed(0)
    images = [ModelInputs((torch.rand(1, 3, 20, 22),)) for _ in range(3)]
    model.eval()
    view = simplify(trace(model, images[0], "model"), detail)
    replay = Replay(model, view)
    return StreamPasses(replay, view), replay, images


def tensors_of(run, *args) -> dict[int, torch.Tensor]:
    """Run a pass, and return copies of the tensors of all nodes."""
    found: dict[int, torch.Tensor] = {}
    run(*args[:1], lambda node, tensor: found.update({node: tensor.clone()}), *args[1:])
    return found


def assert_same(found: dict[int, torch.Tensor], wanted: dict[int, torch.Tensor]) -> None:
    """Assert that tensors are the same but for rounding."""
    assert list(found) == list(wanted)
    for node, tensor in found.items():
        torch.testing.assert_close(tensor, wanted[node], rtol=1e-4, atol=1e-5)
