"""Axes through random chains of views, cuts and joins, against the numbers that run along them."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch

from tests.support.axis_states import LETTERS, Following, claimed, text_of
from vrnn.compute.operators.axis_factors import AxisFactor, expanded
from vrnn.compute.tracing.axis_follower import AxisFollower

SIZES = (2, 4, 6, 10)
STATES = ("N!", "C!", "H!", "W!")
Step = Callable[[torch.Tensor], torch.Tensor]


def random_step(chance: random.Random, shape: tuple[int, ...]) -> Step | None:
    """An operation that keeps numbers, for a tensor of a shape; None if it does not fit."""
    dims = len(shape)
    axis = chance.randrange(dims)
    size, other = shape[axis], chance.randrange(dims)
    kind = chance.randrange(16)
    if kind == 0:
        order = chance.sample(range(dims), dims)
        return lambda x: x.permute(order)
    if kind == 1:
        return lambda x: x.transpose(axis, other)
    if kind == 2:
        return lambda x: x.movedim(axis, other)
    if kind == 3 and axis + 1 < dims and size > 1 and shape[axis + 1] > 1:
        return lambda x: x.flatten(axis, axis + 1)
    if kind == 4 and size > 3:
        start = chance.randrange(size // 2)
        return lambda x: x.narrow(axis, start, size - start - 1)
    if kind == 5 and size > 3:
        index = (*[slice(None)] * axis, slice(chance.choice((0, 1)), None))
        return lambda x: x[index]
    if kind == 6 and dims < 6:
        return lambda x: x.unsqueeze(axis)
    if kind == 7 and 1 in shape and dims > 1:
        return lambda x: x.squeeze(shape.index(1))
    if kind == 8:
        return lambda x: torch.cat([x, x.flip(axis)], axis)
    if kind == 9 and dims > 2:
        return lambda x: x.select(axis, size // 2)
    if kind == 10 and size > 1:
        return lambda x: x.roll(1, axis)
    if kind == 11 and dims < 6:
        return lambda x: torch.stack([x, 2 * x], axis).select(axis, 1)
    if kind == 12 and size > 1:
        return lambda x: x.sum(axis, keepdim=True) + x
    if kind == 13 and size % 2 == 0 and size > 2:
        return lambda x: x.unflatten(axis, (size // 2, 2)).flatten(axis, axis + 1)
    if kind == 14:
        return lambda x: x.index_select(axis, torch.arange(size).flip(0))
    if kind == 15 and dims > 1:
        return lambda x: x.reshape(-1).view(shape)
    return None


def random_chain(seed: int) -> list[Step]:
    chance, shape, steps = random.Random(seed), SIZES, []
    while len(steps) < 5:
        step = random_step(chance, shape)
        if step is not None:
            steps.append(step)
            shape = tuple(step(torch.zeros(shape)).shape)
    return steps


def run(steps: list[Step], x: torch.Tensor) -> torch.Tensor:
    for step in steps:
        x = step(x)
    return x


def sources(steps: list[Step]) -> list[list[int]]:
    """For each axis of the result the axes of the operand along which its numbers change."""
    found: list[list[int]] = []
    numbers = torch.Generator().manual_seed(0)
    for axis, size in enumerate(SIZES):
        shape = [size if n == axis else 1 for n in range(4)]
        count = (1 + torch.rand(size, generator=numbers).cumsum(0)).view(shape)
        result = run(steps, count.expand(SIZES).contiguous())
        found = found or [[] for _ in range(result.dim())]
        for place in range(result.dim()):
            if result.shape[place] > 1 and result.diff(dim=place).abs().max() > 1e-4:
                found[place].append(axis)
    return found


@pytest.mark.parametrize("seed", range(150))
def test_an_axis_is_told_to_be_what_its_numbers_run_along(seed):
    steps = random_chain(seed)
    follower = AxisFollower()
    x = torch.rand(SIZES)
    follower._axes[x] = tuple(
        (claimed(AxisFactor(n), state),) for n, state in zip(SIZES, STATES, strict=True)
    )
    with Following(follower):
        result = run(steps, x)
    axes = follower.axes_of(result)
    truth = sources(steps)
    assert [axis.size for axis in map(_whole, axes)] == list(result.shape)
    for axis, runs_along in zip(axes, truth, strict=True):
        roles = {LETTERS[f.role] for f in expanded(axis) if f.size > 1}
        wanted = {STATES[n][0] for n in runs_along}
        assert not roles or "." in roles or wanted <= roles | {"N"}, (text_of(axes), truth)
        if len(runs_along) == 1:
            assert roles - {"N", "."} <= wanted, (text_of(axes), truth)


def _whole(axis) -> AxisFactor:
    size = 1
    for factor in axis:
        size *= factor.size
    return AxisFactor(size)
