"""Graphs of models that call torch in rare ways, as golden text, and what a replay hands out."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from tests.compute.tracing.test_golden_graphs import node_lines
from tests.compute.tracing.test_sources import Model
from tests.support import golden_text
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.checks import check_edges, check_parameters
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace


def image() -> torch.Tensor:
    return torch.linspace(0.1, 1.4, 3 * 8 * 10).view(1, 3, 8, 10)


def with_out(m, x):
    total = torch.empty(1, 4, 6, 8)
    torch.add(m.a(x), m.b(x), out=total)
    return total.sin()


def cleared(m, x):
    buffer = m.a(x)
    buffer.zero_()
    buffer += m.scale
    return buffer + m.b(x)


def filled_twice(m, x):
    buffer = torch.zeros(1, 4, 6, 8)
    buffer[:, :2] = m.a(x)[:, :2]
    buffer.fill_(1.0)
    buffer[:, 2:] = m.b(x)[:, 2:]
    return buffer.cos()


def overlapping(m, x):
    one, other = m.a(x), m.b(x)
    buffer = torch.zeros(1, 4, 6, 8)
    buffer[:, :3] = one[:, :3]
    buffer[:, 1:] = other[:, 1:]
    return buffer[:, :1].sin(), buffer[:, 1:2].cos(), buffer[:, 2:].tan(), buffer.exp()


def written_within(m, x):
    buffer = m.a(x)
    buffer[:, 1:3, 2:4] = m.b(x)[:, 1:3, 2:4]
    inner = buffer[:, 1]
    inner *= 2
    return inner.sin(), buffer[:, 0].cos(), buffer.exp()


def written_around(m, x):
    buffer = torch.zeros(1, 4, 6, 8)
    buffer[:, 1, 2] = m.a(x)[:, 1, 2]
    buffer.copy_(m.b(x))
    return buffer.sin(), buffer[:, 1].cos()


def through_strides(m, x):
    y = m.a(x)
    rows = y.as_strided((1, 4, 3, 8), (192, 48, 16, 1))
    columns = y.as_strided((6, 4), (8, 48), 5)
    return rows.sin(), columns.cos(), y.transpose(2, 3)[..., ::2].tan()


def through_numpy(m, x):
    y = m.a(x)
    return m.c(torch.from_numpy(np.flip(y.detach().numpy(), -1).copy())) + y.mean()


def same_memory(m, x):
    y = m.a(x)
    return torch.from_numpy(y.detach().numpy()).sin() + m.b(x)


def from_a_list(m, x):
    numbers = m.a(x).mean((2, 3))[0].tolist()
    return torch.tensor([numbers]) @ m.square + m.b(x).mean((2, 3))


def from_nowhere(m, x):
    m.a(x).detach().numpy()
    return m.b(x) + torch.from_numpy(np.ones((1, 4, 6, 8), np.float32))


def a_number(m, x):
    return m.a(x) * m.b(x).mean().item()


def products_of_data(m, x):
    rows, columns = m.a(x)[0, 0], m.b(x)[0, 0].T
    sum_ = torch.addmm(rows @ columns, rows, columns)
    return sum_.sin(), torch.baddbmm(sum_[None], rows[None], columns[None])


def sparse(m, x):
    rows = m.a(x)[0].flatten(1)
    return torch.sparse.mm(m.square.to_sparse(), rows).sin()


def curved_weights(m, x):
    y = F.conv2d(x, m.a.weight.tanh(), m.a.bias)
    return y * m.scale.exp() + m.square.sum()


def layers_of_constants(m, x):
    table = m.linear(m.square).relu()
    return F.layer_norm(table, (4,), m.line) + m.a(x).mean((2, 3)), F.softmax(m.square, -1)


def rows_of_tables(m, x):
    number = m.a(x).argmax(1).flatten()[:5] % 4
    return m.square[number] + m.square[1] + m.square[:, number].mT, m.a(x)[:, number]


def several_results(m, x):
    y = m.a(x)
    most, where = y.max(1)
    best = y.flatten(2).topk(3)
    left, right = y.chunk(2, 1)
    std, mean = torch.std_mean(y, (2, 3))
    return most + where, best.values, left * right, std - mean, torch.where(y > 1, y, 0.0)


def whole_numbers(m, x):
    y = m.a(x)
    kept = (y > y.mean()).long()
    return y * kept, y.masked_fill(kept.bool(), 0.0), y[kept.bool()].sum()


def energy(m, x):
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(m.a(x).square().sum(), x)
    return m.b(slope)


def vectorized(m, x):
    return torch.vmap(lambda each: (each * m.line).sum(-1))(m.a(x)[0].flatten(1).T)


def derivative(m, x):
    return torch.func.jvp(lambda y: m.a(y).sin(), (x,), (torch.ones_like(x),))[1]


def hooked(m, x):
    return m.hooked(m.a(x))


def twice(m, x):
    y = m.same(m.a(x))
    return m.same(y) + m.same(y).relu()


def in_a_checkpoint(m, x):
    return checkpoint(lambda y: m.c(m.a(y)).relu(), x, use_reentrant=False) + 1


def inference(m, x):
    with torch.inference_mode():
        y = m.a(x).relu()
    return y + m.b(x)


def norms_by_hand(m, x):
    y = m.a(x)
    mean, variance = y.mean(1, keepdim=True), y.var(1, keepdim=True)
    z = F.batch_norm(y, m.mean, m.variance, m.line, m.line)
    z = F.group_norm(z, 2, m.line)
    return (y - mean) / variance.sqrt() + F.instance_norm(z, m.mean, m.variance)


def statistics_of_constants(m, x):
    table = F.batch_norm(m.square, m.mean, m.variance) @ m.square
    return F.layer_norm(m.square, (4,)).sum() + m.a(x).mean((2, 3)) @ table


def fused_attention(m, x):
    y = m.a(x).flatten(2).mT
    found, weights = m.attention(y, y, y)
    return found + F.scaled_dot_product_attention(y, y, y), weights.mean(1)


def new_axes(m, x):
    y = m.a(x)
    frames = torch.stack([y, y.flip(3), y.roll(1, 2)], 1)
    return F.conv3d(frames.transpose(1, 2), m.cube).amax(2), frames.flatten(0, 1).sin()


def copied(m, x):
    y = m.a(x)
    kept = y.clone()
    y += 1
    z = y.detach()
    z.mul_(2)
    return kept.sin(), y.cos(), z.contiguous().exp()


def swapped(m, x):
    y, z = m.a(x), m.b(x)
    y.data, z = z, y.relu()
    y.set_(z)
    return y.sin() + z


def lists(m, x):
    many = torch._foreach_add([m.a(x), m.b(x)], 1.0)
    torch._foreach_mul_(many, 2.0)
    return many[0].sin(), many[1].cos()


def random_numbers(m, x):
    y = m.a(x)
    noise = torch.randn_like(y)
    return y + noise * torch.rand(1, 4, 1, 1) + torch.full_like(y, 2.0).normal_()


def parameters_written(m, x):
    weights = torch.zeros(4, 4)
    weights[:2] = m.square[:2]
    weights[2:] += m.square[2:].exp()
    return F.linear(m.a(x).mean((2, 3)), weights)


def nested(m, x):
    def inner(y):
        return {"one": y.sin(), "two": [y.cos(), (y.tan(),)]}

    found = inner(m.a(x))
    return OrderedDict(last=found["two"][1][0], first=[found["one"], m.b(x)])


def cut_gradients(m, x):
    return m.b(x) + m.a(x).detach() + m.c(m.a(x).round())


def folded_windows(m, x):
    windows = F.unfold(m.a(x), (2, 2), stride=2)
    mixed = windows * windows.softmax(1)
    return F.fold(mixed, (6, 8), (2, 2), stride=2)


CALLS = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__code__", None) is not None
    and value.__module__ == __name__ and value.__code__.co_varnames[:2] == ("m", "x")
}  # fmt: skip
"""The functions above, by name."""


def build(name: str) -> nn.Module:
    torch.manual_seed(0)
    hooked_layer = nn.Conv2d(4, 4, 1)
    hooked_layer.register_forward_hook(lambda layer, args, result: result * 2)
    hooked_layer.register_forward_pre_hook(lambda layer, args: (args[0] + 1,))
    model = Model(
        CALLS[name], a=nn.Conv2d(3, 4, 3), b=nn.Conv2d(3, 4, 3), c=nn.Conv2d(4, 4, 1),
        same=nn.Conv2d(4, 4, 1), hooked=hooked_layer, linear=nn.Linear(4, 4),
        scale=nn.Parameter(torch.rand(1, 4, 1, 1)), square=nn.Parameter(torch.rand(4, 4)),
        line=nn.Parameter(torch.rand(4)), cube=nn.Parameter(torch.rand(2, 4, 2, 3, 3)),
        attention=nn.MultiheadAttention(4, 2, batch_first=True),
    )  # fmt: skip
    model.register_buffer("mean", torch.rand(4))
    model.register_buffer("variance", torch.rand(4) + 0.5)
    return model.eval()


def summary(tensor: torch.Tensor) -> str:
    flat = tensor.detach().double().ravel()
    flat = flat.abs() if flat.is_complex() else flat
    return golden_text.numbers([flat.mean(), flat[0], flat[len(flat) // 2], flat[-1]])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_graphs_of_rare_calls(name, regenerate):
    """Which weights each operation uses, which pixels it sees, and what it gives."""
    model = build(name)
    torch.manual_seed(1)
    traced = trace(model, (image(),), "net")
    lines = []
    for detail in ("layers", "all"):
        view = simplify(traced, detail)
        lines += [f"# {detail}", *node_lines(view)]
    torch.manual_seed(1)
    got: dict[int, str] = {}
    Replay(model, view).run((image(),), lambda node, tensor: got.update({node: summary(tensor)}))
    lines += [f"{node}: {got[node]}" for node in sorted(got)]
    for record in traced.records:
        used = [parameter_name(model, p) for p in record.parameters]
        lines.append(
            f"{record.id} {record.operation} of {list(record.sources)} {used} in "
            f"'{record.module}' weights of '{record.weight_module}' call {record.call_index} "
            f"output {record.output_index} attention {record.is_attention}"
        )
    told = [*check_parameters(simplify(traced, "layers"), model), *check_edges(model, (image(),))]
    golden_text.check(f"rare/{name.replace('_', '-')}", [*lines, *told], regenerate)


def parameter_name(model: nn.Module, parameter: nn.Parameter) -> str:
    return next(name for name, value in model.named_parameters() if value is parameter)
