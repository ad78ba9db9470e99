"""Steps of several optimizers that train one model are counted as steps of its training."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim import Optimizer

from vrnn.compute.training.optimizer_rounds import OptimizerRounds


@pytest.mark.parametrize(
    ("order", "counts"),
    [
        ("aaaa", "1111"),
        ("abababab", "10010101"),
        ("abcabcabc", "100001001"),
        ("aaabbb", "111011"),  # replaced, and still there
        ("aaaabaaaab", "1111001110"),
    ],
)
def test_a_round_counts_once_when_it_is_done(order: str, counts: str) -> None:
    optimizers: dict[str, Optimizer] = {
        name: torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1) for name in set(order)
    }
    rounds = OptimizerRounds()
    got = ["1" if rounds.ends_with(optimizers[name]) else "0" for name in order]
    assert "".join(got) == counts
    assert rounds.is_begun == counts.endswith("0")


def test_one_that_is_gone_is_followed_by_the_next_at_once() -> None:
    rounds, layer = OptimizerRounds(), nn.Linear(1, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    assert rounds.ends_with(optimizer)
    del optimizer
    assert rounds.ends_with(torch.optim.SGD(layer.parameters(), lr=0.1))
