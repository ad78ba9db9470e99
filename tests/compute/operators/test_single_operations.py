"""What single operations do to axes: against what they do to numbers, and against golden text."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.compute.tracing.test_golden_graphs import node_lines
from tests.support import golden_text
from vrnn.compute.tracing.simplify import GraphView, simplify
from vrnn.compute.tracing.tracer import trace

ROLES = ("batch", "channel", "height", "width")
SIZES = (2, 4, 6, 10)


class Between(nn.Module):
    """A convolution, an operation that is tried, and one that takes its results."""

    def __init__(self, operation):
        super().__init__()
        self.conv = nn.Conv2d(3, SIZES[1], 1)
        self.operation = operation

    def forward(self, x):
        found = self.operation(self.conv(x) + F.avg_pool2d(x, 1)[:, :1])
        found = found if isinstance(found, tuple | list) else (found,)
        return [torch.sin(each) for each in found if each.is_floating_point()]


def view_of(model, *inputs) -> GraphView:
    torch.manual_seed(0)
    return simplify(trace(model.eval(), inputs, "net"), "all")


PLACED = {
    "permute": lambda x: x.permute(3, 0, 2, 1),
    "permute of negative axes": lambda x: torch.permute(x, (-1, -2, -4, -3)),
    "transpose": lambda x: x.transpose(0, -1),
    "transpose by name": lambda x: torch.transpose(x, dim1=1, dim0=2),
    "swapaxes by name": lambda x: x.swapaxes(axis0=3, axis1=1),
    "movedim": lambda x: x.movedim((0, 2), (-1, 0)),
    "moveaxis": lambda x: torch.moveaxis(x, 1, 3),
    "movedim to the middle": lambda x: x.movedim(-1, 1),
    "mT": lambda x: x.mT,
    "T": lambda x: x[0, 0].T,
    "t": lambda x: x[0, :, 2].t(),
    "t of a line": lambda x: x[0, 0, 0].t(),
    "unsqueeze": lambda x: x.unsqueeze(2),
    "unsqueeze at the end": lambda x: x.unsqueeze(-1),
    "unsqueeze at the start": lambda x: torch.unsqueeze(x, -5),
    "squeeze": lambda x: x[:1, :, :1].squeeze(),
    "squeeze of one axis": lambda x: x[:1, :, :1].squeeze(2),
    "squeeze of two axes": lambda x: x[:1, :, :1].squeeze((0, -2)),
    "squeeze of nothing": lambda x: x.squeeze(0),
    "flatten and unflatten": lambda x: x.flatten(2).unflatten(2, (6, 10)),
    "flatten by name": lambda x: x.flatten(start_dim=1, end_dim=2).unflatten(1, (4, 6)),
    "unflatten from the end": lambda x: x.flatten(1, -2).unflatten(-2, (4, 6)),
    "view": lambda x: x.view(8, 6, 10).view(2, 4, 60).view(2, 4, 6, 10),
    "view as": lambda x: x.view_as(torch.zeros(8, 60)).reshape_as(torch.zeros(2, 4, 6, 10)),
    "ravel": lambda x: x.ravel().view(2, 4, 6, 10),
    "rows of blocks": lambda x: x.view(2, 4, 3, 2, 10).movedim(2, 1).movedim(1, 2).flatten(2, 3),
    "atleast": lambda x: torch.atleast_3d(x),
    "expand": lambda x: x[:1].expand(5, 4, 6, 10),
    "expand in front": lambda x: x[0].expand(3, -1, -1, -1),
    "expand as": lambda x: x[:, :1].expand_as(x),
    "broadcast": lambda x: torch.broadcast_to(x[:, :, :1], (2, 4, 7, 10)),
    "broadcast together": lambda x: torch.broadcast_tensors(x[:, :1], x[:, :, :1]),
    "chunk": lambda x: x.chunk(2, -1),
    "split": lambda x: x.split(4, dim=2),
    "split of samples": lambda x: x.split(1),
    "chunk of samples": lambda x: torch.chunk(x, 2),
    "unbind of samples": lambda x: x.unbind(),
    "cat of samples": lambda x: torch.cat([x[:1], x[1:], x]),
    "select of a stack": lambda x: torch.stack([x, x], 1).select(1, 0),
    "tensor split at places": lambda x: torch.tensor_split(x, (1, 4), -2),
    "split to sizes": lambda x: torch.split(x, [1, 3], 1),
    "tensor split": lambda x: x.tensor_split(3, dim=3),
    "hsplit": lambda x: torch.hsplit(x, 2),
    "vsplit": lambda x: torch.vsplit(x, 2),
    "dsplit": lambda x: torch.dsplit(x, 3),
    "unbind": lambda x: x.unbind(1)[:2],
    "unbind from the end": lambda x: x.unbind(dim=-1)[-2:],
    "select": lambda x: x.select(2, 3),
    "select from the end": lambda x: x.select(dim=-1, index=-2),
    "narrow": lambda x: x.narrow(3, 2, 5),
    "narrow from the end": lambda x: torch.narrow(x, -3, -2, 2),
    "slices": lambda x: x[:, 1:3, ::2, -4:],
    "integers": lambda x: x[1, :, 2],
    "dots": lambda x: x[..., 3],
    "dots in the middle": lambda x: x[0, ..., 1:],
    "new axes": lambda x: x[:, None, ..., None],
    "index arrays": lambda x: x[:, torch.tensor([2, 0, 1])],
    "index arrays of the last axis": lambda x: x[..., torch.tensor([7, 7, 1])],
    "two index arrays": lambda x: x[:, :, torch.tensor([0, 1, 5]), torch.tensor([9, 0, 3])],
    "index arrays apart": lambda x: x[torch.tensor([0, 1, 1]), :, torch.tensor([0, 1, 5])],
    "masks": lambda x: x[:, torch.tensor([True, False, True, True])],
    "lists": lambda x: x[:, :, [0, 2, 4]],
    "index select": lambda x: x.index_select(3, torch.tensor([1, 1, 5])),
    "take along": lambda x: torch.take_along_dim(x, torch.zeros(1, 1, 1, 10).long(), 2),
    "gather": lambda x: x.gather(1, torch.zeros(2, 2, 6, 10).long()),
    "flip": lambda x: x.flip(3),
    "roll": lambda x: x.roll((1, 2), (2, 3)),
    "sort": lambda x: x.sort(-1).values,
    "topk": lambda x: x.topk(3, 2).values,
    "stack": lambda x: torch.stack([x, x], 2),
    "stack at the end": lambda x: torch.stack((x, 2 * x), dim=-1),
    "cat": lambda x: torch.cat([x, x], 3),
    "cat of channels": lambda x: torch.cat((x, x[:, :2]), dim=-3),
    "hstack": lambda x: torch.hstack([x, x]),
    "vstack": lambda x: torch.vstack([x, x]),
    "stack and unbind": lambda x: torch.stack([x, x]).unbind(0),
    "cat and split": lambda x: torch.cat([x, x[..., :3]], -1).split([10, 3], -1),
    "repeat": lambda x: x[:, :, :1].repeat(1, 1, 5, 1),
    "tile": lambda x: torch.tile(x[..., :1], (1, 1, 1, 7)),
    "mean": lambda x: x.mean(1),
    "mean that keeps": lambda x: x.mean((2, 3), keepdim=True),
    "amax": lambda x: torch.amax(x, dim=(0, -1)),
    "max": lambda x: x.max(2).values,
    "sum over a named axis": lambda x: torch.sum(x, axis=3),
    "norm": lambda x: x.norm(2, 1),
    "vector norm": lambda x: torch.linalg.vector_norm(x, 2, (1,)),
    "quantile": lambda x: torch.quantile(x, 0.5, dim=2),
    "kthvalue": lambda x: x.kthvalue(2, 3).values,
    "logsumexp": lambda x: x.logsumexp((-1, -2)),
    "cumsum": lambda x: x.cumsum(1),
    "softmax": lambda x: x.softmax(2),
    "einsum": lambda x: torch.einsum("abcd->dacb", x),
    "einsum of two": lambda x: torch.einsum("nchw,nchw->nhc", x, x),
    "einsum without an arrow": lambda x: torch.einsum("bahw,cahw", x, x)[..., 0],
    "einsum with dots": lambda x: torch.einsum("...w,...w->...", x, x),
    "windows of an axis": lambda x: x.unfold(3, 4, 2)[..., 0],
    "windows of rows": lambda x: x.unfold(dimension=-2, size=2, step=2)[..., 1],
}  # fmt: skip
"""Operations whose results lie where their axes came from."""


def moved_axes(operation) -> list[list[set[int]]]:
    """For each result and each of its axes, the axes of the operand that it runs along.

    Found by numbers: the operand counts along one axis and is the same along the others.
    """
    found: list[list[set[int]]] = []
    torch.manual_seed(0)
    for axis, size in enumerate(SIZES):
        shape = [1] * 4
        shape[axis] = size
        count = (1 + torch.rand(size).cumsum(0)).view(shape).expand(SIZES).contiguous()
        results = operation(count)
        results = results if isinstance(results, tuple | list) else (results,)
        for number, result in enumerate(results):
            if axis == 0:
                found.append([set() for _ in range(result.dim())])
            for place in range(result.dim()):
                if result.shape[place] > 1 and result.diff(dim=place).abs().max() > 1e-4:
                    found[number][place].add(axis)
    return found


@pytest.mark.parametrize("name", PLACED)
def test_an_axis_keeps_its_role_wherever_it_goes(name):
    view = view_of(Between(PLACED[name]), torch.rand(2, 3, 6, 10))
    results = [node for node in view.network.nodes if node.operation == "sin"]
    truth = moved_axes(PLACED[name])
    assert len(results) == len(truth)
    checked = 0
    for node, places in zip(results, truth, strict=True):
        assert [axis.size for axis in node.axes] == list(view.records[node.id].shape)
        for axis, sources in zip(node.axes, places, strict=True):
            if len(sources) == 1:
                assert axis.role == ROLES[sources.pop()], (name, node.axes)
                checked += 1
    assert checked


def spectrum(x):
    """A spectrogram of the first channel."""
    window = torch.ones(16)
    return torch.stft(x[:, 0].flatten(1), 16, return_complex=True, window=window)


def tokens_of_heads(x):
    """(N, 2, H·W, 2): positions as tokens, channels as two heads of two."""
    return x.flatten(2).mT.unflatten(2, (2, 2)).transpose(1, 2)


MADE = {
    "stft": lambda x: spectrum(x).abs(),
    "istft": lambda x: torch.istft(spectrum(x), 16, window=torch.ones(16)),
    "fft2": lambda x: torch.fft.rfft2(x).abs(),
    "fft2 of other axes": lambda x: torch.fft.irfft2(torch.fft.rfft2(x, dim=(1, 2)), dim=(1, 2)),
    "distances": lambda x: torch.cdist(x.flatten(2).mT, x[..., 0].mT),
    "unfold": lambda x: F.unfold(x, (3, 2), (1, 2), (1, 0), (2, 3)),
    "unfold of one number": lambda x: F.unfold(x, 2, stride=2),
    "fold": lambda x: F.fold(F.unfold(x, 2, stride=2), (6, 10), 2, stride=2),
    "pixel shuffle": lambda x: F.pixel_shuffle(x, 2),
    "pixel unshuffle": lambda x: F.pixel_unshuffle(x, 2),
    "linear": lambda x: F.linear(x, torch.ones(7, 10)),
    "linear of channels": lambda x: F.linear(x.movedim(1, -1), torch.ones(7, 4)),
    "linear as a product": lambda x: torch.addmm(torch.ones(7), x.mean((2, 3)), torch.ones(4, 7)),
    "bilinear": lambda x: F.bilinear(x.mean((2, 3)), x.amax((2, 3)), torch.ones(5, 4, 4)),
    "conv1d": lambda x: F.conv1d(x.flatten(2), torch.ones(5, 4, 3)),
    "conv1d of points": lambda x: F.conv1d(x.flatten(2), torch.ones(5, 4, 1)),
    "conv3d": lambda x: F.conv3d(x[:, None], torch.ones(5, 1, 2, 3, 3)),
    "conv3d of a clip": lambda x: F.conv3d(
        x[:, None, :3].transpose(1, 2), torch.ones(5, 3, 1, 3, 3)
    ),
    "transposed": lambda x: F.conv_transpose2d(x, torch.ones(4, 5, 3, 2), stride=2),
    "kernels that are computed": lambda x: F.conv2d(x, x[:, :, :3, :3]),
    "without samples": lambda x: F.conv2d(x[0], torch.ones(5, 4, 3, 3)),
    "pools": lambda x: [
        F.max_pool2d(x, 2), F.avg_pool1d(x.flatten(2), 3), F.adaptive_avg_pool2d(x, (3, 10)),
        F.adaptive_max_pool2d(x, 2, True)[0], F.lp_pool2d(x, 2, 3), F.max_pool3d(x[:, None], 2),
    ],
    "unpool": lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2),
    "interpolate": lambda x: [
        F.interpolate(x, scale_factor=2), F.interpolate(x.flatten(2), size=7),
        F.interpolate(x[:, None], scale_factor=(1, 2, 1)),
    ],
    "grid sample": lambda x: F.grid_sample(x, torch.zeros(2, 3, 5, 2), align_corners=False),
    "norms": lambda x: [
        F.group_norm(x, 2), F.instance_norm(x), F.local_response_norm(x, 2),
        F.layer_norm(x, (10,)), F.layer_norm(x, (6, 10)), F.rms_norm(x, (10,)),
        F.batch_norm(x, torch.zeros(4), torch.ones(4)), F.prelu(x, torch.ones(4)),
        F.prelu(x, torch.ones(1)),
    ],
    "embedding": lambda x: F.embedding((x[:, :, 0, 0] * 3).long() % 5, torch.ones(5, 7)),
    "one hot": lambda x: F.one_hot((x[:, :, 0, 0] * 3).long() % 5, 5).float(),
    "bag": lambda x: F.embedding_bag((x[:, :, 0, 0] * 3).long() % 5, torch.ones(5, 7)),
    "matmul": lambda x: x @ x.mT,
    "matmul of maps": lambda x: x.flatten(2) @ x.flatten(2).mT,
    "matmul of vectors": lambda x: [
        x[0, :, 0, 0] @ x[0, :, 0], x[0, 0] @ x[0, 0, 0], x @ x[0, 0, 0]
    ],
    "adjacency": lambda x: torch.ones(6, 6) @ x[0, 0],
    "baddbmm": lambda x: torch.baddbmm(torch.zeros(1), x[:, 0], x[:, 0].mT),
    "addbmm": lambda x: torch.addbmm(torch.zeros(1), x[:, 0], x[:, 0].mT),
    "heads": lambda x: F.scaled_dot_product_attention(*[tokens_of_heads(x)] * 3),
    "heads by hand": lambda x: (tokens_of_heads(x) @ tokens_of_heads(x).mT).softmax(-1),
    "einsum of heads": lambda x: torch.einsum("nhtd,nhsd->nhts", *[tokens_of_heads(x)] * 2),
    "einsum with weights": lambda x: torch.einsum(
        "nchw,oc->nohw", x, nn.Parameter(torch.ones(7, 4))
    ),
    "outer": lambda x: torch.outer(x[0, :, 0, 0], x[0, 0, 0]),
    "meshgrid": lambda x: torch.meshgrid(x[0, :, 0, 0], x[0, 0, 0], indexing="xy"),
    "meshgrid of rows": lambda x: torch.meshgrid(x[0, :, 0, 0], x[0, 0, :, 0], indexing="ij"),
    "tensordot": lambda x: torch.tensordot(x, torch.ones(4, 5), dims=([1], [0])),
    "product with a weight": lambda x: x.movedim(1, -1) @ nn.Parameter(torch.ones(4, 7)),
    "places mixed by a product": lambda x: x[:, 0].softmax(-1) @ x[:, 0].mT @ x[:, 1],
    "repeat of samples": lambda x: x.repeat(3, 1, 1, 1),
    "repeat of all": lambda x: x[0].repeat(2, 3, 1, 2),
    "scatter": lambda x: torch.zeros(5, 10).index_add(
        0, torch.tensor([0, 1, 1, 4, 2, 0]), x[0, 0]
    ),
    "scatter add": lambda x: torch.zeros(2, 4, 3, 10).scatter_add(
        2, torch.zeros(2, 4, 6, 10).long(), x
    ),
    "edges": lambda x: x[0, 0][torch.tensor([[0, 1, 2], [3, 4, 5]])],
    "rows of a table": lambda x: torch.ones(9, 3)[(x[:, 0, :, 0].abs() * 3).long() % 9],
    "written into": lambda x: torch.zeros(2, 4, 6, 12).index_put(
        (torch.tensor([0]),), x[:1, :, :, :1].expand(1, 4, 6, 12)
    ),
    "a class token": lambda x: torch.cat([torch.zeros(2, 1, 4), x.flatten(2).mT], 1),
    "halves of a joined axis": lambda x: torch.cat([x.flatten(2).mT, x.flatten(2).mT], 1)[:, 60:],
    "frames as samples": lambda x: x.flatten(0, 1)[:, None].view(2, 4, 6, 10)[:, 1],
    "reductions of all": lambda x: [x.mean()[None], x.max()[None], x.std(0), x.median(1).values],
    "lstm cell": lambda x: torch.lstm_cell(
        x.mean((2, 3)), [torch.zeros(2, 3)] * 2, torch.ones(12, 4), torch.ones(12, 3)
    ),
    "gru cell": lambda x: torch.gru_cell(
        x.mean((2, 3)), torch.zeros(2, 3), torch.ones(9, 4), torch.ones(9, 3)
    ),
    "recurrences": lambda x: [
        nn.LSTM(4, 3, batch_first=True, bidirectional=True)(x.flatten(2).mT)[0],
        nn.GRU(4, 3)(x.flatten(2).permute(2, 0, 1))[1], nn.RNN(4, 3)(x[0].flatten(1).T)[0],
    ],
    "attention": lambda x: nn.MultiheadAttention(4, 2, batch_first=True)(*[x.flatten(2).mT] * 3),
    "windows with their positions": lambda x: x.unfold(2, 2, 2).unfold(3, 5, 5),
    "strides": lambda x: x.as_strided((2, 3), (240, 1)),
}  # fmt: skip
"""Operations that make axes, or say what they are."""


@pytest.mark.parametrize("name", MADE)
def test_what_an_operation_says_of_axes(name, regenerate):
    view = view_of(Between(MADE[name]), torch.rand(2, 3, 6, 10))
    golden_text.check(f"operations/{name.replace(' ', '-')}", node_lines(view), regenerate)


@pytest.mark.parametrize("name", MADE)
def test_what_an_operation_says_of_an_input(name, regenerate):
    """The same without a convolution before it: only what is tried says what the axes are."""

    class Alone(nn.Module):
        def forward(self, x):
            found = MADE[name](x)
            found = found if isinstance(found, tuple | list) else (found,)
            return [torch.sin(each) for each in found if each.is_floating_point()]

    view = view_of(Alone(), torch.rand(2, 4, 6, 10))
    lines = [line for line in node_lines(view) if line.startswith("  (")]
    golden_text.check(f"operations/alone/{name.replace(' ', '-')}", lines, regenerate)
