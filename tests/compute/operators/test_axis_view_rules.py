"""What views, joins and indexing do to axes of any kind, as golden text."""

from __future__ import annotations

import pytest
import torch

from tests.support import axis_states


def written(tensor, index, value):
    tensor[index] = value
    return tensor


VIEWS = {
    "cat": ([(2, 4, 6), (2, 4, 6)], lambda *a: torch.cat(a)),
    "cat of tokens": ([(2, 1, 4), (2, 6, 4)], lambda *a: torch.cat(a, 1)),
    "cat of three": ([(2, 6), (3, 6), (2, 6)], lambda *a: torch.cat(a, axis=0)),
    "cat of the same": ([(4, 6)], lambda a: torch.cat([a, a, a])),
    "cat of the same channels": ([(2, 4, 6)], lambda a: torch.cat([a, -a], 1)),
    "cat with nothing": ([(4, 6)], lambda a: torch.cat([torch.empty(0), a])),
    "cat with none of them": ([(4, 6)], lambda a: torch.cat([a[:0], a])),
    "hstack": ([(4,), (6,)], lambda *a: torch.hstack(a)),
    "hstack of rows": ([(2, 4), (2, 6)], lambda *a: torch.hstack(a)),
    "vstack": ([(2, 4), (4,)], lambda *a: torch.vstack(a)),
    "cat of rows with others": ([(2, 4, 6), (2, 3, 6), (2, 1, 6)], lambda *a: torch.cat(a, -2)),
    "stack of three in others": ([(2, 4, 6)] * 3, lambda *a: torch.stack(a, 2)),
    "hstack of maps": ([(2, 4, 6), (2, 3, 6)], lambda *a: torch.hstack(a)),
    "parts of folded axes": (
        [(2, 3, 4)], lambda a: [
            (x := a.flatten(0, 1))[:3], x[3:], x[1:4], x[2:6], x[:2], x[:, 1:],
            (y := a.flatten())[:12], y[12:], y[4:16], y[:4], y[::2], y.view(6, 4)[3:5],
        ],
    ),
    "parts of joined tokens": (
        [(1, 4), (2, 4), (1, 4)], lambda *a: [
            (x := torch.cat(a))[1:2], x[:2], x[:1], x[3:], x[1:], x[0:3], x[2:], x.narrow(0, -1, 1),
            x.narrow(0, -3, 2), *x.chunk(2), *x.tensor_split((1, 3)), x.select(-2, 1),
        ],
    ),
    "repeats of folded axes": (
        [(2, 3, 1)], lambda a: [
            (x := a.flatten(0, 1)).repeat(2, 1), x.repeat(1, 5), x.repeat(3, 2, 4),
            a.repeat(1, 2, 3),
        ],
    ),
    "stack": ([(2, 4), (2, 4), (2, 4)], lambda *a: [torch.stack(a), torch.stack(a, -1)]),
    "parts of tokens": (
        [(2, 1, 4), (2, 6, 4)],
        lambda *a: [(x := torch.cat(a, 1))[:, 0], x[:, 1:], x[:, :1], x[:, 2:], x[:, :-1]],
    ),
    "parts of three": (
        [(1, 4), (2, 4), (6, 4)],
        lambda *a: [(x := torch.cat(a))[:3], x[1:], x[3:], x[1:3], *x.split([1, 2, 6])],
    ),
    "parts of the same": ([(4, 6)], lambda a: torch.cat([a, a, a]).chunk(3)),
    "parts": ([(6, 4)], lambda a: [a[:3], a[3:], a[2:5], a[::2], a.narrow(0, 3, 3), a[:2]]),
    "parts of others": (
        [(6, 4)], lambda a: [
            a.narrow(1, 2, 2), a.select(0, 1), *a.unbind(1)[:1], *a.chunk(3, 1), *a.split(2),
            *torch.tensor_split(a, 3), *torch.hsplit(a, 2), *torch.vsplit(a, 2),
        ],
    ),
    "reshape": ([(4, 6)], lambda a: [a.view(2, 12), a.view(24), a.view(4, 2, 3), a.view(8, 3)]),
    "reshape there and back": (
        [(2, 4, 6)],
        lambda a: [
            a.view(8, 6).view(2, 4, 6), a.view(2, 24).view(2, 4, 6), a.flatten(1),
            a.reshape(3, 16).reshape(2, 4, 6), a.view(2, 2, 2, 6).transpose(1, 2).flatten(1),
        ],
    ),
    "reshape with ones": (
        [(1, 4, 1, 6)], lambda a: [
            a.view(4, 6), a.view(4, 1, 6, 1), a.view(1, 24), a.view(1, 1, 24), a.reshape(24, 1),
            a.squeeze(), a.squeeze(0), a.squeeze((0, 1)),
        ],
    ),
    "unflatten": ([(2, 24)], lambda a: [a.unflatten(1, (4, 6)), a.unflatten(-1, (2, -1, 3))]),
    "expand": (
        [(1, 4), (3, 4)], lambda a, b: [a.expand(3, 4), a.expand_as(b), a.expand(2, 1, 4),
                                        torch.broadcast_to(a, (6, 4))],
    ),
    "broadcast": ([(2, 1), (1, 6)], lambda *a: torch.broadcast_tensors(*a)),
    "meshgrid": ([(4,), (6,)], lambda *a: [*torch.meshgrid(*a, indexing="xy"),
                                           *torch.meshgrid(*a, indexing="ij")]),
    "meshgrid of three": ([(4,), (6,), ()], lambda *a: torch.meshgrid(*a, indexing="xy")),
    "repeat": (
        [(1, 4), (6,)], lambda a, b: [a.repeat(3, 1), a.repeat(1, 2), a.repeat(2, 1, 1), b.tile(2),
                                      b.repeat(3, 2), b.repeat(1)],
    ),
    "new": ([(2, 4)], lambda a: [a.new_zeros(2, 4), a.new_ones(3, 4), a.new_full((2, 4, 1), 1.0)]),
    "add": ([(2, 4, 6), (4, 6)], torch.add),
    "add a column": ([(2, 4, 6), (4, 1)], lambda a, b: a * b),
    "add to ones": ([(2, 1, 6), (4, 1)], torch.sub),
    "where": ([(2, 4), (4,), (2, 1)], lambda a, b, c: torch.where(a > 0, b, c)),
    "pick by numbers": ([(6, 4), (3,)], lambda a, b: [a[b.long() % 6], a[:, b.long() % 4]]),
    "pick by tables": ([(6, 4), (2, 3)], lambda a, b: [a[b.long() % 6], a[0, b.long() % 4]]),
    "pick by two": (
        [(2, 4, 6), (3,), (3,)],
        lambda a, b, c: [a[b.long() % 2, c.long() % 4], a[b.long() % 2, :, c.long() % 6],
                         a[:, b.long() % 4, c.long() % 6], a[b.long() % 2, None, c.long() % 4]],
    ),
    "pick by masks": (
        [(4, 6)], lambda a: [a[torch.tensor([True, False, True, True])], a[torch.ones(4, 6) > 0],
                             a[:, torch.arange(6) > 2]],
    ),
    "pick by lists": ([(4, 6)], lambda a: [a[[0, 2]], a[[0, 2], [1, 3]], a[:, [[1], [2]]]]),
    "pick": (
        [(2, 4, 6)], lambda a: [a[0], a[..., 0], a[:, None, 1], a[1, ..., ::2], a[:, -1], a[None],
                                a[True]],
    ),
    "write": ([(2, 4, 6), (2, 6)], lambda a, b: written(a, (slice(None), 1), b)),
    "write a part": ([(2, 4, 6), (2, 4, 3)], lambda a, b: written(a, (..., slice(2, 5)), b)),
    "write by numbers": ([(6, 4), (3, 4)], lambda a, b: written(a, torch.arange(3), b)),
    "copy": ([(2, 4), (1, 4)], lambda a, b: a.copy_(b)),
    "unsqueeze": (
        [(4, 6)], lambda a: [a.unsqueeze(1), a.unsqueeze(dim=-1), torch.unsqueeze(a, 0), a[None]],
    ),
    "expand as": (
        [(1, 4), (2, 3, 4)], lambda a, b: [a.expand_as(b), a[0].expand_as(b), b.expand_as(b)],
    ),
    "copy a number": ([(2, 4)], lambda a: a.fill_(2.0)),
    "turn": (
        [(2, 4, 6)], lambda a: [
            a.permute(2, 0, 1), a.transpose(0, -1), a.mT, a.movedim((0, 1), (1, 2)), a[0].t(),
            torch.permute(a, (1, 2, 0)), a[0].T, a.swapaxes(1, 2),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_known_of_axes_after_an_operation(name, regenerate):
    axis_states.check("views", name, *VIEWS[name], regenerate)
