"""How relevance flows through each kind of call: none is lost, and golden text of where it goes."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support import golden_text
from tests.support.explained import COMPOSITES, arrived, opened_with, relevance
from vrnn.explanations.composites import Composite, LayerRule
from vrnn.explanations.targets import Target

SIZE = (4, 5)


def waves(*shape, start=0.0):
    """Numbers of both signs that no generator has to be trusted for."""
    count = int(np.prod(shape))
    return torch.from_numpy(np.sin(1.7 * np.arange(count) + start + 0.4).reshape(shape))


PLACES, MASK, QUERIES = waves(*SIZE), waves(20, 20), waves(1, 1, 20, 4)


class Between(nn.Module):
    """A convolution, calls that are tried, and a head that takes all places."""

    def __init__(self, calls):
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 1)
        self.line, self.across = (
            nn.Conv1d(4, 4, 3, padding=1),
            nn.ConvTranspose2d(4, 4, 2, groups=2),
        )
        self.linear, self.table = nn.Linear(4, 4), nn.Embedding(6, 4)
        self.norm, self.layer, self.group = nn.BatchNorm2d(4), nn.LayerNorm(4), nn.GroupNorm(2, 4)
        self.single = nn.InstanceNorm2d(4, affine=True)
        self.running = nn.InstanceNorm2d(4, affine=True, track_running_stats=True)
        self.own = nn.BatchNorm2d(4, track_running_stats=False)
        self.heads = nn.MultiheadAttention(4, 2)
        self.first_heads = nn.MultiheadAttention(4, 2, batch_first=True, bias=False)
        self.other_heads = nn.MultiheadAttention(4, 2, kdim=3, vdim=5)
        self.products = nn.Bilinear(4, 4, 4)
        self.offset = nn.Parameter(torch.zeros(1, 4, 1, 1))
        self.register_buffer("fixed", torch.zeros(4, 4))
        self.head = nn.Linear(4, 3)
        self.calls = calls
        self.double()
        with torch.no_grad():
            for start, tensor in enumerate((*self.parameters(), *self.buffers())):
                if tensor.is_floating_point():
                    tensor.copy_(waves(*tensor.shape, start=start))
            for norm in (self.norm, self.running):
                norm.running_var.abs_().add_(0.5)

    def forward(self, x):
        y = self.calls(self, self.first(x))
        places = torch.arange(1.0, y[0, 0].numel() + 1, dtype=y.dtype).reshape(y[0, 0].shape)
        return self.head((y * places / places.sum()).flatten(2).sum(2)[:, :4])


def tokens(x):
    return x.flatten(2).mT


def as_map(x):
    return x.mT.reshape(1, 4, *SIZE)


def attended(m, x, **options):
    t = tokens(x)[:, None]
    return as_map(F.scaled_dot_product_attention(t * 2, t, m.linear(t), **options)[:, 0])


def written(x, write):
    x = x.clone()
    write(x)
    return x


NORMS = {
    "a batch norm behind a convolution": lambda m, x: m.norm(x),
    "a batch norm behind a relu": lambda m, x: m.norm(F.relu(x)),
    "a batch norm without weights": lambda m, x: F.batch_norm(
        x, m.norm.running_mean, m.norm.running_var
    ),
    "a batch norm of its own statistics": lambda m, x: m.own(x),
    "a batch norm behind a crop": lambda m, x: m.norm(x[:, :, 1:, :3]),
    "a batch norm behind a narrow crop": lambda m, x: m.norm(x.narrow(3, 1, 3)),
    "a batch norm behind other channels": lambda m, x: m.norm(x[:, [1, 0, 3, 2]]),
    "a batch norm of what is used twice": lambda m, x: m.norm(x) + x,
    "a batch norm behind a linear layer": lambda m, x: as_map(
        F.batch_norm(m.linear(tokens(x)[0]), m.norm.running_mean, m.norm.running_var)[None]
    ),
    "two batch norms": lambda m, x: m.norm(m.norm(x)),
    "a batch norm behind a transposed convolution": lambda m, x: m.norm(m.across(x)),
    "a factor of each channel": lambda m, x: x * m.offset,
    "a factor of each channel and an offset": lambda m, x: x * m.offset + m.offset,
    "a factor of each channel of what is used twice": lambda m, x: x * m.offset + x,
    "a factor of each place": lambda m, x: x * PLACES,
    "one factor": lambda m, x: 2.5 * x,
    "a layer norm": lambda m, x: as_map(m.layer(tokens(x))),
    "a layer norm of two axes": lambda m, x: F.layer_norm(x, SIZE, PLACES, eps=0.1),
    "a layer norm without weights": lambda m, x: F.layer_norm(x, normalized_shape=SIZE),
    "an rms norm": lambda m, x: as_map(F.rms_norm(tokens(x), (4,), m.fixed[0], 0.2)),
    "an rms norm without an epsilon": lambda m, x: as_map(F.rms_norm(tokens(x), (4,))),
    "a group norm": lambda m, x: m.group(x),
    "a group norm without weights": lambda m, x: F.group_norm(x, 4, eps=0.3),
    "an instance norm": lambda m, x: m.single(x),
    "an instance norm of fixed statistics": lambda m, x: m.running(x),
    "a norm written out": lambda m, x: (
        (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True) + 0.1).sqrt()
    ),
    "a norm by its inverse": lambda m, x: x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + 0.1),
    "a norm by a power": lambda m, x: x * (x.square().mean(1, keepdim=True) + 0.1).pow(-0.5),
    "a length": lambda m, x: x / x.norm(dim=1, keepdim=True),
    "normalize": lambda m, x: F.normalize(x, dim=1),
}
PRODUCTS = {
    "a gate": lambda m, x: x * torch.sigmoid(m.second(x)),
    "a gate of channels": lambda m, x: m.second(x) * torch.sigmoid(x.mean((2, 3), keepdim=True)),
    "a glu": lambda m, x: F.glu(torch.cat([m.second(x), x], 1), 1),
    "a glu of the last axis": lambda m, x: F.glu(torch.cat([m.second(x), x], 3)),
    "a square": lambda m, x: x * x,
    "a power": lambda m, x: x**3,
    "a power of something": lambda m, x: 2**x,
    "a quotient": lambda m, x: x / (m.second(x).abs() + 1),
    "a quotient that is rounded": lambda m, x: torch.div(x, 0.3, rounding_mode="floor"),
    "divided by a number": lambda m, x: x / 0.7,
    "a number divided": lambda m, x: 1 / (x.abs() + 1),
    "a map divided": lambda m, x: m.offset / (x[:, :1].abs() + 1),
    "a reciprocal": lambda m, x: (x.abs() + 1).reciprocal() * m.second(x),
    "a product of tokens": lambda m, x: as_map(tokens(x) @ (x.flatten(2) @ tokens(x))),
    "a product with its transpose": lambda m, x: x @ x.mT @ x,
    "a product from the right": lambda m, x: torch.Tensor.__rmatmul__(x, m.fixed),
    "a product with itself": lambda m, x: torch.matmul(*[x[..., :4]] * 2),
    "a product into something": lambda m, x: torch.matmul(
        tokens(x), m.fixed, out=torch.empty(1, 20, 4, dtype=x.dtype)
    ).mT.reshape(x.shape),
    "times a constant": lambda m, x: as_map(tokens(x) @ m.fixed),
    "a constant times": lambda m, x: (m.fixed @ x.flatten(2)).reshape(x.shape),
    "times a vector": lambda m, x: x * (tokens(x) @ m.fixed[0]).reshape(1, 1, *SIZE),
    "einsum": lambda m, x: torch.einsum("nchw,dc->ndhw", x, m.fixed),
    "einsum with the constant first": lambda m, x: torch.einsum("dc,nchw->ndhw", m.fixed, x),
    "einsum of two": lambda m, x: torch.einsum("nchw,nchw->nchw", x, m.second(x)),
    "einsum of three": lambda m, x: (
        torch.einsum("nchw,nchw,c->nchw", [x, m.second(x), m.offset[0, :, 0, 0]])
    ),
    "einsum of three constants": lambda m, x: (
        torch.einsum("nchw,c,c->nchw", x, m.fixed[0], m.fixed[1])
    ),
    "bilinear": lambda m, x: as_map(m.products(tokens(x), tokens(m.second(x)))),
    "bilinear of one": lambda m, x: as_map(m.products(tokens(x), m.fixed[:1].expand(1, 20, 4))),
    "a weight that is made": lambda m, x: F.conv2d(x, m.second.weight * x.mean()),
    "a linear weight that is made": lambda m, x: as_map(F.linear(tokens(x), x[0, :, 0, :4])),
    "a bias that is made": lambda m, x: F.conv2d(x, m.second.weight, x.mean((0, 2, 3))),
    "addmm": lambda m, x: as_map(torch.addmm(m.fixed[0], tokens(x)[0], m.fixed)[None]),
    "addmm with factors": lambda m, x: as_map(
        torch.addmm(m.fixed[0], tokens(x)[0], m.fixed, beta=2, alpha=3)[None]
    ),
}  # fmt: skip
ATTENTION = {
    "a softmax": lambda m, x: m.second(x) * x.softmax(1),
    "a softmin": lambda m, x: m.second(x) * F.softmin(x, 1),
    "a log softmax": lambda m, x: x.log_softmax(1),
    "attention": lambda m, x: attended(m, x),
    "attention of other size": lambda m, x: attended(m, x, scale=1.5),
    "attention to what is before": lambda m, x: attended(m, x, is_causal=True),
    "attention with a bias": lambda m, x: attended(m, x, attn_mask=MASK),
    "attention with a mask": lambda m, x: attended(m, x, attn_mask=MASK > -0.5),
    "attention with a bias that is made": lambda m, x: attended(
        m, x, attn_mask=x.flatten(2).mean(1, keepdim=True)[:, None]
    ),
    "attention of a constant": lambda m, x: x + as_map(F.scaled_dot_product_attention(
        tokens(x)[:, None], m.fixed[None, None], m.fixed[None, None]
    )[:, 0]),
    "attention to a constant": lambda m, x: as_map(F.scaled_dot_product_attention(
        QUERIES, tokens(x)[:, None], tokens(x)[:, None]
    )[:, 0]),
    "attention of shared keys": lambda m, x: as_map(F.scaled_dot_product_attention(
        tokens(x).unflatten(2, (4, 1)).transpose(1, 2), x.flatten(2)[:, :2, :, None],
        x.flatten(2)[:, 2:, :, None], enable_gqa=True,
    )[..., 0].mT),
    "attention written out": lambda m, x: (
        as_map((tokens(x) @ x.flatten(2)).softmax(-1) @ tokens(x))
    ),
    "heads": lambda m, x: as_map(m.heads(*[tokens(x).transpose(0, 1)] * 3)[0].transpose(0, 1)),
    "heads without a bias": lambda m, x: as_map(
        m.first_heads(*[tokens(x)] * 3, need_weights=False)[0]
    ),
    "heads of other widths": lambda m, x: as_map(m.other_heads(
        tokens(x).transpose(0, 1), tokens(x).transpose(0, 1)[..., :3],
        torch.cat([tokens(x), tokens(x)[..., :1]], -1).transpose(0, 1),
    )[0].transpose(0, 1)),
    "heads of one sample": lambda m, x: as_map(m.heads(*[tokens(x)[0]] * 3)[0][None]),
    "weights of heads": lambda m, x: as_map(
        m.heads(*[tokens(x)[0]] * 3)[1][None] @ tokens(x)
    ),
    "weights of each head": lambda m, x: as_map(
        m.first_heads(*[tokens(x)] * 3, average_attn_weights=False)[1][:, 1] @ tokens(x)
    ),
}  # fmt: skip
OTHERS = {
    "relu": lambda m, x: F.relu(x),
    "relu in place": lambda m, x: F.relu_(m.second(x)),
    "leaky relu": lambda m, x: F.leaky_relu(x, 0.2),
    "sigmoid": lambda m, x: torch.sigmoid(x),
    "gelu": lambda m, x: F.gelu(x),
    "silu in place": lambda m, x: F.silu(m.second(x), inplace=True),
    "hardtanh": lambda m, x: F.hardtanh(x, -0.5, 0.5),
    "softplus": lambda m, x: F.softplus(input=x),
    "exp": lambda m, x: x.exp(),
    # Beside the number itself: where both are equal, releases of torch share a gradient otherwise.
    "clamp by itself": lambda m, x: torch.clamp(x, m.second(x), x.abs() + 0.01),
    "round": lambda m, x: torch.round(3 * x),
    "zeros through an activation": lambda m, x: torch.cos(F.relu(x)),
    "an offset": lambda m, x: x + m.offset,
    "a number added": lambda m, x: x + 0.5,
    "a number from which it is taken": lambda m, x: 0.5 - x,
    "nothing added": lambda m, x: x + 0,
    "a sum": lambda m, x: x + m.second(x),
    "a sum in place": lambda m, x: written(m.second(x), lambda y: y.add_(x)),
    "a difference": lambda m, x: torch.sub(x, m.second(x), alpha=2),
    "cat with a constant": lambda m, x: (
        torch.cat([x[:, :2], m.offset.expand(1, 4, *SIZE)[:, :2]], 1)
    ),
    "stack": lambda m, x: torch.stack([x, m.second(x)]).mean(0),
    "where": lambda m, x: torch.where(x > 0, x, m.offset),
    "maximum": lambda m, x: torch.maximum(x, m.offset),
    "masked": lambda m, x: x.masked_fill(x < 0.1, 0.3),
    "written into": lambda m, x: written(x, lambda y: y[:, 1:3].copy_(m.second(x)[:, :2])),
    "a number written into": lambda m, x: written(x, lambda y: y.__setitem__((0, 1), 0.5)),
    "scaled in place": lambda m, x: written(m.second(x), lambda y: y[:, 1:].mul_(2)),
    "shifted in place": lambda m, x: written(m.second(x), lambda y: y.add_(m.offset)),
    "a sum into something": lambda m, x: torch.add(x, m.second(x), out=torch.empty_like(x)),
    "tanh into something": lambda m, x: torch.tanh(x, out=torch.empty_like(x)),
    "tanh in place": lambda m, x: m.second(x).tanh_(),
    "a relu in place of what is used twice": lambda m, x: x + F.relu_(x),
    "a gate in place": lambda m, x: m.second(x).mul_(x),
    "cut and shifted": lambda m, x: x.clone()[:, :, 1:].add_(1),
    "chunks": lambda m, x: torch.cat([p * i for i, p in enumerate(x.chunk(2, 1), 1)], 1),
    "chunks by name": lambda m, x: (
        torch.cat([p * i for i, p in enumerate(torch.chunk(x, chunks=2, dim=3), 1)], 3)
    ),
    "parts of other sizes": lambda m, x: torch.cat(x.split([1, 3], 1)[::-1], 1),
    "parts of one axis": lambda m, x: torch.stack([p * i for i, p in enumerate(x.unbind(1), 1)], 1),
    "rows apart": lambda m, x: torch.cat([p * i for i, p in enumerate(x.hsplit(2), 1)], 1),
    "columns apart": lambda m, x: torch.cat([p * i for i, p in enumerate(x[0].vsplit(2), 1)])[None],
    "parts of a line": lambda m, x: (
        torch.cat([p * i for i, p in enumerate(x.flatten().hsplit(4), 1)]).view(x.shape)
    ),
    "parts that are written into": lambda m, x: (
        torch.cat([p.mul_(2) for p in m.second(x).chunk(2, 1)], 1)
    ),
    "max pool": lambda m, x: F.interpolate(F.max_pool2d(x, 2), SIZE),
    "average pool": lambda m, x: F.avg_pool2d(x, 3, 1, 1),
    "adaptive pool": lambda m, x: F.adaptive_avg_pool2d(x, (2, 2)),
    "a convolution of one axis": lambda m, x: as_map(m.line(x.flatten(2)).mT),
    "a transposed convolution": lambda m, x: m.across(x),
    "two convolutions": lambda m, x: m.second(F.relu(m.second(x))),
    "linear": lambda m, x: as_map(m.linear(tokens(x))),
    "linear of a vector": lambda m, x: (
        x * F.linear(x.mean((0, 2, 3)), m.fixed, m.fixed[0]).view(1, 4, 1, 1)
    ),
    "matmul in place": lambda m, x: (x.flatten(2).mT @ m.fixed).mT.reshape(x.shape),
    "cumulative products": lambda m, x: x.cumprod(1),
    "logcumsumexp": lambda m, x: x.logcumsumexp(1),
    "without gradients": lambda m, x: torch.no_grad()(m.second)(x),
    "detached": lambda m, x: x + m.second(x).detach(),
    "through numpy": lambda m, x: x + torch.from_numpy(x.detach().numpy() * 2),
    "an argmax": lambda m, x: x + m.table(x.argmax(1) % 4).permute(0, 3, 1, 2),
    "one way": lambda m, x: m.second(x)[:, :, :2],
    "forked": lambda m, x: F.relu(x) + torch.sigmoid(x) + m.second(x),
}  # fmt: skip
CALLS = NORMS | PRODUCTS | ATTENTION | OTHERS
METHODS = {
    "epsilon-plus": COMPOSITES["epsilon-plus"],
    "attention": COMPOSITES["attention"],
    "alpha2-beta1-flat": COMPOSITES["alpha2-beta1-flat"],
    "plain": Composite(stabilizer=0.0),
    "large": Composite(
        (
            LayerRule("w-square", operation="batch_norm"),
            LayerRule("gamma", layer="second", gamma=0.5, bias=True),
            LayerRule("epsilon", depth=(1, 2), epsilon=0.1),
            LayerRule("z-plus", epsilon=0.1, bias=True),
        ),
        "half",
        0.05,
    ),
    "gradient-times-input": COMPOSITES["gradient-times-input"],
}


def flow_lines(model, flow):
    """What became of relevance, in lines that can be read."""
    names = {node.id: node.name for node in model.network.nodes} | {-1: "nowhere"}
    yield f"  {flow.target.text}: {golden_text.numbers(flow.target.value)}"
    for node, values in flow.inputs.items():
        sums = " ".join(golden_text.numbers(values[0].sum(axes)) for axes in ((1, 2), (0, 2)))
        yield f"  {names[node]} by channels and rows: {sums}"
    for node, values in flow.entries:
        yield f"  enters in {names[node]}: {golden_text.numbers(values.sum())}"
    yield "  totals: " + "; ".join(
        f"{names[n]} {golden_text.numbers(t)}" for n, t in sorted(flow.totals.items())
    )
    for (a, b), amount in sorted(flow.edges.items()):
        yield f"  {names[a]} → {names[b]}: {golden_text.numbers(amount)}"
    for sink in sorted(flow.sinks, key=lambda s: (s.kind, s.node, s.name)):
        amount = golden_text.numbers(sink.amount)
        if amount not in ("0", "-0"):
            yield f"  ends in {sink.kind} of {names[sink.node]} {sink.name}: {amount}"
    for text, count in sorted(flow.fallbacks.items()):
        yield f"  {count} × {text}"


@pytest.mark.parametrize("name", CALLS)
def test_relevance_flows_as_it_did(name, regenerate):
    net = Between(CALLS[name]).eval()
    x = waves(1, 2, *SIZE, start=9).abs() + 0.1
    model = opened_with(net, x)
    lines = []
    with torch.no_grad():
        scores = net(x)[0]
    for title, composite in METHODS.items():
        flow, _ = relevance(model, (x,), composite, Target(channel=1))
        value = float(scores[1])
        assert float(flow.target.value) == pytest.approx(value, rel=1e-9)
        if composite.conserves:
            whole = arrived(flow) + sum(sink.amount for sink in flow.sinks)
            assert whole == pytest.approx(value, rel=1e-6), title
        amounts = [abs(sink.amount) for sink in flow.sinks]
        assert amounts == sorted(amounts, reverse=True)
        lines += [f"{title}:", *flow_lines(model, flow)]
    golden_text.check(f"relevance/{name.replace(' ', '-')}", lines, regenerate)
