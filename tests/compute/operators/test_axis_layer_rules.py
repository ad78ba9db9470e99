"""What layers and reductions tell of axes of any kind, as golden text."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tests.support import axis_states
from tests.support.axis_states import weight

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
    "adaptive pool of lines with indices": (
        [(2, 4, 6)], lambda a: F.adaptive_max_pool1d(a, 2, return_indices=True)
    ),
    "adaptive pool of maps with indices": (
        [(2, 4, 6, 9)], lambda a: F.adaptive_max_pool2d(a, 2, return_indices=True)
    ),
    "pools of lines with indices": (
        [(2, 4, 6)], lambda a: F.max_pool1d(a, 2, return_indices=True)
    ),
    "pools of volumes with indices": (
        [(2, 4, 4, 6, 9)], lambda a: F.max_pool3d(a, 2, return_indices=True)
    ),
    "fractional pool with indices": (
        [(2, 4, 6, 9)], lambda a: F.fractional_max_pool2d(a, 2, 3, return_indices=True)
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
    "embedding of three axes": ([(4, 4, 3)], lambda a: F.embedding(a.long() % 3, weight(9, 5))),
    "embedding of a square": ([(4, 4)], lambda a: F.embedding(a.long() % 3, weight(9, 5))),
    "embedding of a line": ([(6,)], lambda a: F.embedding(a.long() % 3, weight(9, 4))),
    "embedding of a number": ([()], lambda a: F.embedding(a.long() % 3, weight(9, 4))),
    "embedding from a table": ([(9, 4), (2, 6)], lambda t, a: torch.embedding(t, a.long() % 3)),
    "embedding bag": ([(2, 6)], lambda a: F.embedding_bag(a.long() % 3, weight(9, 4))),
    "one hot": ([(2, 6)], lambda a: F.one_hot(a.long() % 3, 5).float()),
    "one hot of a line": ([(6,)], lambda a: F.one_hot(a.long() % 3, 5).float()),
    "mean of a set": (
        [(6, 4)], lambda a: [a.mean(0), a.sum(0, True), a.amax((0, 1)), a.mean(1), a[:1].mean(0)],
    ),
    "reductions by place": (
        [(2, 4, 6)], lambda a: [
            torch.quantile(a, 0.5, -1), torch.nanquantile(a, 0.5, 1, True), a.norm(2, (0, 1)),
            torch.linalg.vector_norm(a, 2, (0, 2), True), a.kthvalue(2, -1, True).values,
            torch.median(a, 0).values, torch.mode(a, 1).values, a.sum((-1, 0)), a.all(),
            torch.std_mean(a, (1, 2))[1], a.std(False), torch.count_nonzero(a, 1),
        ],
    ),
    "stft of lines": (
        [(36,), (42,), (48,)], lambda *x: [
            torch.stft(a, 8, window=torch.ones(8), return_complex=True).abs() for a in x
        ]
    ),
    "stft of numbers": (
        [(2, 30)], lambda a: torch.view_as_real(
            torch.stft(a, 8, window=torch.ones(8), return_complex=True)
        )
    ),
    "istft": (
        [(2, 5, 9)], lambda a: torch.istft(a + 0j, 8, window=torch.ones(8))
    ),
    "istft of one": ([(5, 9)], lambda a: torch.istft(a + 0j, 8, window=torch.ones(8))),
    "fft2 of named axes": (
        [(2, 4, 6, 9)], lambda a: [
            torch.fft.rfft2(a, None, (0, 2)), torch.fft.irfft2(a + 0j, dim=(-1, 1)),
            torch.fft.ifft2(a),
        ],
    ),
    "windows from the end": (
        [(2, 4, 6)], lambda a: [a.unfold(-1, 3, 1), a.unfold(0, 2, 1), a.unfold(-2, 4, 1)],
    ),
    "unfold of one sample": ([(4, 6, 9)], lambda a: F.unfold(a, (2, 3), 1, 0, (2, 3))),
    "fold of one sample": ([(16, 6)], lambda a: F.fold(a, (4, 6), 2, stride=2)),
    "picked along axes": (
        [(4, 6), (4, 6)], lambda a, b: [
            a.scatter(1, b.long(), 1.0), a.index_fill(0, torch.tensor([0]), 1.0),
            a.index_copy(1, torch.tensor([0, 2]), b[:, :2]), a.argsort(0), a.msort(),
            torch.take_along_dim(a, b.long()[:2], 0), a.masked_scatter(b > 0.5, b),
        ],
    ),
    "index reduce": (
        [(5, 4), (6,), (6, 4)],
        lambda a, b, c: a.index_reduce(0, b.long() % 5, c, "mean"),
    ),
    "index add of numbers": (
        [(5,), (6,), (6,)], lambda a, b, c: a.index_add(0, b.long() % 5, c)
    ),
    "scatter add of columns": (
        [(2, 5), (2, 6), (2, 6)], lambda a, b, c: a.scatter_add(-1, b.long() % 5, c)
    ),
    "convolutions of any axes": (
        [(2, 4, 6, 9), (4, 5, 3, 3), (5,)], lambda a, w, b: [
            torch.convolution(a, w.transpose(0, 1), b, [1, 1], [1, 1], [1, 1], False, [0, 0], 1),
            torch.convolution(a, w, b, [1, 1], [1, 1], [1, 1], True, [0, 0], 1),
            torch.convolution(a[:, :, 0], w[..., 0], b, [1], [1], [1], True, [0], 1),
        ],
    ),
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


@pytest.mark.filterwarnings("ignore:index_reduce")
@pytest.mark.parametrize("name", LAYERS)
def test_what_is_known_of_axes_after_an_operation(name, regenerate):
    axis_states.check("layers", name, *LAYERS[name], regenerate)
