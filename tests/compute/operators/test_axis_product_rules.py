"""What products, attention and recurrences tell of axes of any kind, as golden text."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.support import axis_states
from tests.support.axis_states import ids, weight


def multi_head(q, k, v, **options):
    return F.multi_head_attention_forward(
        q, k, v, 4, 2, torch.ones(12, 4), torch.ones(12), None, None, False, 0.0, torch.ones(4, 4),
        torch.ones(4), **options
    )  # fmt: skip


def packed(x, lengths, is_batch_first):
    found = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=is_batch_first)
    data, sizes = found.data, found.batch_sizes
    return [data, *torch._VF._pad_packed_sequence(data, sizes, is_batch_first, 0.0, len(sizes))]


PRODUCTS = {
    "matmul": ([(5, 4), (4, 6)], torch.matmul),
    "matmul of a square": ([(4, 4), (4, 6)], torch.matmul),
    "matmul of squares": ([(4, 4), (4, 4)], lambda a, b: a @ b),
    "matmul of samples": ([(2, 6, 4), (2, 4, 6)], torch.bmm),
    "matmul of squares of samples": ([(2, 6, 6), (2, 6, 4)], torch.matmul),
    "matmul of heads": ([(2, 2, 6, 4), (2, 2, 4, 6)], torch.matmul),
    "matmul that broadcasts": ([(4, 4), (2, 4, 6)], torch.matmul),
    "matmul of a vector": ([(6, 4), (4,)], torch.matmul),
    "matmul with a vector": ([(4,), (2, 4, 6)], torch.matmul),
    "matmul with a vector and squares": ([(4,), (2, 4, 4)], torch.matmul),
    "matmul of squares with a vector": ([(2, 4, 4), (4,)], torch.matmul),
    "rmatmul": ([(4, 6), (6, 4)], lambda a, b: a.__rmatmul__(b)),
    "mv": ([(6, 4), (4,)], torch.mv),
    "with a weight": ([(2, 6, 4)], lambda a: a @ weight(4, 5)),
    "with a weight of samples": ([(2, 6, 4)], lambda a: a @ weight(2, 4, 5)),
    "of a weight": ([(4, 6)], lambda a: weight(5, 4) @ a),
    "of a square weight": ([(4, 6)], lambda a: torch.ones(4, 4) @ a),
    "sparse": ([(6, 4)], lambda a: torch.sparse.mm(torch.eye(6).to_sparse(), a)),
    "sparse matmul": ([(4, 6), (6, 6)], lambda a, b: torch.eye(4).to_sparse() @ a),
    "addmm": ([(2, 6), (2, 4), (4, 6)], torch.addmm),
    "baddbmm": ([(2, 6, 6), (2, 6, 4), (2, 4, 6)], torch.baddbmm),
    "addbmm": ([(6, 6), (2, 6, 4), (2, 4, 6)], torch.addbmm),
    "einsum with a weight": ([(2, 4, 6)], lambda a: torch.einsum("nck,oc->nok", a, weight(5, 4))),
    "einsum of a weight": ([(2, 4, 6)], lambda a: torch.einsum("oc,nck->nok", weight(5, 4), a)),
    "einsum of samples": ([(2, 4, 6), (2, 4, 6)], lambda *a: torch.einsum("nij,nkj->nik", *a)),
    "einsum of heads": ([(2, 6, 2, 4), (2, 6, 2, 4)], lambda *a: torch.einsum("nthd,nshd", *a)),
    "einsum with dots": ([(4, 2, 6), (4, 6)], lambda *a: torch.einsum("i...,i...->...i", *a)),
    "einsum with dots in front": ([(2, 4, 6), (6,)], lambda *a: torch.einsum("...j,j->...", *a)),
    "einsum of one": ([(2, 4, 6)], lambda a: torch.einsum("ijk->ki", a)),
    "einsum of a diagonal": ([(4, 4)], lambda a: torch.einsum("ii->i", a)),
    "einsum of three": ([(4,), (4, 6), (6,)], lambda *a: torch.einsum("i,ij,j->ij", *a)),
    "einsum of lists": ([(2, 4, 6)], lambda a: torch.einsum(a, [0, 1, 2], [2, 1, 0])),
    "attention": ([(2, 2, 6, 4)] * 3, F.scaled_dot_product_attention),
    "attention of other keys": (
        [(2, 6, 4), (2, 5, 4), (2, 5, 3)], F.scaled_dot_product_attention
    ),
    "attention that shares keys": (
        [(2, 2, 6, 4), (1, 2, 5, 4), (1, 2, 5, 4)], F.scaled_dot_product_attention
    ),
    "multi-head attention": ([(6, 2, 4), (5, 2, 4), (5, 2, 4)], multi_head),
    "multi-head attention of itself": (
        [(6, 2, 4)], lambda a: multi_head(a, a, a, average_attn_weights=False)
    ),
    "multi-head attention of one sample": (
        [(6, 4)], lambda a: multi_head(a, a, a, average_attn_weights=False)
    ),
    "multi-head attention of one sample's keys": ([(6, 4), (5, 4), (5, 4)], multi_head),
    "lstm": ([(6, 2, 4)], lambda a: nn.LSTM(4, 3)(a)),
    "lstm of samples first": ([(2, 6, 4)], lambda a: nn.LSTM(4, 3, batch_first=True)(a)),
    "gru of two layers": ([(6, 2, 4)], lambda a: nn.GRU(4, 3, 2, bidirectional=True)(a)),
    "rnn": ([(6, 2, 4)], lambda a: nn.RNN(4, 3, nonlinearity="relu")(a)),
    "cells": ([(2, 4)], lambda a: [*nn.LSTMCell(4, 3)(a), nn.GRUCell(4, 3)(a)]),
    "packed": ([(6, 2, 4), (2,)], lambda a, n: packed(a, ids(2) * 0 + 6, False)),
    "packed samples first": (
        [(2, 6, 4)], lambda a: packed(a, torch.tensor([6, 3]), True)
    ),
    "lstm of packed data": (
        [(9, 4)],
        lambda a: nn.LSTM(4, 3)(nn.utils.rnn.PackedSequence(a, torch.tensor([2] * 3 + [1] * 3)))[1],
    ),
    "packed lstm": (
        [(6, 2, 4)],
        lambda a: nn.LSTM(4, 3)(nn.utils.rnn.pack_padded_sequence(a, torch.tensor([6, 3])))[1],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_what_is_known_of_axes_after_an_operation(name, regenerate):
    axis_states.check("products", name, *PRODUCTS[name], regenerate)
