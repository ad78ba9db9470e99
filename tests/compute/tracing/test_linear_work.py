"""Tracing and receptive fields of long models: work grows with the operations, and no faster."""

import sys

import pytest
import torch
from torch import nn

from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.receptive_fields import receptive_fields
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace


class Blocks(nn.Module):
    """Residual blocks, one after the other."""

    def __init__(self, count):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Conv2d(2, 2, 3, padding=1) for _ in range(count))

    def forward(self, x):
        for block in self.blocks:
            x = x + block(x).relu()
        return x.mean((2, 3))


def calls_of(function):
    """How many functions are called, and what the first returns."""
    count = 0

    def on_event(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(on_event)
    try:
        result = function()
    finally:
        sys.setprofile(before)
    return count, result


@pytest.mark.parametrize("detail", ["all", "layers"])
def test_twice_the_operations_take_twice_the_work(detail):
    work = []
    for count in (40, 80):
        model, inputs = Blocks(count).eval(), (torch.zeros(1, 2, 8, 8),)
        traced = calls_of(lambda model=model, inputs=inputs: trace(model, inputs, "blocks"))
        viewed = calls_of(lambda traced=traced: simplify(traced[1], detail))
        fields = calls_of(lambda viewed=viewed: receptive_fields(viewed[1]))
        replay = Replay(model, viewed[1])
        passed = calls_of(lambda r=replay, i=inputs: r.run(i, lambda node, tensor: None))
        work.append([step[0] for step in (traced, viewed, fields, passed)])
    for once, twice in zip(*work, strict=True):
        assert twice < 2.2 * once
