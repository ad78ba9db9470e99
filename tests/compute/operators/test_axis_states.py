"""What each operation does to axes of which something else is known each time, as golden text."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.support import axis_states, golden_text

STATES = 24
"""Lines for each operation."""


def weight(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.ones(shape))


def ids(*shape: int) -> torch.Tensor:
    return torch.arange(torch.Size(shape).numel()).view(shape) % 3


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

LAYERS = {
    "conv1d": ([(2, 4, 6)], lambda a: F.conv1d(a, weight(5, 4, 3))),
    "conv1d of places": ([(2, 4, 6)], lambda a: F.conv1d(a, weight(5, 4, 1))),
    "conv1d of one sample": ([(4, 6)], lambda a: F.conv1d(a, weight(5, 4, 3), padding=1)),
    "conv2d": ([(2, 4, 6, 9)], lambda a: F.conv2d(a, weight(5, 4, 3, 3), padding=(1, 0))),
    "conv2d of places": ([(2, 4, 6, 9)], lambda a: F.conv2d(a, weight(5, 4, 1, 1))),
    "conv2d of rows": ([(2, 4, 6, 9)], lambda a: F.conv2d(a, weight(5, 4, 1, 3))),
    "conv2d of one sample": ([(4, 6, 9)], lambda a: F.conv2d(a, weight(5, 4, 3, 3))),
    "conv2d with kernels": ([(2, 4, 6, 9), (5, 4, 3, 3)], F.conv2d),
    "conv2d with kernels of one row": ([(2, 4, 6, 9), (5, 4, 1, 3)], F.conv2d),
    "conv3d": ([(2, 4, 4, 6, 9)], lambda a: F.conv3d(a, weight(5, 4, 3, 3, 3))),
    "conv3d of frames": ([(2, 3, 4, 6, 9)], lambda a: F.conv3d(a, weight(5, 3, 1, 3, 3))),
    "conv3d of one volume": ([(4, 4, 6, 9)], lambda a: F.conv3d(a, weight(5, 4, 1, 1, 1))),
    "transposed": ([(2, 4, 6, 9)], lambda a: F.conv_transpose2d(a, weight(4, 5, 2, 2), stride=2)),
    "transposed of frames": (
        [(2, 5, 4, 6, 9)], lambda a: F.conv_transpose3d(a, weight(5, 3, 2, 2, 2), stride=2)
    ),
    "max pool 1d": ([(2, 4, 6)], lambda a: F.max_pool1d(a, 2)),
    "max pool": ([(2, 4, 6, 9)], lambda a: F.max_pool2d(a, (2, 1))),
    "max pool with indices": (
        [(2, 4, 6, 9)], lambda a: F.max_pool2d(a, 3, return_indices=True)
    ),
    "average pool of one sample": ([(4, 6, 9)], lambda a: F.avg_pool2d(a, 3)),
    "average pool 3d": ([(2, 4, 4, 6, 9)], lambda a: F.avg_pool3d(a, (1, 2, 3))),
    "adaptive pools with indices": (
        [(2, 4, 4, 6, 9)], lambda a: [
            *F.adaptive_max_pool3d(a, (2, 3, 3), return_indices=True),
            *F.adaptive_max_pool2d(a[:, 0], 3, return_indices=True),
            *F.adaptive_max_pool1d(a[:, 0, 0], 2, return_indices=True),
        ],
    ),
    "pools of one sample": (
        [(4, 6, 9)], lambda a: [
            F.max_pool2d(a, 2), F.max_pool1d(a[0], 2), F.lp_pool2d(a, 2, 2),
            F.fractional_max_pool2d(a, 2, 3), F.adaptive_avg_pool2d(a, (3, None)),
            *F.max_pool3d(a[None], 2, return_indices=True),
        ],
    ),
    "unpool": (
        [(2, 4, 6, 8)], lambda a: F.max_unpool2d(*F.max_pool2d(a, 2, return_indices=True), 2)
    ),
    "adaptive pool to one": ([(2, 4, 6, 9)], lambda a: F.adaptive_avg_pool2d(a, 1)),
    "interpolate": ([(2, 4, 6, 9)], lambda a: F.interpolate(a, scale_factor=2)),
    "interpolate a line": ([(2, 4, 6)], lambda a: F.interpolate(a, 4)),
    "interpolate a volume": ([(2, 4, 4, 6, 9)], lambda a: F.interpolate(a, (4, 3, 3))),
    "grid sample": (
        [(2, 4, 6, 9), (2, 3, 5, 2)], lambda a, g: F.grid_sample(a, g, align_corners=False)
    ),
    "pixel shuffle": ([(2, 4, 6, 9)], lambda a: F.pixel_shuffle(a, 2)),
    "pixel unshuffle": ([(4, 6, 9)], lambda a: F.pixel_unshuffle(a, 3)),
    "unfold": ([(2, 4, 6, 9)], lambda a: F.unfold(a, (3, 2), 1, (1, 0), (2, 3))),
    "unfold of many": ([(2, 4, 6, 9)], lambda a: F.unfold(a, 3, 2, 2, 1)),
    "unfold to one": ([(2, 4, 6, 9)], lambda a: F.unfold(a, (6, 3), stride=(1, 3))),
    "windows": ([(2, 4, 6)], lambda a: a.unfold(1, 2, 2)),
    "fold": ([(2, 16, 6)], lambda a: F.fold(a, (4, 6), 2, stride=2)),
    "batch norm": ([(2, 4, 6)], lambda a: F.batch_norm(a, torch.zeros(4), torch.ones(4))),
    "batch norm of numbers": ([(2, 4)], lambda a: F.batch_norm(a, torch.zeros(4), torch.ones(4))),
    "group norm": ([(2, 4, 6, 9)], lambda a: F.group_norm(a, 2)),
    "native batch norm": (
        [(2, 4, 6)], lambda a: torch.native_batch_norm(
            a, None, None, torch.zeros(4), torch.ones(4), True, 0.1, 1e-5
        )[:2]
    ),
    "prelu": ([(2, 4, 6)], lambda a: F.prelu(a, weight(4))),
    "prelu of one": ([(2, 4, 6)], lambda a: F.prelu(a, weight(1))),
    "layer norm": ([(2, 6, 4)], lambda a: F.layer_norm(a, (4,))),
    "layer norm of a map": ([(2, 6, 4)], lambda a: F.layer_norm(a, (6, 4))),
    "native layer norm": (
        [(2, 6, 4)], lambda a: torch.native_layer_norm(a, (4,), None, None, 1e-5)
    ),
    "linear": ([(2, 6, 4)], lambda a: F.linear(a, weight(5, 4))),
    "linear of as many": ([(2, 6, 4)], lambda a: F.linear(a, weight(4, 4))),
    "linear of one vector": ([(4,)], lambda a: F.linear(a, weight(5, 4))),
    "linear with a weight that is made": ([(2, 6, 4), (5, 4)], F.linear),
    "linear with a row that is made": ([(2, 6, 4), (4,)], F.linear),
    "bilinear": ([(2, 4), (2, 6)], lambda a, b: F.bilinear(a, b, weight(5, 4, 6))),
    "addmm with a weight": ([(2, 4)], lambda a: torch.addmm(torch.ones(5), a, weight(4, 5))),
    "softmax": ([(2, 6, 6)], lambda a: a.softmax(-1)),
    "softmax of squares": ([(6, 6)], lambda a: F.softmax(a, dim=1)),
    "softmax of heads": ([(2, 2, 6, 4)], lambda a: torch.softmax(a, 3)),
    "softmax of other axes": (
        [(2, 6, 4)], lambda a: [a.softmax(1), a[..., :1].softmax(-1), a[0, 0].softmax(0)]
    ),
    "softmax of keys": ([(2, 6, 4)], lambda a: a.softmax(-1)),
    "mean": ([(2, 4, 6, 9)], lambda a: [a.mean((2, 3)), a.mean(1, True), a.mean(-1)]),
    "max": ([(2, 4, 6)], lambda a: [*a.max(1), *a.min(-1, keepdim=True), a.max()]),
    "norm": ([(2, 4, 6)], lambda a: [a.norm(dim=1), a.norm(2, -1, True), a.norm()]),
    "more reductions": (
        [(2, 4, 6)], lambda a: [
            torch.quantile(a, 0.5, 1), torch.logsumexp(a, (0, 2)), *torch.var_mean(a, 2),
            torch.linalg.vector_norm(a, 2, -2), torch.sum(a, axis=0), a.argmax(1), a.any(0),
            *torch.kthvalue(a, 2, 1), *torch.aminmax(a, dim=0), *torch.cummax(a, 1),
        ],
    ),
    "embedding": ([(2, 6)], lambda a: F.embedding(a.long() % 3, weight(9, 4))),
    "stft": (
        [(2, 30)], lambda a: torch.stft(a, 8, window=torch.ones(8), return_complex=True).abs()
    ),
    "stft of one": (
        [(30,)], lambda a: torch.stft(a, 8, window=torch.ones(8), return_complex=True).abs()
    ),
    "fft2": ([(2, 4, 6)], lambda a: [torch.fft.fft2(a), torch.fft.rfft2(a, dim=(0, 1))]),
    "distances": ([(2, 6, 4), (2, 5, 4)], torch.cdist),
    "gather": ([(2, 4, 6), (2, 4, 3)], lambda a, b: a.gather(2, b.long() % 6)),
    "gather to fewer axes": ([(4, 6), (3,)], lambda a, b: torch.take(a, b.long())),
    "topk": ([(2, 4, 6)], lambda a: [*a.topk(2, 1), *a.sort(2), a.cumsum(0)]),
    "index select": ([(4, 6), (3,)], lambda a, b: a.index_select(0, b.long() % 4)),
    "index add": (
        [(5, 4), (6,), (6, 4)], lambda a, b, c: torch.index_add(a, 0, b.long() % 5, c)
    ),
    "index add of columns": (
        [(4, 5), (6,), (4, 6)], lambda a, b, c: torch.index_add(a, -1, b.long() % 5, c)
    ),
    "scatter add": (
        [(5, 4), (6, 4), (6, 4)], lambda a, b, c: a.scatter_add(0, b.long() % 5, c)
    ),
    "scatter reduce": (
        [(5, 4), (6, 4), (6, 4)], lambda a, b, c: a.scatter_reduce(0, b.long() % 5, c, "amax")
    ),
    "scatter": ([(5, 4), (6, 4), (6, 4)], lambda a, b, c: a.scatter(0, b.long() % 5, c)),
}  # fmt: skip

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
OTHERS = {
    "kron": ([(2, 3), (2, 2)], torch.kron),
    "diagonal": ([(4, 6)], lambda a: [torch.diagonal(a), torch.diag_embed(a), torch.tril(a)]),
    "cross": ([(4, 3), (4, 3)], torch.linalg.cross),
    "trapezoid": ([(2, 4, 6)], lambda a: [torch.trapezoid(a), torch.diff(a), torch.trace(a[0])]),
    "bucketize": ([(2, 4), (6,)], torch.bucketize),
    "search": ([(2, 6), (2, 4)], lambda a, b: torch.searchsorted(a, b)),
    "tensordot": ([(2, 4, 6), (6, 3)], lambda a, b: torch.tensordot(a, b, 1)),
    "outer": ([(4,), (6,)], torch.outer),
    "covariance": ([(4, 6)], lambda a: [torch.cov(a), torch.corrcoef(a)]),
    "pad": ([(2, 4, 6)], lambda a: F.pad(a, (1, 2, 0, 1))),
    "glu": ([(2, 4, 6)], lambda a: F.glu(a, 1)),
    "similarity": ([(2, 4, 6), (2, 4, 6)], lambda *a: F.cosine_similarity(*a)),
    "inverse": ([(2, 4, 4)], lambda a: torch.linalg.inv(a + torch.eye(4))),
    "decomposed": ([(6, 4)], lambda a: torch.linalg.svd(a, full_matrices=False)),
}  # fmt: skip
OPERATIONS = {
    f"{kind}/{name}": found
    for kind, table in (
        ("products", PRODUCTS), ("layers", LAYERS), ("views", VIEWS), ("others", OTHERS)
    )
    for name, found in table.items()
}  # fmt: skip


def written(tensor, index, value):
    tensor[index] = value
    return tensor


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_known_of_axes_after_an_operation(name, regenerate):
    shapes, function = OPERATIONS[name]
    lines = []
    for number in range(STATES):
        torch.manual_seed(number)
        operands = [torch.rand(shape) + 0.1 for shape in shapes]
        lines.append(axis_states.line_of(f"{name} {number}", operands, function))
    golden_text.check(f"axes/{name.replace(' ', '-')}", lines, regenerate)
